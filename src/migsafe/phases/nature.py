"""What an operation is by nature: it expands, constrains, migrates, contracts, or nobody notices it.

What takes something away is what the rules of `rules` report as such, so that a drop of what the migration itself has
made, or makes again, is none here either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.model.finding import Severity
from migsafe.model.operation import (
    AddColumn,
    AddConstraint,
    AddEnumValue,
    AlterColumnType,
    AlterDomain,
    AttachPartition,
    BaseOperation,
    CheckConstraint,
    CreateDomain,
    CreateEnum,
    CreateExtension,
    CreateFunction,
    CreateIndex,
    CreateSchema,
    CreateSequence,
    CreateTable,
    CreateTrigger,
    CreateType,
    CreateView,
    Delete,
    DetachPartition,
    DropDefault,
    DropNotNull,
    DropTrigger,
    ForeignKey,
    Grant,
    Insert,
    Merge,
    NotNullConstraint,
    PrimaryKey,
    Revoke,
    SetDefault,
    SetNotNull,
    UniqueConstraint,
    Update,
    ValidateConstraint,
)
from migsafe.model.phase import Nature
from migsafe.phases.widening import holds_every_value
from migsafe.rules import RULES
from migsafe.rules.knowledge.type_changes import Change, change_of_type
from migsafe.rules.neighbours import added_column

if TYPE_CHECKING:
    from migsafe.model.names import QualifiedName
    from migsafe.rules.context import Context
    from migsafe.rules.registry import Rule

#: Rules whose hazard is that something which running code may use is taken away from it, or called otherwise.
TAKING_AWAY = frozenset(
    {
        "drop-column", "rename-column", "drop-table", "create-table-force", "rename-table", "drop-view",
        "drop-function", "drop-type", "drop-sequence", "drop-schema", "rename-schema", "drop-extension",
        "drop-database", "set-schema", "rename-object", "enum-rename-value", "truncate-table", "delete-without-where",
    }
)  # fmt: skip
#: Rules whose hazard is that many rows are written.
_WRITING = frozenset({"update-without-where", "unbatched-backfill", "backfill-in-ddl-transaction"})
#: The rule whose hazard is that INSERTs fail which leave a column to its default.
_DEFAULT_NEEDED = frozenset({"drop-default"})

_ADDING = (
    CreateTable, CreateView, CreateFunction, CreateSequence, CreateSchema, CreateExtension, CreateEnum, CreateType,
    CreateDomain, CreateTrigger, AddColumn, CreateIndex, AddEnumValue, DropNotNull, SetDefault, Grant, AttachPartition,
)  # fmt: skip


def nature_of(op: BaseOperation, ctx: Context) -> Nature:
    """What an operation is by nature, seen just before it runs."""
    if _fires(TAKING_AWAY, op, ctx):
        return Nature.CONTRACT
    if isinstance(op, Update | Delete | Insert | Merge):
        if ctx.is_new(op.table):
            return Nature.EXPAND
        return Nature.MIGRATE if _fires(_WRITING, op, ctx) else Nature.NEUTRAL
    if _is_on_new(op, ctx):
        return Nature.EXPAND
    if _constrains(op, ctx):
        return Nature.CONSTRAIN
    match op:
        case AlterColumnType():
            return _of_type_change(op, ctx)
        case ValidateConstraint():
            return Nature.MIGRATE
        case DetachPartition():
            return Nature.CONTRACT
        case DropTrigger(name=name) if is_sync_trigger(name):
            return Nature.CONTRACT
        case _:
            return Nature.EXPAND if isinstance(op, _ADDING) else Nature.NEUTRAL


def _constrains(op: BaseOperation, ctx: Context) -> bool:
    """Whether rows or statements are refused from now on that were accepted before."""
    match op:
        case AddColumn():
            return _refuses_old_inserts(op)
        case CreateIndex(unique=unique):
            return unique
        case AddConstraint(constraint=constraint):
            # an index that is taken over has refused duplicates all the time
            return not getattr(constraint, "using_index", None)
        case DropDefault():
            return _fires(_DEFAULT_NEEDED, op, ctx)
        case AlterDomain(action=action):
            return action in {"add constraint", "set not null"}
        case _:
            return isinstance(op, SetNotNull | Revoke)


def is_sync_trigger(name: str) -> bool:
    """Whether a trigger, by its name, keeps an old and a new column alike while a change is open."""
    return "migsafe" in name.lower()


def _fires(names: frozenset[str], op: BaseOperation, ctx: Context) -> bool:
    """Whether one of these rules has something to say that weighs."""
    return any(
        (hazard.severity or rule.severity) is not Severity.INFO
        for rule in _rules_on(type(op), names)
        if ctx.dialect in rule.descriptor.dialects
        for hazard in rule.check(op, ctx)
    )


_RULES_ON: dict[tuple[type[BaseOperation], frozenset[str]], tuple[Rule, ...]] = {}


def _rules_on(kind: type[BaseOperation], names: frozenset[str]) -> tuple[Rule, ...]:
    """Those of some rules that look at a class of operations; asked once per class."""
    if (kind, names) not in _RULES_ON:
        found = tuple(RULES[name] for name in sorted(names) if issubclass(kind, RULES[name].operations))
        _RULES_ON[kind, names] = found
    return _RULES_ON[kind, names]


def _is_on_new(op: BaseOperation, ctx: Context) -> bool:
    """Whether nobody notices, since the migration has just made the table or column that the operation is about."""
    table = getattr(op, "table", None)
    if table is None or isinstance(op, CreateTable):
        return False
    if ctx.is_new(table):
        return True
    columns = _columns_of(op)
    new = [column for column in columns if added_column(ctx, table, column) is not None]
    if _asks_only_where_all_are_given(op):
        return any(_is_left_empty(op, table, column, ctx) for column in new) or (bool(new) and len(new) == len(columns))
    return bool(columns) and len(new) == len(columns) and not _must_be_given(op, table, columns, ctx)


def _asks_only_where_all_are_given(op: BaseOperation) -> bool:
    """Whether a row with NULL in one of the columns never breaks the rule."""
    match op:
        case CreateIndex(unique=True, nulls_not_distinct=distinct):
            return not distinct
        case AddConstraint(constraint=UniqueConstraint(nulls_not_distinct=distinct)):
            return not distinct
        case AddConstraint(constraint=ForeignKey()):
            return True
        case _:
            return False


def _must_be_given(op: BaseOperation, table: QualifiedName, columns: tuple[str, ...], ctx: Context) -> bool:
    """Whether INSERTs fail from now on that leave a new column out, as those of running code do."""
    match op:
        case DropDefault():
            return _fires(_DEFAULT_NEEDED, op, ctx)
        case SetNotNull() | AddConstraint(constraint=NotNullConstraint() | PrimaryKey()):
            return any(_is_left_empty(op, table, column, ctx) for column in columns)
        case _:
            return False


def _is_left_empty(op: BaseOperation, table: QualifiedName, column: str, ctx: Context) -> bool:
    """Whether a new column is NULL in rows of INSERTs that leave it out."""
    added = added_column(ctx, table, column)
    if added is None:
        return False
    known = ctx.column(table, column) or added.definition
    filled = known.default is not None or known.generated is not None or known.identity is not None
    filled_later = any(isinstance(later, SetDefault) and later.column == column for later in ctx.later(op))
    return not (filled or filled_later or _is_serial(added.definition.type))


def _columns_of(op: BaseOperation) -> tuple[str, ...]:
    """The columns that an operation is about, where it is about columns."""
    match op:
        case AddConstraint(constraint=CheckConstraint(expression=expression)):
            return expression.columns if expression.understood else ()
        case AddConstraint(constraint=NotNullConstraint(column=column)):
            return (column,)
        case AddConstraint(constraint=constraint):
            return tuple(getattr(constraint, "columns", ()) or ())
        case CreateIndex():
            return op.columns if len(op.columns) == len(op.elements) else ()
        case AddColumn():
            return ()
        case _:
            named = getattr(op, "column", None)
            return (named,) if isinstance(named, str) else ()


def _refuses_old_inserts(op: AddColumn) -> bool:
    definition = op.definition
    filled = definition.default is not None or definition.generated is not None or definition.identity is not None
    return definition.not_null and not filled and not _is_serial(definition.type)


def _is_serial(kind: object) -> bool:
    return "serial" in str(kind).lower()


def _of_type_change(op: AlterColumnType, ctx: Context) -> Nature:
    column = ctx.column(op.table, op.column)
    if op.using is None and column is not None and column.type is not None:
        change = change_of_type(column.type, op.type, ctx.catalogue)
        if change is Change.NOTHING:
            return Nature.NEUTRAL
        if change in {Change.FREE, Change.FREE_IN_UTC} or holds_every_value(column.type, op.type):
            return Nature.EXPAND
        return Nature.CONTRACT
    return Nature.NEUTRAL if op.implied or column is None else Nature.CONTRACT
