"""A project whose change awaits its contract, on a real server: `fixtures/contracts/rename`."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from migsafe.bookkeeping.place import open_tracker
from migsafe.bookkeeping.steps import Where
from migsafe.config import load_config
from migsafe.contracts.keeping import clear_contract, decide, keep
from migsafe.contracts.making import Asked, make_plan
from migsafe.contracts.writing import write_contract
from migsafe.model.dialect import Dialect
from migsafe.model.phase import Part, Phase
from migsafe.model.state import (
    Check,
    Environment,
    KnownRelease,
    RolloutStatus,
    StepStatus,
    Target,
    TargetName,
)
from migsafe.postgres.connection import connect
from migsafe.runner.run import RunOptions, run_phase
from migsafe.tracker.deployments import deployment_under_way
from migsafe.tracker.facts import Author, RunFacts, StepFacts
from migsafe.tracker.reading import read_known
from migsafe.tracker.upgrade import upgrade_tracker
from release_stories import build

if TYPE_CHECKING:
    from migsafe.config import Config
    from migsafe.contracts.clearance import Clearance
    from migsafe.contracts.making import Made
    from migsafe.contracts.values import ContractPlan, Gate
    from migsafe.runner.outcome import RunOutcome

FIXTURE = Path(__file__).parents[1] / "fixtures" / "contracts" / "rename"
CHANGE = "users-name-to-full-name"
MAIN = TargetName("production", "main")
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
MIRA = Author(actor="mira", host="laptop")

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not on the machine")


class Project:
    """The project in a folder, its database, and its tracker in a file.

    Attributes:
        now: when everything happens.
    """

    def __init__(self, folder: Path, dsn: str, *, new: bool = False) -> None:
        if new:
            build(FIXTURE, folder)
        self.folder, self.dsn, self.now = folder, dsn, NOW
        self.config: Config = load_config(None)
        self.tracker = open_tracker(self.config, clock=lambda: self.now)
        if new:
            upgrade_tracker(self.tracker.address, MIRA, clock=lambda: NOW)

    @property
    def migrations(self) -> list[str]:
        """Names of the migrations, in their order."""
        return sorted(file.stem for file in (self.folder / "migrations").iterdir())

    def sql(self, text: str) -> None:
        """Run something on the database."""
        with connect(self.dsn, autocommit=True) as session:
            session.execute(text)

    def has_column(self, table: str, column: str) -> bool:
        """Whether the database has it under that name."""
        with connect(self.dsn, autocommit=True) as session:
            found = "select 1 from information_schema.columns where table_name = %s and column_name = %s"
            return bool(session.query(found, (table, column)))

    def apply(self, *names: str) -> None:
        """Run migrations; those of the fixture when none is named."""
        for name in names or self.migrations:
            self.sql((self.folder / "migrations" / f"{name}.sql").read_text())

    def furnish(self) -> Project:
        """Everything before the contract is done: two releases, the older one gone for weeks."""
        self.apply()
        self.sql(
            "INSERT INTO users (email, full_name) SELECT 'e' || n, 'n' || n FROM generate_series(1, 100) n; ANALYZE"
        )
        october = datetime(2026, 10, 5, 8, tzinfo=UTC)
        with self.tracker.writing(MIRA) as store:
            store.put_environment(Environment(name="production", protected=True))
            store.put_target("production", Target(name="main", dialect=Dialect.POSTGRES))
            store.put_releases([KnownRelease("1.7.0"), KnownRelease("1.8.0")])
            store.mark("production", "1.7.0", RolloutStatus.DEPLOYED, at=october - timedelta(days=30))
            store.mark("production", "1.8.0", RolloutStatus.DEPLOYED, at=october)
            store.mark("production", "1.7.0", RolloutStatus.RETIRED, at=october + timedelta(days=1))
            for number, name in enumerate(self.migrations):
                phase = Phase.EXPAND if number < 2 else Phase.MIGRATE
                change, release = (None, "1.7.0") if number == 0 else (CHANGE, "1.8.0")
                step = StepFacts(migration=name, phase=phase, change=change, release=release)
                store.record(step, RunFacts(where=MAIN, status=StepStatus.DONE, at=october))
        return self

    def done(self, name: str, part: Part = Part.QUARANTINE, status: StepStatus = StepStatus.DONE) -> None:
        """A step of the contract has run."""
        with self.tracker.writing(MIRA) as store:
            step = StepFacts(migration=name, phase=Phase.CONTRACT, change=CHANGE, part=part, release=None)
            store.record(step, RunFacts(where=MAIN, status=status, at=self.now, floor="1.8.0"))

    def checked(self, name: str) -> None:
        """A verification has held."""
        with self.tracker.writing(MIRA) as store:
            check = Check(change=CHANGE, name=name, environment="production", target="main", ok=True, at=self.now)
            store.record_check(check)

    def made(self) -> Made:
        """The plan as it is now."""
        with self.tracker.reading() as ledger:
            state, rollout = read_known(ledger, self.now).state, deployment_under_way(ledger, MAIN.environment)
        with connect(self.dsn, autocommit=True) as session:
            asked = Asked(change=CHANGE, where=MAIN, state=state, now=self.now, author="mira", rollout=rollout)
            return make_plan(self.config, asked, session)

    def plan(self) -> ContractPlan:
        """The plan as it is now."""
        return self.made().plan

    def blockers(self) -> list[Gate]:
        """What is in its way."""
        return list(self.plan().blockers)

    def clear(self) -> Clearance:
        """What a run would be told."""
        with self.tracker.reading() as ledger, connect(self.dsn, autocommit=True) as session:
            state = read_known(ledger, self.now).state
            return clear_contract(self.config, CHANGE, MAIN, session, ledger, state, self.now)


def sign(project: Project, *people: Author) -> None:
    """The half that is due: written, kept and approved."""
    write_contract(project.made(), project.config, project.now)
    made = project.made()
    keep(made.plan, MIRA, project.tracker, made.verifications)
    for one in people:
        decide(made.plan.plan_id, one, project.config, approve=True, accepted=True, clock=lambda: project.now)


def contract(project: Project, release: str = "1.8.0") -> RunOutcome:
    """Run what is due."""
    where = Where(environment="production")
    options = RunOptions(phase=Phase.CONTRACT, release=release, url="env:SHOP", where=where, accept="a test")
    return run_phase(options, project.config, MIRA, say=lambda line: None, clock=lambda: project.now)


def commit(folder: Path, release: str) -> None:
    """Put what is in the folder into a release."""
    manifest = folder / "migsafe.releases.toml"
    known = manifest.read_text()
    new = [f'"migrations/{file.name}"' for file in sorted((folder / "migrations").iterdir()) if file.name not in known]
    manifest.write_text(
        f'{known}\n[[release]]\nname = "{release}"\nday = 2026-11-01\nmigrations = [{", ".join(new)}]\n'
    )
    for words in (["add", "."], ["-c", "user.name=s", "-c", "user.email=s@example.com", "commit", "-qm", release]):
        subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)
    subprocess.run(["git", "tag", f"v{release}"], cwd=folder, check=True, capture_output=True)
