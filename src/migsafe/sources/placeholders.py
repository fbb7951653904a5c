"""Placeholders that a tool fills in before the server sees the SQL.

A placeholder with a configured value is replaced and the `segments` map every place back; one without keeps its text
and its span is recorded. What looks like one but is not (`a::type`, `f(x := 1)`, `arr[lo:hi]`, text in strings,
dollar-quoted bodies, comments, the data of COPY) stays as it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Flag, auto
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from migsafe.model.dialect import Dialect
from migsafe.model.script import Segment, Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Style(Flag):
    """Which placeholders a tool knows, and where it fills them in."""

    GO = auto()
    """Go's text/template: `{{ … }}`."""
    DOLLAR = auto()
    """`${name}`: Flyway, envsubst, goose with ENVSUB."""
    PSQL = auto()
    """psql's variables: `:name`, `:'name'`, `:"name"` (psql of PostgreSQL 18, "SQL Interpolation")."""
    PYTHON = auto()
    """`%(name)s` of Python's drivers."""
    IN_STRINGS = auto()
    """The tool works on the raw text: strings and dollar-quoted bodies hold placeholders too."""


#: What may stand in a text whose tool is not known to fill in anything: templates that are no SQL anywhere.
UNKNOWN_TOOL = Style.GO
PLAIN = Style.GO | Style.DOLLAR | Style.PSQL | Style.PYTHON

_MARKERS = {Style.GO: "{{", Style.DOLLAR: "${", Style.PSQL: ":", Style.PYTHON: "%("}
_PATTERNS = {
    Style.GO: r"\{\{(?P<go>(?:[^{}\"`]|\"[^\"\n]*\"|`[^`]*`)*?)\}\}",
    Style.DOLLAR: r"\$\{(?P<dollar>[^{}\n]+)\}",
    Style.PYTHON: r"%\((?P<python>[^()\n]+)\)s",
    Style.PSQL: r"(?<![:\w\[\])])(?P<psql>:(?:[A-Za-z_]\w*|'[A-Za-z_]\w*'|\"[A-Za-z_]\w*\"))(?![\w:=])",
}


@dataclass(frozen=True)
class Rendered:
    """A text with its known placeholders filled in; the fields are those of `Script`."""

    text: str
    segments: tuple[Segment, ...] = ()
    placeholders: tuple[Span, ...] = ()


class _Found(NamedTuple):
    """A placeholder: where it is, the text inside, and how its value is quoted (psql's `:'x'` and `:"x"`)."""

    span: Span
    key: str
    quote: str


def render(text: str, values: Mapping[str, str], styles: Style, dialect: Dialect) -> Rendered:
    """Fill in what has a value.

    Args:
        values: by the text inside of the placeholder, without white space around it.
        styles: the kinds to look for.
        dialect: says how strings and comments look.
    """
    if not any(marker in text for style, marker in _MARKERS.items() if style in styles):
        return Rendered(text)
    builder = _Builder(text)
    for found in _find(text, styles, dialect):
        value = values.get(found.key)
        if value is None:
            builder.leave(found.span)
        else:
            builder.replace(found.span, _quoted(value, found.quote))
    return builder.finish()


def _quoted(value: str, quote: str) -> str:
    return quote + value.replace(quote, quote * 2) + quote if quote else value


