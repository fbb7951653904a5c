"""A column that is renamed by its plan, phase by phase: every phase's beginning is a template that is there at once.

The releases of the story are weeks apart, as a contract wants it: what is done before a phase is done by a clock that
is so many days behind. The phase itself runs now.
"""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import TYPE_CHECKING

from psycopg.conninfo import make_conninfo

from migsafe.bookkeeping.steps import Where
from migsafe.cli.main import run
from migsafe.config import Config, load_config
from migsafe.contracts.keeping import PlanRequest, decide, plan_contract
from migsafe.contracts.phase_gates import BACKUP_CHECK
from migsafe.contracts.writing import write_contract
from migsafe.model.phase import Phase
from migsafe.model.state import Check, Environment, KnownRelease, RolloutStatus
from migsafe.postgres.connection import connect
from migsafe.runner.pace import PaceOptions
from migsafe.runner.patience import Budget
from migsafe.runner.run import RunOptions, run_phase
from migsafe.tracker import tables as t
from migsafe.tracker.address import read_address
from migsafe.tracker.facts import Author
from migsafe.tracker.opening import Tracker
from migsafe.tracker.upgrade import upgrade_tracker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from migsafe.runner.outcome import RunOutcome
    from migsafe.shadow.server import ThrowawayServer
    from run_forks import Ended, Forks

#: Rows, question by question.
Facts = list[list[tuple[object, ...]]]

CHANGE = "users-name-to-full-name"
MIRA, OLGA, PAVEL = Author(actor="mira"), Author(actor="olga"), Author(actor="pavel")
ROWS = 6_000
_RELEASES = ("1.8.0", "1.9.0", "1.9.1", "2.0.0", "2.1.0")


@dataclass(frozen=True, slots=True)
class Chapter:
    """A part of the story that is one run.

    Attributes:
        release: up to which migrations are run.
    """

    name: str
    phase: Phase
    release: str


#: In the order in which they are told. A backfill is what the engine for backfills does with the plan's step.
CHAPTERS = (
    Chapter("expand", Phase.EXPAND, "1.9.0"),
    Chapter("backfill", Phase.MIGRATE, "1.9.0"),
    Chapter("index", Phase.EXPAND, "1.9.1"),
    Chapter("quarantine", Phase.CONTRACT, "2.0.0"),
    Chapter("purge", Phase.CONTRACT, "2.1.0"),
)

#: How often a row is written is counted.
_BEGINNING = f"""-- +goose Up
-- migsafe: phase=expand release=1.8.0
CREATE TABLE users (id bigint PRIMARY KEY, name text, writes integer NOT NULL DEFAULT 0);
CREATE TABLE journal (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, what text NOT NULL);
INSERT INTO users (id, name) SELECT n, 'u' || n FROM generate_series(1, {ROWS}) AS n;
-- +goose StatementBegin
CREATE FUNCTION count_writes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN NEW.writes := OLD.writes + 1; RETURN NEW; END $$;
-- +goose StatementEnd
CREATE TRIGGER count_writes BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION count_writes();
-- +goose StatementBegin
CREATE FUNCTION slowly(bigint) RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN IF $1 % 100 = 0 THEN PERFORM pg_sleep(0.005); END IF; RETURN -$1; END $$;
-- +goose StatementEnd
-- +goose Down
DROP TABLE users;
"""

#: Done by who owns the server, and no part of the project: what was made and altered, and committed, each time anew.
#: Indexes are not among it: one that was left invalid is rightly built again.
_COUNT_DDL = """
CREATE SCHEMA counted;
CREATE TABLE counted.ddl (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, what text NOT NULL);
CREATE FUNCTION counted.count() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO counted.ddl (what)
    SELECT command_tag || ' ' || coalesce(object_identity, '') FROM pg_event_trigger_ddl_commands()
     WHERE schema_name = 'public' AND command_tag NOT LIKE '%INDEX';
END $$;
CREATE EVENT TRIGGER count_ddl ON ddl_command_end EXECUTE FUNCTION counted.count();
"""

#: As slow as a large table: a moment that chance chooses is often one in which the server is at work.
_INDEX = """-- +goose NO TRANSACTION
-- +goose Up
-- migsafe: phase=expand release=1.9.1
INSERT INTO journal (what) VALUES ('before the index');
CREATE INDEX CONCURRENTLY users_slowly ON users (slowly(id));
INSERT INTO journal (what) VALUES ('after the index');
-- +goose Down
DROP INDEX CONCURRENTLY users_slowly;
"""

_FACTS = (
    "select to_jsonb(users) from public.users order by id",
    "select what from public.journal order by id",
    "select what from counted.ddl order by id",
    "select version_id, is_applied from public.goose_db_version order by id",
    "select c.relname::text, i.indisvalid, i.indisready, i.indislive from pg_index i "
    "join pg_class c on c.oid = i.indexrelid where c.relnamespace = 'public'::regnamespace order by 1",
    "select attname::text, atttypid::regtype::text, attnotnull from pg_attribute "
    "where attrelid = 'public.users'::regclass and attnum > 0 and not attisdropped order by 1",
    "select conname::text, convalidated from pg_constraint where conrelid = 'public.users'::regclass order by 1",
    "select tgname::text, tgenabled::text from pg_trigger where not tgisinternal order by 1",
    "select proname::text from pg_proc where pronamespace = 'public'::regnamespace order by 1",
)


