"""The text of an SQL migration: header, statements, and line breaks."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from migsafe.sources.declarations.words import header_words, irreversible_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from migsafe.sources.writing.new import NewMigration

_LINE_COMMENT_AT_END = re.compile(r"--[^\n]*\Z")
_BREAK = re.compile(r"\r\n?|\n")
#: Words that make a comment line mean something to a tool, or to migsafe.
_DIRECTIVE = re.compile(r"\s*(?:migsafe:|migrate:|\+\s*goose|running (?:up|down)grade|(?:down_)?revision:|file:)", re.I)

NOTHING_TO_TAKE_BACK = "Nothing to take back."
NO_WAY_BACK = "There is no way back."


def header(new: NewMigration) -> list[str]:
    """The comment lines at the head of the way up."""
    words = header_words(new.declaration)
    lines = [] if words is None else [f"-- migsafe: {words}"]
    if new.reason is not None:
        lines.append(f"-- migsafe: {irreversible_words(new.reason)}")
    return lines + [f"-- {line}".rstrip() for line in note_lines(new)]


def note_lines(new: NewMigration) -> Iterator[str]:
    """The note, line by line; none of them can be taken for a directive."""
    for line in _BREAK.split(new.note.strip()) if new.note else ():
        yield f"note: {line.strip()}" if _DIRECTIVE.match(line) else line.rstrip()


def terminated(statements: Iterable[str]) -> list[str]:
    """Statements with one semicolon each, which does not vanish in a comment at a statement's end."""
    bare = filter(None, map(bare_statement, statements))
    return [f"{text}\n;" if _LINE_COMMENT_AT_END.search(text) else f"{text};" for text in bare]


def bare_statement(statement: str) -> str:
    """A statement without its semicolon and the space around it."""
    text = _BREAK.sub("\n", statement).strip()
    while text.endswith(";") and not _LINE_COMMENT_AT_END.search(text):
        text = text[:-1].rstrip()
    return text


def paragraphs(blocks: Sequence[str]) -> str:
    """Blocks parted by empty lines, the last one ended by a line break."""
    return "\n\n".join(block for block in blocks if block) + "\n"


def way_up(new: NewMigration, *, wrap: bool = False) -> str:
    """The file of the way up.

    Args:
        wrap: whether the file must open its transaction itself, where it has one.
    """
    head = header(new)
    return paragraphs(["\n".join(head), *in_transaction(new, new.up, wrap=wrap)])


def way_down(new: NewMigration, *, wrap: bool = False) -> str:
    """The file of the way back."""
    statements = in_transaction(new, new.down, wrap=wrap)
    return paragraphs(statements or [f"-- {NOTHING_TO_TAKE_BACK}"])


def in_transaction(new: NewMigration, statements: Sequence[str], *, wrap: bool) -> list[str]:
    """Statements, between BEGIN and COMMIT where the file must say so; one alone is a transaction already."""
    ended = terminated(statements)
    return ["BEGIN;", *ended, "COMMIT;"] if wrap and new.transaction and len(ended) > 1 else ended


def with_breaks(text: str, newline: str) -> str:
    """A text with the line breaks of a project: also those inside of statements."""
    return _BREAK.sub(newline, text)


def one_statement_each(new: NewMigration) -> list[NewMigration]:
    """A migration without a transaction, for a tool that sends a file as one query: a file for each statement.

    Several statements in one query are an implicit transaction to Postgres (manual of PostgreSQL 18, 54.2.2.1), in
    which CREATE INDEX CONCURRENTLY and its like fail. The way back runs the files from the last to the first, so the
    first statement of the way back stands in the last file; a file may have nothing to do in one direction.
    """
    up, down = (tuple(filter(None, map(bare_statement, way))) for way in (new.up, new.down))
    count = max(len(up), len(down))
    if new.transaction or count <= 1:
        return [new]
    ups = ("",) * (count - len(up)) + up
    downs = ("",) * (count - len(down)) + down[::-1]
    return [_numbered(new, at, ups[at], downs[at]) for at in range(count)]


def _numbered(new: NewMigration, at: int, up: str, down: str) -> NewMigration:
    return replace(
        new,
        name=f"{new.name}-{at + 1}",
        up=(up,) if up else (),
        down=(down,) if down else (),
        note=new.note if at == 0 else None,
    )
