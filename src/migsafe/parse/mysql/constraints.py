"""CHECK, FOREIGN KEY and REFERENCES (MySQL 8.4 manual, 15.1.20.5 and 15.1.20.6)."""

from __future__ import annotations

from migsafe.model.operation import CheckConstraint, ForeignKey, ReferentialAction
from migsafe.parse.expressions import read_expression
from migsafe.parse.mysql.cursor import MySqlCursor


def read_check(cursor: MySqlCursor, name: str | None) -> CheckConstraint:
    """CHECK (…) [[NOT] ENFORCED]."""
    cursor.expect("CHECK")
    expression = read_expression(cursor.group())
    enforced = not cursor.take("NOT", "ENFORCED")
    cursor.take("ENFORCED")
    return CheckConstraint(name=name, expression=expression, enforced=enforced)


def read_references(cursor: MySqlCursor, name: str | None, columns: tuple[str, ...]) -> ForeignKey:
    """REFERENCES table (columns) [MATCH …] [ON DELETE …] [ON UPDATE …]."""
    cursor.expect("REFERENCES")
    table = cursor.qualified_name()
    referenced = read_column_names(cursor) if cursor.word() == "(" else ()
    if cursor.take("MATCH"):
        cursor.expect_any("FULL", "PARTIAL", "SIMPLE")
    actions = {"DELETE": ReferentialAction.NO_ACTION, "UPDATE": ReferentialAction.NO_ACTION}
    while cursor.sees("ON", "DELETE") or cursor.sees("ON", "UPDATE"):
        cursor.expect("ON")
        event = cursor.expect_any(*actions)
        actions[event] = _action(cursor)
    return ForeignKey(
        name=name,
        columns=columns,
        referenced_table=table,
        referenced_columns=referenced,
        on_delete=actions["DELETE"],
        on_update=actions["UPDATE"],
    )


def read_column_names(cursor: MySqlCursor) -> tuple[str, ...]:
    """`(a, b)`."""
    inside = cursor.group()
    names = tuple(inside.listed(inside.identifier))
    inside.finish()
    return names


def _action(cursor: MySqlCursor) -> ReferentialAction:
    for action in ReferentialAction:
        if cursor.take(*action.value.upper().split()):
            return action
    return cursor.stuck("CASCADE, RESTRICT, SET NULL, SET DEFAULT or NO ACTION")
