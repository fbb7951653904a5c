"""Programs of the team's own."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from check_cases import context, table, window
from migsafe.deploy.checks.command import CommandCheck, open_check
from migsafe.deploy.verdict import Result, Window
from migsafe.errors import ConfigurationError

PASS, FAIL, UNKNOWN = Result.PASS, Result.FAIL, Result.INCONCLUSIVE
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the programs are shell scripts")


def script(folder: Path, text: str) -> None:
    path = folder / "look.sh"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def opened(folder: Path, text: str, *words: str, **keys: Any) -> CommandCheck:
    script(folder, text)
    told = context(folder=folder, environ={"PATH": os.environ["PATH"], "API_TOKEN": "hush-hush"})
    check = open_check(table(command=["./look.sh", *words], **keys), told)
    assert isinstance(check, CommandCheck)
    return check


def judge(check: CommandCheck, at: Window | None = None) -> tuple[Result, str]:
    verdict = check.judge(at or window())
    return verdict.result, verdict.text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("echo first; echo all well; echo; exit 0", (PASS, "exit 0: all well")),
        ("echo 3 orders lost >&2; exit 1", (FAIL, "exit 1: 3 orders lost")),
        ("exit 2", (UNKNOWN, "exit 2")),
        ("exit 3", (UNKNOWN, "exit 3, which is neither 0, 1 nor 2")),
        ("exit 127", (UNKNOWN, "exit 127, which is neither 0, 1 nor 2")),
        ("kill -9 $$", (UNKNOWN, "ended by signal 9")),
    ],
)
def test_the_exit_status_is_the_verdict(tmp_path: Path, text: str, expected: tuple[Result, str]) -> None:
    assert judge(opened(tmp_path, text)) == expected


def test_it_is_told_of_the_window_by_words_and_variables(tmp_path: Path) -> None:
    text = 'echo "$1|$MIGSAFE_CANDIDATE|$MIGSAFE_STABLE|$MIGSAFE_WEIGHT|$MIGSAFE_SECONDS|$MIGSAFE_ENVIRONMENT"'
    check = opened(tmp_path, text, "--of={candidate}")
    assert judge(check, window(candidate="v2; rm -rf /", seconds=59.5)) == (
        PASS,
        "exit 0: --of=v2; rm -rf /|v2; rm -rf /|v1|5|60|staging",
    )


def test_no_shell_reads_its_words(tmp_path: Path) -> None:
    assert judge(opened(tmp_path, 'echo "$1"', "$(touch broken) ; `x`"))[1] == "exit 0: $(touch broken) ; `x`"
    assert not (tmp_path / "broken").exists()


def test_a_program_that_is_not_there_is_inconclusive(tmp_path: Path) -> None:
    check = open_check(table(command=["./nothing.sh"]), context(folder=tmp_path))
    assert check.judge(window()).text == "there is no program ./nothing.sh that can be executed"
    script(tmp_path, "")
    (tmp_path / "look.sh").write_bytes(b"\x7fELF, but not really")
    check = open_check(table(command=["./look.sh"]), context(folder=tmp_path))
    assert check.judge(window()).result is UNKNOWN


def test_what_a_secret_variable_holds_is_not_shown(tmp_path: Path) -> None:
    assert "hush" not in judge(opened(tmp_path, 'echo "with $API_TOKEN"; exit 1'))[1]


def test_a_program_that_takes_too_long_is_killed_with_all_that_it_has_started(tmp_path: Path) -> None:
    check = opened(tmp_path, "sleep 60 & echo $! > child; wait", timeout="300ms")
    assert judge(check) == (UNKNOWN, "killed: no answer in 0.3 s")
    child = tmp_path / "child"
    if child.exists() and child.read_text().strip():
        wait_until_gone(int(child.read_text()))


def test_what_is_left_in_the_background_holds_nobody_up(tmp_path: Path) -> None:
    check = opened(tmp_path, "sleep 60 & echo $! > child; echo done")
    assert judge(check) == (PASS, "exit 0: done")
    os.kill(int((tmp_path / "child").read_text()), 9)


def test_closing_kills_what_runs_and_starts_nothing_more(tmp_path: Path) -> None:
    check = opened(tmp_path, "echo > began; sleep 60", timeout="1min")
    found: list[tuple[Result, str]] = []
    thread = threading.Thread(target=lambda: found.append(judge(check)))
    thread.start()
    wait_until(lambda: (tmp_path / "began").exists())
    check.close()
    thread.join(10)
    assert found == [(UNKNOWN, "ended by signal 9")]
    assert judge(check) == (UNKNOWN, "the deployment has ended")


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"command": "look.sh --fast"}, "a list of texts"),
        ({"command": []}, "a list of texts"),
        ({"command": ["x", "{version}"]}, "{version} is no place that is filled in"),
        ({"command": ["x"], "shell": True}, "no such key"),
    ],
)
def test_a_wrong_table_is_refused(keys: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        open_check(table(**keys), context())
    assert said in str(caught.value)


def wait_until(is_so: Any, deadline_s: float = 10.0) -> None:
    until = time.monotonic() + deadline_s
    while not is_so():
        assert time.monotonic() < until, "it never came"
        time.sleep(0.005)


def wait_until_gone(pid: int) -> None:
    def gone() -> bool:
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
        except FileNotFoundError:
            return True

    wait_until(gone)
