"""A Dockerfile as instructions: continued lines joined, comments and here-documents known."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from migsafe.model.script import Span

_ESCAPE = re.compile(r"\A(?:[ \t]*#[ \t]*\w+[ \t]*=.*\r?\n)*?[ \t]*#[ \t]*escape[ \t]*=[ \t]*([\\`])", re.IGNORECASE)
_INSTRUCTION = re.compile(r"[ \t]*(?P<word>[A-Za-z]+)(?:[ \t]+(?P<rest>.*))?\Z", re.DOTALL)
_HERE = re.compile(r"<<(-?)(['\"]?)([A-Za-z_][\w.]*)\2")
_FLAG = re.compile(r"--[\w-]+(?:=\S*)?\s+")


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction.

    Attributes:
        word: in capitals: `FROM`, `CMD`.
        rest: what stands behind it, its lines joined, without flags.
        flags: for example `--from=build`.
        span: from the word to the end of its last line.
        bodies: its here-documents.
    """

    word: str
    rest: str
    flags: tuple[str, ...]
    span: Span
    bodies: tuple[str, ...] = ()

    @property
    def exec_form(self) -> tuple[str, ...] | None:
        """The words of the JSON form; None where it is the shell's."""
        if not self.rest.lstrip().startswith("["):
            return None
        try:
            words = json.loads(self.rest)
        except ValueError:
            return None  # what is no JSON goes to the shell, brackets and all
        return tuple(words) if isinstance(words, list) and all(isinstance(word, str) for word in words) else None

    def flag(self, name: str) -> str:
        """The value of a flag; the empty text where it is not given."""
        start = f"--{name}="
        return next((flag.removeprefix(start) for flag in self.flags if flag.startswith(start)), "")


def instructions(text: str) -> Iterator[Instruction]:
    """The instructions of a Dockerfile, in order."""
    escape = match[1] if (match := _ESCAPE.match(text)) else "\\"
    lines = text.splitlines(keepends=True)
    offset = number = 0
    while number < len(lines):
        start, logical, number, end = _logical(lines, number, offset, escape)
        found = _INSTRUCTION.match(logical.strip())
        bodies: tuple[str, ...] = ()
        if found is not None:
            heres = [(m[3], m[1] == "-") for m in _HERE.finditer(found["rest"] or "")]
            if heres and found["word"].upper() in {"RUN", "COPY", "ADD"}:
                bodies, number, end = _bodies(lines, number, end, heres)
            yield _instruction(found["word"], found["rest"] or "", Span(start, end), bodies)
        offset = end


def _logical(lines: list[str], number: int, offset: int, escape: str) -> tuple[int, str, int, int]:
    """A line with those that continue it: where it starts, its text, the next line's number, and where it ends."""
    parts: list[str] = []
    start, end = offset, offset
    while number < len(lines):
        line = lines[number]
        number, end = number + 1, end + len(line)
        bare = line.strip()
        if not bare or bare.startswith("#"):
            if not parts:
                return start, "", number, end
            continue  # between continued lines, comments and empty lines are left out
        if not parts:
            start = end - len(line.lstrip())
        if not bare.endswith(escape):
            parts.append(line.rstrip("\r\n"))
            break
        parts.append(line.rstrip().removesuffix(escape))
    return start, " ".join(parts), number, end


def _bodies(lines: list[str], number: int, end: int, heres: list[tuple[str, bool]]) -> tuple[tuple[str, ...], int, int]:
    bodies = []
    for word, strip in heres:
        body: list[str] = []
        while number < len(lines):
            line = lines[number]
            number, end = number + 1, end + len(line)
            if (line.lstrip("\t") if strip else line).rstrip("\r\n") == word:
                break
            body.append(line)
        bodies.append("".join(body))
    return tuple(bodies), number, end


def _instruction(word: str, rest: str, span: Span, bodies: tuple[str, ...]) -> Instruction:
    flags: list[str] = []
    while match := _FLAG.match(rest):
        flags.append(match[0].strip())
        rest = rest[match.end() :]
    return Instruction(word.upper(), rest.strip(), tuple(flags), span, bodies)
