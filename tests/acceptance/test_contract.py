"""`migsafe contract approve|reject|show`, which need a tracker and no database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from contract_cases import gate, plan, purge
from migsafe.cli.main import run
from migsafe.contracts.keeping import keep
from migsafe.tracker import opening
from tracker_books import ME, NOW, Book, book_in

if TYPE_CHECKING:
    from pathlib import Path

    from migsafe.contracts.values import ContractPlan


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Book:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(opening, "now", lambda: NOW)
    monkeypatch.setenv("MIGSAFE_TRACKER", "sqlite:tracker.db")
    monkeypatch.setenv("COLUMNS", "100")
    return book_in(tmp_path).furnish()


@pytest.fixture
def kept(book: Book) -> ContractPlan:
    keep(purge(), ME, book.tracker)
    return purge()


def say(*words: str, code: int = 0) -> None:
    assert run(["contract", *words]) == code, " ".join(words)


def test_two_people_sign_what_loses_data(kept: ContractPlan, capsys: pytest.CaptureFixture[str]) -> None:
    say("approve", kept.short_id, "--by", "olga")
    assert "1 more must approve, because data is lost" in capsys.readouterr().out
    say("approve", kept.plan_id, "--by", "pavel", "--reason", "seen")
    assert "more must approve" not in capsys.readouterr().out
    say("show", kept.short_id)
    shown = capsys.readouterr().out
    assert "olga" in shown
    assert "seen" in shown


@pytest.mark.parametrize("form", ["text", "markdown", "html", "sql", "json"])
def test_every_form(kept: ContractPlan, form: str, capsys: pytest.CaptureFixture[str]) -> None:
    say("show", kept.short_id, "--format", form)
    assert kept.plan_id in capsys.readouterr().out


def test_the_author(kept: ContractPlan, capsys: pytest.CaptureFixture[str]) -> None:
    say("approve", kept.short_id, "--by", ME.actor, code=4)
    assert "its author cannot approve it" in capsys.readouterr().err


def test_an_unknown_plan_and_the_nearest(kept: ContractPlan, capsys: pytest.CaptureFixture[str]) -> None:
    near = kept.short_id[:-1] + ("0" if kept.short_id[-1] != "0" else "1")
    say("approve", near, "--by", "olga", code=2)
    assert f"did you mean {kept.short_id}?" in capsys.readouterr().err


def test_a_reason_is_needed_to_reject(kept: ContractPlan, capsys: pytest.CaptureFixture[str]) -> None:
    say("reject", kept.short_id, "--by", "olga", code=2)
    assert "--reason" in capsys.readouterr().err
    say("reject", kept.short_id, "--by", "olga", "--reason", "not before the month's end")
    assert "nobody runs it" in capsys.readouterr().out


def test_what_must_be_accepted(book: Book, capsys: pytest.CaptureFixture[str]) -> None:
    asking = plan(gates=(gate("acknowledge", "function-bodies", "f names it"),))
    keep(asking, ME, book.tracker)
    say("approve", asking.short_id, "--by", "olga", code=4)
    assert "hint: say --accept" in capsys.readouterr().err
    say("approve", asking.short_id, "--by", "olga", "--accept")


@pytest.mark.parametrize("words", [(), ("plan",), ("approve",), ("reject",), ("show",)])
def test_help_has_examples(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    say(*words, "--help")
    shown = capsys.readouterr().out
    assert "Examples:" in shown
    assert "migsafe contract" in shown
