"""The shop of `fixtures/runs/shop` on a database, run in this process, so that a test can stand in its way anywhere."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from migsafe.bookkeeping.steps import Where
from migsafe.config import Config, load_config
from migsafe.errors import ExitCode, MigsafeError
from migsafe.model.phase import Phase
from migsafe.model.state import Environment, KnownRelease, RolloutStatus
from migsafe.postgres.connection import connect
from migsafe.runner.pace import PaceOptions
from migsafe.runner.patience import Budget
from migsafe.runner.run import RunOptions, rehearse_phase, run_phase
from migsafe.tracker.address import read_address
from migsafe.tracker.facts import Author
from migsafe.tracker.opening import Tracker
from migsafe.tracker.reading import read_known
from migsafe.tracker.upgrade import upgrade_tracker
from run_shops import Shop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest

    from migsafe.runner.outcome import RunOutcome

ME = Author(actor="mira", host="laptop")
#: Nobody in a test waits for half an hour.
PATIENT = PaceOptions(budget=Budget(whole=2.0))


@dataclass
class Bench:
    """A shop, and where its tracker is: in the same database, in another one, or in a file.

    Attributes:
        lines: what the last run said.
    """

    shop: Shop
    lines: list[str]

    @classmethod
    def open(cls, folder: Path, dsn: str, patch: pytest.MonkeyPatch, *, tracker: str = "env:SHOP_URL") -> Bench:
        """A copy of the project, with a tracker that is known to nobody yet.

        Args:
            tracker: an address as people say it, `env:SHOP_URL` for one beside, or the connection string of another
                database.
        """
        if "=" in tracker:
            patch.setenv("TRACKER_URL", tracker)
            tracker = "env:TRACKER_URL"
        patch.setenv("SHOP_URL", dsn)
        shop = Shop.open(folder, dsn, beside=True)
        patch.chdir(folder)
        shop.tracker = tracker
        bench = cls(shop, [])
        upgrade_tracker(bench.tracker.address, ME)
        bench.furnish()
        return bench

    def furnish(self) -> None:
        """The releases are known, and the last one rolls."""
        with self.tracker.writing(ME) as store:
            store.put_environment(Environment(name="production", protected=True))
            store.put_releases([KnownRelease("1.0"), KnownRelease("1.1"), KnownRelease("1.2")])
            store.mark("production", "1.1", RolloutStatus.ROLLING)

    @property
    def tracker(self) -> Tracker:
        return Tracker(read_address(self.shop.tracker))

    def run(self, phase: Phase | None = Phase.EXPAND, release: str = "1.1", **more: Any) -> RunOutcome:
        """Run a phase, or go on with what was begun where that is None."""
        self.lines.clear()
        options = self.options(phase, release, **more)
        return run_phase(options, self.config, ME, say=self.lines.append)

    def rehearse(self, phase: Phase = Phase.EXPAND, release: str = "1.1", **more: Any) -> RunOutcome:
        """What `run` would do."""
        return rehearse_phase(self.options(phase, release, **more), self.config, ME)

    def options(self, phase: Phase | None, release: str, **more: Any) -> RunOptions:
        """What a run is told."""
        told: dict[str, Any] = {"accept": "a test", "pace": PATIENT, "url": "env:SHOP_URL"} | more
        where = Where(environment="production", create=True)
        return RunOptions(phase=phase, release=release if phase else None, where=where, **told)

    @property
    def config(self) -> Config:
        return load_config(start=self.shop.folder, options={"tracker": self.shop.tracker})

    def stop(self, phase: Phase | None = Phase.EXPAND, release: str = "1.1", **more: Any) -> MigsafeError:
        """The same where it must not come to its end: what stopped it."""
        try:
            outcome = self.run(phase, release, **more)
        except MigsafeError as error:
            return error
        assert outcome.problem is not None, "it was to be stopped, and has run"
        return outcome.problem

    def refusal(self, phase: Phase | None = Phase.EXPAND, release: str = "1.1", **more: Any) -> str:
        """The same where it must be refused (4): its one line, hint included."""
        problem = self.stop(phase, release, **more)
        assert problem.exit_code is ExitCode.REFUSED, problem
        assert "\n" not in problem.message
        return f"{problem.message} ({problem.hint})"

    def statuses(self) -> dict[str, str]:
        """What the tracker says of each step."""
        with self.tracker.reading() as ledger:
            state = read_known(ledger, self.tracker.clock()).state
        return {step.label: run.status.value for step in state.steps for run in step.runs}

    def ask(self, sql: str) -> object:
        """The first value of the first row."""
        with connect(self.shop.dsn, autocommit=True) as session:
            return session.query(sql)[0][0]

    def do(self, sql: str) -> None:
        """Run statements on the database."""
        with connect(self.shop.dsn, autocommit=True) as session:
            session.execute(sql)

    def write(self, name: str, text: str) -> None:
        """A migration."""
        (self.shop.folder / "migrations" / name).write_text(text)

    @contextmanager
    def untouched(self) -> Iterator[None]:
        """Nothing is changed in the database, and nothing recorded of any step; who had the turn may be."""
        before = self.everything()
        yield
        assert self.everything() == before

    def everything(self) -> tuple[object, ...]:
        """What the database holds, and how much the tracker knows of its steps."""
        with self.tracker.reading() as ledger:
            head = sum(event.kind == "run" for event in ledger.events())
        tables = "select count(*) from pg_class where relnamespace::regnamespace::text in ('public', 'migsafe')"
        columns = "select count(*) from pg_attribute where attrelid >= 16384 and attnum > 0 and not attisdropped"
        return head, self.ask(tables), self.ask(columns)
