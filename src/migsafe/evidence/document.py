"""The contract `migsafe.evidence/1`, whose schema is `schema/evidence-1.json`: from values to JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from migsafe import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable

    from migsafe.model.evidence import CheckedQueries, HeldLock, LockEvidence, ObservedMigration, ObservedStatement
    from migsafe.model.locks import LockClaim
    from migsafe.model.names import QualifiedName
    from migsafe.model.observation import IndexWork, Observation

SCHEMA = "migsafe.evidence/1"


def render(evidence: LockEvidence) -> str:
    """The evidence as one JSON document, in pure ASCII."""
    return json.dumps(document(evidence), indent=2) + "\n"


def document(evidence: LockEvidence) -> dict[str, Any]:
    """The evidence as values that JSON knows."""
    return {
        "schema": SCHEMA,
        "migsafe": __version__,
        "date": evidence.day.isoformat(),
        "dialect": "postgres",
        "server": {"version": evidence.server_version},
        "migrations": [_migration(migration) for migration in evidence.migrations],
    }


def _migration(migration: ObservedMigration) -> dict[str, Any]:
    return {
        "id": migration.id,
        "path": migration.path,
        "statements": [_statement(statement) for statement in migration.statements],
        "held": [_held(lock) for lock in migration.held],
        "queries": None if migration.queries is None else _queries(migration.queries),
    }


def _queries(seen: CheckedQueries) -> dict[str, Any]:
    return {
        "fingerprint": seen.fingerprint,
        "checked": seen.checked,
        "unchecked": seen.unchecked,
        "broken": [
            {"query": one.query, "place": one.place, "message": one.message, "certain": one.certain}
            for one in seen.broken
        ],
    }


def _statement(statement: ObservedStatement) -> dict[str, Any]:
    seen = statement.observation
    return {
        "index": statement.index,
        "line": statement.line,
        "fingerprint": statement.fingerprint,
        "milliseconds": statement.milliseconds,
        "locks": [_claim(claim) for claim in seen.locks],
        "index_locks": [_claim(claim) for claim in seen.index_locks],
        "work": _work(seen),
        "time_zones": [
            {"time_zone": trial.time_zone, "rewritten": _names(trial.rewritten)} for trial in statement.zones
        ],
        "invalid_indexes": _names(statement.invalid),
        "error": None if seen.error is None else {"sqlstate": seen.error.sqlstate, "message": seen.error.message},
    }


def _work(seen: Observation) -> dict[str, Any]:
    return {
        "rewritten": _names(seen.rewritten),
        "emptied": _names(seen.emptied),
        "scanned": _names(seen.scanned),
        "built": [_index(work) for work in seen.built],
        "rebuilt": [_index(work) for work in seen.rebuilt],
    }


def _held(lock: HeldLock) -> dict[str, Any]:
    return {
        "table": _name(lock.table),
        "mode": str(lock.mode),
        "blocks": lock.mode.blocks,
        "from": lock.first,
        "to": lock.last,
        "milliseconds": lock.milliseconds,
    }


def _claim(claim: LockClaim) -> dict[str, Any]:
    return {"table": _name(claim.table), "mode": str(claim.mode), "blocks": claim.mode.blocks}


def _index(work: IndexWork) -> dict[str, Any]:
    return {"index": _name(work.index), "table": _name(work.table)}


def _names(names: Iterable[QualifiedName]) -> list[dict[str, Any]]:
    return [_name(name) for name in names]


def _name(name: QualifiedName) -> dict[str, Any]:
    """Not as SQL text, which a reader would have to take apart again."""
    return {"schema": name.schema, "name": name.name}
