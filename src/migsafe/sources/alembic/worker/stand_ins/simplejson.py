"""simplejson by the standard library's `json`, without the options that only simplejson has."""

from __future__ import annotations

import json
from typing import Any

_SHARED = (
    "skipkeys",
    "ensure_ascii",
    "check_circular",
    "allow_nan",
    "cls",
    "indent",
    "separators",
    "default",
    "sort_keys",
)


def dumps(value: object, *_: object, **options: Any) -> str:
    """Text for a value."""
    return json.dumps(value, **{name: option for name, option in options.items() if name in _SHARED})


def loads(text: str | bytes, *_: object, **options: Any) -> Any:
    """The value of a text."""
    return json.loads(text)


NAMES: dict[str, Any] = {
    "dumps": dumps,
    "loads": loads,
    "JSONDecodeError": json.JSONDecodeError,
    "JSONDecoder": json.JSONDecoder,
    "JSONEncoder": json.JSONEncoder,
}
