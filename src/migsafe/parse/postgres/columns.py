"""Column definitions and constraints, as CREATE TABLE and ALTER TABLE write them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypedDict

from migsafe.model.operation import (
    CheckConstraint,
    ColumnDefinition,
    Constraint,
    DataType,
    ExclusionConstraint,
    Expression,
    ForeignKey,
    Generated,
    NotNullConstraint,
    PrimaryKey,
    ReferentialAction,
    UniqueConstraint,
)
from migsafe.parse.expressions import read_expression
from migsafe.parse.postgres.index_elements import read_elements
from migsafe.parse.postgres.options import skip_sequence_options
from migsafe.parse.postgres.types import read_type

if TYPE_CHECKING:
    from migsafe.parse.cursor import Cursor

_STARTS_CONSTRAINT = frozenset({"CONSTRAINT", "CHECK", "FOREIGN", "EXCLUDE", "UNIQUE", "PRIMARY"})
_ENDS_DEFAULT = frozenset(
    {
        "CONSTRAINT", "NULL", "DEFAULT", "PRIMARY", "UNIQUE", "REFERENCES", "CHECK", "COLLATE", "GENERATED",
        "DEFERRABLE", "INITIALLY", "STORAGE", "COMPRESSION", "OPTIONS", "ENFORCED",
    }
)  # fmt: skip
_AFTER_NOT = frozenset({"NULL", "VALID", "DEFERRABLE", "ENFORCED"})


def sees_table_constraint(cursor: Cursor) -> bool:
    """Whether a table constraint comes next, and no column."""
    if cursor.sees("NOT", "NULL"):
        return True
    # EXCLUDE is no reserved word: a column may be called so.
    if cursor.word() == "EXCLUDE":
        return cursor.word(1) in ("USING", "(")
    return cursor.sees_any(_STARTS_CONSTRAINT)


# -- table constraints -----------------------------------------------------------------------------------------------


def read_constraint(cursor: Cursor) -> Constraint:
    """Read `[CONSTRAINT name] CHECK … | NOT NULL … | UNIQUE … | PRIMARY KEY … | FOREIGN KEY … | EXCLUDE …`."""
    name = cursor.identifier() if cursor.take("CONSTRAINT") else None
    if cursor.take("CHECK"):
        expression = read_expression(cursor.group())
        return CheckConstraint(name=name, expression=expression, **_attributes(cursor))
    if cursor.take("NOT", "NULL"):
        column = cursor.identifier()
        return NotNullConstraint(name=name, column=column, **_attributes(cursor))
    if cursor.take("UNIQUE"):
        return _unique(cursor, name)
    if cursor.take("PRIMARY", "KEY"):
        return _primary_key(cursor, name)
    if cursor.take("FOREIGN", "KEY"):
        columns = _key_columns(cursor)
        cursor.expect("REFERENCES")
        return _references(cursor, name, columns)
    if cursor.take("EXCLUDE"):
        return _exclusion(cursor, name)
    return cursor.stuck("a constraint")


def _unique(cursor: Cursor, name: str | None) -> UniqueConstraint:
    if cursor.take("USING", "INDEX"):
        index = cursor.identifier()
        return UniqueConstraint(name=name, using_index=index, **_attributes(cursor))
    distinct = take_nulls_not_distinct(cursor)
    columns = _key_columns(cursor)
    include = _index_parameters(cursor)
    return UniqueConstraint(
        name=name, columns=columns, include=include, nulls_not_distinct=distinct, **_attributes(cursor)
    )


def _primary_key(cursor: Cursor, name: str | None) -> PrimaryKey:
    if cursor.take("USING", "INDEX"):
        index = cursor.identifier()
        return PrimaryKey(name=name, using_index=index, **_attributes(cursor))
    columns = _key_columns(cursor)
    include = _index_parameters(cursor)
    return PrimaryKey(name=name, columns=columns, include=include, **_attributes(cursor))


def take_nulls_not_distinct(cursor: Cursor) -> bool:
    """Move past `NULLS [NOT] DISTINCT` (Postgres 15); returns whether there is a NOT."""
    if cursor.take("NULLS", "NOT", "DISTINCT"):
        return True
    cursor.take("NULLS", "DISTINCT")
    return False


def _key_columns(cursor: Cursor) -> tuple[str, ...]:
    """`(a, b)`, also `(a, PERIOD b)` and `(a, b WITHOUT OVERLAPS)` (Postgres 18)."""
    inside = cursor.group()

    def column() -> str:
        if inside.word(1) != ",":
            inside.take("PERIOD")
        name = inside.identifier()
        inside.take("WITHOUT", "OVERLAPS")
        return name

    columns = inside.listed(column)
    inside.finish()
    return tuple(columns)


def read_columns(cursor: Cursor) -> tuple[str, ...]:
    """`(a, b)`."""
    inside = cursor.group()
    columns = inside.listed(inside.identifier)
    inside.finish()
    return tuple(columns)


def _index_parameters(cursor: Cursor) -> tuple[str, ...]:
    include = read_columns(cursor) if cursor.take("INCLUDE") else ()
    if cursor.take("WITH"):
        cursor.group()
    if cursor.take("USING", "INDEX", "TABLESPACE"):
        cursor.identifier()
    return include


def _exclusion(cursor: Cursor, name: str | None) -> ExclusionConstraint:
    method = cursor.identifier() if cursor.take("USING") else None
    elements = read_elements(cursor, excluding=True)
    _index_parameters(cursor)
    where = read_expression(cursor.group()) if cursor.take("WHERE") else None
    return ExclusionConstraint(name=name, method=method, elements=elements, where=where, **_attributes(cursor))


def _references(cursor: Cursor, name: str | None, columns: tuple[str, ...]) -> ForeignKey:
    table = cursor.qualified_name()
    referenced = _key_columns(cursor) if cursor.word() == "(" else ()
    actions = {"DELETE": ReferentialAction.NO_ACTION, "UPDATE": ReferentialAction.NO_ACTION}
    while True:
        if cursor.take("MATCH"):
            cursor.expect_any("FULL", "PARTIAL", "SIMPLE")
        elif cursor.take("ON"):
            event = cursor.expect_any("DELETE", "UPDATE")
            actions[event] = _referential_action(cursor)
        else:
            break
    return ForeignKey(
        name=name,
        columns=columns,
        referenced_table=table,
        referenced_columns=referenced,
        on_delete=actions["DELETE"],
        on_update=actions["UPDATE"],
        **_attributes(cursor),
    )


def _referential_action(cursor: Cursor) -> ReferentialAction:
    for action in ReferentialAction:
        if cursor.take(*action.value.upper().split()):
            if action in (ReferentialAction.SET_NULL, ReferentialAction.SET_DEFAULT) and cursor.word() == "(":
                read_columns(cursor)
            return action
    return cursor.stuck("what to do on delete or update")


class _Attributes(TypedDict, total=False):
    """Fields of `BaseConstraint`."""

    not_valid: bool
    enforced: bool
    no_inherit: bool
    deferrable: bool
    initially_deferred: bool


def _attributes(cursor: Cursor) -> _Attributes:
    """NOT VALID, NO INHERIT, DEFERRABLE and their like."""
    found: _Attributes = {}
    while cursor.word() in ("NOT", "NO", "DEFERRABLE", "INITIALLY", "ENFORCED", "INHERIT"):
        if cursor.take("NOT", "VALID"):
            found["not_valid"] = True
        elif cursor.take("NO", "INHERIT"):
            found["no_inherit"] = True
        elif cursor.take("NOT", "ENFORCED"):
            found["enforced"] = False
        elif cursor.take("DEFERRABLE"):
            found["deferrable"] = True
        elif cursor.take("INITIALLY", "DEFERRED"):
            found["deferrable"] = found["initially_deferred"] = True
        elif not (cursor.take("ENFORCED") or cursor.take("NOT", "DEFERRABLE") or cursor.take("INITIALLY", "IMMEDIATE")):
            break
    return found


# -- columns ---------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Draft:
    """A column while its clauses are read."""

    name: str
    type: DataType | None
    not_null: bool = False
    null: bool = False
    default: Expression | None = None
    generated: Generated | None = None
    identity: Literal["always", "by default"] | None = None
    collation: str | None = None
    constraints: list[Constraint] = field(default_factory=list)

    def finished(self) -> ColumnDefinition:
        return ColumnDefinition(
            name=self.name,
            type=self.type,
            not_null=self.not_null,
            null=self.null,
            default=self.default,
            generated=self.generated,
            identity=self.identity,
            collation=self.collation,
            constraints=tuple(self.constraints),
        )


def read_column(cursor: Cursor, *, typed: bool = True) -> ColumnDefinition:
    """Read `name type clauses…`, up to a comma or the end; `typed` is false in `PARTITION OF` and `OF type`."""
    draft = _Draft(cursor.identifier(), None)
    if typed:
        draft.type = read_type(cursor)
    else:
        cursor.take("WITH", "OPTIONS")
    while not cursor.at_end and cursor.word() != ",":
        if not (_storage_clause(cursor, draft) or _value_clause(cursor, draft) or _column_constraint(cursor, draft)):
            cursor.stuck("a column constraint")
    return draft.finished()


def _storage_clause(cursor: Cursor, draft: _Draft) -> bool:
    if cursor.take("COLLATE"):
        draft.collation = str(cursor.qualified_name())
    elif cursor.take("STORAGE") or cursor.take("COMPRESSION"):
        cursor.identifier()
    elif cursor.take("OPTIONS"):
        cursor.group()
    else:
        return False
    return True


def _value_clause(cursor: Cursor, draft: _Draft) -> bool:
    if cursor.take("DEFAULT"):
        draft.default = read_expression(cursor.until(lambda: _default_ends(cursor)))
    elif cursor.take("GENERATED"):
        _generated(cursor, draft)
    else:
        return False
    return True


def _default_ends(cursor: Cursor) -> bool:
    word = cursor.word()
    if word == "NOT":
        return cursor.word(1) in _AFTER_NOT
    if word == "NULL":
        return cursor.words[cursor.at - 1] not in ("IS", "NOT")
    return word in _ENDS_DEFAULT


def _generated(cursor: Cursor, draft: _Draft) -> None:
    when = take_identity_kind(cursor)
    cursor.expect("AS")
    if cursor.take("IDENTITY"):
        draft.identity = when
        if cursor.word() == "(":
            skip_sequence_options(cursor.group())
        return
    expression = read_expression(cursor.group())
    # Postgres 18 made VIRTUAL the default; before, STORED had to be said.
    stored = cursor.take("STORED") or (cursor.take("VIRTUAL") and False)
    draft.generated = Generated(expression, stored)


def take_identity_kind(cursor: Cursor) -> Literal["always", "by default"]:
    """Move past ALWAYS or BY DEFAULT."""
    if cursor.take("BY", "DEFAULT"):
        return "by default"
    cursor.expect("ALWAYS")
    return "always"


def _column_constraint(cursor: Cursor, draft: _Draft) -> bool:
    name = cursor.identifier() if cursor.take("CONSTRAINT") else None
    columns = (draft.name,)
    if cursor.take("NOT", "NULL"):
        draft.not_null = True
        attributes = _attributes(cursor)
        if name is not None:
            draft.constraints.append(NotNullConstraint(name=name, column=draft.name, **attributes))
    elif cursor.take("NULL"):
        draft.null = True
    elif cursor.take("PRIMARY", "KEY"):
        include = _index_parameters(cursor)
        draft.constraints.append(PrimaryKey(name=name, columns=columns, include=include, **_attributes(cursor)))
    elif cursor.take("UNIQUE"):
        distinct = take_nulls_not_distinct(cursor)
        include = _index_parameters(cursor)
        draft.constraints.append(
            UniqueConstraint(
                name=name, columns=columns, include=include, nulls_not_distinct=distinct, **_attributes(cursor)
            )
        )
    elif cursor.take("CHECK"):
        expression = read_expression(cursor.group())
        draft.constraints.append(CheckConstraint(name=name, expression=expression, **_attributes(cursor)))
    elif cursor.take("REFERENCES"):
        draft.constraints.append(_references(cursor, name, columns))
    elif name is not None:
        return _value_clause(cursor, draft)
    else:
        return False
    return True
