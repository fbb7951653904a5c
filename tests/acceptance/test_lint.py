"""`migsafe lint` on whole projects, through the command line."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from migsafe.cli.main import run

TABLE = "CREATE TABLE users (id bigint PRIMARY KEY, email text);\n"
BLOCKING = "SET lock_timeout = '2s';\nCREATE INDEX users_email_idx ON users (email);\n"
SAFE = "SET lock_timeout = '2s';\nCOMMENT ON TABLE users IS 'people';\n"

Project = Callable[..., Path]


def words(value: object) -> str | None:
    """Words of a command line as the name of a test."""
    return " ".join(value) if isinstance(value, list) else None


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Write migrations by file name into a folder, and stand beside it."""
    for variable in [name for name in os.environ if name.startswith("MIGSAFE_") or name == "FORCE_COLOR"]:
        monkeypatch.delenv(variable)

    def write(**files: str | bytes) -> Path:
        folder = tmp_path / "migrations"
        folder.mkdir()
        for name, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            (folder / f"{name.lstrip('_')}.sql").write_bytes(data)
        return folder

    monkeypatch.chdir(tmp_path)
    return write


def stdin(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), encoding="utf-8"))


def report(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def found(capsys: pytest.CaptureFixture[str]) -> list[tuple[str, str]]:
    return [(Path(finding["path"]).name, finding["rule"]) for finding in report(capsys)["findings"]]


def test_a_blocking_index_is_found(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project(_001=TABLE, _002=BLOCKING)
    assert run(["lint", "migrations"]) == 1
    page = capsys.readouterr().out
    assert "error[create-index-blocking]" in page
    assert "--> migrations/002.sql:2:1" in page
    assert "2 | CREATE INDEX users_email_idx ON users (email);" in page
    assert "CREATE INDEX CONCURRENTLY users_email_idx" in page
    assert "1 error in 1 of 2 migrations" in page


def test_clean_migrations_are_one_line(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project(_001=TABLE, _002=SAFE)
    assert run(["lint", "migrations"]) == 0
    assert capsys.readouterr() == ("no findings in 2 migrations\n", "")


def test_without_a_path_the_configured_ones_are_linted(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    folder = project(_001=TABLE, _002=BLOCKING)
    (folder.parent / "migsafe.toml").write_text('paths = ["migrations"]\n')
    assert run(["lint", "--format", "json"]) == 1
    assert found(capsys) == [("002.sql", "create-index-blocking")]


def test_without_anything_this_folder_is_linted(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project(_001=TABLE, _002=BLOCKING))
    assert run(["lint", "--format", "json"]) == 1
    assert found(capsys) == [("002.sql", "create-index-blocking")]


def test_a_named_file_is_reported_and_its_neighbours_are_context(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project(_001=TABLE, _002=BLOCKING, _003=BLOCKING.replace("email_idx", "other_idx"))
    assert run(["lint", "migrations/003.sql", "--format", "json"]) == 1
    document = report(capsys)
    assert {Path(finding["path"]).name for finding in document["findings"]} == {"003.sql"}
    assert document["files"] == {"linted": 1, "context": 2}


def test_the_standard_input_is_linted(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stdin(monkeypatch, b"\xef\xbb\xbf" + BLOCKING.encode())
    assert run(["lint", "-", "--stdin-name", "new.sql", "--format", "json"]) == 1
    assert found(capsys) == [("new.sql", "create-index-blocking")]


def test_a_standard_input_that_is_not_text_is_told(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stdin(monkeypatch, b"SELECT '\xff';")
    assert run(["lint", "-"]) == 2
    assert capsys.readouterr().err == "error: the standard input is not UTF-8 text: byte 8\n"


@pytest.mark.parametrize(
    "content",
    [b"\x00\x01\x02\xff", b"SELECT '\xff\xfe';"],
    ids=["binary", "broken encoding"],
)
def test_a_file_that_cannot_be_read_is_a_finding_and_the_others_are_linted(
    project: Project, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    project(_001=TABLE, _002=content, _003=BLOCKING)
    assert run(["lint", "migrations", "--format", "json"]) == 1
    assert found(capsys) == [("002.sql", "could-not-read"), ("003.sql", "create-index-blocking")]


def test_a_folder_that_is_called_like_a_file_does_not_stop_the_others(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = project(_001=TABLE, _003=BLOCKING)
    (folder / "002.sql").mkdir()
    assert run(["lint", "migrations", "--format", "json"]) == 1
    assert ("003.sql", "create-index-blocking") in found(capsys)


def test_one_bad_statement_does_not_hide_its_neighbours(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project(_001=TABLE, _002=f"ALTER TABLE users FROBNICATE;\n{BLOCKING}")
    assert run(["lint", "migrations", "--format", "json"]) == 1
    assert found(capsys) == [("002.sql", "could-not-understand"), ("002.sql", "create-index-blocking")]


def test_an_empty_folder_is_told(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project()
    assert run(["lint", "migrations"]) == 3
    assert capsys.readouterr().err.startswith("error: no migrations in migrations\n")


def test_a_path_that_does_not_exist_is_told(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project(_001=TABLE)
    assert run(["lint", "migrations", "absent"]) == 2
    assert capsys.readouterr().err.startswith("error: absent does not exist")


@pytest.mark.parametrize("option", ["--select", "--extend-select", "--ignore"])
def test_an_unknown_rule_is_told(project: Project, option: str, capsys: pytest.CaptureFixture[str]) -> None:
    project(_001=TABLE)
    assert run(["lint", "migrations", option, "create-index-blockin"]) == 2
    assert capsys.readouterr().err == (
        'error: no rule or category "create-index-blockin"\nhint: did you mean create-index-blocking?\n'
    )


@pytest.mark.parametrize(
    ("options", "code", "rules"),
    [
        (["--ignore", "create-index-blocking"], 0, []),
        (["--ignore", "lock,txn"], 0, []),
        (["--select", "create-index-blocking"], 1, ["create-index-blocking"]),
        (["--select", "data"], 0, []),
        (["--fail-on", "never"], 0, ["create-index-blocking"]),
        (["--min-severity", "error", "--fail-on", "warning"], 1, ["create-index-blocking"]),
    ],
    ids=words,
)
def test_options_choose_what_counts(
    project: Project, options: list[str], code: int, rules: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    project(_001=TABLE, _002=BLOCKING)
    assert run(["lint", "migrations", "--format", "json", *options]) == code
    assert [rule for _, rule in found(capsys)] == rules


def test_only_migrations_since_another_are_reported(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project(_001=TABLE, _002=BLOCKING, _003=SAFE)
    assert run(["lint", "migrations", "--since", "002", "--format", "json"]) == 0
    assert found(capsys) == []


def test_an_empty_selection_is_fine(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project(_001=TABLE, _002=BLOCKING)
    assert run(["lint", "migrations", "--since", "002"]) == 0
    assert capsys.readouterr() == ("nothing to lint: no migration is selected\n", "")


def test_only_migrations_changed_since_a_commit_are_reported(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = project(_001=TABLE, _002=BLOCKING)
    git = ["git", "-C", str(folder.parent), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "first"]):
        subprocess.run([*git, *arguments], check=True)
    (folder / "003.sql").write_text(BLOCKING.replace("email_idx", "other_idx"))
    assert run(["lint", "migrations", "--diff", "HEAD", "--format", "json"]) == 1
    assert {path for path, _ in found(capsys)} == {"003.sql"}


def test_a_revision_that_git_does_not_know_is_told(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    folder = project(_001=TABLE)
    subprocess.run(["git", "-C", str(folder.parent), "init", "-q"], check=True)
    assert run(["lint", "migrations", "--diff", "no-such-branch"]) == 2
    assert "no-such-branch" in capsys.readouterr().err


def test_a_report_goes_to_a_file(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    folder = project(_001=TABLE, _002=BLOCKING)
    target = folder.parent / "report.sarif"
    assert run(["lint", "migrations", "--format", "sarif", "--output", str(target)]) == 1
    assert capsys.readouterr().out == ""
    assert json.loads(target.read_text())["version"] == "2.1.0"


def test_the_form_may_come_from_the_environment(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project(_001=TABLE, _002=BLOCKING)
    monkeypatch.setenv("MIGSAFE_FORMAT", "github")
    assert run(["lint", "migrations"]) == 1
    assert capsys.readouterr().out.startswith("::error file=migrations/002.sql,line=2,endLine=2,col=1,")


def test_quiet_is_one_line_per_finding(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project(_001=TABLE, _002=BLOCKING)
    assert run(["lint", "migrations", "--quiet"]) == 1
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("migrations/002.sql:2:1: error[create-index-blocking] ")


@pytest.mark.parametrize(
    ("variables", "options", "colour"),
    [
        ({}, [], False),
        ({"FORCE_COLOR": "1"}, [], True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, [], False),
        ({"FORCE_COLOR": "1"}, ["--no-color"], False),
    ],
    ids=["not a terminal", "forced", "NO_COLOR wins", "--no-color wins"],
)
def test_colours_are_for_terminals(
    project: Project,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    options: list[str],
    colour: bool,
    capsys: pytest.CaptureFixture[str],
) -> None:
    project(_001=TABLE, _002=BLOCKING)
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    run(["lint", "migrations", *options])
    assert ("\x1b[" in capsys.readouterr().out) is colour


def test_escapes_in_a_migration_do_not_reach_the_terminal(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project(_001=TABLE, _002="SET lock_timeout = '2s';\nCREATE INDEX \"\x1b[2J\" ON users (email);\n")
    assert run(["lint", "migrations"]) == 1
    assert "\x1b" not in capsys.readouterr().out


def test_a_reader_that_goes_early_does_not_change_the_exit_code(project: Project) -> None:
    project(_001=TABLE, _002=BLOCKING)
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "migsafe", "lint", "migrations"],
            stdout=writer,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")


def test_a_full_disk_is_told(project: Project) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    project(_001=TABLE, _002=BLOCKING)
    # As most people have it: what is unbuffered fails where it is written, and never at the end of the interpreter.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "migsafe", "lint", "migrations"],
            env=environment,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (5, "error: No space left on device\n")
