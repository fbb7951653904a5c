"""Looks at the servers now and then, and says whether the workers should wait."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from migsafe.backfill.throttle import (
    Bloat,
    Limits,
    Readings,
    Slot,
    Standby,
    Transaction,
    Vacuum,
    reason_to_wait,
)
from migsafe.errors import MigsafeError, UsageError
from migsafe.postgres.address import spell_database
from migsafe.postgres.connection import StatementFailedError, Timeouts, connect
from migsafe.postgres.queries import query
from migsafe.tracker.backfills import read_pause

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from migsafe.backfill.ground import Ground
    from migsafe.backfill.sessions import Desk
    from migsafe.model.state import TargetName
    from migsafe.postgres.connection import Session

_FILE = "backfill.sql"
_TIMEOUTS = Timeouts(lock=500, statement=5_000)
_MOST_MARKS = 7_200
_HIDDEN = "this role may not see how far behind it is: GRANT pg_monitor, or name it with --replica"


class WalMarks:
    """When the primary had written how much: by that, how far behind a standby is, whatever it says of itself.

    A standby's own measure is NULL, or 0, when it has lost its primary; a place that it has come to cannot lie.
    """

    def __init__(self) -> None:
        self._marks: deque[tuple[float, int]] = deque(maxlen=_MOST_MARKS)

    def note(self, now: float, place: int) -> None:
        """The primary has written up to a place."""
        if not self._marks or self._marks[-1][1] < place:
            self._marks.append((now, place))

    def lag_s(self, now: float, replayed: int | None) -> float | None:
        """How far behind one is that has replayed up to a place, in seconds; None where nobody can tell."""
        if replayed is None or not self._marks:
            return None
        if replayed < self._marks[0][1]:  # it is behind what was written when this began, by nobody knows how much
            return None
        return next((now - then for then, place in self._marks if place > replayed), 0.0)


class Lookout:
    """One session for looking, one for each standby; a session that is lost is opened again at the next look."""

    def __init__(
        self,
        dsn: str,
        replicas: Sequence[str],
        ground: Ground,
        limits: Limits,
        *,
        hold_if: Sequence[str] = (),
        ours: Callable[[], list[int]],
        clock: Callable[[], float],
    ) -> None:
        """
        Args:
            ours: the processes of our own workers, whose transactions are no reason to wait.
            clock: seconds from any beginning.
        """
        self._dsn = dsn
        self._replicas = tuple(replicas)
        self._ground = ground
        self._limits = limits
        self._hold_if = tuple(hold_if)
        self._ours = ours
        self._clock = clock
        self._sessions: dict[str, Session] = {}
        self._marks = WalMarks()

    def close(self) -> None:
        """End its sessions."""
        for session in self._sessions.values():
            session.close()

    def prove(self) -> None:
        """Make sure that what a person has said can be asked.

        Raises:
            UsageError: when a query of theirs fails, or gives no number.
            EnvironmentFailedError: when a standby cannot be reached.
        """
        for text in self._hold_if:
            try:
                _number(self._session(self._dsn), text)
            except StatementFailedError as error:
                raise UsageError(f"--hold-if fails: {error.message}", hint=text) from None
        for dsn in self._replicas:
            if self._session(dsn).query(query("replayed", _FILE))[0][0] is None:
                raise UsageError(f"--replica: {spell_database(dsn)} is no standby")

    def look(self, pause: str | None) -> str | None:
        """Why the workers should wait; None where they may go on.

        Args:
            pause: why somebody wants them to.
        """
        try:
            return reason_to_wait(self._read(pause), self._limits)
        except MigsafeError as error:
            self._sessions.pop(self._dsn).close() if self._dsn in self._sessions else None
            return f"nobody can tell how the server is: {error.message}"

    def _read(self, pause: str | None) -> Readings:
        session = self._session(self._dsn)
        oids, ours = self._ground.oids, self._ours()
        place = session.query(query("wal_place", _FILE))[0][0]
        if place is not None:
            self._marks.note(self._clock(), place)
        queue = session.query(query("queue", _FILE), (oids, ours))
        oldest = session.query(query("oldest_transaction", _FILE), (ours,))
        return Readings(
            pause=pause,
            asked=tuple((text, _number(session, text)) for text in self._hold_if),
            queue=(queue[0][0], queue[0][2] or 0.0) if queue else None,
            standbys=self._standbys(session),
            vacuums=tuple(Vacuum(*map(_known, row)) for row in session.query(query("vacuums", _FILE), (oids,))),
            slots=tuple(Slot(*row) for row in session.query(query("slots", _FILE))),
            oldest=Transaction(*oldest[0]) if oldest else None,
            bloat=tuple(Bloat(*row) for row in session.query(query("dead_rows", _FILE), (oids,))),
        )

    def _standbys(self, session: Session) -> tuple[Standby, ...]:
        now = self._clock()
        if self._replicas:
            return tuple(self._named(dsn) for dsn in self._replicas)
        rows = session.query(query("standbys", _FILE))
        return tuple(
            Standby(name, None, _HIDDEN) if replayed is None else Standby(name, self._marks.lag_s(now, replayed))
            for name, replayed in rows
        )

    def _named(self, dsn: str) -> Standby:
        name = spell_database(dsn)
        try:
            replayed = self._session(dsn).query(query("replayed", _FILE))[0][0]
        except MigsafeError as error:
            self._sessions.pop(dsn).close() if dsn in self._sessions else None
            return Standby(name, None, error.message)
        if replayed is None:
            return Standby(name, None, "it is no standby any more")
        return Standby(name, self._marks.lag_s(self._clock(), replayed))

    def _session(self, dsn: str) -> Session:
        if dsn not in self._sessions:
            session = connect(dsn, autocommit=True, timeouts=_TIMEOUTS, connect_timeout_s=5)
            session.query("select set_config('default_transaction_read_only', 'on', false)")
            self._sessions[dsn] = session
        return self._sessions[dsn]


def pause_of(desk: Desk, where: TargetName) -> str | None:
    """Why somebody wants the backfills of a database to wait; a tracker that is away is a reason, too."""
    try:
        with desk.book.reading() as ledger:
            found = read_pause(ledger, where)
    except MigsafeError as error:
        return f"nobody can tell whether it should pause: {error.message}"
    return None if found is None else f"{found.reason} ({found.actor})"


def _number(session: Session, text: str) -> float | None:
    """What a query of one number gives; NULL is None."""
    rows = session.query(text)
    value = rows[0][0] if len(rows) == 1 and len(rows[0]) == 1 else None
    if len(rows) == 1 and value is None:
        return None
    try:
        return float(value)  # type: ignore[arg-type]  # what is no number is refused
    except (TypeError, ValueError):
        raise UsageError("--hold-if gives no number", hint=f"it is a query of one row and one column: {text}") from None


def _known(value: Any) -> Any:
    """A session whose facts are hidden is judged as an ordinary vacuum."""
    return False if value is None else value
