"""What a team's own program says of its engine: one JSON document, read strictly.

`migsafe.observed/1` and `migsafe.counts/1`, whose schemas are `schema/observed-1.json` and `schema/counts-1.json`.
A member that nobody knows is a mistake and not a comment: a mistyped `weight` would be a weight of 0.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from migsafe.config.nearest import did_you_mean
from migsafe.deploy.words import Counts, Motion, Observed, Readiness
from migsafe.errors import EnvironmentFailedError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from migsafe.deploy.words import Side

OBSERVED = "migsafe.observed/1"
COUNTS = "migsafe.counts/1"

_OBSERVED_MEMBERS = ("schema", "stable", "candidate", "weight", "ready", "motion", "etag", "notes")
_COUNTS_MEMBERS = ("schema", "stable", "candidate")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class _WrongError(Exception):
    """Where a document is wrong, and how."""

    def __init__(self, place: str, message: str, hint: str | None = None) -> None:
        super().__init__(f"{place} {message}" if place else message)
        self.hint = hint


def read_observed(text: str, called: str = "observe") -> Observed:
    """What an engine shows.

    Args:
        text: what the program printed.
        called: its name, for messages.

    Raises:
        EnvironmentFailedError: when it is no such document; names the member.
    """
    try:
        return _observed(_document(text, OBSERVED, _OBSERVED_MEMBERS))
    except _WrongError as wrong:
        raise EnvironmentFailedError(
            f"{called} did not print a {OBSERVED} document: {wrong}", hint=wrong.hint
        ) from None


def read_counts(text: str, called: str = "counts") -> dict[Side, Counts]:
    """What each side has answered.

    Raises:
        EnvironmentFailedError: when it is no such document; names the member.
    """
    try:
        found = _document(text, COUNTS, _COUNTS_MEMBERS)
        sides: tuple[Side, ...] = ("stable", "candidate")
        return {side: _counts(found[side], side) for side in sides if found.get(side) is not None}
    except _WrongError as wrong:
        raise EnvironmentFailedError(f"{called} did not print a {COUNTS} document: {wrong}", hint=wrong.hint) from None


def _document(text: str, schema: str, members: Iterable[str]) -> dict[str, Any]:
    if not text.strip():
        raise _WrongError("", "it printed nothing")
    try:
        found = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise _WrongError(f"line {error.lineno}, column {error.colno}:", error.msg.lower()) from None
    except RecursionError:
        raise _WrongError("", "it is nested too deeply") from None
    except ValueError:  # the only one that is no error of JSON's
        raise _WrongError("", "a number in it is too long") from None
    if _SURROGATE.search(text):
        _refuse_halves(found)
    found = _mapping(found, "it", members)
    if found.get("schema", schema) != schema:
        raise _WrongError("schema", f"is {json.dumps(found['schema'])}")
    return found


def _refuse_halves(found: Any) -> None:
    """Half of a pair of surrogates is no character: nobody can print it, or keep it in a database."""
    try:
        json.dumps(found, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise _WrongError("", "it has half of a character (a surrogate without the other one)") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise _WrongError(next(name for name in names if names.count(name) > 1), "is there twice")
    return found


def _no_constant(name: str) -> Any:
    raise _WrongError("", f"{name} is no number of JSON")


def _observed(found: dict[str, Any]) -> Observed:
    for name in ("stable", "ready"):
        if name not in found:
            raise _WrongError(name, "is missing")
    stable = _version(found["stable"], "stable")
    candidate = _version(found.get("candidate"), "candidate")
    return Observed(
        stable=stable,
        candidate=candidate,
        weight=_weight(found, stable, candidate),
        ready=_ready(found["ready"]),
        motion=_motion(found.get("motion", Motion.IDLE.value)),
        etag=_text(found.get("etag", ""), "etag"),
        notes=_texts(found.get("notes", []), "notes"),
    )


def _weight(found: dict[str, Any], stable: str | None, candidate: str | None) -> int:
    if candidate is None:
        if found.get("weight", 0) != 0:
            raise _WrongError("weight", "is the candidate's share, and there is no candidate")
        return 0
    if candidate == stable:
        raise _WrongError("candidate", "is the stable version: after promote, it is the one from before, or null")
    if "weight" not in found:
        raise _WrongError("weight", "is missing, and there is a candidate")
    return _whole(found["weight"], "weight", at_most=100)


def _version(value: Any, place: str) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise _WrongError(place, "must be a version, or null")
    return value


def _ready(value: Any) -> dict[str, Readiness]:
    return {version: _readiness(one, f"ready of {version}") for version, one in _mapping(value, "ready").items()}


def _readiness(value: Any, place: str) -> Readiness:
    found = _mapping(value, place, ("ready", "wanted"))
    for name in ("ready", "wanted"):
        if name not in found:
            raise _WrongError(f"{place}: {name}", "is missing")
    return Readiness(_whole(found["ready"], f"{place}: ready"), _whole(found["wanted"], f"{place}: wanted"))


def _motion(value: Any) -> Motion:
    known = [one.value for one in Motion]
    if value not in known:
        raise _WrongError("motion", f"must be one of {', '.join(known)}")
    return Motion(value)


def _counts(value: Any, side: str) -> Counts:
    found = _mapping(value, side, ("requests", "errors", "hidden"))
    for name in ("requests", "errors"):
        if name not in found:
            raise _WrongError(f"{side}: {name}", "is missing")
    numbers = {name: _whole(number, f"{side}: {name}") for name, number in found.items()}
    return Counts(**numbers)


def _mapping(value: Any, place: str, members: Iterable[str] | None = None) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _WrongError(place, "must be an object")
    for name in value if members is not None else ():
        if name not in (known := tuple(members or ())):
            raise _WrongError(
                place, f"has a member {name}", did_you_mean(name, known, otherwise=f"known: {', '.join(known)}")
            )
    return value


def _whole(value: Any, place: str, at_most: int | None = None) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0 or (at_most is not None and value > at_most):
        bounds = "0 or more" if at_most is None else f"from 0 to {at_most}"
        raise _WrongError(place, f"is {json.dumps(value)}; it must be a whole number, {bounds}")
    return value


def _text(value: Any, place: str) -> str:
    if not isinstance(value, str):
        raise _WrongError(place, "must be a text")
    return value


def _texts(value: Any, place: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise _WrongError(place, "must be a list of texts")
    return tuple(value)
