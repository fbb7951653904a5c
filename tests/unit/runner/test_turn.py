"""Which holders are known to be gone; the rest needs a server."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from migsafe.model.state import TargetName
from migsafe.runner import turn as turns
from migsafe.tracker.lease import Holder, Lease

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


def lease(host: str, pid: int) -> Lease:
    who = Holder(actor="mira", host=host, pid=pid, purpose="expand")
    where = TargetName("production", "main")
    return Lease(where=where, fence=1, holder=who, taken_at=NOW, heartbeat_at=NOW, seen_at=NOW)


@pytest.fixture
def process() -> Iterator[int]:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        yield child.pid
        child.communicate(b"\n")


@pytest.fixture
def ended() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        pass
    return child.pid


@pytest.mark.skipif(sys.platform == "win32", reason="nobody can ask there without ending it")
def test_a_process_of_this_machine_that_has_ended_is_gone(ended: int) -> None:
    assert turns._is_gone(lease(socket.gethostname(), ended))


def test_one_that_runs_is_not(process: int) -> None:
    assert not turns._is_gone(lease(socket.gethostname(), process))


def test_of_another_machine_nobody_knows(ended: int) -> None:
    assert not turns._is_gone(lease("elsewhere", ended))


@pytest.mark.skipif(sys.platform == "win32", reason="nobody can ask there without ending it")
def test_an_earlier_turn_of_this_process_could_not_be_given_back() -> None:
    assert turns._is_gone(lease(socket.gethostname(), os.getpid()))
