"""Reads `migsafe.evidence/1`: from JSON to values. What it does not know, a later version may have added."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

from migsafe.errors import PathNotFoundError, UsageError
from migsafe.evidence.document import SCHEMA
from migsafe.model.evidence import (
    BrokenQuery,
    CheckedQueries,
    HeldLock,
    LockEvidence,
    ObservedMigration,
    ObservedStatement,
    ZoneTrial,
)
from migsafe.model.locks import LockClaim, LockMode
from migsafe.model.names import QualifiedName
from migsafe.model.observation import IndexWork, Observation, StatementError

if TYPE_CHECKING:
    from pathlib import Path

_HINT = "write it anew: migsafe verify --evidence FILE"


def read_evidence(path: Path) -> LockEvidence:
    """Read what `migsafe verify --evidence` wrote.

    Raises:
        PathNotFoundError: when there is no such file.
        UsageError: when it is no such document.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise PathNotFoundError(f"no evidence at {path}", hint=_HINT) from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}", hint=_HINT) from None
    try:
        value = json.loads(text)
    except ValueError as error:
        raise UsageError(f"{path} is no JSON: {error}", hint=_HINT) from None
    found = value.get("schema") if isinstance(value, dict) else None
    if found != SCHEMA:
        raise UsageError(f'{path} is no evidence: its "schema" is {json.dumps(found)}, not "{SCHEMA}"', hint=_HINT)
    try:
        return _evidence(value)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(f"{path} breaks the form {SCHEMA}: {type(error).__name__} {error}", hint=_HINT) from None


def _evidence(value: dict[str, Any]) -> LockEvidence:
    return LockEvidence(
        server_version=_text(value["server"]["version"]),
        day=date.fromisoformat(value["date"]),
        migrations=tuple(_migration(migration) for migration in value["migrations"]),
    )


def _migration(value: dict[str, Any]) -> ObservedMigration:
    return ObservedMigration(
        id=_text(value["id"]),
        path=_text(value["path"]),
        statements=tuple(_statement(statement) for statement in value["statements"]),
        held=tuple(_held(lock) for lock in value["held"]),
        queries=None if value.get("queries") is None else _queries(value["queries"]),
    )


def _queries(value: dict[str, Any]) -> CheckedQueries:
    return CheckedQueries(
        checked=int(value["checked"]),
        broken=tuple(
            BrokenQuery(_text(one["query"]), _text(one["place"]), _text(one["message"]), one["certain"] is True)
            for one in value["broken"]
        ),
        unchecked=int(value["unchecked"]),
        fingerprint=_text(value["fingerprint"]),
    )


def _statement(value: dict[str, Any]) -> ObservedStatement:
    return ObservedStatement(
        index=int(value["index"]),
        line=int(value["line"]),
        fingerprint=_text(value["fingerprint"]),
        observation=_observation(value),
        milliseconds=float(value["milliseconds"]),
        zones=tuple(ZoneTrial(_text(trial["time_zone"]), _names(trial["rewritten"])) for trial in value["time_zones"]),
        invalid=_names(value["invalid_indexes"]),
    )


def _observation(value: dict[str, Any]) -> Observation:
    work, error = value["work"], value["error"]
    return Observation(
        locks=_claims(value["locks"]),
        index_locks=_claims(value["index_locks"]),
        rewritten=_names(work["rewritten"]),
        emptied=_names(work["emptied"]),
        rebuilt=_indexes(work["rebuilt"]),
        built=_indexes(work["built"]),
        scanned=_names(work["scanned"]),
        error=None if error is None else StatementError(error["sqlstate"], _text(error["message"])),
    )


def _held(value: dict[str, Any]) -> HeldLock:
    return HeldLock(
        _name(value["table"]), _mode(value["mode"]), int(value["from"]), int(value["to"]), float(value["milliseconds"])
    )


def _claims(values: list[dict[str, Any]]) -> tuple[LockClaim, ...]:
    return tuple(LockClaim(_name(value["table"]), _mode(value["mode"]), "observed") for value in values)


def _indexes(values: list[dict[str, Any]]) -> tuple[IndexWork, ...]:
    return tuple(IndexWork(_name(value["index"]), _name(value["table"])) for value in values)


def _names(values: list[dict[str, Any]]) -> tuple[QualifiedName, ...]:
    return tuple(_name(value) for value in values)


def _name(value: dict[str, Any]) -> QualifiedName:
    schema = value["schema"]
    return QualifiedName(_text(value["name"]), None if schema is None else _text(schema))


def _mode(words: str) -> LockMode:
    return LockMode.from_sql(words)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value
