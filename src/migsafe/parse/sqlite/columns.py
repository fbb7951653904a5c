"""Column definitions and table constraints (sqlite.org, "CREATE TABLE")."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from migsafe.model.operation import (
    CheckConstraint,
    ColumnDefinition,
    Constraint,
    DataType,
    Expression,
    ForeignKey,
    Generated,
    IndexElement,
    NotNullConstraint,
    PrimaryKey,
    ReferentialAction,
    UniqueConstraint,
)
from migsafe.parse.cursor import PLACEHOLDER, QUOTED, STRING, WORD
from migsafe.parse.expressions import read_expression
from migsafe.parse.sqlite.cursor import SqliteCursor

_CONSTRAINT_WORDS = frozenset(
    {"CONSTRAINT", "PRIMARY", "NOT", "NULL", "UNIQUE", "CHECK", "DEFAULT", "COLLATE", "REFERENCES", "GENERATED", "AS",
     "DEFERRABLE", "ON"}
)  # fmt: skip
_TABLE_CONSTRAINTS = ("CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN")
_CONFLICT_ACTIONS = ("ROLLBACK", "ABORT", "FAIL", "IGNORE", "REPLACE")


@dataclass(slots=True)
class _Draft:
    """A column definition while it is read."""

    name: str
    not_null: bool = False
    null: bool = False
    default: Expression | None = None
    generated: Generated | None = None
    collation: str | None = None
    auto_increment: bool = False
    constraints: list[Constraint] = field(default_factory=list)


def read_column(cursor: SqliteCursor) -> ColumnDefinition:
    """A name, perhaps a type, and the column's constraints."""
    draft = _Draft(cursor.identifier())
    data_type = _type(cursor)
    while not cursor.at_end and _take_constraint(cursor, draft):
        pass
    return ColumnDefinition(
        name=draft.name,
        type=data_type,
        not_null=draft.not_null,
        null=draft.null,
        default=draft.default,
        generated=draft.generated,
        collation=draft.collation,
        constraints=tuple(draft.constraints),
        auto_increment=draft.auto_increment,
    )


def _type(cursor: SqliteCursor) -> DataType | None:
    """Any words, then one or two signed numbers in parentheses; a type may be left out."""
    words = []
    while cursor.kind() in (WORD, QUOTED, PLACEHOLDER, STRING) and not cursor.sees_any(_CONSTRAINT_WORDS):
        words.append(cursor.next().text.lower())
    if words[-2:] == ["generated", "always"]:
        cursor.at -= 2
        del words[-2:]
    if not words:
        return None
    modifiers = tuple(item.source for item in cursor.group().items()) if cursor.word() == "(" else ()
    return DataType(" ".join(words), modifiers)


def _take_constraint(cursor: SqliteCursor, draft: _Draft) -> bool:
    name = cursor.identifier() if cursor.take("CONSTRAINT") else None
    if cursor.take("PRIMARY", "KEY"):
        cursor.take_any("ASC", "DESC")
        skip_conflict_clause(cursor)
        draft.auto_increment = cursor.take("AUTOINCREMENT")
        draft.constraints.append(PrimaryKey(name=name, columns=(draft.name,)))
    elif cursor.take("NOT", "NULL"):
        skip_conflict_clause(cursor)
        draft.not_null = True
        if name is not None:
            draft.constraints.append(NotNullConstraint(name=name, column=draft.name))
    elif cursor.take("NULL"):
        skip_conflict_clause(cursor)
        draft.null = True
    elif cursor.take("UNIQUE"):
        skip_conflict_clause(cursor)
        draft.constraints.append(UniqueConstraint(name=name, columns=(draft.name,)))
    elif cursor.sees("CHECK"):
        draft.constraints.append(_check(cursor, name))
    elif cursor.sees("REFERENCES"):
        draft.constraints.append(read_references(cursor, name, (draft.name,)))
    else:
        return _take_value(cursor, draft) or name is not None
    return True


def _take_value(cursor: SqliteCursor, draft: _Draft) -> bool:
    if cursor.take("DEFAULT"):
        draft.default = _default(cursor)
    elif cursor.take("COLLATE"):
        draft.collation = cursor.identifier()
    elif cursor.sees("GENERATED") or cursor.sees("AS"):
        if cursor.take("GENERATED"):
            cursor.expect("ALWAYS")
        cursor.expect("AS")
        expression = read_expression(cursor.group())
        draft.generated = Generated(expression, stored=cursor.take_any("STORED", "VIRTUAL") == "STORED")
    else:
        return False
    return True


def _default(cursor: SqliteCursor) -> Expression:
    """A signed number, a literal, a word, or an expression in parentheses."""
    start = cursor.at
    if cursor.word() == "(":
        cursor.group()
    else:
        cursor.take_any("+", "-")
        cursor.next()
    return read_expression(cursor.part(start, cursor.at))


def _check(cursor: SqliteCursor, name: str | None) -> CheckConstraint:
    cursor.expect("CHECK")
    expression = read_expression(cursor.group())
    skip_conflict_clause(cursor)
    return CheckConstraint(name=name, expression=expression)


