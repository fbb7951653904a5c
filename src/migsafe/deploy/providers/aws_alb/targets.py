"""The targets that a candidate is to have: as deploy.toml names them, as AWS does, and what that changes. Pure."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_TAG = "tag:"
_INSTANCE = re.compile(r"(?P<id>i-[0-9a-f]+)(?::(?P<port>\d{1,5}))?")
_ADDRESS = re.compile(r"(?P<id>[0-9.]+|\[[0-9a-fA-F:.]+\])(?::(?P<port>\d{1,5}))?")


@dataclass(frozen=True, slots=True)
class Tag:
    """All running instances that have it."""

    key: str
    value: str


def is_wish(text: str) -> bool:
    """Whether `register` of deploy.toml may say this."""
    return read_wish(text.replace("{version}", "1")) is not None


def read_wish(text: str) -> Tag | dict[str, Any] | None:
    """A target as AWS names it, of `i-0abc:8080`, `10.0.0.5` or `[fd00::5]:8080`, or `tag:KEY=VALUE`; else None."""
    if text.startswith(_TAG):
        key, sign, value = text.removeprefix(_TAG).partition("=")
        return Tag(key, value) if key and sign and value else None
    if match := _INSTANCE.fullmatch(text):
        return _target(match["id"], match["port"])
    if match := _ADDRESS.fullmatch(text):
        address = match["id"].strip("[]")
        return _target(address, match["port"]) if _is_address(address) else None
    return None


def changes(
    wanted: Iterable[Mapping[str, Any]], there: Iterable[Mapping[str, Any]], port: int
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What is to be registered, and what is to be taken out, so that a group has exactly what is wanted.

    Args:
        port: of the group, for targets that have none of their own.
    """
    want = {_key(one, port): dict(one) for one in wanted}
    have = {_key(one, port): dict(one) for one in there}
    return [one for key, one in want.items() if key not in have], [one for key, one in have.items() if key not in want]


def misfits(wanted: Iterable[Mapping[str, Any]], target_type: str) -> list[str]:
    """The targets that a group of this type cannot have."""
    is_instance = target_type == "instance"
    return [one["Id"] for one in wanted if one["Id"].startswith("i-") is not is_instance]


def _key(target: Mapping[str, Any], port: int) -> tuple[str, int]:
    return str(target["Id"]), int(target.get("Port", port))


def _target(identity: str, port: str | None) -> dict[str, Any] | None:
    if port is None:
        return {"Id": identity}
    return {"Id": identity, "Port": int(port)} if 1 <= int(port) <= 65_535 else None


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
