"""How a tool's process is asked and ended; the tools here are three lines of Python."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from migsafe.errors import EnvironmentFailedError
from migsafe.model.script import Direction
from migsafe.sources.executing.process import NotNextError, ToolDiedError, ToolProcess
from migsafe.sources.executing.values import Sent, StepFailed, Stood
from migsafe.sources.rendering.talk import Worker

if TYPE_CHECKING:
    from collections.abc import Iterator

_READY = """
import json, os, sys
def say(**message): print(json.dumps(message), flush=True)
job = json.loads(input())
say(ready="1")
"""
STOOD = {"schema": "public", "table": "versions", "applied": ["a"]}


@contextmanager
def tool(script: str, *, time_limit: float = 30.0, ready: bool = True) -> Iterator[ToolProcess]:
    command = (sys.executable, "-c", (_READY if ready else "") + script)
    made = ToolProcess("Tool", Worker(command, Path.cwd()), {"job": 1}, time_limit=time_limit)
    try:
        yield made
    finally:
        made.close()


def run(made: ToolProcess, sent: list[Sent] | None = None) -> Stood | StepFailed:
    return made.run(Direction.UP, "a", proof="p", rules="r", on_statement=None if sent is None else sent.append)


def test_answers_become_values_and_what_comes_before_is_passed_on() -> None:
    with tool(
        "for _ in range(2):\n"
        "    asked = json.loads(input())\n"
        "    say(connected=7)\n"
        "    if asked['do'] == 'run':\n"
        "        say(sent='select 1', alone=True)\n"
        f"        say(done=dict({STOOD!r}, statements=1))\n"
        f"    else: say(stood={STOOD!r})\n"
    ) as made:
        assert made.backend is None
        assert made.stand("p", "r") == Stood("public", "versions", ("a",))
        sent: list[Sent] = []
        assert run(made, sent) == Stood("public", "versions", ("a",), 1)
        assert (sent, made.backend) == ([Sent("select 1", alone=True)], 7)


def test_a_failure_is_a_value() -> None:
    failed = {"message": "no", "sqlstate": None, "statement": None, "line": 3, "at_end": False, "committed": True}
    with tool(f"input(); say(failed={failed!r})") as made:
        assert run(made) == StepFailed("no", None, None, 3, at_end=False, committed=True)


@pytest.mark.parametrize(("order", "kind"), [(True, NotNextError), (False, EnvironmentFailedError)])
def test_a_refusal_is_an_error_with_the_tool_s_name(order: bool, kind: type[Exception]) -> None:
    script = f"input(); say(refused='not so', hint='do that', order={order})"
    with tool(script) as made, pytest.raises(kind, match="Tool: not so"):
        run(made)


def test_a_tool_that_cannot_start_is_started_anew_the_next_time() -> None:
    refused = "print(json.dumps(dict(refused='no Tool here', hint=None, order=False)), flush=True)"
    script = f"import json; input(); {refused}; input()"
    with tool(script, ready=False) as made:
        for _ in range(2):
            with pytest.raises(EnvironmentFailedError, match="no Tool here"):
                made.stand("p", "r")


@pytest.mark.parametrize(
    ("end", "words"),
    [
        ("sys.stderr.write('before\\n\\x01\\nlast words\\n'); os._exit(3)", "has ended: last words"),
        ("sys.stderr.write('before\\n\\x01\\n'); sys.stderr.flush(); os._exit(3)", "has ended: exit status 3"),
        ("print('no message'); sys.stdout.flush(); os._exit(3)", "has ended"),
    ],
)
def test_a_process_that_ends_is_said_and_started_anew(end: str, words: str) -> None:
    with tool(f"input(); {end}") as made:
        for _ in range(2):
            with pytest.raises(ToolDiedError, match=words):
                run(made)


def test_whoever_does_not_answer_is_given_up() -> None:
    with tool("input(); input()", time_limit=0.01, ready=False) as made:
        with pytest.raises(EnvironmentFailedError, match="has not answered"):
            made.stand("p", "r")
        assert made.output() == ""


def test_a_tool_that_was_told_to_stop_and_does_not_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("migsafe.sources.executing.process._GRACE", 0.0)
    with tool("input(); say(sent='select 1', alone=False); input(); input()") as made, pytest.raises(ToolDiedError):
        made.run(Direction.UP, "a", proof="p", rules="r", on_statement=lambda _: made.cancel())


def test_what_it_prints_is_known_from_what_it_printed_before() -> None:
    printed = "sys.stderr.write('before\\n\\x01\\nnow\\nand now\\n'); sys.stderr.flush(); "
    with tool(f"{printed}input(); say(stood={STOOD!r}); input()") as made:
        assert made.output() == ""
        made.stand("p", "r")
        assert made.output() == "now / and now"
