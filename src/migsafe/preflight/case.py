"""What checks look at: all of it is read before, so that they are pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from migsafe.config.windows import Windows
from migsafe.model.names import QualifiedName
from migsafe.postgres.live_rows import Backend, Live, PreparedTransaction, Relation, RelationLock
from migsafe.preflight.options import Limits
from migsafe.preflight.query_text import spell_query
from migsafe.preflight.report import Culprit
from migsafe.preflight.touched import Touched


@dataclass(frozen=True, slots=True)
class Replica:
    """A replica that was asked.

    Attributes:
        name: as people may see it.
        live: what goes on there; None where it could not be asked, and `failure` says why.
    """

    name: str
    live: Live | None = None
    failure: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Everything that a verdict depends on.

    Attributes:
        touched: what the migrations do; None where the server is judged by itself.
        wanted_major: the version that migrations were linted for, where the configuration says one.
        subscribers_ready: somebody says that subscribers have the changes already.
    """

    live: Live
    now: datetime
    touched: Touched | None = None
    replicas: tuple[Replica, ...] = ()
    limits: Limits = field(default_factory=Limits)
    windows: Windows | None = None
    wanted_major: int | None = None
    subscribers_ready: bool = False

    def relations(self, names: Iterable[QualifiedName]) -> list[Relation]:
        """Those of some touched relations that the server has, sorted."""
        wanted = set(names)
        return sorted((one for one in self.live.relations if name_of(one) in wanted), key=name_of)


def name_of(relation: Relation | RelationLock) -> QualifiedName:
    """The full name."""
    return QualifiedName(relation.name, relation.schema)


def session(backend: Backend, waited: float | None = None) -> Culprit:
    """A session as a reason names it."""
    return Culprit(
        pid=backend.pid,
        user=backend.user,
        application=backend.application or None,
        client=backend.client,
        state=None if backend.hidden else backend.state or backend.kind or None,
        age=None if backend.hidden else backend.age,
        query=None if backend.hidden or not backend.query else spell_query(backend.query),
        waited=waited,
    )


def prepared_transaction(found: PreparedTransaction) -> Culprit:
    """A prepared transaction as a reason names it."""
    return Culprit(pid=None, user=found.owner, state="prepared", age=found.age, gid=found.gid)


def holder(lock: RelationLock, live: Live) -> Culprit:
    """Whoever has a lock or waits for it; a process that has just ended is only a number."""
    if lock.pid is None:
        found = next((one for one in live.prepared if one.gid == lock.gid), None)
        return prepared_transaction(found) if found else Culprit(pid=None, state="prepared", gid=lock.gid)
    backend = backend_of(lock.pid, live)
    return session(backend, lock.waited if not lock.granted else None) if backend else Culprit(pid=lock.pid)


def backend_of(pid: int | None, live: Live) -> Backend | None:
    """The session of a process."""
    return next((one for one in live.backends if one.pid == pid), None)


def oldest_first(culprits: Iterable[Culprit]) -> tuple[Culprit, ...]:
    """Each once; those whose age is hidden stand first: they may be the oldest."""
    return tuple(sorted(dict.fromkeys(culprits), key=lambda one: -(one.age if one.age is not None else float("inf"))))