class _Builder:
    """Puts a text together from verbatim pieces and values."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._parts: list[str] = []
        self._length = 0
        self._copied = 0
        self._segments: list[Segment] = []
        self._placeholders: list[Span] = []

    def leave(self, span: Span) -> None:
        """Keep a placeholder as it is and record it."""
        self._copy(span.start)
        start = self._length
        self._copy(span.end)
        self._placeholders.append(Span(start, self._length))

    def replace(self, span: Span, value: str) -> None:
        """Put a value in the place of a placeholder."""
        self._copy(span.start)
        self._segments.append(Segment(self._length, span.start, verbatim=False))
        self._append(value)
        self._copied = span.end
        self._segments.append(Segment(self._length, span.end, verbatim=True))

    def finish(self) -> Rendered:
        """The whole text; without segments when nothing was replaced."""
        self._copy(len(self._text))
        segments = tuple(self._segments)
        if segments and segments[0].script_start > 0:
            segments = (Segment(0, 0, verbatim=True), *segments)
        return Rendered("".join(self._parts), _without_empty(segments), tuple(self._placeholders))

    def _copy(self, end: int) -> None:
        self._append(self._text[self._copied : end])
        self._copied = end

    def _append(self, piece: str) -> None:
        self._parts.append(piece)
        self._length += len(piece)


def _without_empty(segments: tuple[Segment, ...]) -> tuple[Segment, ...]:
    """Drop segments of no length: of several that begin at one place only the last holds any text."""
    by_start = {segment.script_start: segment for segment in segments}
    return tuple(by_start.values())


def _find(text: str, styles: Style, dialect: Dialect) -> Iterator[_Found]:
    """Every placeholder of a text, in order."""
    scanner, inner = _scanner(styles, dialect), _inner(styles)
    position = 0
    while (match := scanner.search(text, position)) is not None:
        position = match.end()
        if match.group("block"):
            position = _block_end(text, match.start(), nested=dialect is Dialect.POSTGRES)
        elif match.group("opaque"):
            if Style.IN_STRINGS in styles:
                yield from map(_found, inner.finditer(text, match.start(), match.end()))
        elif match.group("name"):
            yield from map(_found, inner.finditer(text, match.start(), match.end()))
        elif not match.group("skip"):
            yield _found(match)


def _found(match: re.Match[str]) -> _Found:
    groups = match.groupdict()
    inside = next(value for style in ("go", "dollar", "python", "psql") if (value := groups.get(style)) is not None)
    if groups.get("psql") is None:
        return _Found(Span(*match.span()), _trimmed(inside), "")
    name = inside[1:]
    quote = name[0] if name[0] in "'\"" else ""
    return _Found(Span(*match.span()), name.strip("'\""), quote)


def _trimmed(inside: str) -> str:
    """The text inside of a placeholder without white space and Go's trim markers (`{{- x -}}`)."""
    return inside.removeprefix("-").removesuffix("-").strip()


def _block_end(text: str, start: int, *, nested: bool) -> int:
    """Where a block comment ends; Postgres nests them (manual of PostgreSQL 18, 4.1.5)."""
    depth, position = 0, start
    for match in re.compile(r"/\*|\*/").finditer(text, start):
        opens = match.group() == "/*"
        depth = depth + 1 if opens and (nested or depth == 0) else depth - (not opens)
        position = match.end()
        if depth == 0:
            return position
    return len(text)


@cache
def _inner(styles: Style) -> re.Pattern[str]:
    """The placeholders that are looked for inside of quotes: never psql's colon, which psql does not see there."""
    known = [pattern for style, pattern in _PATTERNS.items() if style in styles and style is not Style.PSQL]
    return re.compile("|".join(known) or r"(?!)")


@cache
def _scanner(styles: Style, dialect: Dialect) -> re.Pattern[str]:
    """One pattern that finds the next placeholder, or the next thing that may hide one."""
    # A template may itself hold quotes: inside of a quoted text it is passed over as a whole.
    template = r"\{\{(?:[^{}\"`\n]|\"[^\"\n]*\"|`[^`\n]*`)*?\}\}|" if Style.GO in styles else ""
    alternatives = [pattern for style, pattern in _PATTERNS.items() if style in styles]
    alternatives += [rf"(?P<skip>{'|'.join(_skips(dialect))})", r"(?P<block>/\*)"]
    alternatives += [rf"(?P<opaque>{'|'.join(_opaques(dialect, template))})"]
    alternatives += [rf"(?P<name>\"(?:{template}[^\"{{]++|\{{)*+(?:\"|\Z)|`(?:{template}[^`{{]++|\{{)*+(?:`|\Z))"]
    return re.compile("|".join(alternatives), re.MULTILINE)


def _skips(dialect: Dialect) -> list[str]:
    """Comments to the line's end and, for Postgres, psql's meta-commands and the data of COPY."""
    if dialect is Dialect.MYSQL:
        return [r"--(?=[\s]|\Z)[^\n]*", r"\#[^\n]*"]
    if dialect is Dialect.SQLITE:
        return [r"--[^\n]*"]
    copy_data = r"\b(?i:copy)\s[^;'$]{0,1000}?\b(?i:from)\s+(?i:stdin)\b[^;\n]*;[^\n]*\n(?:(?!\\\.)[^\n]*\n)*+"
    return [r"--[^\r\n]*", r"^[ \t]*\\[^\n]*", copy_data]


def _opaques(dialect: Dialect, template: str) -> list[str]:
    """Strings, and what is dollar-quoted."""
    backslashes = rf"'(?:{template}[^'\\{{]++|\{{|\\[\s\S]|'')*+(?:'|\Z)"
    if dialect is Dialect.MYSQL:
        return [backslashes]
    plain = rf"'(?:{template}[^'{{]++|\{{|'')*+(?:'|\Z)"
    if dialect is Dialect.SQLITE:
        return [plain]
    dollar = r"(?<![\w$])(?P<tag>\$(?:[^\W\d]\w*)?\$)[\s\S]*?(?:(?P=tag)|\Z)"
    return [rf"\b[eE]{backslashes}", plain, dollar]
