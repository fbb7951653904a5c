"""Help, wrong usage and wrong configuration: one clear line, the right exit code, and nothing heavy imported."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from migsafe import __version__
from migsafe.cli.main import COMMANDS, run

HEAVY = {"sqlglot", "rich", "sqlalchemy", "alembic", "psycopg"}

_IMPORTS = f"""
import sys
from migsafe.cli.main import run
code = run(sys.argv[1:])
print(f"imported={{sorted({HEAVY!r} & set(sys.modules))}} code={{code}}", file=sys.stderr)
"""


def words(value: object) -> str | None:
    """Words of a command line as the name of a test."""
    return " ".join(value) if isinstance(value, list) else None


def in_a_process(*arguments: str, cwd: Path | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MIGSAFE_")}
    return subprocess.run(
        [sys.executable, "-m", "migsafe", *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=cwd,
        env=clean | {"PYTHONUTF8": "1"} | variables,
        check=False,
    )


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--help"], 0),
        (["--version"], 0),
        ([], 0),
        (["lint", "--help"], 0),
        (["rules"], 0),
        (["rules", "--format", "json"], 0),
        (["explain", "drop-colum"], 2),
        (["lnt"], 2),
        (["lint", "--format", "jsn"], 2),
        (["lint", "--no-such-option"], 2),
        (["lint", "--server-version", "new"], 2),
        (["lint", "--config", "absent.toml"], 2),
    ],
    ids=words,
)
def test_what_reads_no_sql_imports_nothing_heavy(arguments: list[str], code: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _IMPORTS, *arguments], capture_output=True, text=True, encoding="utf-8", check=True
    )
    assert done.stderr.splitlines()[-1] == f"imported=[] code={code}"


@pytest.mark.parametrize("command", [None, *COMMANDS])
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_every_help_has_examples(command: str | None, option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*filter(None, [command]), option]) == 0
    page = capsys.readouterr().out
    assert "Examples:\n    migsafe " in page


def test_without_a_command_the_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 0
    assert capsys.readouterr().out.startswith("Usage: migsafe ")


def test_the_version_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"migsafe {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "error", "hint"),
    [
        (["lnt"], 'no command "lnt"', "did you mean lint?"),
        (["zzz"], 'no command "zzz"', "migsafe --help lists them all"),
        (
            ["lint", "--format", "jsn"],
            "option --format is jsn; it must be one of text, json, sarif, github",
            "did you mean json?",
        ),
        (["lint", "--fail-onn", "error"], "no option --fail-onn", "did you mean --fail-on"),
        (
            ["lint", "--fail-on", "fatal"],
            "option --fail-on is fatal; it must be one of error, warning, info, never",
            "",
        ),
        (["lint", "--server-version", "new"], "option --server-version is new; it must be a major version", ""),
        (["lint", "--placeholder", "x"], "option --placeholder is", ""),
        (["lint", "--format"], "option '--format' requires an argument", ""),
        (["lint", "--output", "no/where.json"], "--output: no folder no", ""),
        (["lint", "--output", "."], "--output: . is a folder", ""),
        (["lint", "-", "other.sql"], "the standard input cannot be linted together", ""),
        (["explain"], "missing argument 'NAME'", "migsafe explain --help"),
        (["explain", "could-not-red"], 'no rule "could-not-red"', "did you mean could-not-read"),
    ],
    ids=words,
)
def test_wrong_usage_is_told_in_one_line(
    arguments: list[str], error: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    out, said = capsys.readouterr()
    first, *rest = said.splitlines()
    assert out == ""
    assert first.startswith(f"error: {error}")
    assert rest == [] or rest[0].startswith(f"hint: {hint}")
    assert len(rest) == 1 or not hint


def test_a_wrong_key_of_the_configuration_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "migsafe.toml").write_text('failon = "error"\n')
    assert run(["lint"]) == 2
    said = capsys.readouterr().err
    assert 'migsafe.toml: unknown key "failon"' in said
    assert "hint: did you mean fail_on?" in said


def test_a_wrong_variable_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("MIGSAFE_FAIL_ON", "fatal")
    assert run(["lint"]) == 2
    assert "environment variable MIGSAFE_FAIL_ON is fatal" in capsys.readouterr().err


def test_the_module_runs_as_the_command_does() -> None:
    done = in_a_process("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"migsafe {__version__}\n", "")


def test_an_exit_code_reaches_the_shell() -> None:
    assert in_a_process("lnt").returncode == 2


def test_a_terminal_that_lacks_a_sign_is_no_crash() -> None:
    done = in_a_process("--help", PYTHONUTF8="0", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_reader_that_goes_early_is_no_crash() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "migsafe", "rules"], stdout=writer, stderr=subprocess.PIPE, text=True, check=False
        )
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("migsafe li", "lint"),
        ("migsafe lint --form", "--format"),
        ("migsafe lint --format s", "sarif"),
        ("migsafe explain could-not-r", "could-not-read"),
        ("migsafe lint --select could-not-r", "could-not-read"),
    ],
)
def test_the_shell_completes(words: str, expected: str) -> None:
    done = in_a_process(_MIGSAFE_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=str(len(words.split()) - 1))
    assert f"plain,{expected}" in done.stdout.splitlines()


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (KeyboardInterrupt(), 130, "interrupted\n"),
        (RecursionError("too deep"), 70, "please report this"),
        (OSError(28, "No space left on device", "x"), 5, "error: x: No space left on device\n"),
    ],
    ids=["interrupted", "own failure", "environment"],
)
def test_every_way_out_has_its_code(
    error: BaseException, code: int, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("migsafe.api.lint_paths", fail)
    assert run(["lint"]) == code
    assert said in capsys.readouterr().err


def test_an_unknown_tool_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lint", "--tool", "flywa"]) == 2
    assert "flyway" in capsys.readouterr().err
