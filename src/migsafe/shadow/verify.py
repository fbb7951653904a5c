"""`migsafe verify`: a project's migrations, run on a server of one's own, and what that proves.

Migrations that are not wanted are only applied, for those that come after them; nothing is applied behind the last one
that is wanted. What cannot be proved here is said, and is never called broken.

Several jobs prove a part of a layout each, on databases of their own, and report as one job does.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from threading import Lock
from typing import TYPE_CHECKING, Protocol

from migsafe.catalogue.progress import Counter
from migsafe.config import Config
from migsafe.model.dialect import Dialect
from migsafe.shadow.choice import ServerChoice, start_server
from migsafe.shadow.run import Run
from migsafe.shadow.slices import cut, how_many
from migsafe.shadow.steps import Steps, read_migration
from migsafe.shadow.together import run_together
from migsafe.shadow.verdicts import no_ways_back, unproved
from migsafe.shadow.verify_report import Outcome, build_report

if TYPE_CHECKING:
    from migsafe.catalogue.progress import Progress
    from migsafe.model.finding import Finding
    from migsafe.model.report import Report
    from migsafe.model.script import MigrationSet
    from migsafe.postgres.connection import Session
    from migsafe.shadow.choice import ShadowServer
    from migsafe.shadow.execution import Watch
    from migsafe.shadow.migration import ShadowMigration
    from migsafe.shadow.round_trip import Tool
    from migsafe.sources import LoadedLayout

__all__ = ["Companion", "Progress", "Timings", "VerifyOptions", "verify"]


class Companion(Protocol):
    """Looks on while a wanted migration is applied for good: a lock trace, the queries of the running release."""

    def before(self, migration: ShadowMigration, session: Session) -> Watch | None:
        """Called before the way up, outside of a transaction.

        Returns:
            What stands around each statement of the way up, if anything does.
        """

    def after(self, migration: ShadowMigration, session: Session) -> Iterable[Finding]:
        """Called after the way up has been applied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyOptions:
    """How a run proves.

    Attributes:
        server: which server is asked for.
        rows: whether tables that a migration names get a few generated rows.
        setup: SQL that is run first on each database: what the project expects to be there.
        companions: who looks on. They see all migrations, in their order, so that there is one job only.
        jobs: how many parts of a layout are proved at the same time; None: as many as pay.
        tool: makes what runs a layout's migrations, for each job one, where the project's own tool is to do that; it
            gives None where their SQL is to be run.
    """

    server: ServerChoice = field(default_factory=ServerChoice)
    rows: bool = True
    setup: str = ""
    companions: tuple[Companion, ...] = ()
    jobs: int | None = None
    tool: Callable[[MigrationSet], Tool | None] | None = None


@dataclass(slots=True)
class Timings:
    """How long the parts of a run took, in seconds.

    Attributes:
        start: until the server took connections.
        elapsed: from then on, until all was proved.
        history: applying what is not wanted, or another job's; of all jobs together.
        proof: proving what is wanted; of all jobs together.
    """

    start: float = 0.0
    elapsed: float = 0.0
    history: float = 0.0
    proof: float = 0.0
    _lock: Lock = field(default_factory=Lock, repr=False, compare=False)

    @contextmanager
    def add(self, part: str) -> Iterator[None]:
        """Count what happens inside to a part; in any thread."""
        began = time.perf_counter()
        try:
            yield
        finally:
            taken = time.perf_counter() - began
            with self._lock:
                setattr(self, part, getattr(self, part) + taken)


def verify(
    layouts: Sequence[LoadedLayout],
    config: Config | None = None,
    options: VerifyOptions | None = None,
    *,
    progress: Progress | None = None,
    timings: Timings | None = None,
) -> Report:
    """Prove the selected migrations of some layouts.

    Args:
        layouts: as `sources.read_paths` gives them; what is not selected in them is only applied.
        config: which findings are shown, and which are ignored for a reason; all defaults when None.
        options: all defaults when None.
        progress: called with the number of migrations done and of all, by one thread at a time.
        timings: are added to.

    Raises:
        EnvironmentFailedError: when there is no server to be had, or the setup fails.
    """
    options = options or VerifyOptions()
    timings = timings or Timings()
    steps = [Steps(layout) for layout in layouts]
    counter = Counter(progress, sum(len(one.needed) for one in steps))
    with timings.add("start"):
        server = start_server(options.server)
    with server:
        with timings.add("elapsed"):
            outcomes = [_prove(server, one, options, timings, counter) for one in steps]
        return build_report(outcomes, server, config or Config(), date.today())


def _prove(server: ShadowServer, steps: Steps, options: VerifyOptions, timings: Timings, counter: Counter) -> Outcome:
    """Prove one layout."""
    findings: list[Finding] = []
    stand_ins: set[str] = set()
    if steps.needed and steps.layout.migrations.dialect is not Dialect.POSTGRES:
        findings.append(_not_postgres(steps))
    elif steps.needed:
        jobs = 1 if options.companions else how_many(options.jobs, steps, options.setup)
        runs = [Run(server, steps, part, options, timings, counter) for part in cut(steps, jobs)]
        try:
            run_together(runs)
            used = _joined(runs)
            findings += (finding for run in used for finding in run.findings)
            stand_ins = used[-1].shims() | _stand_ins(runs, steps, used[-1])
            if not used[-1].ended and not steps.keeps_ways_back:
                findings.append(_without_ways_back(steps))
        finally:
            for run in runs:
                run.close()
    return Outcome(steps.layout, len(steps.wanted), findings, stand_ins)


def _joined(runs: Sequence[Run]) -> list[Run]:
    """The runs that count, as if one had done all: nothing is proved behind a migration that cannot be applied."""
    used = [runs[0]]
    for run in runs[1:]:
        if used[-1].ended:
            break
        if run.arrived:
            used.append(run)
        else:
            # On another database it was in its way what was not in this one's.
            used[-1].go_on(run.slice)
    return used


def _stand_ins(runs: Sequence[Run], steps: Steps, last: Run) -> set[str]:
    """Roles that were made, whoever was first to miss them, of those that are named as far as the last run came."""
    texts = [script.text for migration in steps.needed[: last.reached] for script in migration.scripts]
    made = {role for run in runs for role in run.stand_ins}
    return {role for role in made if any(role.removeprefix("role ").lower() in text.lower() for text in texts)}


def _not_postgres(steps: Steps) -> Finding:
    dialect = steps.layout.migrations.dialect
    first = next(m for m in steps.needed if m.id in steps.wanted)
    return unproved(read_migration(first), f"the throw-away server is a Postgres, and this is {dialect}")


def _without_ways_back(steps: Steps) -> Finding:
    migrations = steps.needed
    first = next(m for m in migrations if m.id in steps.wanted)
    return no_ways_back(read_migration(first), sum(m.down is None for m in migrations), len(migrations))
