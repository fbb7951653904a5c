"""Who reads on the standbys what is about to be locked: asked again and again, on connections that stay open.

Replay takes an ACCESS EXCLUSIVE lock as the primary did, but it has no `lock_timeout`: it waits for whoever reads the
table, and everything else that the standby shows grows old meanwhile. Nobody can take the lock's record back once it
is in the log. So all that can be done is to write it in a moment in which nobody is there, and to have it replayed
before somebody is.
(PostgreSQL 18 manual, 26.4.2 "Handling Query Conflicts".)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from migsafe.errors import EnvironmentFailedError
from migsafe.postgres.address import spell_database
from migsafe.postgres.live import glance, open_live, read_live
from migsafe.postgres.watching import readers_of
from migsafe.preflight.case import Replica
from migsafe.preflight.checks.replicas import NAME, conflict_on
from migsafe.preflight.words import duration
from migsafe.runner.patience import Sight, Way
from migsafe.runner.watching import spell_blockers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from migsafe.model.names import QualifiedName
    from migsafe.postgres.connection import Session
    from migsafe.postgres.live_rows import Backend

    Answer = TypeVar("Answer")

#: For so long only a moment will do in which nobody has the table; short reads leave such moments. Then, for as long
#: again, those are let be who are younger than `_YOUNG`: many short ones, and no report.
CHOOSY_FOR, _YOUNG = 10.0, 0.1
#: Seconds between two looks while somebody is there.
_AGAIN = 0.05
#: Who is there for less than that is not worth a line.
_BRIEF = 1.0


class StandbyReadError(Exception):
    """The moment has passed: somebody reads on a standby what was about to be locked; no lock was taken.

    Attributes:
        sight: who.
    """

    def __init__(self, sight: Sight) -> None:
        self.sight = sight
        super().__init__(sight.text)


@dataclass(frozen=True, slots=True)
class Readers:
    """Who has some tables on a standby.

    Attributes:
        name: of the standby, as people may see it.
        found: oldest first.
        failure: why it could not be asked; None where it could.
    """

    name: str
    found: tuple[Backend, ...] = ()
    failure: str | None = None


def tolerated(waited: float, limit: float) -> float:
    """How young a reader must be to be let be, in seconds; 0 is nobody.

    Args:
        waited: for how long no moment was good enough, in seconds.
        limit: for who waits longest.
    """
    if waited < CHOOSY_FOR:
        return 0.0
    return min(limit, _YOUNG) if waited < 2 * CHOOSY_FOR else limit


def judge_readers(seen: Sequence[Readers], tables: Sequence[str], waited: float, limit: float) -> Sight:
    """Whether this moment is good enough; pure.

    Args:
        seen: of each standby.
        tables: those that are to be locked.
        waited: for how long none was, in seconds.
        limit: see `tolerated`.
    """
    failed = next((one for one in seen if one.failure is not None), None)
    if failed is not None:
        return Sight(Way.HELD, f"the replica {failed.name} cannot be asked: {failed.failure}", about=f"{NAME} away")
    young_enough = tolerated(waited, limit)
    for one in seen:
        in_the_way = tuple(reader for reader in one.found if _age(reader) >= young_enough)
        if in_the_way:
            return _held(one.name, in_the_way, tables, waited)
    return Sight(warning="; ".join(_warning(one, tables, waited) for one in seen if one.found))


def _age(reader: Backend) -> float:
    """Who has just begun has no age yet, and a role that may not see it learns none: that is asked for before."""
    return reader.age if reader.age is not None else 0.0


def _held(name: str, readers: Sequence[Backend], tables: Sequence[str], waited: float) -> Sight:
    reason = conflict_on(name, readers, tables)
    old = [str(one.pid) for one in readers if _age(one) >= _BRIEF]
    return Sight(
        Way.HELD,
        f"{reason.text}; {spell_blockers(readers)}",
        reason.hint,
        " ".join((NAME, name, *old)),
        again=_AGAIN,
        brief=waited < _BRIEF and not old,
    )


def _warning(seen: Readers, tables: Sequence[str], waited: float) -> str:
    return (
        f"{seen.name} was not free of readers of {', '.join(tables)} for {duration(waited)}, "
        f"and replay may have waited for {spell_blockers(seen.found)}"
    )


class Standbys:
    """The standbys of one server, each by a connection that stays open.

    Attributes:
        opened: how many connections were opened; a new one may lead to another server.
    """

    def __init__(self, dsns: Sequence[str]) -> None:
        """
        Args:
            dsns: ready to connect to; nothing is connected yet.
        """
        self._dsns = tuple(dsns)
        self._sessions: dict[str, Session] = {}
        self.opened = 0

    def __bool__(self) -> bool:
        return bool(self._dsns)

    def close(self) -> None:
        """End the connections; who is asked again is connected anew."""
        for dsn in tuple(self._sessions):
            self._drop(dsn)

    def all_of(self, tables: Iterable[QualifiedName]) -> tuple[Replica, ...]:
        """All that goes on there, for preflight's check; it costs some twenty questions."""
        wanted = tuple(tables)

        def ask(session: Session) -> Replica:
            with glance(session):
                return Replica("", read_live(session, wanted, whose=True))

        answers = [(spell_database(dsn), *self._ask(dsn, ask)) for dsn in self._dsns]
        return tuple(
            Replica(name, answer.live if answer is not None else None, failure) for name, answer, failure in answers
        )

    def readers(self, relations: Sequence[int]) -> tuple[Readers, ...]:
        """Who has any of some relations; one question to each.

        Args:
            relations: by their numbers, which are those of the primary.
        """
        answers = [
            (spell_database(dsn), *self._ask(dsn, lambda session: readers_of(session, relations))) for dsn in self._dsns
        ]
        return tuple(Readers(name, found or (), failure) for name, found, failure in answers)

    def _ask(self, dsn: str, question: Callable[[Session], Answer]) -> tuple[Answer | None, str | None]:
        """The answer, or why there is none. A connection that was open may have ended long ago: it is opened anew."""
        tries = 2 if dsn in self._sessions else 1
        failure = None
        for _ in range(tries):
            try:
                return question(self._session(dsn)), None
            except EnvironmentFailedError as error:
                self._drop(dsn)
                failure = error.message
        return None, failure

    def _session(self, dsn: str) -> Session:
        if dsn not in self._sessions:
            self._sessions[dsn] = open_live(dsn)
            self.opened += 1
        return self._sessions[dsn]

    def _drop(self, dsn: str) -> None:
        if (session := self._sessions.pop(dsn, None)) is not None:
            session.close()
