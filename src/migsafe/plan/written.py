"""Columns, types and expressions as a person says them on a command line, read as SQL is read everywhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from migsafe.errors import UsageError
from migsafe.model.dialect import Dialect
from migsafe.model.operation import AddColumn, AlterColumnType, SetDefault
from migsafe.model.script import Direction, Script, SourceText, TransactionRule
from migsafe.parse import read_script
from migsafe.plan.recipe import PlanRefusedError
from migsafe.plan.sql import is_closed, quoted
from migsafe.rules.knowledge.volatility import Volatility, volatility

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from migsafe.model.catalogue import Catalogue
    from migsafe.model.operation import ColumnDefinition, Expression
    from migsafe.plan.targets import TableTarget

_Operation = TypeVar("_Operation", AddColumn, AlterColumnType, SetDefault)


def read_column(text: str, on: TableTarget) -> ColumnDefinition:
    """A column's definition: `first_name text`, `plan text DEFAULT 'free' NOT NULL`.

    Raises:
        UsageError: when it is none.
    """
    return _read(f"ALTER TABLE {on.name} ADD COLUMN {text}", AddColumn, text, "definition of a column").definition


def read_type(text: str, on: TableTarget, column: str) -> AlterColumnType:
    """A change of a column's type: `numeric(12, 2)`, `bigint`.

    Raises:
        UsageError: when it is no type.
    """
    written = f"ALTER TABLE {on.name} ALTER COLUMN {quoted(column)} TYPE {text}"
    return _read(written, AlterColumnType, text, "type")


def read_expression(text: str) -> Expression:
    """An expression.

    Raises:
        UsageError: when it is none.
    """
    written = f"ALTER TABLE t ALTER COLUMN c SET DEFAULT {text}"
    expression = _read(written, SetDefault, text, "expression").default
    if not expression.understood or not is_closed(text):
        raise UsageError(f'"{text}" is no expression that migsafe can read')
    return expression


def read_assignments(texts: Sequence[str], option: str) -> tuple[tuple[str, str], ...]:
    """Columns and what they are made of: `first_name=split_part(name, ' ', 1)`.

    Args:
        option: who says it, for errors: `--up`.

    Raises:
        UsageError: when one has no `=`, or a column is said twice.
    """
    assignments: dict[str, str] = {}
    for text in texts:
        column, equals, expression = (part.strip() for part in text.partition("="))
        if not (column and equals and expression):
            raise UsageError(f'{option} "{text}" is no column=expression')
        if column in assignments:
            raise UsageError(f"{option} says twice what {column} is made of")
        assignments[column] = expression
    return tuple(assignments.items())


def check_expression(text: str, sources: Collection[str], catalogue: Catalogue) -> None:
    """Refuse an expression that a trigger and a backfill would not compute alike.

    Raises:
        UsageError: when it cannot be read.
        PlanRefusedError: when it reads other columns than `sources`, or gives another value every time.
    """
    expression = read_expression(text)
    if strange := sorted(set(expression.columns) - set(sources)):
        raise PlanRefusedError(
            f'"{text}" reads {", ".join(strange)}', hint=f"it may read {', '.join(sorted(sources))} and nothing else"
        )
    if volatility(expression, catalogue) is Volatility.VOLATILE:
        raise PlanRefusedError(f'"{text}" gives another value every time, so no two sides would ever agree')


def _read(sql: str, kind: type[_Operation], said: str, what: str) -> _Operation:
    script = Script(Direction.UP, sql, SourceText("", sql), TransactionRule.NONE, Dialect.POSTGRES)
    operations = [one for statement in read_script(script).statements for one in statement.operations]
    if len(operations) != 1 or not isinstance(operations[0], kind):
        raise UsageError(f'"{said}" is no {what}')
    return operations[0]
