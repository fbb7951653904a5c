"""The columns that hold a key: in its own table, and in every table that refers to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.catalogue.spelling import one_line
from migsafe.model.catalogue.replay.mentions import constraint_columns
from migsafe.model.operation import ExclusionConstraint, ForeignKey, NotNullConstraint, PrimaryKey
from migsafe.model.plan import Check
from migsafe.plan.foreign_keys import keys_of, keys_to
from migsafe.plan.indexes import index_body
from migsafe.plan.recipe import PlanRefusedError
from migsafe.plan.sql import literal, quoted, regclass, safe_name
from migsafe.plan.targets import TableTarget
from migsafe.plan.triggers import PREFIX, function_statement, trigger_name
from migsafe.rules.knowledge.dependents import of_column

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from migsafe.model.catalogue import Catalogue, Column, Index
    from migsafe.plan.foreign_keys import NamedKey

#: Types of narrow keys, and the greatest value of each (PostgreSQL 15–18 manual, table 8.2).
LIMITS = {"integer": 2**31 - 1, "serial": 2**31 - 1, "smallint": 2**15 - 1, "smallserial": 2**15 - 1}

_PLAIN_TYPES = {"serial": "integer", "smallserial": "smallint"}


@dataclass(frozen=True, slots=True)
class KeyColumn:
    """One column that holds the key.

    Attributes:
        key: the foreign key by which it refers; None of the key itself.
        parent: the column that it refers to.
    """

    on: TableTarget
    column: Column
    key: NamedKey | None
    parent: str = ""

    @property
    def name(self) -> str:
        """What code calls it, before and after."""
        return self.column.name

    @property
    def new(self) -> str:
        """The wide column, until the swap."""
        return safe_name(self.column.name, suffix="_new")

    @property
    def old(self) -> str:
        """The narrow column, from the swap on."""
        return safe_name(self.column.name, suffix="_old")

    def target_column(self, *, wide: bool) -> str:
        """The column that it refers to, until the swap."""
        return safe_name(self.parent, suffix="_new") if wide else self.parent

    @property
    def type(self) -> str:
        """The narrow type."""
        name = self.column.type.name if self.column.type else ""
        return _PLAIN_TYPES.get(name, name)

    @property
    def limit(self) -> int:
        """The greatest narrow value."""
        return LIMITS[self.type]

    @property
    def twin_key(self) -> str:
        """The name of the foreign key over the wide columns, until the swap."""
        return safe_name(self.key.name if self.key else self.name, suffix="_new")

    @property
    def default(self) -> str | None:
        """Its default, where that does not come from a sequence of its own."""
        default = self.column.default
        return one_line(default) if default is not None and default.nextval_of is None else None

    def __str__(self) -> str:
        return f"{self.on.name}.{quoted(self.name)}"


@dataclass(frozen=True, slots=True)
class KeyTable:
    """A table with its columns that hold the key; one that refers to itself has two."""

    on: TableTarget
    columns: tuple[KeyColumn, ...]
    change: str
    catalogue: Catalogue

    @property
    def forth(self) -> str:
        """The name of the trigger that fills the wide columns."""
        return trigger_name(self.change, f"{self.on.name.name}_{self.columns[0].new}")

    @property
    def back(self) -> str:
        """The name of the trigger that fills the narrow ones, from the swap on."""
        return trigger_name(self.change, f"{self.on.name.name}_{self.columns[0].old}")

    def create_forth(self) -> tuple[str, ...]:
        """Wide columns follow: code knows the narrow ones only."""
        return self._create(
            self.forth, [f"    NEW.{quoted(one.new)} := NEW.{quoted(one.name)};" for one in self.columns]
        )

    def create_back(self) -> tuple[str, ...]:
        """Narrow columns follow, for the way back; a value that does not fit is NULL.

        An INSERT that gives a narrow column a value names no columns and fills them by position: it is refused, because
        its value would be lost.
        """
        return self._create(self.back, [line for one in self.columns for line in _narrow(one)])

    def _create(self, name: str, lines: list[str]) -> tuple[str, ...]:
        function = self.on.beside(name)
        body = "\n".join(("BEGIN", *lines, "    RETURN NEW;", "END"))
        return (
            function_statement(function, self.on.schema, body),
            f"CREATE TRIGGER {quoted(name)} BEFORE INSERT OR UPDATE ON {self.on.name}\n"
            f"    FOR EACH ROW EXECUTE FUNCTION {function}();",
        )

    def indexes(self) -> tuple[tuple[Index, str], ...]:
        """Indexes that hold one of the columns, and what their wide twins are called until the swap."""
        names = {one.name for one in self.columns}
        mine = (one for one in self.catalogue.indexes_of(self.on.table.name) if names & one.mentioned_columns)
        return tuple((one, safe_name(one.name.name, suffix="_new")) for one in sorted(mine, key=lambda one: one.name))

    def index_over(self, index: Index, renamed: dict[str, str]) -> str:
        """What stands behind ON table of an index, where columns have other names."""
        return index_body(index, renamed)

    @property
    def widened(self) -> dict[str, str]:
        """Names of wide columns, by what code calls them."""
        return {one.name: one.new for one in self.columns}


def key_tables(on: TableTarget, change: str, catalogue: Catalogue) -> tuple[KeyTable, ...]:
    """The table of a key first, and then every table that refers to it.

    Raises:
        PlanRefusedError: when there is no narrow key of one column, or something holds one of the columns that cannot
            be made twice.
    """
    key = _key(on)
    found = [KeyColumn(on, key, None), *_referring(on, key.name, catalogue)]
    for one in found:
        _refuse(one, catalogue)
    tables = {one.on.table.name: one.on for one in found}
    return tuple(
        KeyTable(target, tuple(one for one in found if one.on.table.name == name), change, catalogue)
        for name, target in tables.items()
    )


def referring_columns(tables: Sequence[KeyTable]) -> list[KeyColumn]:
    """The columns that refer to the key by a foreign key."""
    return [one for table in tables for one in table.columns if one.key is not None]


def nothing_is_bound_to(one: KeyColumn, name: str | None = None) -> Check:
    """Whether no view, policy, trigger, generated column or statistics object is bound to a column by its number."""
    return Check(
        name=f"no view, policy, trigger condition, generated column or statistics object uses {one}",
        sql="SELECT count(*) FROM pg_depend AS d JOIN pg_attribute AS a"
        " ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid"
        " LEFT JOIN pg_attrdef AS g ON d.classid = 'pg_attrdef'::regclass AND g.oid = d.objid"
        f" WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = {regclass(one.on.name)}"
        f" AND a.attname = {literal(name or one.name)} AND (d.classid IN ('pg_rewrite'::regclass,"
        " 'pg_policy'::regclass, 'pg_trigger'::regclass, 'pg_statistic_ext'::regclass, 'pg_proc'::regclass)"
        " OR (g.oid IS NOT NULL AND g.adnum <> a.attnum))",
    )


def _narrow(one: KeyColumn) -> Iterator[str]:
    old, name = f"NEW.{quoted(one.old)}", f"NEW.{quoted(one.name)}"
    message = f"an INSERT into {one.on.name} without a list of columns gives {one.old} a value"
    yield f"    IF TG_OP = 'INSERT' AND {old} IS NOT NULL THEN"
    yield f"        RAISE EXCEPTION USING ERRCODE = 'check_violation', MESSAGE = {literal(message)};"
    yield "    END IF;"
    yield f"    {old} := CASE WHEN {name} BETWEEN {-one.limit - 1} AND {one.limit} THEN {name} END;"


def _key(on: TableTarget) -> Column:
    keys = [one.definition for one in on.table.constraints.values() if isinstance(one.definition, PrimaryKey)]
    if not keys or len(keys[0].columns) != 1:
        raise PlanRefusedError(f"{on.name} has no primary key of one column")
    return on.table.columns[keys[0].columns[0]]


def _referring(on: TableTarget, key: str, catalogue: Catalogue) -> Iterator[KeyColumn]:
    own = (one for one in keys_of(on, catalogue) if catalogue.resolve(one.definition.referenced_table) == on.table.name)
    for one in (*own, *keys_to(on, catalogue)):
        if one.definition.referenced_columns not in {(), (key,)}:
            if key in one.definition.referenced_columns:
                raise PlanRefusedError(
                    f"the foreign key {one.name} of {one.table} refers to {key} beside other columns"
                )
            continue
        table = catalogue.table(one.table)
        assert table is not None  # the key was found in it
        yield KeyColumn(TableTarget(one.table, table), table.columns[one.definition.columns[0]], one, key)


def _refuse(one: KeyColumn, catalogue: Catalogue) -> None:
    why = _obstacle(one, catalogue)
    if why is not None:
        raise PlanRefusedError(f"{one} {why}")


def _obstacle(one: KeyColumn, catalogue: Catalogue) -> str | None:
    table, name = one.on.table, one.name
    if one.type not in LIMITS:
        return f"is {one.column.type or 'of an unknown type'}, and not a narrow integer"
    if table.partition_by is not None or table.partition_of is not None or table.inherits:
        return "is in a table with partitions or parents, whose key cannot be swapped in one step"
    if table.replica_identity == "index":
        return "may be what replication identifies rows by (REPLICA IDENTITY USING INDEX)"
    for other in (one.new, one.old):
        if other in table.columns:
            return f"would need a column {other}, which there is already"
    for dependent in of_column(catalogue, table.name, name):
        return f"is used by the {dependent.label}, which would go on reading the narrow column: drop that first"
    for trigger in table.triggers.values():
        if trigger.row_level and trigger.timing == "before" and trigger.name > PREFIX and trigger.enabled:
            return (
                f"cannot be followed, because the trigger {trigger.name} fires last: rename it to sort before {PREFIX}"
            )
    return _constraint_obstacle(one, catalogue)


def _constraint_obstacle(one: KeyColumn, catalogue: Catalogue) -> str | None:
    for constraint in one.on.table.constraints.values():
        definition = constraint.definition
        if one.name not in constraint_columns(definition):
            continue
        if isinstance(definition, ExclusionConstraint):
            return f"is in the exclusion constraint {constraint.name}, which no index built beside writers can become"
        if isinstance(definition, ForeignKey) and (one.key is None or constraint.name != one.key.name):
            return f"is in the foreign key {constraint.name} too: widen what that refers to first"
        if constraint.index is None and not isinstance(definition, ForeignKey | NotNullConstraint):
            return f"is in the constraint {constraint.name}: drop it first, and add it again after the purge"
    for other in keys_to(one.on, catalogue) if one.key is not None else ():
        if one.name in (other.definition.referenced_columns or _primary(one.on)):
            return f"is itself referred to by the foreign key {other.name} of {other.table}: widen that key first"
    return None


def _primary(on: TableTarget) -> tuple[str, ...]:
    keys = (one.definition for one in on.table.constraints.values())
    return next((key.columns for key in keys if isinstance(key, PrimaryKey)), ())
