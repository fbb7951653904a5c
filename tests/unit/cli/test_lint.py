"""`migsafe lint` where the process lacks a standard stream, or is given what is no text."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from migsafe.cli.main import run
from migsafe.errors import ExitCode


def feed(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data), encoding="utf-8"))


@pytest.fixture
def migration(tmp_path: Path) -> str:
    path = tmp_path / "1.sql"
    path.write_text("DROP TABLE users;")
    return str(path)


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_closed_stream_changes_no_exit_code(migration: str, stream: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    with monkeypatch.context() as closed:
        closed.setattr(sys, stream, None)
        outcome = run(["lint", migration])
    assert outcome == ExitCode.FINDINGS


def test_a_closed_standard_input_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert run(["lint", "-"]) == ExitCode.USAGE
    assert capsys.readouterr().err == "error: the standard input is closed\n"


@pytest.mark.parametrize(("data", "said"), [(b"DROP TABLE x\0;", "NUL byte"), (b"-- \xe9\n", "not UTF-8 text: byte 3")])
def test_a_standard_input_that_is_no_text_is_refused(
    data: bytes, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    feed(monkeypatch, data)
    assert run(["lint", "-"]) == ExitCode.USAGE
    assert said in capsys.readouterr().err


def test_a_byte_order_mark_is_no_part_of_the_text(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    feed(monkeypatch, b"\xef\xbb\xbfDROP TABLE x;")
    assert run(["lint", "-", "-q"]) == ExitCode.FINDINGS
    assert capsys.readouterr().out.startswith("<stdin>:1:1: error[drop-table]")
