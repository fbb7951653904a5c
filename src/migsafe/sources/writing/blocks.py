"""The statements of a file as a person sees them: with the comments that belong to them, and their semicolon."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.model.script import Span

if TYPE_CHECKING:
    from collections.abc import Iterable

    from migsafe.model.statement import Comment, ReadScript, Statement

_CONTROL = re.compile(r"(?:BEGIN|COMMIT|END|START\s+TRANSACTION)(?:\s+(?:WORK|TRANSACTION))?\Z", re.IGNORECASE)
_SETTING = re.compile(r"(?:SET|RESET)\b", re.IGNORECASE)
_TERMINATOR = re.compile(r"(?:\s+|--[^\n]*\n|/\*.*?\*/)*;", re.DOTALL)
_REST_OF_LINE = re.compile(r"[ \t]*(?:--[^\r\n]*|/\*[^\n]*?\*/[ \t]*(?=\r?$))?(?=\r?$)", re.MULTILINE)
_BEGIN = re.compile(r"\s*\+goose\s+StatementBegin\b", re.IGNORECASE)
_END = re.compile(r"\s*--\s*\+goose\s+StatementEnd\b[^\n]*", re.IGNORECASE)
#: Comments that mean something for the whole file: marks of tools, and all directives but an ignore.
_OF_THE_FILE = re.compile(
    r"\s*(?:\+goose\b|migrate:|running (?:up|down)grade|migsafe:(?!\s*ignore\b)|(?:down_)?revision:"
    r"|(?:deploy|revert) \S+:)",
    re.IGNORECASE,
)
_EMPTY_LINE = re.compile(r"\n[ \t\r]*\n")
_WORD = re.compile(r"[A-Za-z_\x80-\U0010ffff][\w$]*")
#: Words that two statements have in common without being about the same thing.
_KEYWORDS = frozenset(
    re.findall(
        r"\w+",
        """add all alter and as begin by cascade check column comment concurrently constraint create data database
        default delete do domain drop else end exists extension for foreign from full function grant if in index insert
        into is key language materialized not null of on only or order partition policy primary procedure references
        rename replace returns revoke role row schema select sequence set table tables then to trigger type unique
        update using valid validate values view when where with bigint boolean date int integer json jsonb numeric
        public text timestamp timestamptz uuid varchar""",
    )
)


@dataclass(frozen=True)
class Block:
    """A statement with what belongs to it.

    Attributes:
        span: where it stands in the file, whole lines where nothing else is on them.
        text: own comments and the statement, without a tool's marks around it; what stood behind it comes first.
    """

    span: Span
    text: str

    @property
    def start(self) -> int:
        """Where it begins."""
        return self.span.start


def is_control(text: str) -> bool:
    """Whether a statement opens or closes a transaction."""
    return _CONTROL.match(text) is not None


def is_setting(text: str) -> bool:
    """Whether a statement sets something for its session or transaction."""
    return _SETTING.match(text) is not None


def names_in(text: str) -> frozenset[str]:
    """The words of a statement that name something."""
    return frozenset(word.lower() for word in _WORD.findall(text)) - _KEYWORDS


def blocks_of(read: ReadScript) -> list[Block]:
    """The statements of a script, in order."""
    text, found, end = read.script.text, list[Block](), 0
    for statement in read.statements:
        block, end = _block(text, statement, end)
        found.append(block)
    return found


def without(text: str, cuts: Iterable[Span], header: tuple[int, str] | None) -> str:
    """A file's text without some blocks, the gaps closed.

    Args:
        header: where a declaration is written, and its words.
    """
    newline = "\r\n" if "\r\n" in text else "\n"
    pieces, at = [], 0
    edits = [(span.start, span.end, "") for span in cuts]
    if header is not None:
        line = text.rfind("\n", 0, header[0]) + 1
        edits.append((line, line, f"-- migsafe: {header[1]}{newline}"))
    for start, end, put in sorted(edits):
        pieces += [text[at:start], put]
        at = end
    pieces.append(text[at:])
    if len(edits) == (header is not None):  # nothing was cut
        return "".join(pieces)
    return _closed(pieces, newline)


def _closed(pieces: list[str], newline: str) -> str:
    """Pieces put together; where something was cut between two, at most one empty line is left."""
    whole = ""
    for piece in pieces:
        whole += piece.lstrip("\r\n") if _ends_empty(whole) else piece
    return whole.rstrip() + newline


def _ends_empty(text: str) -> bool:
    """Whether a text ends with an empty line, or has nothing in it."""
    return not text or text.endswith(("\n\n", "\n\r\n"))


def _block(text: str, statement: Statement, previous: int) -> tuple[Block, int]:
    own, marked = _own_comments(text, statement, previous)
    start = own[0].span.start if own else statement.span.start
    kept = [comment for comment in own if not _BEGIN.match(comment.text)]
    begin = kept[0].span.start if kept else statement.span.start
    terminator = _TERMINATOR.match(text, statement.span.end)
    end = terminator.end() if terminator else statement.span.end
    if marked and (mark := _END.match(text, end)):
        end = mark.end()
    behind = ""
    if rest := _REST_OF_LINE.match(text, end):
        end = rest.end()
        behind = f"{rest[0].strip()}\n" if rest[0].strip() else ""
    return Block(_whole_lines(text, start, end), behind + text[begin : statement.span.end]), end


def _own_comments(text: str, statement: Statement, previous: int) -> tuple[list[Comment], bool]:
    """The comments directly above a statement, and whether goose's mark of a whole statement is among them."""
    own: list[Comment] = []
    below = statement.span.start
    for comment in reversed(statement.comments):
        mark = _BEGIN.match(comment.text)
        if comment.span.start < previous or _EMPTY_LINE.search(text, comment.span.end, below):
            break
        if _OF_THE_FILE.match(comment.text) and not mark:
            break
        own.insert(0, comment)
        below = comment.span.start
    return own, any(_BEGIN.match(comment.text) for comment in own)


def _whole_lines(text: str, start: int, end: int) -> Span:
    """A range, with the line break behind it where it begins at the start of a line."""
    line = text.rfind("\n", 0, start) + 1
    if text[line:start].strip():
        return Span(start, end)
    after = text.find("\n", end)
    if text[end : len(text) if after < 0 else after].strip():
        return Span(start, end)
    return Span(line, len(text) if after < 0 else after + 1)
