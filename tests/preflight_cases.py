"""Values for preflight's checks, with as little said as a test needs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from migsafe.model.catalogue import Catalogue
from migsafe.model.dialect import Dialect
from migsafe.model.locks import LockMode
from migsafe.model.names import QualifiedName
from migsafe.model.script import Direction, Migration, Script, SourceText, TransactionRule
from migsafe.parse import read_script
from migsafe.postgres.live_rows import Backend, Live, Relation, RelationLock, Role, Sender, Server, Slot
from migsafe.preflight.case import Case
from migsafe.preflight.checks import CHECKS
from migsafe.preflight.report import Reason
from migsafe.preflight.touched import Touched, predict_touched

NOW = datetime(2026, 11, 5, 14, 0, tzinfo=UTC)  # a Thursday
USERS = QualifiedName("users", "public")
ORDERS = QualifiedName("orders", "public")

SERVER = Server("shop", "deployer", 180006, False, 100, 25_600, 256, 10, -1, 1_000)
STANDBY = replace(SERVER, standby=True)
ROLE = Role(superuser=False, past_policies=True, sees_all=True, creates_schemas=True)


def live(**said: Any) -> Live:
    """A server on which nothing goes on but what is said."""
    return Live(**{"server": SERVER, "role": ROLE, "libpq_pid": 100, **said})


def backend(pid: int = 7, **said: Any) -> Backend:
    """A session that is idle in a transaction for a second."""
    usual = {
        "user": "app", "application": "web", "client": None, "state": "idle in transaction", "age": 1.0,
        "idle_for": 1.0, "query": "select 1", "kind": "client backend", "pinned": True, "vacuums": False,
        "hidden": False,
    }  # fmt: skip
    return Backend(pid=pid, **{**usual, **said})


def lock(mode: str, pid: int | None = 7, table: QualifiedName = USERS, **said: Any) -> RelationLock:
    """A lock that is held on a table."""
    usual = {"gid": None, "granted": True, "waited": None, "blockers": ()}
    oid = {USERS: 1, ORDERS: 2}[table]
    return RelationLock(relation=oid, schema="public", name=table.name, pid=pid, mode=mode, **{**usual, **said})


def relation(table: QualifiedName = USERS, **said: Any) -> Relation:
    """A small table of the role's own."""
    usual = {
        "kind": "r", "owner": "deployer", "owned": True, "policies": False, "forced": False, "size": 8192,
        "attached": 1, "partition": False,
    }  # fmt: skip
    oid = {USERS: 1, ORDERS: 2}.get(table, 3)
    return Relation(schema=table.schema or "", name=table.name, oid=oid, **{**usual, **said})


def slot(**said: Any) -> Slot:
    """A logical slot in good order."""
    usual = {
        "name": "cdc", "kind": "logical", "plugin": "pgoutput", "database": "shop", "active": True,
        "active_pid": 9, "wal_status": "reserved", "retained": 1_000,
    }  # fmt: skip
    return Slot(**{**usual, **said})


def sender(**said: Any) -> Sender:
    """A replica that keeps up."""
    usual = {
        "pid": 11, "application": "ro", "client": None, "state": "streaming", "lag": 0.1, "behind": 100,
        "logical": False,
    }  # fmt: skip
    return Sender(**{**usual, **said})


def touching(mode: LockMode = LockMode.ACCESS_EXCLUSIVE, table: QualifiedName = USERS, **said: Any) -> Touched:
    """Migrations that lock one table."""
    return Touched(**{"migrations": ["0042"], "modes": {table: mode}, "at_once": frozenset({table}), **said})


def case(seen: Live | None = None, touched: Touched | None = None, **said: Any) -> Case:
    """A case at a moment on a Thursday afternoon; touched relations are there unless something else is said."""
    seen = seen or live()
    if touched is not None and not seen.relations:
        seen = replace(seen, relations=tuple(relation(name) for name in sorted(touched.modes)))
    return Case(live=seen, touched=touched, now=said.pop("now", NOW), **said)


def ask(check: str, one: Case) -> list[Reason]:
    """What one check says; every reason bears its name."""
    reasons = list(CHECKS[check](one))
    assert {reason.check for reason in reasons} <= {check}
    return reasons


def weights(check: str, one: Case) -> list[str]:
    """How much what it says weighs."""
    return [reason.weight.value for reason in ask(check, one)]


def read_sql(sql: str, name: str = "0042") -> tuple[Migration, Any]:
    """A migration whose statements each run by themselves unless they say BEGIN."""
    script = Script(Direction.UP, sql, SourceText(f"{name}.sql", sql), TransactionRule.NONE, Dialect.POSTGRES)
    return Migration(id=name, path=f"{name}.sql", up=script), read_script(script)


def touched_by(*sql: str, before: str = "") -> Touched:
    """What migrations touch, one after the other, on a database that `before` has made."""
    from migsafe.catalogue.following import Following

    following = Following(Catalogue())
    following.run(read_sql(before, "before")[1])
    return predict_touched([read_sql(one, f"{n:04}") for n, one in enumerate(sql, 1)], following.catalogue)
