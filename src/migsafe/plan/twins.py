"""What holds for an old column must hold for the new one: its indexes, unique keys, foreign keys and checks, twice.

While both columns are written, the twin is made without stopping writers; before the old column goes into quarantine
its own keys and checks are dropped, because from then on nobody keeps its values right: a stale foreign key would hold
rows of the other table, or delete rows with them, and a stale unique key would refuse what is copied back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from migsafe.catalogue.spelling import one_line
from migsafe.model.catalogue.replay.mentions import constraint_columns, renamed_in
from migsafe.model.operation import (
    CheckConstraint,
    ExclusionConstraint,
    ForeignKey,
    PrimaryKey,
)
from migsafe.model.phase import Part, Phase
from migsafe.model.plan import Check, PlanStep
from migsafe.parse.postgres.code import references
from migsafe.plan.columns import safely_not_null
from migsafe.plan.foreign_keys import spell as spell_key
from migsafe.plan.indexes import ordered
from migsafe.plan.recipe import PlanRefusedError
from migsafe.plan.sql import literal, quoted, quoted_list, regclass, safe_name, with_renamed_column
from migsafe.plan.wording import BOTH, NEW_ONLY, beside_writers, exclusive, no_writers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from migsafe.model.catalogue import Catalogue, Index, TableConstraint
    from migsafe.model.names import QualifiedName
    from migsafe.model.operation import IndexElement
    from migsafe.plan.targets import TableTarget


@dataclass(frozen=True, slots=True)
class Twins:
    """What an old column has, for a new one that holds the same values."""

    on: TableTarget
    old: str
    new: str
    catalogue: Catalogue

    def refuse_what_has_none(self, *, to_drop: bool = False) -> None:
        """Refuse a column that something needs which cannot be made twice.

        Args:
            to_drop: no twin is wanted; only what cannot lose the column stands in the way.

        Raises:
            PlanRefusedError: when the column is in a primary key, or an exclusion constraint; when another table's
                foreign key points at it; when it comes from a parent table; when a generated column is made of it;
                when replication identifies rows by it.
        """
        why = self._obstacle() or (None if to_drop else self._obstacle_to_twins())
        if why is not None:
            raise PlanRefusedError(f"{self.on.name}.{self.old} {why}")

    def steps(self) -> Iterator[PlanStep]:
        """The steps that make the twins; all rows have their new values by then."""
        for index in self._indexes():
            yield self._index_step(index)
            if index.constraint is not None:
                yield self._unique_step(index)
        for constraint in self._constraints(CheckConstraint, ForeignKey):
            yield from self._constraint_steps(constraint)

    def names(self) -> tuple[str, ...]:
        """Names of the old column's indexes and constraints."""
        indexes = [index.name.name for index in self._indexes()]
        constraints = [one.name for one in self._constraints(CheckConstraint, ForeignKey)]
        return tuple(sorted({*indexes, *constraints}))

    def release_step(self, *, not_null: bool) -> PlanStep | None:
        """The step that takes the old column's own rules away; None where it has none.

        Its way back comes after the values have been copied back: each statement commits by itself.

        Args:
            not_null: the old column is NOT NULL.
        """
        dropped, back, others = [], [], []
        for constraint in self._constraints(CheckConstraint, ForeignKey):
            dropped.append(f"DROP CONSTRAINT {quoted(constraint.name)}")
            back += self._add(constraint, constraint.name, lambda text: text, self.old)
            if isinstance(constraint.definition, ForeignKey):
                others.append(self.on.spelt(constraint.definition.referenced_table))
        loose = []
        for index in filter(lambda one: one.unique, self._indexes()):
            back.append(self._create(index, index.name.name, lambda text: text, self.old))
            if index.constraint is not None:
                dropped.append(f"DROP CONSTRAINT {quoted(index.constraint)}")
                back.append(self._adopt(index.constraint, index.name.name))
            else:
                loose.append(f"DROP INDEX {self.on.beside(index.name.name)};")
        if not_null:
            dropped.append(f"ALTER COLUMN {quoted(self.old)} DROP NOT NULL")
            back += safely_not_null(self.on, self.old)
        if not dropped and not loose:
            return None
        altered = (f"ALTER TABLE {self.on.name}\n    " + ",\n    ".join(dropped) + ";",) if dropped else ()
        return PlanStep(
            name=f"release-{self.old}",
            title=f"Take the rules of {self.old} away: nobody keeps its values right from now on",
            phase=Phase.CONTRACT,
            part=Part.QUARANTINE,
            forward=(*altered, *loose),
            backward=tuple(back),
            backward_transaction=False,
            releases=NEW_ONLY,
            locks=exclusive(self.on.name, *dict.fromkeys(others)),
        )

    # -- indexes -----------------------------------------------------------------------------------------------------

    def _index_step(self, index: Index) -> PlanStep:
        name = self._twin_name(index.name.name, "key" if index.constraint else "idx")
        twin = self.on.beside(name)
        return PlanStep(
            name=f"index-{name}",
            title=f"Build the twin of {index.name.name}",
            phase=Phase.MIGRATE,
            forward=(self._create(index, name, self._renamed, self.new),),
            backward=(f"DROP INDEX CONCURRENTLY IF EXISTS {twin};",),
            transaction=False,
            backward_transaction=False,
            verify=(
                Check(
                    name=f"the index {name} is valid",
                    sql=f"SELECT count(*) FROM pg_index WHERE indexrelid = {regclass(twin)} AND indisvalid",
                    expected="1",
                ),
            ),
            releases=BOTH,
            locks=beside_writers(self.on.name),
        )

    def _unique_step(self, index: Index) -> PlanStep:
        name = self._twin_name(index.name.name, "key")
        return PlanStep(
            name=f"unique-{name}",
            title=f"Make the twin of {index.constraint} a constraint",
            phase=Phase.MIGRATE,
            forward=(self._adopt(name, name),),
            # It takes the index with it, which the way back of the step before is ready for.
            backward=(f"ALTER TABLE {self.on.name} DROP CONSTRAINT {quoted(name)};",),
            releases=BOTH,
            locks=exclusive(self.on.name),
        )

    def _adopt(self, constraint: str, index: str) -> str:
        return f"ALTER TABLE {self.on.name} ADD CONSTRAINT {quoted(constraint)} UNIQUE USING INDEX {quoted(index)};"

    def _create(self, index: Index, name: str, rename: Callable[[str], str], column: str) -> str:
        elements = ", ".join(self._element(one, rename, column) for one in index.elements)
        include = renamed_in(index.include, self.old, column)
        words = [
            f"CREATE {'UNIQUE ' if index.unique else ''}INDEX CONCURRENTLY {quoted(name)}",
            f"ON {self.on.name} USING {index.method} ({elements})",
        ]
        if include:
            words.append(f"INCLUDE ({quoted_list(include)})")
        if index.nulls_not_distinct:
            words.append("NULLS NOT DISTINCT")
        if index.where is not None:
            words.append(f"WHERE {rename(one_line(index.where))}")
        return " ".join(words) + ";"

    def _element(self, element: IndexElement, rename: Callable[[str], str], column: str) -> str:
        key = quoted(column if element.column == self.old else element.column or "")
        if element.expression is not None:
            key = f"({rename(one_line(element.expression))})"
        return ordered(key, element)

    def _indexes(self) -> list[Index]:
        mine = (one for one in self.catalogue.indexes_of(self.on.table.name) if self.old in one.mentioned_columns)
        return sorted((one for one in mine if not one.primary), key=lambda one: one.name)

    # -- constraints -------------------------------------------------------------------------------------------------

    def _constraint_steps(self, constraint: TableConstraint) -> Iterator[PlanStep]:
        definition = constraint.definition
        is_key = isinstance(definition, ForeignKey)
        name = self._twin_name(constraint.name, "fkey" if is_key else "check")
        add, *validate = self._add(constraint, name, self._renamed, self.new)
        other = (self.on.spelt(definition.referenced_table),) if isinstance(definition, ForeignKey) else ()
        yield PlanStep(
            name=f"add-{name}",
            title=f"Add the twin of {constraint.name}, for rows from now on",
            phase=Phase.MIGRATE,
            forward=(add,),
            backward=(f"ALTER TABLE {self.on.name} DROP CONSTRAINT IF EXISTS {quoted(name)};",),
            locks=no_writers(self.on.name, *other) if is_key else exclusive(self.on.name),
        )
        if validate:
            yield PlanStep(
                name=f"validate-{name}",
                title=f"Check that every row obeys {name}",
                phase=Phase.MIGRATE,
                forward=tuple(validate),
                verify=(
                    Check(
                        name=f"the constraint {name} is valid",
                        sql=f"SELECT count(*) FROM pg_constraint WHERE conrelid = {regclass(self.on.name)}"
                        f" AND conname = {literal(name)} AND convalidated",
                        expected="1",
                    ),
                ),
                locks=beside_writers(self.on.name, *other),
                back="nothing to do",
                no_way_back="a check that passed may stay",
            )

    def _add(self, constraint: TableConstraint, name: str, rename: Callable[[str], str], column: str) -> list[str]:
        """Statements that add a constraint and then validate it, unless the old one is not valid either."""
        definition = constraint.definition
        if isinstance(definition, ForeignKey):
            columns = renamed_in(definition.columns, self.old, column)
            other = self.on.spelt(definition.referenced_table)
            written = spell_key(replace(definition, columns=columns, referenced_table=other))
        else:
            assert isinstance(definition, CheckConstraint)  # the callers ask for these two kinds
            inherited = " NO INHERIT" if definition.no_inherit else ""
            written = f"CHECK ({rename(one_line(definition.expression))}){inherited}"
        add = f"ALTER TABLE {self.on.name} ADD CONSTRAINT {quoted(name)} {written} NOT VALID;"
        validate = f"ALTER TABLE {self.on.name} VALIDATE CONSTRAINT {quoted(name)};"
        return [add, validate] if constraint.validated else [add]

    def _constraints(self, *kinds: type) -> list[TableConstraint]:
        return [
            one
            for one in self.on.table.constraints.values()
            if isinstance(one.definition, kinds) and self.old in constraint_columns(one.definition)
        ]

    # -- names and obstacles -----------------------------------------------------------------------------------------

    def _renamed(self, text: str) -> str:
        return with_renamed_column(text, self.old, self.new)

    def _twin_name(self, name: str, kind: str) -> str:
        """The old name with the new column in it, where it has the old one in it; else of table and new column."""
        replaced = safe_name(name.replace(self.old, self.new, 1))
        if self.old in name and not self._is_taken(replaced):
            return replaced
        return safe_name(name, self.new, suffix=f"_{kind}")

    def _is_taken(self, name: str) -> bool:
        return name in self.on.table.constraints or self.catalogue.exists(self.on.table.name.renamed(name))

    def _obstacle(self) -> str | None:
        if self.on.table.columns[self.old].inherited:
            return "comes from a parent table: make the plan for that one"
        if self._constraints(PrimaryKey):
            return "is in the primary key, and a table has only one"
        if self.on.table.partition_by is not None and self.old in references(self.on.table.partition_by.text):
            return "is in the partition key"
        if self.on.table.replica_identity == "index" and any(one.unique for one in self._indexes()):
            return "may be what replication identifies rows by (REPLICA IDENTITY USING INDEX)"
        if (pointing := self._pointed_at_by()) is not None:
            return f"is what a foreign key of {pointing} points at: move that first"
        made_of_it = [
            one.name
            for one in self.on.table.columns.values()
            if one.generated is not None and self.old in one.generated.expression.columns
        ]
        return f"is what the generated column {made_of_it[0]} is made of" if made_of_it else None

    def _obstacle_to_twins(self) -> str | None:
        if self._constraints(ExclusionConstraint):
            return "is in an exclusion constraint, which no index built beside writers can become"
        if self.on.table.partition_by is not None and self._indexes():
            return "is indexed on a partitioned table, where no index can be built beside writers in one step"
        return None

    def _pointed_at_by(self) -> QualifiedName | None:
        full = self.on.table.name
        for other in (*self.catalogue.referencing(full), self.on.table):
            for constraint in other.constraints.values():
                key = constraint.definition
                if (
                    isinstance(key, ForeignKey)
                    and self.catalogue.resolve(key.referenced_table) == full
                    and self.old in key.referenced_columns
                ):
                    return other.name
        return None
