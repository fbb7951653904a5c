"""SQL as text for files: names, literals, comments. Nothing here is sent to a server by string formatting."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from migsafe.model.names import POSTGRES_NAME_BYTES, QualifiedName, quote_identifier, truncate_identifier

if TYPE_CHECKING:
    from collections.abc import Iterable

_HASH_DIGITS = 6
_NOT_PLAIN = re.compile(r"[^a-z0-9]+")
_AS_WRITTEN = re.compile(r"[a-z_][a-z0-9_$]*(\.[a-z_][a-z0-9_$]*)?\Z")
_PARTS = re.compile(r'\s*(?:"(?P<quoted>(?:[^"]|"")+)"|(?P<plain>[^\W\d][\w$]*))\s*(?P<dot>\.|\Z)')


def quoted(name: str) -> str:
    """A name as SQL writes it."""
    return quote_identifier(name)


def quoted_list(names: Iterable[str]) -> str:
    """Names with commas between them."""
    return ", ".join(map(quote_identifier, names))


def collation(name: str) -> str:
    """A collation as SQL writes it: a catalogue keeps what an author wrote, with quotes, or a server's bare name."""
    return name if '"' in name or _AS_WRITTEN.match(name) else quote_identifier(name)


def literal(text: str) -> str:
    """A text as a string constant; needs `standard_conforming_strings`, which is on since Postgres 9.1."""
    return "'" + text.replace("'", "''") + "'"


def dollar_quoted(body: str, tag: str = "migsafe") -> str:
    """A body between dollar signs; the tag is made longer while the body holds it (manual 4.1.2.4)."""
    while f"${tag}$" in body:
        tag += "_"
    return f"${tag}$\n{body.strip()}\n${tag}$"


def regclass(table: QualifiedName) -> str:
    """A table as a constant of type regclass."""
    return f"{literal(str(table))}::regclass"


def word_pattern(name: str) -> str:
    """A regular expression of Postgres for a name as a whole word (manual 9.7.3, "Constraint Escapes")."""
    return rf"\m{re.escape(name)}\M"


def safe_name(*parts: str, suffix: str = "", limit: int = POSTGRES_NAME_BYTES) -> str:
    """A name of parts with underscores between, within `limit` bytes; what is cut leaves a hash of the whole.

    Args:
        suffix: always kept whole; it begins with its own underscore.
    """
    whole = "_".join(parts)
    room = limit - len(suffix.encode())
    if len(whole.encode()) <= room:
        return whole + suffix
    digest = hashlib.sha256(whole.encode()).hexdigest()[:_HASH_DIGITS]
    return f"{truncate_identifier(whole, room - _HASH_DIGITS - 1)}_{digest}{suffix}"


def plain(text: str) -> str:
    """A text as part of a name: small letters, digits, and underscores for all else."""
    return _NOT_PLAIN.sub("_", text.lower()).strip("_") or "x"


def split_name(text: str) -> tuple[str, ...] | None:
    """The parts of `app.users."Name"`, folded as Postgres folds them; None where it is no name."""
    parts, at = [], 0
    while match := _PARTS.match(text, at):
        parts.append(match["quoted"].replace('""', '"') if match["quoted"] else match["plain"].lower())
        at = match.end()
        if match["dot"] != ".":
            return tuple(parts) if at == len(text) else None
    return None


_STRINGS = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*\"""")
_TOKENS = re.compile(
    r"""(?P<string>[eEbBxXnN]?'(?:[^']|'')*')|"(?P<quoted>(?:[^"]|"")+)"|(?P<word>[^\W\d][\w$]*)(?P<call>\s*\()?"""
)


def with_renamed_column(text: str, old: str, new: str) -> str:
    """An expression of SQL in which a column has another name; strings and calls stay as they are."""

    def replace(match: re.Match[str]) -> str:
        if match["quoted"] is not None and match["quoted"].replace('""', '"') == old:
            return quoted(new)
        if match["word"] is not None and match["call"] is None and match["word"].lower() == old:
            return quoted(new)
        return match[0]

    return _TOKENS.sub(replace, text)


def is_closed(text: str) -> bool:
    """Whether every parenthesis of an expression is closed, and none that was not opened."""
    depth = 0
    for char in _STRINGS.sub("", text):
        depth += (char == "(") - (char == ")")
        if depth < 0:
            return False
    return depth == 0
