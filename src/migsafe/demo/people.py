"""The load beside the story, and what it has met so far."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Self

from migsafe.demo import load
from migsafe.demo.timeline import Bucket
from migsafe.errors import EnvironmentFailedError

if TYPE_CHECKING:
    from migsafe.demo.pace import Pace

_PEOPLE_OF_EACH = 40
_END_WITHIN_S = 20.0
_POLL_S = 0.05


class People:
    """A context manager: they ask from its beginning to its end."""

    def __init__(self, port: int, pace: Pace, began: float) -> None:
        """
        Args:
            port: of the front.
            began: when the story did, on the clock of `time.monotonic`.
        """
        self.buckets: list[Bucket] = []
        self._began = began
        people = pace.visitors * _PEOPLE_OF_EACH
        words = (port, pace.rate, pace.visitors, people)
        self._command = [sys.executable, "-I", "-S", load.__file__, *map(str, words)]
        self._process: subprocess.Popen[str] | None = None
        self._reader = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(  # noqa: S603 -- no shell, and our own file
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=Path("/"),
            start_new_session=True,  # Ctrl-C in the terminal is not for it: it ends when its input does
        )
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.go()

    def go(self) -> None:
        """They have all they wanted; what they are still waiting for is counted. Twice is fine."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(_END_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._reader.join(_END_WITHIN_S)
        if process.stdout is not None:
            process.stdout.close()

    def wait_for(self, more: int) -> None:
        """Wait until so many further requests were answered.

        Raises:
            EnvironmentFailedError: when that does not come about.
        """
        goal, deadline = self.answered + more, time.monotonic() + _END_WITHIN_S
        while self.answered < goal:
            if time.monotonic() > deadline or self._process is None or self._process.poll() is not None:
                raise EnvironmentFailedError("the shop answers nobody", hint="see the engine's logs with --keep FOLDER")
            time.sleep(_POLL_S)

    @property
    def answered(self) -> int:
        """How many requests were answered without an error."""
        return sum(sum(one.good.values()) for one in list(self.buckets))

    @property
    def failed(self) -> int:
        """How many were answered with an error, or by nobody."""
        return sum(sum(one.failed.values()) + one.lost for one in list(self.buckets))

    def lately(self, seconds: float = 1.0) -> Counter[str]:
        """How many answers each version has given in the last seconds."""
        found: Counter[str] = Counter()
        since = time.monotonic() - self._began - seconds
        for one in reversed(list(self.buckets)):
            if one.at < since:
                break
            found.update(one.good)
            found.update(one.failed)
        return found

    def _read(self) -> None:
        process = self._process
        assert process is not None
        assert process.stdout is not None
        for line in process.stdout:
            said = json.loads(line)
            self.buckets.append(Bucket(**{**said, "at": said["at"] - self._began}))
