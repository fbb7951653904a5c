"""Waits for a process to end, and knows it at once."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess


def wait_for_end(process: subprocess.Popen[bytes], timeout_s: float) -> int:
    """As `Popen.wait` with a time limit, which looks every 50 ms; Linux says it by itself (5.3, `pidfd_open(2)`).

    An order to an engine is mostly a program of a few milliseconds, and traffic that goes back is such an order.

    Args:
        timeout_s: seconds.

    Returns:
        The process's status.

    Raises:
        subprocess.TimeoutExpired: when it still runs then.
    """
    if process.poll() is not None:
        return process.returncode
    is_over = _is_over_within(process.pid, timeout_s)
    return process.wait(timeout_s if is_over is None else 0.0)


def _is_over_within(pid: int, timeout_s: float) -> bool | None:
    """None where nobody tells."""
    if sys.platform != "linux":
        return None
    from select import POLLIN, poll

    try:
        watched = os.pidfd_open(pid)
    except OSError:  # an older Linux, or one that forbids it
        return None
    try:
        waiting = poll()
        waiting.register(watched, POLLIN)
        return bool(waiting.poll(timeout_s * 1000))
    finally:
        os.close(watched)
