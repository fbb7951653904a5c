"""Runs a tutorial: writes the files that it shows, types the commands that it types, and compares what they say.

A page is read for fenced blocks. What follows the language on a fence's first line says what to do with the block:

    ```console                  each line that begins with "$ " is run; the lines below it are what it must print
    ```console exit=1           and the block's last command ends with this code; 0 where none is named
    ```python title="models.py" the whole file is written; any language
    ```diff title="models.py"   the file is changed: lines with "-" go, lines with "+" come, the others must be there
    ```text                     any other block is only read

In expected output `…` stands for anything within a line, and a line of it alone for any lines. Standard output and
standard error come together, as a terminal shows them. `cd` and `export` hold for the commands after them. A block that
needs what a test has not (a package index, Docker) carries `not-run` and is left out.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

_FENCE = re.compile(r"^```(?P<language>\w+)(?P<words>[^\n`]*)\n(?P<body>.*?)^```$", re.DOTALL | re.MULTILINE)
_WORD = re.compile(r'(?P<name>[\w-]+)(?:=(?:"(?P<quoted>[^"]*)"|(?P<bare>\S+)))?')
_TIME_LIMIT_SECONDS = 120


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the words behind it, and where it begins in the page."""

    language: str
    words: Mapping[str, str]
    body: str
    line: int

    @property
    def runs(self) -> bool:
        """Whether the runner does anything with it."""
        return "not-run" not in self.words and (self.language == "console" or "title" in self.words)


@dataclass(frozen=True)
class Command:
    """A command, and the lines that the page shows below it."""

    text: str
    expected: str


def blocks(page: str) -> Iterator[Block]:
    """The fenced blocks of a page, in order."""
    for match in _FENCE.finditer(page):
        words = {word["name"]: word["quoted"] or word["bare"] or "" for word in _WORD.finditer(match["words"])}
        yield Block(match["language"], words, match["body"], page.count("\n", 0, match.start()) + 1)


def commands(block: Block) -> Iterator[Command]:
    """The commands of a console block; what is typed may go on behind a backslash."""
    for part in re.split(r"^\$ ", block.body, flags=re.MULTILINE)[1:]:
        typed = re.match(r"(?:[^\n]*\\\n)*[^\n]*", part)
        assert typed is not None
        yield Command(typed[0], part[typed.end() + 1 :].rstrip("\n"))


def matches(expected: str, actual: str) -> bool:
    """Whether a command printed what the page shows."""
    lines = [line.rstrip() for line in expected.splitlines()]
    pattern = "".join(r"(?:[^\n]*\n)*?" if line == "…" else f"{_line_pattern(line)}\n" for line in lines)
    return re.fullmatch(pattern, "".join(f"{line.rstrip()}\n" for line in actual.splitlines())) is not None


def _line_pattern(line: str) -> str:
    return "[^\n]*?".join(re.escape(piece) for piece in line.split("…"))


def patched(text: str, diff: str) -> str:
    """A file after the change that a diff shows; a line `…` or `@@ … @@` parts two places of the file.

    Raises:
        ValueError: when the lines that should be there are not, or are there twice.
    """
    text = f"\n{text}"  # so that each line of the file has a line break before it
    for hunk in filter(None, re.split(r"^(?:…|@@.*@@)\n", diff, flags=re.MULTILINE)):
        lines = hunk.splitlines()
        before = "\n" + "".join(f"{line[1:]}\n" for line in lines if line[:1] != "+")
        after = "\n" + "".join(f"{line[1:]}\n" for line in lines if line[:1] != "-")
        if text.count(before) != 1:
            raise ValueError(f"{text.count(before)} times in the file:{before}the file:{text}")
        text = text.replace(before, after)
    return text[1:]


@dataclass
class Reader:
    """Somebody who follows a tutorial step by step.

    Attributes:
        folder: where the next command is typed.
        environment: the whole environment of the commands.
    """

    folder: Path
    environment: dict[str, str] = field(default_factory=lambda: dict(os.environ))

    def follow(self, page: str) -> int:
        """Do what every block says; returns how many commands were run.

        Raises:
            AssertionError: when a command prints something else, or ends with another code, than the page says.
        """
        run = 0
        for block in blocks(page):
            if not block.runs:
                continue
            if block.language == "console":
                run += self._type(block)
            else:
                self._write(block)
        return run

    def _write(self, block: Block) -> None:
        file = self.folder / block.words["title"]
        file.parent.mkdir(parents=True, exist_ok=True)
        content = patched(file.read_text(), block.body) if block.language == "diff" else block.body
        file.write_text(content)

    def _type(self, block: Block) -> int:
        typed = list(commands(block))
        for number, command in enumerate(typed, 1):
            wanted = int(block.words.get("exit", 0)) if number == len(typed) else 0
            code, output = self._run(command.text)
            said = f"line {block.line}: $ {command.text}\n--- exit code {code}, printed:\n{output}"
            assert code == wanted, f"{said}--- expected exit code {wanted}"
            assert matches(command.expected, output), f"{said}--- expected:\n{command.expected}"
        return len(typed)

    def _run(self, text: str) -> tuple[int, str]:
        word, *rest = shlex.split(text)
        if word == "cd":
            self.folder = self.folder / rest[0]
            return 0, ""
        if word == "export":
            self.environment |= dict([rest[0].split("=", 1)])
            return 0, ""
        done = subprocess.run(
            text, shell=True, cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=_TIME_LIMIT_SECONDS, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout
