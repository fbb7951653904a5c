"""The three kinds of patches of the Kubernetes API, on plain values."""

from __future__ import annotations

import copy
from typing import Any

#: Lists that a strategic patch merges by a key of their items; every other list is replaced.
_MERGED_BY = {"containers": "name", "initContainers": "name", "env": "name", "volumes": "name"}


class BadPatch(ValueError):
    """It does not fit the object."""


def apply_patch(old: dict[str, Any], patch: Any, content_type: str) -> dict[str, Any]:
    """The object as it is after a patch of `application/<kind>-patch+json`."""
    new = copy.deepcopy(old)
    if "json-patch" in content_type:
        for operation in patch:
            _operate(new, operation)
        return new
    return _merged(new, patch, strategic="strategic" in content_type)


def _merged(old: Any, patch: Any, *, strategic: bool) -> Any:
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    new = dict(old) if isinstance(old, dict) else {}
    for key, value in patch.items():
        if value is None:
            new.pop(key, None)
        elif strategic and key in _MERGED_BY and isinstance(value, list):
            new[key] = _merged_list(new.get(key, []), value, _MERGED_BY[key])
        else:
            new[key] = _merged(new.get(key), value, strategic=strategic)
    return new


def _merged_list(old: list[Any], patch: list[Any], key: str) -> list[Any]:
    changes = {item[key]: item for item in patch}
    kept = [_merged(item, changes.pop(item[key], {}), strategic=True) for item in old]
    return [*kept, *copy.deepcopy(list(changes.values()))]


def _operate(target: Any, operation: dict[str, Any]) -> None:
    *path, last = [part.replace("~1", "/").replace("~0", "~") for part in operation["path"].split("/")[1:]]
    try:
        for part in path:
            target = target[_key(target, part)]
        key = _key(target, last)
        match operation["op"]:
            case "test":
                if target[key] != operation["value"]:
                    raise BadPatch(f"testing path {operation['path']} value failed")
            case "remove":
                del target[key]
            case "add":
                target[key] = copy.deepcopy(operation["value"])
            case "replace":
                target[key]  # what is not there cannot be replaced
                target[key] = copy.deepcopy(operation["value"])
    except (KeyError, IndexError, TypeError) as error:
        raise BadPatch(
            f"{operation['op']} operation does not apply: doc is missing path: {operation['path']}"
        ) from error


def _key(target: Any, part: str) -> Any:
    return int(part) if isinstance(target, list) else part
