"""Names of database objects, folded as the database folds them."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PLAIN = re.compile(r"[a-z_][a-z0-9_$]*\Z")

#: Postgres cuts identifiers after this many bytes (NAMEDATALEN - 1; manual, "Identifiers and Key Words").
POSTGRES_NAME_BYTES = 63


def truncate_identifier(name: str, limit: int = POSTGRES_NAME_BYTES) -> str:
    """Cut a name as Postgres does: after `limit` bytes of UTF-8, never inside a character."""
    encoded = name.encode()
    return name if len(encoded) <= limit else encoded[:limit].decode(errors="ignore")


def quote_identifier(name: str) -> str:
    """Write a name as SQL text for a person to read: bare when it is plain, in double quotes otherwise."""
    return name if _PLAIN.match(name) else '"' + name.replace('"', '""') + '"'


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
