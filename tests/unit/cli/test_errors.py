from __future__ import annotations

import click
import pytest

from migsafe.cli.errors import exit_code_of
from migsafe.cli.main import run
from migsafe.errors import EnvironmentFailedError, ExitCode, NoMigrationsError, UsageError


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (UsageError("no such thing", hint="try another"), 2, "error: no such thing\nhint: try another\n"),
        (NoMigrationsError(), 3, "error: No migrations where they were expected.\n"),
        (EnvironmentFailedError("server gone"), 5, "error: server gone\n"),
        (OSError(28, "No space left on device", "out.json"), 5, "error: out.json: No space left on device\n"),
        (PermissionError(13, "Permission denied", "a"), 5, "error: a: Permission denied\n"),
        (OSError("odd"), 5, "error: odd\n"),
        (KeyboardInterrupt(), 130, "interrupted\n"),
        (click.Abort(), 130, "interrupted\n"),
        (click.UsageError("Something\n  is off."), 2, "error: something is off\n"),
        (UsageError("bad \x1b[31mname"), 2, "error: bad ␛[31mname\n"),
    ],
    ids=repr,
)
def test_an_error_is_one_line_and_a_hint_and_a_code(
    error: BaseException, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code_of(error) == code
    assert capsys.readouterr() == ("", said)


def test_a_failure_of_our_own_says_what_to_report(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        raise ZeroDivisionError("division by \x1bzero")
    assert exit_code_of(caught.value) == ExitCode.INTERNAL
    said = capsys.readouterr().err
    assert "please report this" in said
    assert "ZeroDivisionError: division by ␛zero" in said
    assert "test_errors.py" in said


def test_a_reader_that_has_gone_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code_of(BrokenPipeError()) == ExitCode.CLEAN
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("group", ["deploy", "run", "release"])
def test_a_group_without_a_command_shows_what_there_is(group: str, capsys: pytest.CaptureFixture[str]) -> None:
    run([group])
    shown = "".join(capsys.readouterr())  # click 8.1 writes it to standard output
    assert shown.startswith(f"Usage: migsafe {group} [OPTIONS] COMMAND [ARGS]...\n")
    assert "\nCommands:\n" in shown
    assert "error:" not in shown
