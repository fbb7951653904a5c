"""The words of a declaration: from `key=value` pairs to a `Declaration`, and back.

    phase=contract change=users-full-name of=0007_add_full_name release=2026.11 part=quarantine

A value with anything but letters, digits and `_ . : / @ + -` in it is quoted, with either quote. The marker of a
migration without a way back is a directive of its own, and counts as declared where it stands in the same place:

    irreversible reason="the old rows were wrong"
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from migsafe.config.nearest import did_you_mean
from migsafe.errors import UsageError
from migsafe.model.declaration import SILENT, Declaration
from migsafe.model.phase import Part, Phase

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.model.script import Position

#: What may be declared, in the order in which it is written.
KEYS = ("phase", "change", "of", "release", "part")

_PHASES = tuple(phase.value for phase in Phase)
_PARTS = tuple(part.value for part in Part)
_DIRECTIVE = re.compile(r"\s*migsafe:\s*(?P<rest>.*)", re.DOTALL)
_OTHER = re.compile(r"ignore\b")
_IRREVERSIBLE = re.compile(r"irreversible\b(?P<rest>.*)", re.DOTALL)
_REASON = re.compile(r"""\breason=(?:"([^"]*)"|'([^']*)'|(\S+))""")
_WORD = re.compile(r"""(?P<key>[^\s=]+)=(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<bare>\S*))|(?P<stray>\S+)""")
_BARE = re.compile(r"[\w.:/@+-]+\Z")


@dataclass
class Words:
    """Pairs as they are found; the first problem is kept.

    Attributes:
        place: where the first of them stands.
    """

    place: Position | None = None
    problem: str | None = None
    _said: dict[str, str] = field(default_factory=dict)
    _irreversible: str | None = None

    def comment(self, text: str, place: Position) -> None:
        """Take a comment, without its comment signs; one that is no declaration says nothing."""
        match = _DIRECTIVE.match(text)
        if match is None or _OTHER.match(match["rest"]):
            return
        if marker := _IRREVERSIBLE.match(match["rest"]):
            self._irreversible = self._irreversible or _reason(marker["rest"])
            return
        self.place = self.place or place
        if not match["rest"].strip():
            self.complain("says nothing after `migsafe:`")
        for word in _WORD.finditer(match["rest"]):
            if word["stray"]:
                self._stray(word["stray"])
            else:
                value = next((word[kind] for kind in ("double", "single", "bare") if word[kind] is not None), "")
                self.pair(word["key"], value, place)

    def misplaced(self, text: str, place: Position) -> None:
        """Take a comment that stands where no declaration counts; the marker of the way back counts anywhere."""
        match = _DIRECTIVE.match(text)
        if match is None or _OTHER.match(match["rest"]) or _IRREVERSIBLE.match(match["rest"]):
            self.comment(text, place)
            return
        self.place = self.place or place
        self.complain("has a part behind the first statement: it counts only before it")

    def pair(self, key: str, value: str, place: Position) -> None:
        """Take one key and its value."""
        self.place = self.place or place
        if key not in KEYS:
            self.complain(f"has the unknown key {key!r}{_hint(key, KEYS)}")
        elif key in self._said:
            self.complain(f"says {key!r} twice")
        elif not value.strip():
            self.complain(f"gives {key!r} no value")
        else:
            self._said[key] = value.strip()

    def complain(self, problem: str) -> None:
        """Keep a problem, unless there is one already."""
        self.problem = self.problem or problem

    def declaration(self) -> Declaration:
        """What all of it says together."""
        if self.place is None and self._irreversible is None:
            return SILENT
        phase, part = self._one_of("phase", _PHASES), self._one_of("part", _PARTS)
        return Declaration(
            phase=Phase(phase) if phase else None,
            change=self._said.get("change"),
            of=self._said.get("of"),
            release=self._said.get("release"),
            part=Part(part) if part else None,
            irreversible=self._irreversible,
            place=self.place,
            problem=self.problem,
        )

    def _one_of(self, key: str, known: tuple[str, ...]) -> str | None:
        value = self._said.get(key)
        if value is None or value in known:
            return value
        hint = _hint(value, known) or f"; known are {', '.join(known)}"
        self.complain(f"names the unknown {key} {value!r}{hint}")
        return None

    def _stray(self, word: str) -> None:
        key = word.rstrip(":")
        known = did_you_mean(key, (*KEYS, "ignore", "irreversible"))
        self.complain(f"has the word {word!r}, which is no key=value" + (f"; {known}" if known else ""))


def header_words(declaration: Declaration) -> str | None:
    """What stands after `migsafe:` for a declaration; None for one that says nothing. The way back is not in it.

    Raises:
        UsageError: a value cannot be written: it has a line break, or both kinds of quotes.
    """
    return " ".join(f"{key}={_quoted(key, value)}" for key, value in said(declaration)) or None


def irreversible_words(reason: str) -> str:
    """What stands after `migsafe:` for a migration without a way back.

    A reason is one line between quotes: line breaks become spaces, and where it has both kinds of quotes, the double
    ones become single.
    """
    line = " ".join(reason.split())
    quote = "'" if '"' in line and "'" not in line else '"'
    return f"irreversible reason={quote}{line.replace(quote, chr(39))}{quote}"


def said(declaration: Declaration) -> Iterator[tuple[str, str]]:
    """The keys that a declaration has a value for, with it."""
    for key in KEYS:
        value = getattr(declaration, key)
        if value is not None:
            yield key, str(value)


def _quoted(key: str, value: str) -> str:
    if _BARE.match(value):
        return value
    quote = next((quote for quote in "\"'" if quote not in value), None)
    if quote is None or not value.isprintable() or value != value.strip() or not value:
        raise UsageError(f"{key}={value!r} cannot be declared", hint="use letters, digits and dashes")
    return f"{quote}{value}{quote}"


def _reason(rest: str) -> str | None:
    match = _REASON.search(rest)
    return (next(filter(None, match.groups()), "").strip() or None) if match else None


def _hint(word: str, known: tuple[str, ...]) -> str:
    hint = did_you_mean(word, known)
    return f"; {hint}" if hint else ""
