"""CREATE of views, sequences, types, domains, schemas, extensions, and of what has no hazard of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.model.names import QualifiedName
from migsafe.model.operation import (
    CheckConstraint,
    CreateDatabase,
    CreateDomain,
    CreateEnum,
    CreateExtension,
    CreatePublication,
    CreateSequence,
    CreateType,
    CreateView,
    DataType,
    NotNullConstraint,
    ObjectKind,
    Operation,
    OtherStatement,
)
from migsafe.parse.cursor import STRING, Cursor
from migsafe.parse.expressions import read_expression
from migsafe.parse.postgres.alter import domain_constraint, role_options
from migsafe.parse.postgres.alter_table import read_relation
from migsafe.parse.postgres.columns import read_columns
from migsafe.parse.postgres.create_table import take_query
from migsafe.parse.postgres.objects import expect_kind, read_arguments, read_operator
from migsafe.parse.postgres.options import read_sequence_options
from migsafe.parse.postgres.types import read_type
from migsafe.parse.queries import read_query

if TYPE_CHECKING:
    from migsafe.model.script import Span

# -- views and sequences ---------------------------------------------------------------------------------------------


def create_view(cursor: Cursor, span: Span, *, or_replace: bool, temporary: bool) -> list[Operation]:
    """Read all that stands behind CREATE [OR REPLACE] [TEMP], from RECURSIVE, MATERIALIZED or VIEW on."""
    cursor.take("RECURSIVE")
    materialized = cursor.take("MATERIALIZED")
    cursor.expect("VIEW")
    if_not_exists = materialized and cursor.take("IF", "NOT", "EXISTS")
    view = cursor.qualified_name()
    columns = read_columns(cursor) if cursor.word() == "(" else ()
    while cursor.word() != "AS" and cursor.word() in ("USING", "WITH", "TABLESPACE"):
        _view_clause(cursor)
    cursor.expect("AS")
    query = take_query(cursor)
    with_data = cursor.words[cursor.stop - 3 : cursor.stop] != ["WITH", "NO", "DATA"]
    facts = read_query(_without_check_option(query))
    return [
        CreateView(
            span=span,
            view=view,
            query=facts.text,
            or_replace=or_replace,
            if_not_exists=if_not_exists,
            materialized=materialized,
            temporary=temporary,
            with_data=with_data,
            reads=facts.reads,
            uses=facts.uses,
            star=facts.star,
            understood=facts.understood,
            columns=columns or facts.columns,
        )
    ]


def _view_clause(cursor: Cursor) -> None:
    if cursor.next().word == "WITH":
        cursor.group()
    else:
        cursor.identifier()


def _without_check_option(query: Cursor) -> Cursor:
    for tail in (
        ["WITH", "CHECK", "OPTION"],
        ["WITH", "LOCAL", "CHECK", "OPTION"],
        ["WITH", "CASCADED", "CHECK", "OPTION"],
    ):
        if query.words[query.stop - len(tail) : query.stop] == tail:
            return query.part(query.at, query.stop - len(tail))
    return query


def create_sequence(cursor: Cursor, span: Span, *, temporary: bool) -> list[Operation]:
    """Read all that stands behind `CREATE … SEQUENCE`."""
    if_not_exists = cursor.take("IF", "NOT", "EXISTS")
    sequence = cursor.qualified_name()
    options = read_sequence_options(cursor)
    return [
        CreateSequence(
            span=span,
            sequence=sequence,
            if_not_exists=if_not_exists,
            temporary=temporary,
            type=options.type,
            owned_by=options.owned_by,
        )
    ]


# -- types and domains -----------------------------------------------------------------------------------------------


def create_type(cursor: Cursor, span: Span) -> list[Operation]:
    """Read all that stands behind CREATE TYPE."""
    name = cursor.qualified_name()
    if cursor.at_end:
        return [CreateType(span=span, type=name, form="shell")]
    if cursor.word() == "(":
        cursor.group()
        return [CreateType(span=span, type=name, form="base")]
    cursor.expect("AS")
    if cursor.take("ENUM"):
        inside = cursor.group()
        values = inside.listed(inside.string) if not inside.at_end else []
        inside.finish()
        return [CreateEnum(span=span, type=name, values=tuple(values))]
    if cursor.take("RANGE"):
        cursor.group()
        return [CreateType(span=span, type=name, form="range")]
    inside = cursor.group()
    attributes = inside.listed(lambda: _attribute(inside)) if not inside.at_end else []
    inside.finish()
    return [CreateType(span=span, type=name, form="composite", attributes=tuple(attributes))]


def _attribute(cursor: Cursor) -> tuple[str, DataType]:
    name = cursor.identifier()
    data_type = read_type(cursor)
    if cursor.take("COLLATE"):
        cursor.qualified_name()
    return name, data_type


def create_domain(cursor: Cursor, span: Span) -> list[Operation]:
    """Read all that stands behind CREATE DOMAIN."""
    name = cursor.qualified_name()
    cursor.take("AS")
    base = read_type(cursor)
    not_null, default = False, None
    checks: list[CheckConstraint] = []
    while not cursor.at_end:
        if cursor.take("COLLATE"):
            cursor.qualified_name()
        elif cursor.take("NULL"):
            not_null = False
        elif cursor.take("DEFAULT"):
            default = read_expression(cursor.until(lambda: _default_ends(cursor)))
        else:
            constraint = domain_constraint(cursor)
            not_null = not_null or isinstance(constraint, NotNullConstraint)
            if isinstance(constraint, CheckConstraint):
                checks.append(constraint)
    return [CreateDomain(span=span, domain=name, base=base, not_null=not_null, default=default, checks=tuple(checks))]


def _default_ends(cursor: Cursor) -> bool:
    word = cursor.word()
    if word == "NULL":
        return cursor.words[cursor.at - 1] not in ("IS", "NOT")
    return word in ("CONSTRAINT", "CHECK", "COLLATE") or cursor.sees("NOT", "NULL")


# -- extensions, publications, databases, roles ----------------------------------------------------------------------


def create_extension(cursor: Cursor, span: Span) -> list[Operation]:
    """Read all that stands behind CREATE EXTENSION."""
    if_not_exists = cursor.take("IF", "NOT", "EXISTS")
    name = cursor.identifier()
    cursor.take("WITH")
    schema = None
    while not cursor.at_end:
        if cursor.take("SCHEMA"):
            schema = cursor.identifier()
        elif cursor.take("VERSION") or cursor.take("FROM"):
            cursor.next()
        else:
            cursor.expect("CASCADE")
    return [CreateExtension(span=span, extension=name, if_not_exists=if_not_exists, schema=schema)]


def create_publication(cursor: Cursor, span: Span) -> list[Operation]:
    """Read all that stands behind CREATE PUBLICATION."""
    name = cursor.identifier()
    tables: list[QualifiedName] = []
    all_tables = False
    if cursor.take("FOR"):
        all_tables = cursor.take("ALL")
        if all_tables:
            cursor.expect_any("TABLES", "SEQUENCES")
            while cursor.take(",", "ALL"):
                cursor.expect_any("TABLES", "SEQUENCES")
        else:
            cursor.listed(lambda: _published(cursor, tables))
    if cursor.take("WITH"):
        cursor.group()
    return [CreatePublication(span=span, publication=name, all_tables=all_tables, tables=tuple(tables))]


def _published(cursor: Cursor, tables: list[QualifiedName]) -> None:
    if cursor.take("TABLES", "IN", "SCHEMA"):
        cursor.identifier()
        return
    if cursor.word(1) not in (",", "(", "."):
        cursor.take("TABLE")
    tables.append(read_relation(cursor)[1])
    if cursor.word() == "(":
        read_columns(cursor)
    if cursor.take("WHERE"):
        cursor.group()


def create_database(cursor: Cursor, span: Span) -> list[Operation]:
    """Read all that stands behind CREATE DATABASE."""
    name = cursor.identifier()
    cursor.rest()
    return [CreateDatabase(span=span, database=name)]


def create_role(cursor: Cursor, span: Span) -> list[Operation]:
    """Read all that stands behind CREATE ROLE, USER or GROUP."""
    cursor.identifier()
    role_options(cursor)
    return [OtherStatement(span=span, command="create role")]


# -- the rest --------------------------------------------------------------------------------------------------------


def create_known(cursor: Cursor, span: Span, words: str, kind: ObjectKind) -> list[Operation]:
    """CREATE of a kind without a hazard of its own: its name, then balanced options to the end."""
    table = None
    if words == "statistics":
        table = _statistics(cursor)
    elif words in ("cast", "transform", "user mapping"):
        _ = cursor.word() == "(" and cursor.group()
    elif words == "operator":
        read_operator(cursor)
    else:
        cursor.take("IF", "NOT", "EXISTS")
        if cursor.kind() != STRING:
            cursor.qualified_name()
        read_arguments(cursor)
    _balanced_rest(cursor)
    return [OtherStatement(span=span, command=f"create {words}", table=table)]


def _statistics(cursor: Cursor) -> QualifiedName | None:
    cursor.take("IF", "NOT", "EXISTS")
    if cursor.sees_name() and cursor.word() != "ON":
        cursor.qualified_name()
    if cursor.word() == "(":
        read_columns(cursor)
    cursor.expect("ON")
    while cursor.word() != "FROM":
        cursor.until(lambda: cursor.word() == "FROM")
        cursor.take(",")
    cursor.expect("FROM")
    return cursor.qualified_name()


def _balanced_rest(cursor: Cursor) -> None:
    while not cursor.at_end:
        if cursor.word() == "(":
            cursor.group()
        elif cursor.word() == ")":
            cursor.stuck("the end")
        else:
            cursor.next()


def comment_on(cursor: Cursor, span: Span) -> list[Operation]:
    """Read all that stands behind COMMENT: `ON kind name IS 'text'`."""
    cursor.expect("ON")
    table = _commented(cursor)
    cursor.expect("IS")
    if not cursor.take("NULL"):
        cursor.string()
    return [OtherStatement(span=span, command="comment on", table=table)]


def security_label(cursor: Cursor, span: Span) -> list[Operation]:
    """Read all that stands behind SECURITY: `LABEL [FOR provider] ON kind name IS 'label'`."""
    cursor.expect("LABEL")
    if cursor.take("FOR"):
        cursor.next()
    cursor.expect("ON")
    table = _commented(cursor)
    cursor.expect("IS")
    if not cursor.take("NULL"):
        cursor.string()
    return [OtherStatement(span=span, command="security label", table=table)]


def _commented(cursor: Cursor) -> QualifiedName | None:
    """The object, up to IS; returns its table where it has one."""
    kind, _ = expect_kind(cursor)
    if kind in (ObjectKind.TABLE, ObjectKind.FOREIGN_TABLE):
        return cursor.qualified_name()
    if kind is ObjectKind.COLUMN:
        parts = [cursor.identifier()]
        while cursor.take("."):
            parts.append(cursor.identifier())
        if len(parts) < 2:
            cursor.stuck("a column")
        return QualifiedName(parts[-2], parts[-3] if len(parts) > 2 else None)
    table = None
    while not cursor.at_end and cursor.word() != "IS":
        if cursor.take("ON"):
            cursor.take("DOMAIN")
            table = cursor.qualified_name()
        elif cursor.word() == "(":
            cursor.group()
        else:
            cursor.next()
    return table
