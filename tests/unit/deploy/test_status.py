"""What a person reads of a rollout, and what they are told to do now."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from deploy_desks import ENV, NEW, OLD, Desk, Killed
from migsafe.config import Config
from migsafe.deploy import turn
from migsafe.deploy.status import Standing, read_standing
from migsafe.deploy.status_text import spell_standing
from migsafe.deploy.turn import take_rollout_turn
from migsafe.deploy.under_way import DeployRequest
from migsafe.deploy.words import Observed
from migsafe.tracker import opening
from migsafe.tracker.deployments import Deployment, DeploymentStatus
from tracker_books import ME, NOW, Book, book_in, rollout_of

if TYPE_CHECKING:
    from pathlib import Path

GIVEN_UP = rollout_of(DeploymentStatus.ABORTED)


def standing(last: Deployment, seen: Observed | None) -> Standing:
    return Standing(environment=ENV, deployments=(last,), holder=None, seen=seen, unseen="away", rehearsed_at=None)


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return book_in(tmp_path).furnish()


@pytest.fixture
def ended() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_what_was_given_up_and_runs_on_is_said() -> None:
    told = standing(GIVEN_UP, Observed(stable=OLD, candidate=NEW, weight=0, ready={})).next
    assert told is not None
    assert told.startswith("1.9.0 still runs, without traffic")
    assert "migsafe deploy abort --env production --retire --reason WHY ends it" in told


@pytest.mark.parametrize(
    ("last", "seen"),
    [
        (GIVEN_UP, Observed(stable=OLD, candidate=None, weight=0, ready={})),
        (GIVEN_UP, Observed(stable=OLD, candidate="1.7.0", weight=0, ready={})),
        (GIVEN_UP, None),
        (replace(GIVEN_UP, status=DeploymentStatus.DONE), Observed(stable=NEW, candidate=OLD, weight=0, ready={})),
    ],
)
def test_where_nothing_of_it_is_left_nothing_is_to_be_done(last: Deployment, seen: Observed | None) -> None:
    assert standing(last, seen).next is None


def test_a_first_version_is_not_said_to_go_back() -> None:
    held = replace(GIVEN_UP, stable=None, status=DeploymentStatus.HELD, ended_at=None)
    told = standing(held, Observed(stable=None, candidate=NEW, weight=100, ready={})).next
    assert told == (
        "migsafe deploy resume --env production goes on, "
        "migsafe deploy abort --env production --retire --reason WHY ends 1.9.0, the first version"
    )
    assert "the engine shows 1.9.0 100 %, and no other version" in spell_standing(
        standing(held, Observed(stable=None, candidate=NEW, weight=100, ready={}))
    )


@pytest.fixture
def cut_off(book: Book, monkeypatch: pytest.MonkeyPatch) -> Book:
    """A rollout whose coordinator was killed; nobody has the turn."""
    monkeypatch.setattr(opening, "now", lambda: NOW)
    with pytest.raises(Killed):
        Desk(book, kill_at=2).run()
    return book


def test_who_was_killed_is_not_at_work(cut_off: Book, ended: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(turn.os, "getpid", lambda: ended)
        mine = take_rollout_turn(cut_off.tracker, ENV, ME, "1.8.0 → 1.9.0")
    told = read_standing(DeployRequest(environment=ENV), Config(tracker=cut_off.address.said))
    assert (told.holder, told.was_cut_off) == (None, True)
    assert "at work: nobody; whoever was at it was cut off" in spell_standing(told)
    assert "migsafe deploy resume --env production goes on" in (told.next or "")
    mine.close()


def test_who_lives_is_at_work(cut_off: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(turn.os, "getpid", os.getppid)
        mine = take_rollout_turn(cut_off.tracker, ENV, ME, "1.8.0 → 1.9.0")
    told = read_standing(DeployRequest(environment=ENV), Config(tracker=cut_off.address.said))
    assert told.holder is not None
    assert not told.was_cut_off
    assert told.next == "migsafe deploy abort --env production --reason WHY sends the traffic back"
    mine.close()
