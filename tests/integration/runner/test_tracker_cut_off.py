"""The tracker's database, or the target, is cut off in the middle of a step: nothing is lost, nothing done twice.

The cuts are real: the database takes no connections any more and its sessions are ended, the file of a tracker is away,
or the server is killed. Here are the moments that have names; every statement is one in `tests/heavy/run_cuts.py`.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import psycopg
import pytest

from cuts import FILE, Database, File, Watch, watching
from migsafe.errors import ExitCode, MigsafeError
from run_benches import Bench
from standby import LastingServer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import MakeDatabase
    from cuts import Meant

pytestmark = pytest.mark.server

#: What the expand steps of the shop leave behind when each has run once.
ONCE = {
    "what": ["first orders", "note", "before the index", "after the index"],
    "versions": [0, 1, 2, 3, 4],
    "indexes": ["orders_pkey", "orders_state"],
    "columns": 4,
}


def found(bench: Bench) -> dict[str, object]:
    """What is there, in the words of `ONCE`."""
    return {
        "what": bench.ask("select array_agg(what order by id) from journal"),
        "versions": bench.ask("select array_agg(version_id order by version_id) from goose_db_version"),
        "indexes": bench.ask(
            "select array_agg(indexrelid::regclass::text order by 1) from pg_index "
            "where indrelid = 'orders'::regclass and indisvalid"
        ),
        "columns": bench.ask(
            "select count(*) from pg_attribute where attrelid = 'orders'::regclass and attnum > 0 and not attisdropped"
        ),
    }


def disturbed(bench: Bench, meant: Meant, act: Callable[[], None], *, at: int = 1) -> MigsafeError:
    """Run into a cut; what the run says of it."""
    with watching(Watch(meant, act, at=at)) as watch:
        problem = bench.stop()
    assert watch.happened, f"the moment never came: {watch.moments}"
    assert problem.exit_code is ExitCode.ENVIRONMENT, problem
    assert "\n" not in problem.message
    return problem


def commit_of_a_step(where: Database, *, done: bool) -> Meant:
    """The moment before or after the next commit of a transaction that changes the project's own tables."""
    changed: list[str] = []

    def meant(statement: str, name: str, is_done: bool) -> bool:
        if name == where.name and is_done and any(word in statement for word in ("ADD COLUMN", "INTO journal")):
            changed.append(statement)
        return bool(changed) and name == where.name and statement == "COMMIT" and is_done is done

    return meant


def at(where: Database, word: str, *, done: bool = False) -> Meant:
    """A moment in a database's life: before or after a statement with that word in it."""
    return lambda statement, name, is_done: name == where.name and word in statement and is_done is done


