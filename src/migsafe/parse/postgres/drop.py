"""DROP of everything, and TRUNCATE: one operation per object."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from migsafe.model.names import QualifiedName
from migsafe.model.operation import (
    DropDatabase,
    DropExtension,
    DropFunction,
    DropIndex,
    DropObject,
    DropPolicy,
    DropSchema,
    DropSequence,
    DropTable,
    DropTablespace,
    DropTrigger,
    DropType,
    DropView,
    ObjectKind,
    Operation,
    OtherStatement,
    TruncateTable,
)
from migsafe.model.script import Span
from migsafe.parse.postgres.alter_table import read_relation, take_cascade
from migsafe.parse.postgres.objects import CODE_KINDS, expect_kind, read_arguments, skip_object_name

if TYPE_CHECKING:
    from migsafe.parse.cursor import Cursor

_ON_TABLE = frozenset({ObjectKind.TRIGGER, ObjectKind.POLICY, ObjectKind.RULE})
_FunctionKind = Literal["function", "procedure", "routine", "aggregate"]


def drop(cursor: Cursor, span: Span) -> list[Operation]:
    """Read all that stands behind DROP."""
    if cursor.take("OWNED", "BY"):
        cursor.listed(cursor.identifier)
        take_cascade(cursor)
        return [OtherStatement(span=span, command="drop owned by")]
    kind, words = expect_kind(cursor)
    concurrently = kind is ObjectKind.INDEX and cursor.take("CONCURRENTLY")
    if_exists = cursor.take("IF", "EXISTS")
    if kind in _ON_TABLE:
        return [_drop_on_table(cursor, span, kind, if_exists=if_exists)]
    if kind in CODE_KINDS:
        return _drop_functions(cursor, span, kind, if_exists=if_exists)
    names = cursor.listed(lambda: skip_object_name(cursor, kind, words))
    cascade = take_cascade(cursor)
    if kind is ObjectKind.DATABASE and (cursor.take("WITH") or cursor.word() == "("):
        cursor.group()
    make = _MAKERS.get(kind)
    if make is not None:
        return [make(span, name, if_exists, cascade) for name in names]
    if kind is ObjectKind.INDEX:
        return [
            DropIndex(span=span, index=name, concurrently=concurrently, if_exists=if_exists, cascade=cascade)
            for name in names
        ]
    return [DropObject(span=span, kind=kind, name=_plain(name), if_exists=if_exists, cascade=cascade) for name in names]


def _plain(name: QualifiedName) -> str:
    return name.name if name.schema is None else f"{name.schema}.{name.name}"


def _drop_on_table(cursor: Cursor, span: Span, kind: ObjectKind, *, if_exists: bool) -> Operation:
    name = cursor.identifier()
    cursor.expect("ON")
    table = cursor.qualified_name()
    cascade = take_cascade(cursor)
    if kind is ObjectKind.TRIGGER:
        return DropTrigger(span=span, table=table, name=name, if_exists=if_exists, cascade=cascade)
    if kind is ObjectKind.POLICY:
        return DropPolicy(span=span, table=table, name=name, if_exists=if_exists, cascade=cascade)
    return DropObject(span=span, kind=kind, name=name, if_exists=if_exists, cascade=cascade, table=table)


def _drop_functions(cursor: Cursor, span: Span, kind: ObjectKind, *, if_exists: bool) -> list[Operation]:
    kinds: dict[ObjectKind, _FunctionKind] = {
        ObjectKind.FUNCTION: "function",
        ObjectKind.PROCEDURE: "procedure",
        ObjectKind.ROUTINE: "routine",
        ObjectKind.AGGREGATE: "aggregate",
    }
    found = cursor.listed(lambda: (cursor.qualified_name(), read_arguments(cursor)))
    cascade = take_cascade(cursor)
    return [
        DropFunction(span=span, name=name, kind=kinds[kind], arguments=arguments, if_exists=if_exists, cascade=cascade)
        for name, arguments in found
    ]


_Maker = Callable[[Span, QualifiedName, bool, bool], Operation]
_MAKERS: dict[ObjectKind, _Maker] = {
    ObjectKind.TABLE: lambda span, name, missing_ok, cascade: DropTable(
        span=span, table=name, if_exists=missing_ok, cascade=cascade
    ),
    ObjectKind.FOREIGN_TABLE: lambda span, name, missing_ok, cascade: DropTable(
        span=span, table=name, if_exists=missing_ok, cascade=cascade
    ),
    ObjectKind.VIEW: lambda span, name, missing_ok, cascade: DropView(
        span=span, view=name, if_exists=missing_ok, cascade=cascade
    ),
    ObjectKind.MATERIALIZED_VIEW: lambda span, name, missing_ok, cascade: DropView(
        span=span, view=name, materialized=True, if_exists=missing_ok, cascade=cascade
    ),
    ObjectKind.SEQUENCE: lambda span, name, missing_ok, cascade: DropSequence(
        span=span, sequence=name, if_exists=missing_ok, cascade=cascade
    ),
    ObjectKind.TYPE: lambda span, name, missing_ok, cascade: DropType(
        span=span, type=name, if_exists=missing_ok, cascade=cascade
    ),
    ObjectKind.DOMAIN: lambda span, name, missing_ok, cascade: DropType(
        span=span, type=name, domain=True, if_exists=missing_ok, cascade=cascade
    ),
    ObjectKind.SCHEMA: lambda span, name, missing_ok, cascade: DropSchema(
        span=span, schema=name.name, if_exists=missing_ok, cascade=cascade
    ),
    ObjectKind.EXTENSION: lambda span, name, missing_ok, cascade: DropExtension(
        span=span, extension=name.name, if_exists=missing_ok, cascade=cascade
    ),
    ObjectKind.DATABASE: lambda span, name, missing_ok, _: DropDatabase(
        span=span, database=name.name, if_exists=missing_ok
    ),
    ObjectKind.TABLESPACE: lambda span, name, missing_ok, _: DropTablespace(
        span=span, tablespace=name.name, if_exists=missing_ok
    ),
}


def truncate(cursor: Cursor, span: Span) -> list[Operation]:
    """Read all that stands behind TRUNCATE."""
    cursor.take("TABLE")
    tables = cursor.listed(lambda: read_relation(cursor))
    restart = cursor.take("RESTART", "IDENTITY")
    cursor.take("CONTINUE", "IDENTITY")
    cascade = take_cascade(cursor)
    return [
        TruncateTable(span=span, table=table, only=only, cascade=cascade, restart_identity=restart)
        for only, table in tables
    ]
