"""What is looked for: tables and columns, with the words by which code calls them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from migsafe.model.dialect import Dialect
from migsafe.model.names import quote_identifier

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migsafe.model.catalogue import Catalogue
    from migsafe.model.names import QualifiedName
    from migsafe.model.usage import Subject

_WORD = re.compile(r"\w+")
_ES = ("sses", "xes", "ches", "shes", "uses", "zes")


def words_of(text: str) -> set[str]:
    """All words of a text, in lower case."""
    return set(_WORD.findall(text.lower()))


def singular(word: str) -> str:
    """An English plural in the singular, as object mappers make class names of tables; other words as they are."""
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(_ES):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


@dataclass(frozen=True)
class Wanted:
    """One subject, the words for it, and what the catalogue knows of it."""

    subject: Subject
    catalogue: Catalogue

    @property
    def column(self) -> str | None:
        """The column; None when the table as a whole is meant."""
        return self.subject.column

    @cached_property
    def shown(self) -> str:
        """As a person would write it: its schema only where the search path does not find it."""
        schema = self.subject.table.schema
        table = self.subject.table.moved(None if schema in self.catalogue.search_path else schema)
        return str(table) if self.column is None else f"{table}.{quote_identifier(self.column)}"

    @cached_property
    def table_words(self) -> frozenset[str]:
        """Words that mean the table, in lower case: its name, in the singular too, and as a class's name."""
        name = self.subject.table.name.lower()
        return frozenset(form for word in (name, singular(name)) for form in (word, word.replace("_", "")))

    @cached_property
    def class_words(self) -> frozenset[str]:
        """Words of which one stands where a class for the table is declared: without an app's prefix too (Django)."""
        parts = self.subject.table.name.lower().split("_")
        return self.table_words | {"".join(parts[at:]) for at in range(len(parts))} | {"_".join(parts[1:])} - {""}

    @cached_property
    def column_words(self) -> frozenset[str]:
        """Words that mean the column, in lower case: its name, also in the camel case of other languages."""
        if self.column is None:
            return frozenset()
        name = self.column.lower()
        return frozenset({name, name.replace("_", "") or name})

    @cached_property
    def alone(self) -> bool:
        """Whether the column's word means it wherever it stands: of several words, and no other table has it."""
        if self.column is None or "_" not in self.column.strip("_"):
            return False
        return not any(
            self.column in table.columns for table in self.catalogue.tables.values() if not self.is_table(table.name)
        )

    @property
    def telling(self) -> frozenset[str]:
        """Words of which one stands wherever a query uses it."""
        return self.table_words | self.column_words if self.alone else self.table_words

    @property
    def words(self) -> frozenset[str]:
        """All words that make a file worth a closer look."""
        return self.class_words | self.column_words

    def is_table(self, name: QualifiedName) -> bool:
        """Whether a name in code is that of the subject's table."""
        mine, theirs = self.subject.table, name
        if self._folded(mine.name) != self._folded(theirs.name):
            return False
        if theirs.schema is not None:
            return mine.schema is None or mine.schema == theirs.schema
        found = self.catalogue.resolve(theirs)
        return found == mine or mine.schema is None or not self.catalogue.exists(found)

    def is_column(self, name: str) -> bool:
        """Whether a name in SQL is that of the subject's column."""
        return self.column is not None and self._folded(name) == self._folded(self.column)

    def _folded(self, name: str) -> str:
        return name if self.catalogue.dialect is Dialect.POSTGRES else name.lower()

    def lacks(self, table: QualifiedName) -> bool | None:
        """Whether another table has no column of that name; None where nobody knows."""
        column = self.column or ""
        view = self.catalogue.view(table)
        if view is not None:
            return column not in view.columns if view.columns else None
        found = self.catalogue.table(table)
        if found is None:
            return None
        if any(self.is_column(name) for name in found.columns):
            return False
        return True if found.complete else None


def wanted(subjects: Sequence[Subject], catalogue: Catalogue) -> tuple[Wanted, ...]:
    """The subjects with their words, each once."""
    return tuple(Wanted(subject, catalogue) for subject in dict.fromkeys(subjects))