@pytest.mark.endurance
def test_a_tracker_that_is_cut_off_at_each_moment_of_a_step(
    tmp_path: Path, make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    dsn, elsewhere = make_database(""), make_database("")
    bench = Bench.open(tmp_path / "shop", dsn, monkeypatch, tracker=elsewhere)
    target, tracker = Database(dsn), Database(elsewhere)
    bench.run(release="1.0")

    def cut(meant: Meant) -> str:
        try:
            return disturbed(bench, meant, tracker.cut_off).message
        finally:
            tracker.bring_back()

    assert "tracker" in cut(at(tracker, "INSERT INTO migsafe.migsafe_run"))
    assert "00003_note" not in bench.statuses(), "before the intent nothing is begun"
    for moment in (
        at(target, "ADD COLUMN note", done=True),  # inside of the transaction
        at(target, "pg_current_xact_id", done=True),  # its id is known, and not yet in the tracker
    ):
        assert "tracker" in cut(moment)
        assert found(bench)["columns"] == 3, "a transaction of which the tracker does not know is taken back"
        assert bench.statuses()["00003_note"] == "running"
    cut(commit_of_a_step(target, done=False))  # between the id and COMMIT
    assert found(bench)["columns"] == 4, "it was committed, and that could not be said"
    assert bench.statuses()["00003_note"] == "running"
    cut(commit_of_a_step(target, done=True))  # between COMMIT and the outcome: of 00004's first piece
    assert bench.statuses() | {"00004_find_by_state": "running"} == bench.statuses()
    assert bench.statuses()["00003_note"] == "done", "the server was asked for the transaction"
    cut(at(target, "CONCURRENTLY", done=True))  # a statement outside of transactions has just come to its end
    assert bench.run(None).problem is None
    assert (found(bench), set(bench.statuses().values())) == (ONCE, {"done"})
    assert bench.run().steps == ()


def test_a_file_that_is_away_from_one_moment_to_the_next(
    tmp_path: Path, make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    dsn, path = make_database(""), tmp_path / "tracker.db"
    bench = Bench.open(tmp_path / "shop", dsn, monkeypatch, tracker=f"sqlite:{path}")
    target, tracker = Database(dsn), File(path)
    bench.run(release="1.0")

    def away(meant: Meant, act: Callable[[], None]) -> MigsafeError:
        try:
            return disturbed(bench, meant, act)
        finally:
            tracker.bring_back()

    within = away(lambda text, name, done: name == FILE and "INTO migsafe_statement" in text, tracker.cut_off)
    assert "disk I/O error" in within.message
    assert bench.statuses()["00003_note"] == "running"
    assert found(bench)["columns"] == 3
    between = away(commit_of_a_step(target, done=True), tracker.take_away)
    assert "was there when this began" in between.message
    assert "upgrade" not in (between.hint or ""), "a new tracker would know nothing of what has run"
    assert found(bench)["columns"] == 4
    away(at(target, "CONCURRENTLY", done=True), tracker.take_away)
    assert bench.run(None).problem is None
    assert (found(bench), set(bench.statuses().values())) == (ONCE, {"done"})


def test_a_tracker_that_refuses_is_a_refusal_while_nothing_has_changed(
    tmp_path: Path, make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    dsn = make_database("")
    bench = Bench.open(tmp_path / "shop", dsn, monkeypatch, tracker=f"sqlite:{tmp_path}/tracker.db")
    bench.run(release="1.0")

    def refuse() -> None:
        error = sqlite3.OperationalError("attempt to write a readonly database")
        error.sqlite_errorname = "SQLITE_READONLY"
        raise error

    def stopped(meant: Meant) -> MigsafeError:
        with watching(Watch(meant, refuse)) as watch:
            problem = bench.stop()
        assert watch.happened
        return problem

    with bench.untouched():
        assert stopped(lambda text, name, done: "INTO migsafe_run" in text).exit_code is ExitCode.REFUSED
    committed = commit_of_a_step(Database(dsn), done=True)
    was_committed: list[bool] = []

    def outcome(text: str, name: str, done: bool) -> bool:
        was_committed.extend([True] if committed(text, name, done) else [])
        return bool(was_committed) and name == FILE and "migsafe_statement" in text

    problem = stopped(outcome)
    assert problem.exit_code is ExitCode.ENVIRONMENT, "what has changed was not refused"
    assert found(bench)["columns"] == 4
    assert bench.run(None).problem is None
    assert bench.run().problem is None
    assert (found(bench), set(bench.statuses().values())) == (ONCE, {"done"})


@pytest.mark.endurance
@pytest.mark.parametrize("beside", [True, False], ids=["beside", "apart"])
def test_a_target_whose_sessions_are_ended_at_each_moment_of_a_step(
    beside: bool, tmp_path: Path, make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    dsn = make_database("")
    told = "env:SHOP_URL" if beside else f"sqlite:{tmp_path}/tracker.db"
    bench = Bench.open(tmp_path / "shop", dsn, monkeypatch, tracker=told)
    target = Database(dsn)
    bench.run(release="1.0")

    def lose_the_answer() -> None:
        target.end_sessions()
        raise psycopg.OperationalError("server closed the connection unexpectedly")

    problem = disturbed(bench, at(target, "ADD COLUMN note"), target.end_sessions)
    assert "00003_note.sql:3" in problem.message
    disturbed(
        bench, lambda text, name, done: "goose_db_version" in text and "insert" in text.lower(), target.end_sessions
    )
    assert found(bench)["columns"] == 3
    disturbed(bench, commit_of_a_step(target, done=True), lose_the_answer)
    assert found(bench)["columns"] == 4, "it was committed, and nobody was told"
    disturbed(bench, at(target, "CONCURRENTLY", done=True), target.end_sessions)
    assert bench.run(None).problem is None
    assert (found(bench), set(bench.statuses().values())) == (ONCE, {"done"})
    assert bench.run().steps == ()


@pytest.mark.endurance
@pytest.mark.long
def test_a_server_that_is_killed_between_the_id_and_the_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an open transaction has written need not be on disk: without care, its id is soon somebody else's."""
    # Nothing is written to disk before somebody waits for it.
    lazy = {"wal_writer_delay": "10s", "bgwriter_delay": "10s", "full_page_writes": "off"}
    with LastingServer.made(lazy) as server:
        server.run("create database shop")
        dsn = server.dsn("shop")
        bench = Bench.open(tmp_path / "shop", dsn, monkeypatch, tracker=f"sqlite:{tmp_path}/tracker.db")
        bench.run(release="1.0")
        disturbed(bench, commit_of_a_step(Database(dsn), done=False), server.kill)
        server.start()
        for _ in range(20):
            bench.do("create table somebody_elses (n int); drop table somebody_elses")
        assert found(bench)["columns"] == 3
        assert bench.run(None).problem is None
        assert bench.run().problem is None
        assert (found(bench), set(bench.statuses().values())) == (ONCE, {"done"})
        server.stop()
        away = bench.stop()
        assert away.exit_code is ExitCode.ENVIRONMENT
        assert away.message.startswith("cannot connect to Postgres")
