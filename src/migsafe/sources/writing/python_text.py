"""SQL as Python writes it: literals that hold exactly the same text, and the colons of SQLAlchemy's `text()`."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from migsafe.sources.declarations.words import irreversible_words, said
from migsafe.sources.writing.sql_text import note_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.sources.writing.new import NewMigration

#: Longer texts, and those with line breaks, stand between triple quotes.
_ONE_LINE = 96
#: What `text()` takes for a parameter, and which backslashes it takes away, in SQLAlchemy 2.0 and 2.1
#: (`TextClause._bind_params_regex`, `BIND_PARAMS`, `BIND_PARAMS_ESC` of `sqlalchemy/sql`).
_TAKEN_BY_TEXT = re.compile(r"(?<![:\w\x5c]):\w|(?<![:\w$\x5c]):[\w$]|\x5c:")


def literal(text: str) -> str:
    """A Python literal of exactly this text, readable where that is possible."""
    single = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    simple = text.isprintable() and len(text) <= _ONE_LINE and '"' not in text and "\\" not in text
    tried = [single] if simple else [*_triple(text), single]
    return next((written for written in tried if _means(written, text)), repr(text))


def _triple(text: str) -> Iterator[str]:
    if "\\" in text and '"""' not in text:
        yield f'r"""{text}"""'
    escaped = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    yield f'"""{escaped[:-1]}\\""""' if escaped.endswith('"') else f'"""{escaped}"""'


def _means(written: str, text: str) -> bool:
    """Whether a literal holds exactly this text, and shows all of it (no other line break or control sign in it)."""
    if any(not sign.isprintable() and sign not in "\n\t" for sign in written):
        return False
    try:
        return bool(ast.literal_eval(written) == text)
    except (SyntaxError, ValueError):
        return False


def for_text_construct(sql: str) -> str:
    """SQL such that SQLAlchemy's `text()` sends it as it was.

    `text()` takes `:name` for a parameter wherever it stands, also in strings, and `\\:` for a colon. Where any of that
    would happen, every colon is written `\\:`: one that is left alone beside another would keep the other's backslash.
    """
    return sql.replace(":", "\\:") if _TAKEN_BY_TEXT.search(sql) else sql


def declaration_lines(new: NewMigration) -> list[str]:
    """The note as comments, and the declaration as assignments."""
    notes = [f"# {line}".rstrip() for line in note_lines(new)]
    return notes + [f"{key} = {literal(value)}" for key, value in said(new.declaration)]


def marker_line(new: NewMigration) -> str | None:
    """The marker of a migration without a way back."""
    return None if new.reason is None else f"# migsafe: {irreversible_words(new.reason)}"
