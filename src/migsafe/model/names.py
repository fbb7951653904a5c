"""Names of database objects, folded as the database folds them."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PLAIN = re.compile(r"[a-z_][a-z0-9_$]*\Z")

#: Key words that no table or column can be called without quotes (PostgreSQL 18, manual, "SQL Key Words": reserved).
_KEY_WORDS = """
all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate collation
column concurrently constraint create cross current_catalog current_date current_role current_schema current_time
current_timestamp current_user default deferrable desc distinct do else end except false fetch for foreign freeze
from full grant group having ilike in initially inner intersect into is isnull join lateral leading left like limit
localtime localtimestamp natural not notnull null offset on only or order outer overlaps placing primary references
returning right select session_user similar some symmetric system_user table tablesample then to trailing true union
unique user using variadic verbose when where window with
"""
_RESERVED = frozenset(_KEY_WORDS.split())

#: Postgres cuts identifiers after this many bytes (NAMEDATALEN - 1; manual, "Identifiers and Key Words").
POSTGRES_NAME_BYTES = 63


def truncate_identifier(name: str, limit: int = POSTGRES_NAME_BYTES) -> str:
    """Cut a name as Postgres does: after `limit` bytes of UTF-8, never inside a character."""
    encoded = name.encode()
    return name if len(encoded) <= limit else encoded[:limit].decode(errors="ignore")


def quote_identifier(name: str) -> str:
    """Write a name as SQL text for a person to read: bare when it is plain and no key word, else in double quotes."""
    return name if _PLAIN.match(name) and name not in _RESERVED else '"' + name.replace('"', '""') + '"'


@dataclass(frozen=True, slots=True, order=True)
class QualifiedName:
    """A name and, where the SQL said so, its schema; both already folded by the rules of the dialect."""

    name: str
    schema: str | None = None

    def __str__(self) -> str:
        bare = quote_identifier(self.name)
        return bare if self.schema is None else f"{quote_identifier(self.schema)}.{bare}"

    def renamed(self, name: str) -> QualifiedName:
        """The same place with another name."""
        return QualifiedName(name, self.schema)

    def moved(self, schema: str | None) -> QualifiedName:
        """The same name in another schema."""
        return QualifiedName(self.name, schema)
