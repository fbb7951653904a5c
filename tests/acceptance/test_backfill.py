"""`migsafe backfill` on a whole project: from the plan to the proof, stopped on the way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from migsafe.cli.main import run
from migsafe.postgres.connection import connect
from migsafe.shadow.server import ThrowawayServer

pytestmark = [
    pytest.mark.server,
    pytest.mark.long,
    pytest.mark.skipif(sys.platform == "win32", reason="no throw-away server on this platform"),
]

CHANGE = "users-name-to-full-name"
STEP = "0003_users_name_to_full_name_backfill_full_name"
PLACE = ("--env", "production", "--url", "env:SHOP")
BACKFILL = ("backfill", CHANGE, *PLACE)
_DEADLINE_S = 60


@pytest.fixture(scope="module")
def server() -> Iterator[ThrowawayServer]:
    with ThrowawayServer.start() as server:
        yield server


@pytest.fixture
def dsn(server: ThrowawayServer) -> Iterator[str]:
    yield server.create_database("shop")
    server.drop_database("shop")


def sql(dsn: str, text: str) -> None:
    with connect(dsn, autocommit=True) as session:
        session.execute(text)


@pytest.fixture
def project(dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    """A project with the plan of a rename, its expand run, and 4,000 rows to fill; the tracker beside them."""
    for name in [name for name in os.environ if name.startswith("MIGSAFE_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SHOP", dsn)
    (tmp_path / "migrations").mkdir()
    users = "CREATE TABLE users (id bigint PRIMARY KEY, name text NOT NULL);\n"
    (tmp_path / "migrations" / "0001_users.sql").write_text(users, encoding="utf-8")
    assert run(["plan", "rename-column", "users.name", "full_name", "--accept"]) == 0
    sql(dsn, users + "INSERT INTO users SELECT g, 'u' || g FROM generate_series(1, 4000) AS g; ANALYZE users")
    assert run(["tracker", "upgrade", "--tracker", "env:SHOP"]) == 0
    capsys.readouterr()
    return tmp_path


def expand(project: Path, dsn: str) -> None:
    text = (project / "migrations" / "0002_users_name_to_full_name_add_full_name.sql").read_text(encoding="utf-8")
    sql(dsn, text)


def test_from_the_plan_to_the_proof(project: Path, dsn: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*BACKFILL, "--create-env"]) == 4
    assert "not before this holds: the trigger zzz_migsafe_users_name_to_full_name" in capsys.readouterr().err
    expand(project, dsn)

    assert run([*BACKFILL, "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"{STEP}: about 4000 rows in 1 range\n  public.users: 1 to 4000, waiting\nthe first batch:\n")

    assert run(BACKFILL) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"{STEP}: done, 4000 of 4000 rows written in ")
    assert "  holds: both sides of every row agree\n" in out
    assert f"the migration {STEP} finds no row left to write" in out

    assert run([*BACKFILL, "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["schema"], document["migration"]) == ("migsafe.backfill/1", STEP)
    assert (document["already"], document["ok"]) == (True, True)


def test_a_dry_run_for_programs(project: Path, dsn: str, capsys: pytest.CaptureFixture[str]) -> None:
    run([*BACKFILL, "--create-env"])
    capsys.readouterr()
    assert run([*BACKFILL, "--dry-run", "--format", "json"]) == 4
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "migsafe.backfill-rehearsal/1"
    assert document["refusal"].startswith("not before this holds: ")
    expand(project, dsn)
    assert run([*BACKFILL, "--dry-run", "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["rows"], document["refusal"], document["resumes"]) == (4000, None, False)


def test_the_tracker_in_a_file(project: Path, dsn: str, capsys: pytest.CaptureFixture[str]) -> None:
    expand(project, dsn)
    assert run(["tracker", "upgrade", "--tracker", "sqlite:t.db"]) == 0
    assert run([*BACKFILL, "--create-env", "--tracker", "sqlite:t.db", "--workers", "2", "--nice", "0"]) == 0
    assert "done, 4000 of 4000 rows written" in capsys.readouterr().out


def test_pausing(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pause = ("backfill", *PLACE, "--create-env")
    assert run([*pause, "--pause", "a sale"]) == 0
    assert capsys.readouterr().out == "production/main: backfills wait: a sale; --continue lets them go on\n"
    assert run([*pause, "--pause", "a sale"]) == 0
    assert capsys.readouterr().out == "production/main: so already, nothing written\n"
    assert run([*pause, "--continue", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["paused"] is None


@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        (("backfill", *PLACE), 2, "error: nobody has said which change"),
        (
            ("backfill", "users-name", *PLACE),
            2,
            "error: there is no plan of users-name\nhint: did you mean users-name-to",
        ),
        ((*BACKFILL[:2], "nothing", *PLACE), 2, f"error: {CHANGE} has no backfill nothing"),
        (("backfill", CHANGE, *PLACE, "--pause", "x"), 2, "error: --pause and --continue are of a database"),
        (("backfill", *PLACE, "--pause", " "), 2, "error: --pause says why"),
        (("backfill", *PLACE, "--pause", "x", "--continue"), 2, "error: --pause and --continue cannot both be meant"),
        (BACKFILL, 2, 'error: no environment "production"'),
    ],
)
def test_what_is_refused_in_one_line(
    project: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], code: int, error: str
) -> None:
    assert run(words) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(error)
    assert len(err.splitlines()) <= 2


def test_ctrl_c_keeps_the_place(project: Path, dsn: str, capsys: pytest.CaptureFixture[str]) -> None:
    expand(project, dsn)
    # Each row takes a moment: there is time to interrupt it.
    sql(dsn, "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$"
             " BEGIN PERFORM pg_sleep(0.0005); RETURN NEW; END $$;"
             "CREATE TRIGGER slow BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION slow()")  # fmt: skip
    command = [sys.executable, "-m", "migsafe", *BACKFILL, "--create-env", "--batch-max", "200"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + _DEADLINE_S
    with connect(dsn, autocommit=True) as session:
        while session.query("SELECT count(full_name) FROM users") < [(200,)]:
            assert time.monotonic() < deadline
            assert process.poll() is None, process.stderr.read() if process.stderr else ""
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=_DEADLINE_S)
    assert process.returncode == 130, err
    assert "stopping after this batch" in err
    assert "the same command goes on from there" in out
    with connect(dsn, autocommit=True) as session:
        written = session.query("SELECT count(full_name) FROM users")[0][0]
        kept = session.query("SELECT rows_written, state FROM migsafe.migsafe_backfill")
    assert kept == [(written, "waiting")]
    assert 200 <= written < 4000
    sql(dsn, "DROP TRIGGER slow ON users")
    assert run(BACKFILL) == 0
    assert "done, 4000 of 4000 rows written" in capsys.readouterr().out
