"""The queries of the running release, looking on while `migsafe verify` applies the migrations of the next one.

The release that runs was written for the schema before the first wanted migration; all wanted ones together are the
next release. With `each`, every migration is a release of its own: for the history of a project.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from migsafe.model.evidence import BrokenQuery, CheckedQueries, script_fingerprint
from migsafe.shadow.compat.findings import findings_of
from migsafe.shadow.compat.query import Breakage, Origin, Query, Unchecked
from migsafe.shadow.compat.running_release import RunningRelease
from migsafe.shadow.compat.touched import Touched, touched_by
from migsafe.shadow.snapshot import Snapshot, take_snapshot

if TYPE_CHECKING:
    from migsafe.model.finding import Finding
    from migsafe.postgres.connection import Session
    from migsafe.shadow.migration import ShadowMigration

#: From how many queries on it pays to find out first what a migration has touched: two snapshots cost as much.
_WORTH_A_SNAPSHOT = 100


class ReleaseCompanion:
    """Looks on while wanted migrations are applied (`migsafe.shadow.verify.Companion`).

    Attributes:
        unchecked: all that could not be said so far, in order, each once.
        checked: by migration, what became of the queries that somebody has said to be sent.
    """

    def __init__(self, queries: Iterable[Query] = (), *, generate: bool = False, each: bool = False) -> None:
        """
        Args:
            queries: those that are known (`sources.read_queries`).
            generate: also those that any code on the schema would run.
            each: every migration is a release of its own.
        """
        self._release = RunningRelease(queries, generate=generate)
        self._each = each
        self._database: str | None = None
        self._schema: Snapshot | None = None
        self.unchecked: tuple[Unchecked, ...] = ()
        self.checked: dict[str, CheckedQueries] = {}

    def before(self, migration: ShadowMigration, session: Session) -> None:
        """Ask all queries before the first migration; before a later one, take in what others have changed since.

        Raises:
            EnvironmentFailedError: when the connection breaks.
        """
        ((database,),) = session.query("select current_database()")
        if self._each or database != self._database:
            self._database = database
            self._note(self._release.begin(session))
            self._schema = take_snapshot(session) if self._release.known >= _WORTH_A_SNAPSHOT else None
        else:
            self._release.after(session, self._touched(session))

    def after(self, migration: ShadowMigration, session: Session) -> tuple[Finding, ...]:
        """What the migration breaks.

        Raises:
            EnvironmentFailedError: when the connection breaks.
        """
        followed = self._release.sent
        verdict = self._release.after(session, self._touched(session))
        self._note(verdict.unchecked)
        if migration.up is not None:
            gaps = {gap.query for gap in self.unchecked if gap.query.origin is not Origin.GENERATED}
            self.checked[migration.id] = CheckedQueries(
                checked=followed,
                broken=tuple(_broken(verdict.breakages)),
                unchecked=len(gaps),
                fingerprint=script_fingerprint(migration.up.script),
            )
        return findings_of(verdict.breakages, migration.id, migration.up) if migration.up is not None else ()

    def _touched(self, session: Session) -> Touched:
        """What has changed since the last look; everything may have, where there was none."""
        if self._schema is None:
            return None
        before, self._schema = self._schema, take_snapshot(session)
        return touched_by(before, self._schema)

    def _note(self, unchecked: Iterable[Unchecked]) -> None:
        self.unchecked = tuple(dict.fromkeys((*self.unchecked, *unchecked)))


def _broken(breakages: Iterable[Breakage]) -> Iterator[BrokenQuery]:
    """Those that fail, or may: another shape of a result is no failure."""
    for one in breakages:
        if one.kind != "shape" and one.query.origin is not Origin.GENERATED:
            yield BrokenQuery(one.query.sql, one.place or "", one.message, certain=one.kind == "breaks")
