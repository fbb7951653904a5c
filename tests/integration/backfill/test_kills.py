"""A process that is killed in a backfill: the next one ends where an undisturbed one does, and writes nothing twice."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from backfill_sites import COMPLETE, QUICK, Field, field_apart
from migsafe.model.names import QualifiedName
from migsafe.model.plan import Backfill, Check
from migsafe.postgres.connection import connect

if TYPE_CHECKING:
    from collections.abc import Callable

    MakeField = Callable[[str], Field]

pytestmark = [
    pytest.mark.server,
    pytest.mark.endurance,
    pytest.mark.long,
    pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is not on this platform"),
]

_DEADLINE_S = 60
_TESTS = Path(__file__).parents[2]
#: A trigger counts how often each row is written.
COUNTED = """
CREATE TABLE users (id bigint PRIMARY KEY, name text, full_name text, writes int NOT NULL DEFAULT 0);
INSERT INTO users SELECT g, 'u' || g FROM generate_series(1, 1000) AS g;
CREATE FUNCTION count_writes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN NEW.writes := OLD.writes + 1; RETURN NEW; END $$;
CREATE TRIGGER count_writes BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION count_writes();
"""


def kill_at(field: Field, place: str, written: int, *, workers: int = 1) -> None:
    """Run it in a process of its own, and kill that once so many rows are written."""
    environment = {**os.environ, "PYTHONPATH": str(_TESTS)}
    command = [sys.executable, str(_TESTS / "backfill_victim.py"), field.dsn, place, str(workers)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + _DEADLINE_S
    try:
        with connect(field.dsn, autocommit=True) as session:
            while session.query("SELECT count(*) FROM users WHERE full_name IS NOT NULL")[0][0] < written:
                assert time.monotonic() < deadline, "it writes nothing"
                if process.poll() is not None:
                    assert process.returncode == 0, "it failed before it could be killed"
                    return
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize(("place", "workers"), [("beside", 1), ("beside", 3), ("apart", 1)])
def test_killed_at_random_moments(make_field: MakeField, tmp_path: Path, place: str, workers: int) -> None:
    chance = random.Random(f"{place} {workers}")
    field = make_field(COUNTED)
    if place == "apart":
        field = field_apart(field.dsn, tmp_path)
    for share in (0.3, 0.7):
        kill_at(field, place if place == "beside" else str(tmp_path), int(1000 * share * chance.random()) + 1,
                workers=workers)  # fmt: skip
    result = field.run(replace(QUICK, patience_s=30), sleep=time.sleep)
    assert result.ok
    assert field.ask("SELECT count(*) FROM users WHERE full_name IS DISTINCT FROM upper(name)") == 0
    assert field.ask("SELECT max(writes) FROM users") == 1, "a row was written twice"
    if place == "beside":
        assert (result.progress.rows_seen, result.progress.rows_written) == (1000, 1000)


_END_WORKERS = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
 WHERE pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory') AND datname = current_database()
"""
_END_ALL = """
SELECT count(pg_terminate_backend(pid)) - 1 FROM pg_stat_activity
 WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


def ending_workers(field: Field, times: int, sql: str = _END_WORKERS) -> Callable[[float], None]:
    """Ends the server's processes of workers, so many times, in their rests."""
    left = [times]

    def end_them(_seconds: float) -> None:
        if left[0] and field.ask(sql):
            left[0] -= 1

    return end_them


@pytest.mark.parametrize("sql", [_END_WORKERS, _END_ALL])
def test_the_sessions_of_a_run_are_ended(make_field: MakeField, sql: str) -> None:
    """A failover, or somebody who ends them: new ones go on."""
    field = make_field(COUNTED)
    once = Check("once", "SELECT max(writes) FROM users", "1")
    result = field.doing(verify=(COMPLETE, once)).run(sleep=ending_workers(field, 2, sql))
    assert result.ok
    assert result.progress.rows_written == 1000


def test_a_backfill_that_inserts_may_be_ended_too(make_field: MakeField) -> None:
    setup = COUNTED + "CREATE TABLE profiles (user_id bigint PRIMARY KEY, bio text);"
    insert = "INSERT INTO profiles SELECT id, name FROM users WHERE id >= :low AND id <= :high LIMIT :rows"
    field = make_field(setup).doing(Backfill(QualifiedName("users"), ("id",), insert=insert), verify=())
    # No ON CONFLICT: a batch that ran twice would fail.
    assert field.run(sleep=ending_workers(field, 1)).finished
    assert field.ask("SELECT count(*) FROM profiles") == 1000
