"""Waits for a process to end, whoever tells of it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from migsafe.deploy.process_end import wait_for_end


@pytest.fixture
def lasting() -> Iterator[subprocess.Popen[bytes]]:
    """Ends with its input."""
    process = subprocess.Popen([sys.executable, "-c", "raise SystemExit(len(input()))"], stdin=subprocess.PIPE)
    yield process
    assert process.stdin is not None
    process.stdin.close()
    process.wait()


@pytest.fixture(params=[True, False], ids=["told", "looking"])
def told(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether the system tells of the end."""

    def forbidden(pid: int) -> int:
        raise PermissionError

    if not request.param:
        monkeypatch.setattr(os, "pidfd_open", forbidden, raising=False)


@pytest.mark.usefixtures("told")
def test_its_status(lasting: subprocess.Popen[bytes]) -> None:
    assert lasting.stdin is not None
    lasting.stdin.write(b"seven!!\n")
    lasting.stdin.flush()
    assert wait_for_end(lasting, 30) == 7
    assert wait_for_end(lasting, 30) == 7, "and again"


@pytest.mark.usefixtures("told")
def test_a_time_limit(lasting: subprocess.Popen[bytes]) -> None:
    began = time.monotonic()
    with pytest.raises(subprocess.TimeoutExpired):
        wait_for_end(lasting, 0.05)
    assert time.monotonic() - began >= 0.05
    assert lasting.poll() is None