def _days_ago(days: float) -> Callable[[], datetime]:
    return lambda: datetime.now(UTC) - timedelta(days=days)


class Renaming:
    """The project, its database, and its tracker: beside in it, in another database, or in a file.

    Attributes:
        folder: the project.
        place: "beside", "apart" or "elsewhere".
    """

    def __init__(self, folder: Path, server: ThrowawayServer, place: str) -> None:
        self.folder, self.place = folder, place
        self._server = server
        self._name = f"renaming_{place}"
        self._databases = [self._name, *([f"{self._name}_tracker"] if place == "elsewhere" else [])]

    # -- how it is now

    @property
    def dsn(self) -> str:
        """Of the database."""
        return self._server.dsn(self._name)

    @property
    def variables(self) -> dict[str, str]:
        """What commands are told by their environment."""
        return {"DATABASE_URL": self.dsn, "TRACKER_URL": self._server.dsn(self._databases[-1])}

    @property
    def told(self) -> str:
        """The tracker, as people say it."""
        return f"sqlite:{self.file}" if self.place == "apart" else "env:TRACKER_URL"

    @property
    def file(self) -> Path:
        """The tracker, where it is one."""
        return self.folder / "tracker.db"

    @property
    def tracker_dsn(self) -> str:
        """Of the database in which the tracker is."""
        return self.variables["TRACKER_URL"]

    @property
    def tracker(self) -> Tracker:
        """The tracker."""
        return Tracker(read_address(self.told, environ=self.variables))

    def held(self) -> Facts:
        """What the database holds, which nobody may see twice and everybody must see once."""
        with connect(self.dsn, autocommit=True) as session:
            return [session.query(question) for question in _FACTS]

    def facts(self) -> Facts:
        """The same, and what the tracker has of each step."""
        return [*self.held(), self._ends()]

    def _ends(self) -> list[tuple[object, ...]]:
        """How often each step has come to an end, and how it stands."""
        open_ones = {"running", "partial", "failed"}
        with self.tracker.reading() as ledger:
            migrations = {row.step_id: row.migration for row in ledger.rows(t.step.select())}
            runs = sorted(ledger.rows(t.run.select()), key=lambda row: (migrations[row.step_id], row.attempt))
        last = {migrations[row.step_id]: row.status for row in runs}
        ended = [(migrations[row.step_id], row.status) for row in runs if row.status not in open_ones]
        return [*sorted(last.items()), *ended]

    # -- what is done with it

    def command(self, forks: Forks, *words: str, **when: object) -> Ended:
        """Run a command in a process of its own; see `Forks.run`."""
        arguments = [*words, "--tracker", self.told]
        return forks.run(arguments, self.folder, self.variables, **when)  # type: ignore[arg-type]  # passed on

    def run(self, forks: Forks, chapter: Chapter, **when: object) -> Ended:
        """Run a chapter in a process of its own."""
        words = ["run", str(chapter.phase), "--release", chapter.release, "--env", "production"]
        more = ["--url", "env:DATABASE_URL", "--wait-for-turn", "60", "--accept", "a test", "--by", "mira"]
        return self.command(forks, *words, *more, **when)

    def resume(self, forks: Forks) -> Ended:
        """Go on with what was begun."""
        words = ["run", "resume", "--env", "production", "--url", "env:DATABASE_URL", "--by", "mira"]
        return self.command(forks, *words, "--wait-for-turn", "60", "--accept", "a test")

    def run_here(self, chapter: Chapter, *, days_ago: float = 0.0) -> RunOutcome:
        """Run a chapter in this process."""
        with self._at_home() as config:
            options = RunOptions(
                phase=chapter.phase,
                release=chapter.release,
                url="env:DATABASE_URL",
                where=Where(environment="production", create=True),
                wait_for_turn=60.0,
                accept="a test",
                pace=PaceOptions(budget=Budget(whole=5.0)),
            )
            return run_phase(options, config, MIRA, say=lambda line: None, clock=_days_ago(days_ago))

    @contextmanager
    def _at_home(self) -> Iterator[Config]:
        """In the project's folder, with its variables."""
        before, variables = os.getcwd(), {name: os.environ.get(name) for name in self.variables}
        os.chdir(self.folder)
        os.environ.update(self.variables)
        try:
            yield load_config(start=self.folder, options={"tracker": self.told})
        finally:
            os.chdir(before)
            for name, value in variables.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value

    # -- the story

    def tell(self) -> None:
        """Come to the beginning of every chapter, and keep each as a template."""
        for name in self._databases:
            self._server.create_database(name)
        with self._server.connect() as session:
            for one in (OLGA, PAVEL):
                session.execute_with_names(
                    "drop role if exists {role}; create role {role} superuser login", role=one.actor
                )
        self._begin()
        self._keep("expand")
        self._must_run(CHAPTERS[0], 30)
        self._keep("backfill")
        self._must_run(CHAPTERS[1], 29)
        self._keep("index")
        self._must_run(CHAPTERS[2], 28)
        self._roll_out("1.9.1", 28, instead_of=("1.8.0", "1.9.0"))
        self._keep("before")
        self._sign("2.0.0", 0, OLGA)
        self._keep("quarantine")
        self.turn_to("before")
        self._sign("2.0.0", 20, OLGA)
        self._must_run(CHAPTERS[3], 20)
        self._roll_out("2.0.0", 19, instead_of=("1.9.1",))
        with self.tracker.writing(MIRA) as store:
            proof = Check(change=CHANGE, name=BACKUP_CHECK, environment="production", target="main", ok=True,
                          at=store.now)  # fmt: skip
            store.record_check(proof)
        self._sign("2.1.0", 0, OLGA, PAVEL)
        self._keep("purge")

    def turn_to(self, chapter: str) -> None:
        """Have everything as it is when a chapter begins."""
        for name in self._databases:
            self._server.drop_database(name)
            self._server.create_database(name, f"{name}_{chapter}")
        shutil.rmtree(self.folder)
        shutil.copytree(self._template(chapter), self.folder)

    def close(self) -> None:
        """Drop all its databases."""
        for name in self._databases:
            for suffix in ("", "_before", *(f"_{chapter.name}" for chapter in CHAPTERS)):
                self._server.drop_database(f"{name}{suffix}")

    def _keep(self, chapter: str) -> None:
        for name in self._databases:
            self._server.create_database(f"{name}_{chapter}", name)
        shutil.copytree(self.folder, self._template(chapter))

    def _template(self, chapter: str) -> Path:
        return self.folder.with_name(f"{self.folder.name}_{chapter}")

    def _begin(self) -> None:
        """A release that runs, a plan that was accepted, and an index for the next one."""
        (self.folder / "db").mkdir(parents=True)
        (self.folder / "db" / "00001_users.sql").write_text(_BEGINNING)
        (self.folder / "migsafe.toml").write_text('paths = ["db"]\n')
        with connect(self.dsn, autocommit=True) as session:
            session.execute(_COUNT_DDL)
        with self._at_home(), redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            assert run(["plan", "rename-column", "users.name", "full_name", "--path", "db", "--accept"]) == 0
        for file in (self.folder / "db").glob("0000[2-9]*.sql"):
            file.write_text(file.read_text().replace(f"change={CHANGE}", f"change={CHANGE} release=1.9.0"))
        (self.folder / "db" / "00009_find.sql").write_text(_INDEX)
        ago = _days_ago(40)
        upgrade_tracker(self.tracker.address, MIRA, clock=ago)
        with self.tracker.writing(MIRA) as store:
            store.put_environment(Environment(name="production", protected=True))
            store.put_releases([KnownRelease(name, ago().date()) for name in _RELEASES])
            store.mark("production", "1.8.0", RolloutStatus.DEPLOYED, at=ago())
        self._must_run(Chapter("begin", Phase.EXPAND, "1.8.0"), 40)

    def _roll_out(self, release: str, days_ago: float, *, instead_of: Sequence[str]) -> None:
        with self.tracker.writing(MIRA) as store:
            store.mark("production", release, RolloutStatus.DEPLOYED, at=_days_ago(days_ago)())
            for old in instead_of:
                store.mark("production", old, RolloutStatus.RETIRED, at=_days_ago(days_ago - 1)())

    def _sign(self, release: str, days_ago: float, *people: Author) -> None:
        """The half of the contract that is due: written, and approved."""
        ago = _days_ago(days_ago)
        with self._at_home() as config:
            request = PlanRequest(change=CHANGE, environment="production", url="env:DATABASE_URL")
            planned = plan_contract(request, MIRA, config, clock=ago)
            assert planned.kept, [one.text for one in planned.plan.blockers]
            for file in write_contract(planned.made, config, ago()):
                text = file.path.read_text()
                file.path.write_text(text.replace(f"change={CHANGE}", f"change={CHANGE} release={release}"))
            planned = plan_contract(request, MIRA, config, clock=ago)
            for one in people:
                # A role that has made a plan does not approve it, whatever name it gives itself.
                os.environ["TRACKER_URL"] = make_conninfo(self.tracker_dsn, user=one.actor)
                decide(planned.plan.plan_id, one, config, approve=True, accepted=True, clock=ago)

    def _must_run(self, chapter: Chapter, days_ago: float) -> None:
        outcome = self.run_here(chapter, days_ago=days_ago)
        assert outcome.problem is None, f"{chapter}: {outcome.problem.message} ({outcome.problem.hint})"


def difference(wanted: Facts, found: Facts) -> str | None:
    """The first thing that is not as it should be; None where all is."""
    for ours, theirs in zip(wanted, found, strict=True):
        if ours != theirs:
            missing = [row for row in ours if row not in theirs][:3]
            new = [row for row in theirs if row not in ours][:3]
            return f"missing {missing}, new {new}, {len(ours)} rows and {len(theirs)}"
    return None