def skip_conflict_clause(cursor: SqliteCursor) -> None:
    """Move past ON CONFLICT action: what a row that breaks the constraint leads to, later."""
    if cursor.take("ON", "CONFLICT"):
        cursor.expect_any(*_CONFLICT_ACTIONS)


# -- constraints of tables -------------------------------------------------------------------------------------------


def sees_table_constraint(cursor: SqliteCursor) -> bool:
    """Whether a constraint of the table comes next, and no column."""
    return cursor.sees_any(_TABLE_CONSTRAINTS)


def read_table_constraint(cursor: SqliteCursor) -> tuple[Constraint, bool]:
    """[CONSTRAINT name] PRIMARY KEY, UNIQUE, CHECK or FOREIGN KEY; and whether the key is AUTOINCREMENT."""
    name = cursor.identifier() if cursor.take("CONSTRAINT") else None
    if cursor.take("PRIMARY", "KEY"):
        columns, auto_increment = _key_columns(cursor.group())
        skip_conflict_clause(cursor)
        return PrimaryKey(name=name, columns=columns), auto_increment
    if cursor.take("UNIQUE"):
        columns, _ = _key_columns(cursor.group())
        skip_conflict_clause(cursor)
        return UniqueConstraint(name=name, columns=columns), False
    if cursor.sees("CHECK"):
        return _check(cursor, name), False
    cursor.expect("FOREIGN", "KEY")
    return read_references(cursor, name, read_names(cursor)), False


def with_auto_increment(columns: list[ColumnDefinition], name: str) -> list[ColumnDefinition]:
    """The columns, that of the key marked as AUTOINCREMENT."""
    return [replace(column, auto_increment=True) if column.name == name else column for column in columns]


def _key_columns(cursor: SqliteCursor) -> tuple[tuple[str, ...], bool]:
    elements = cursor.listed(lambda: read_element(cursor))
    auto_increment = cursor.take("AUTOINCREMENT")
    cursor.finish()
    return tuple(element.column for element in elements if element.column is not None), auto_increment


def read_element(cursor: SqliteCursor) -> IndexElement:
    """A key of an index: a column or an expression, COLLATE, ASC or DESC."""
    start = cursor.at
    part = cursor.until(lambda: cursor.sees_any(("ASC", "DESC", "COLLATE", "AUTOINCREMENT")))
    column = None
    if part.stop == start + 1 and (part.sees_name() or part.kind() == STRING):
        column = part.identifier()
    expression = None if column is not None else read_expression(part)
    collation = cursor.identifier() if cursor.take("COLLATE") else None
    descending = cursor.take_any("ASC", "DESC") == "DESC"
    nulls = cursor.expect_any("FIRST", "LAST") if cursor.take("NULLS") else None
    return IndexElement(
        column=column, expression=expression, collation=collation, descending=descending,
        nulls_first=None if nulls is None else nulls == "FIRST",
    )  # fmt: skip


def read_names(cursor: SqliteCursor) -> tuple[str, ...]:
    """`(a, b)`."""
    inside = cursor.group()
    names = tuple(inside.listed(inside.identifier))
    inside.finish()
    return names


def read_references(cursor: SqliteCursor, name: str | None, columns: tuple[str, ...]) -> ForeignKey:
    """REFERENCES table [(columns)] with its actions, MATCH and DEFERRABLE."""
    cursor.expect("REFERENCES")
    table = cursor.qualified_name()
    referenced = read_names(cursor) if cursor.word() == "(" else ()
    actions = {"DELETE": ReferentialAction.NO_ACTION, "UPDATE": ReferentialAction.NO_ACTION}
    while True:
        if cursor.take("MATCH"):
            cursor.identifier()
        elif cursor.sees("ON", "DELETE") or cursor.sees("ON", "UPDATE"):
            cursor.expect("ON")
            event = cursor.expect_any(*actions)
            actions[event] = _action(cursor)
        else:
            break
    deferrable, deferred = _deferrable(cursor)
    return ForeignKey(
        name=name,
        columns=columns,
        referenced_table=table,
        referenced_columns=referenced,
        on_delete=actions["DELETE"],
        on_update=actions["UPDATE"],
        deferrable=deferrable,
        initially_deferred=deferred,
    )


def _action(cursor: SqliteCursor) -> ReferentialAction:
    for action in ReferentialAction:
        if cursor.take(*action.value.upper().split()):
            return action
    return cursor.stuck("CASCADE, RESTRICT, SET NULL, SET DEFAULT or NO ACTION")


def _deferrable(cursor: SqliteCursor) -> tuple[bool, bool]:
    negated = cursor.take("NOT", "DEFERRABLE")
    deferrable = not negated and cursor.take("DEFERRABLE")
    deferred = cursor.take("INITIALLY") and cursor.expect_any("DEFERRED", "IMMEDIATE") == "DEFERRED"
    return deferrable, deferrable and deferred
