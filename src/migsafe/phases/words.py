"""Names as people write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.model.names import QualifiedName
from migsafe.model.usage import Subject

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Schemas that nobody writes: PostgreSQL's, and SQLite's.
_UNSAID = frozenset({"public", "main"})


def shown(subject: Subject) -> str:
    """An object's name, without a schema that goes without saying."""
    bare = subject.table.schema is None or subject.table.schema in _UNSAID
    return str(Subject(QualifiedName(subject.table.name), subject.column)) if bare else str(subject)


def listed(subjects: Iterable[Subject]) -> str:
    """Several of them."""
    return ", ".join(dict.fromkeys(map(shown, subjects)))
