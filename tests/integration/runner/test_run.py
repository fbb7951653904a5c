"""`run_phase` on a real server: what runs together, what is refused, and what is recorded."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from migsafe import api
from migsafe.bookkeeping.steps import Where
from migsafe.config import Config, load_config
from migsafe.errors import ExitCode, MigsafeError
from migsafe.model.phase import Phase
from migsafe.model.state import RolloutStatus, StepStatus
from migsafe.postgres.connection import connect
from migsafe.runner.outcome import RunOutcome
from migsafe.runner.pace import PaceOptions
from migsafe.runner.patience import Budget
from migsafe.runner.repair import RepairOptions, repair_step
from migsafe.runner.run import RunOptions, rehearse_phase, run_phase
from migsafe.runner.selection import RunRefusedError
from migsafe.tracker.address import TrackerAddress
from migsafe.tracker.errors import UnknownNameError
from migsafe.tracker.facts import Author
from migsafe.tracker.opening import Tracker
from migsafe.tracker.reading import read_known
from migsafe.tracker.upgrade import upgrade_tracker
from run_shops import SHOP

if TYPE_CHECKING:
    from collections.abc import Callable

ME = Author(actor="mira", host="laptop")
WHERE = Where(environment="production", create=True)


class Bench:
    """A copy of the shop, a database, and a tracker in it."""

    def __init__(self, folder: Path, dsn: str, patch: pytest.MonkeyPatch, *, beside: bool = True) -> None:
        self.folder = folder / "shop"
        shutil.copytree(SHOP, self.folder)
        self.dsn = dsn
        self.address = (
            TrackerAddress("env:SHOP_URL", dsn=dsn)
            if beside
            else TrackerAddress("sqlite:tracker.db", file=self.folder / "tracker.db")
        )
        patch.chdir(self.folder)
        patch.setenv("SHOP_URL", dsn)
        upgrade_tracker(self.address, ME)
        with self.tracker.writing(ME) as store:
            from migsafe.model.state import Environment, KnownRelease

            store.put_environment(Environment(name="production", protected=True))
            store.put_releases([KnownRelease("1.0"), KnownRelease("1.1")])
            store.mark("production", "1.1", RolloutStatus.ROLLING)

    @property
    def tracker(self) -> Tracker:
        return Tracker(self.address)

    @property
    def config(self) -> Config:
        said = {"tracker": self.address.said} if self.address.file is not None else {}
        return load_config(start=self.folder, options=said)

    def options(self, phase: Phase | None, release: str | None = "1.1", **more: object) -> RunOptions:
        patient = PaceOptions(budget=Budget(whole=60.0))
        told = {"accept": "a test", "pace": patient} | more
        return RunOptions(phase=phase, release=release, url="env:SHOP_URL", where=WHERE, **told)  # type: ignore[arg-type]  # as the test says

    def run(self, phase: Phase | None, release: str | None = "1.1", **more: object) -> RunOutcome:
        return run_phase(self.options(phase, release, **more), self.config, ME, say=lambda line: None)

    def statuses(self) -> dict[str, StepStatus]:
        with self.tracker.reading() as ledger:
            state = read_known(ledger, self.tracker.clock()).state
        return {step.label: run.status for step in state.steps for run in step.runs}

    def query(self, sql: str) -> list[tuple[object, ...]]:
        with connect(self.dsn, autocommit=True) as session:
            return list(session.query(sql))

    def write(self, name: str, text: str) -> None:
        (self.folder / "migrations" / name).write_text(text)


@pytest.fixture
def bench(tmp_path: Path, make_database: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(tmp_path, make_database(""), monkeypatch)


def test_phase_after_phase(bench: Bench) -> None:
    assert [one.label for one in bench.run(Phase.EXPAND, "1.0").steps] == ["00001_orders", "00002_first_orders"]
    refused = pytest.raises(RunRefusedError, match="expand comes before migrate")
    with refused:
        bench.run(Phase.MIGRATE)
    rehearsed = rehearse_phase(bench.options(Phase.EXPAND), bench.config, ME)
    assert [(one.label, one.status) for one in rehearsed.steps] == [("00003_note", None), ("00004_find_by_state", None)]
    assert "00003_note" not in bench.statuses()  # a rehearsal writes nothing
    assert bench.run(Phase.EXPAND).problem is None
    assert bench.run(Phase.MIGRATE).problem is None
    assert set(bench.statuses().values()) == {StepStatus.DONE}
    assert bench.query("select max(version_id) from goose_db_version") == [(6,)]
    assert bench.run(Phase.MIGRATE).steps == ()


def test_a_transaction_that_fails_leaves_nothing_and_can_be_mended(bench: Bench) -> None:
    bench.run(Phase.EXPAND, "1.0")
    bench.write(
        "00003_note.sql",
        "-- migsafe: phase=expand\n-- +goose Up\nALTER TABLE orders ADD COLUMN note text;\nSELECT 1 / 0;\n",
    )
    stopped = bench.run(Phase.EXPAND)
    assert stopped.problem is not None
    assert stopped.problem.exit_code is ExitCode.ENVIRONMENT
    assert "00003_note.sql:4: division by zero" in stopped.problem.message
    assert bench.statuses()["00003_note"] is StepStatus.FAILED
    assert bench.query(
        "select count(*) from pg_attribute where attrelid = 'orders'::regclass and attname = 'note'"
    ) == [(0,)]
    shutil.copy(SHOP / "migrations" / "00003_note.sql", bench.folder / "migrations")
    assert bench.run(Phase.EXPAND).problem is None


def test_a_script_without_a_transaction_goes_on_behind_what_is_done(bench: Bench) -> None:
    bench.run(Phase.EXPAND, "1.0")
    whole = (bench.folder / "migrations" / "00004_find_by_state.sql").read_text()
    bench.query("select 1")
    with connect(bench.dsn, autocommit=True) as session:
        session.execute("create index orders_state on orders (total)")  # the name is taken
    stopped = bench.run(Phase.EXPAND)
    assert stopped.problem is not None
    assert bench.statuses()["00004_find_by_state"] is StepStatus.PARTIAL
    with pytest.raises(RunRefusedError, match="is partial"):
        bench.run(Phase.MIGRATE)
    with connect(bench.dsn, autocommit=True) as session:
        session.execute("drop index orders_state")
    bench.write("00004_find_by_state.sql", whole.replace("orders (state)", "orders (state, id)"))
    edited = bench.run(None, None)
    assert edited.problem is not None
    assert "has changed since it was begun" in edited.problem.message
    bench.write("00004_find_by_state.sql", whole)
    assert bench.run(None, None).problem is None
    assert bench.query("select count(*) from journal where what = 'before the index'") == [(1,)]


def test_an_edited_migration_is_refused(bench: Bench) -> None:
    bench.run(Phase.EXPAND)
    bench.write("00003_note.sql", (SHOP / "migrations" / "00003_note.sql").read_text().replace("text", "varchar(9)"))
    with pytest.raises(RunRefusedError, match="has changed since it ran"):
        bench.run(Phase.MIGRATE)


def test_what_the_tool_has_run_is_not_run_again(bench: Bench) -> None:
    bench.run(Phase.EXPAND, "1.0")
    with connect(bench.dsn, autocommit=True) as session:
        session.execute(
            "alter table orders add column note text; "
            "insert into goose_db_version (version_id, is_applied) values (3, true)"
        )
    assert [one.label for one in bench.run(Phase.EXPAND).steps] == ["00004_find_by_state"]


def test_where_tracker_and_tool_do_not_agree_nobody_wins(bench: Bench) -> None:
    bench.run(Phase.EXPAND)
    with connect(bench.dsn, autocommit=True) as session:
        session.execute("delete from goose_db_version where version_id = 3")
    with pytest.raises(RunRefusedError, match="the tracker says that 00003_note is done"):
        bench.run(Phase.MIGRATE)


def test_unknown_names_are_refused_and_nothing_is_written(bench: Bench) -> None:
    with pytest.raises(UnknownNameError, match=r'no release "1\.3" is known'):
        bench.run(Phase.EXPAND, "1.3")
    where = Where(environment="prodution")
    said = RunOptions(phase=Phase.EXPAND, release="1.1", url="env:SHOP_URL", where=where)
    with pytest.raises(UnknownNameError, match='no environment "prodution"') as refused:
        run_phase(said, bench.config, ME, say=print)
    assert refused.value.hint is not None
    assert "production" in refused.value.hint
    assert bench.statuses() == {}


def test_another_database_than_the_one_recorded_is_refused(bench: Bench, make_database: Callable[[str], str]) -> None:
    bench.run(Phase.EXPAND, "1.0")
    other = make_database("")
    config = load_config(start=bench.folder, options={"tracker": "env:SHOP_URL"})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OTHER_URL", other)
        said = RunOptions(phase=Phase.EXPAND, release="1.1", url="env:OTHER_URL", where=WHERE)
        with pytest.raises(RunRefusedError, match="is not the database that the tracker knows"):
            run_phase(said, config, ME, say=lambda line: None)


def test_a_lock_that_is_held_is_waited_for_and_named(bench: Bench) -> None:
    bench.run(Phase.EXPAND, "1.0")
    with connect(bench.dsn, autocommit=False) as session:
        session.query("select * from orders limit 1")
        stopped = bench.run(Phase.EXPAND, pace=PaceOptions(budget=Budget(whole=4.0)))
        assert stopped.problem is not None
        assert stopped.problem.exit_code is ExitCode.REFUSED
        said = f"{stopped.problem.message} {stopped.problem.hint}"
        assert str(session.backend_pid) in said
        session.rollback()
    assert bench.run(Phase.EXPAND).problem is None


def test_repair_writes_what_it_could_prove(bench: Bench) -> None:
    bench.run(Phase.EXPAND, "1.0")

    def repair(step: str, wanted: str | None = None) -> StepStatus:
        said = RepairOptions(step=step, url="env:SHOP_URL", where=WHERE, reason="a test", wanted=wanted)
        return repair_step(said, bench.config, ME).status

    with pytest.raises(MigsafeError):
        repair("00003_note", "done")  # the column is not there
    with connect(bench.dsn, autocommit=True) as session:
        session.execute("create index concurrently orders_note on orders (id)")
    with pytest.raises(MigsafeError, match="cannot tell"):
        repair("00006_find_by_note")  # an index of that name, and not that one
    with pytest.raises(UnknownNameError, match="no migration"):
        repair("00009_nothing")


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("CREATE TABLESPACE archive LOCATION '/nowhere'", "there is no tablespace archive"),
        ("CREATE SUBSCRIPTION copy CONNECTION 'dbname=gone' PUBLICATION p", "there is no subscription copy"),
    ],
)
def test_what_stood_alone_is_looked_up_by_the_name_in_its_text(bench: Bench, sql: str, found: str) -> None:
    bench.run(Phase.EXPAND, "1.0")
    bench.write("00003_note.sql", f"-- +goose NO TRANSACTION\n-- migsafe: phase=expand\n-- +goose Up\n{sql};\n")
    for _ in range(2):  # the second one asks what the first one has left, and may try again
        stopped = bench.run(Phase.EXPAND)
        assert stopped.problem is not None
        assert "00003_note.sql:4" in stopped.problem.message
    said = RepairOptions(step="00003_note", url="env:SHOP_URL", where=WHERE, reason="a test")
    repaired = repair_step(said, bench.config, ME)
    assert repaired.status is StepStatus.FAILED
    assert repaired.found[0].endswith(found)


@pytest.mark.parametrize("beside", [True, False], ids=["beside", "apart"])
def test_a_script_may_say_the_isolation_of_its_transaction(
    beside: bool, tmp_path: Path, make_database: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(tmp_path, make_database(""), monkeypatch, beside=beside)
    bench.run(Phase.EXPAND, "1.0")
    level = "INSERT INTO journal (what) VALUES (current_setting('transaction_isolation'));"
    text = f"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;\nALTER TABLE orders ADD COLUMN note text;\n{level}"
    bench.write("00003_note.sql", f"-- migsafe: phase=expand\n-- +goose Up\n{text}\n")
    assert bench.run(Phase.EXPAND).problem is None
    assert ("repeatable read",) in bench.query("select what from journal")


@pytest.mark.parametrize("text", ["ALTER TABLE orders ADD COLUMN note text;\nROLLBACK;", "\\connect other"])
def test_what_is_not_run_is_said_before_anything_is_done(bench: Bench, text: str) -> None:
    bench.run(Phase.EXPAND, "1.0")
    bench.write("00003_note.sql", f"-- migsafe: phase=expand\n-- +goose Up\n{text}\n")
    stopped = bench.run(Phase.EXPAND)
    assert stopped.problem is not None
    assert stopped.problem.exit_code is ExitCode.REFUSED
    assert "00003_note.sql:" in stopped.problem.message


def test_from_python_it_is_the_same(bench: Bench) -> None:
    options, lines = bench.options(Phase.EXPAND, "1.0"), list[str]()
    rehearsed = api.rehearse_phase(options, bench.config)
    assert bench.statuses() == {}
    outcome = api.run_phase(options, bench.config, say=lines.append, by="olga")
    assert outcome.problem is None
    assert [step.label for step in rehearsed.steps] == [step.label for step in outcome.steps]
    assert [step.label for step in outcome.steps] == list(bench.statuses())
    assert lines[0].startswith("1/")
    last = outcome.steps[-1].label
    said = api.RepairOptions(step=last, url="env:SHOP_URL", where=WHERE, reason="a test")
    assert api.repair_step(said, bench.config, by="olga").status is StepStatus.DONE
    assert "olga" in {event.actor for event in api.history(replace(bench.config, tracker="env:SHOP_URL"))}


def test_apart_the_same_comes_out(
    tmp_path: Path, make_database: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(tmp_path, make_database(""), monkeypatch, beside=False)
    assert bench.run(Phase.EXPAND).problem is None
    assert bench.run(Phase.MIGRATE).problem is None
    assert set(bench.statuses().values()) == {StepStatus.DONE}
    assert bench.query("select count(*) from information_schema.tables where table_schema = 'migsafe'") == [(0,)]
