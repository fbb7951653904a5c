"""The pipe to the parent: one JSON object per line, on the standard streams that the process was started with."""

from __future__ import annotations

import json
import os
import sys
from typing import IO, Any


class Wire:
    """Both ends of the conversation with the parent."""

    def __init__(self, reader: IO[str], writer: IO[str]) -> None:
        self._reader = reader
        self._writer = writer

    def job(self) -> dict[str, Any]:
        """The first line: what is to be done.

        Raises:
            EOFError: when the parent has gone.
        """
        return self._read()

    def ask(self, about: str, **details: Any) -> Any:
        """The parent's answer to a question.

        Raises:
            EOFError: when the parent has gone.
        """
        self.say("ask", about=about, **details)
        return self._read()["answer"]

    def say(self, what: str, **details: Any) -> None:
        """Send one message."""
        self._writer.write(json.dumps({"say": what, **details}, ensure_ascii=False, separators=(",", ":")) + "\n")
        self._writer.flush()

    def _read(self) -> dict[str, Any]:
        line = self._reader.readline()
        if not line:
            raise EOFError("the parent process has gone")
        message: dict[str, Any] = json.loads(line)
        return message


def take_standard_streams() -> Wire:
    """Keep standard input and output for the parent: revisions print to standard error, and find nothing to read.

    Lone surrogates, which Python allows in a string and UTF-8 does not, are replaced.
    """
    reader = os.fdopen(os.dup(0), encoding="utf-8")
    writer = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="replace")
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.close(empty)
    os.dup2(2, 1)
    sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115 - open as long as the process lives
    sys.stdout = sys.stderr
    return Wire(reader, writer)
