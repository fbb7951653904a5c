"""ALTER of everything that is no relation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from migsafe.model.names import QualifiedName
from migsafe.model.operation import (
    AddEnumValue,
    AlterCompositeType,
    AlterDomain,
    AlterExtension,
    AlterFunction,
    AlterPolicy,
    AlterRole,
    AlterServerSetting,
    CheckConstraint,
    NotNullConstraint,
    ObjectKind,
    Operation,
    OtherStatement,
    RenameEnumValue,
    RenameObject,
    SetSchema,
)
from migsafe.parse.expressions import read_expression
from migsafe.parse.postgres.access import alter_default_privileges
from migsafe.parse.postgres.alter_table import alter_relation, take_cascade, take_relation_kind
from migsafe.parse.postgres.columns import read_constraint
from migsafe.parse.postgres.objects import expect_kind, read_arguments, skip_object_name
from migsafe.parse.postgres.types import read_type

if TYPE_CHECKING:
    from migsafe.model.script import Span
    from migsafe.parse.cursor import Cursor

_FUNCTIONS = frozenset({ObjectKind.FUNCTION, ObjectKind.PROCEDURE, ObjectKind.ROUTINE})
_ON_TABLE = frozenset({ObjectKind.TRIGGER, ObjectKind.POLICY, ObjectKind.RULE})


def alter(cursor: Cursor, span: Span) -> list[Operation]:
    """Read all that stands behind ALTER."""
    kind = take_relation_kind(cursor)
    if kind is not None:
        return alter_relation(cursor, span, kind)
    if cursor.take("DEFAULT", "PRIVILEGES"):
        return alter_default_privileges(cursor, span)
    if cursor.take("SYSTEM"):
        return [_system(cursor, span)]
    kind, words = expect_kind(cursor)
    if kind in _ON_TABLE:
        return [_on_table(cursor, span, kind)]
    if kind is ObjectKind.ROLE:
        return [_role(cursor, span)]
    if_exists = cursor.take("IF", "EXISTS")
    name = skip_object_name(cursor, kind, words)
    if (common := _common(cursor, span, kind, name, if_exists=if_exists)) is not None:
        return [common]
    if kind is ObjectKind.TYPE:
        return _type(cursor, span, name)
    if kind is ObjectKind.DOMAIN:
        return [_domain(cursor, span, name)]
    if kind in _FUNCTIONS:
        return [_function(cursor, span, name)]
    if kind is ObjectKind.EXTENSION:
        return [_extension(cursor, span, name)]
    if kind is ObjectKind.DATABASE:
        return [_database(cursor, span, name)]
    _rest(cursor)
    return [OtherStatement(span=span, command=f"alter {words}")]


def _rest(cursor: Cursor) -> str:
    """Move past options that are known to have no hazard; there must be some. Returns their first word."""
    if cursor.at_end:
        cursor.stuck("what to change")
    word = cursor.word().lower()
    while not cursor.at_end:
        if cursor.word() == "(":
            cursor.group()
        else:
            cursor.next()
    return word


def _common(cursor: Cursor, span: Span, kind: ObjectKind, name: QualifiedName, *, if_exists: bool) -> Operation | None:
    """RENAME TO, SET SCHEMA, OWNER TO, DEPENDS ON EXTENSION: the same for every kind."""
    if cursor.take("RENAME", "TO"):
        return RenameObject(span=span, kind=kind, name=name, new_name=cursor.identifier(), if_exists=if_exists)
    if cursor.take("SET", "SCHEMA"):
        schema = cursor.identifier()
        if kind is ObjectKind.EXTENSION:
            return AlterExtension(span=span, extension=name.name, action="set schema")
        return SetSchema(span=span, kind=kind, name=name, schema=schema, if_exists=if_exists)
    if cursor.take("OWNER", "TO"):
        cursor.identifier()
        return OtherStatement(span=span, command=f"alter {kind} owner to")
    if cursor.take("DEPENDS", "ON", "EXTENSION") or cursor.take("NO", "DEPENDS", "ON", "EXTENSION"):
        cursor.identifier()
        return OtherStatement(span=span, command=f"alter {kind} depends on extension")
    return None


def _on_table(cursor: Cursor, span: Span, kind: ObjectKind) -> Operation:
    if_exists = cursor.take("IF", "EXISTS")
    name = cursor.identifier()
    cursor.expect("ON")
    table = cursor.qualified_name()
    if cursor.take("RENAME", "TO"):
        new_name = cursor.identifier()
        if kind is ObjectKind.POLICY:
            return AlterPolicy(span=span, table=table, name=name, new_name=new_name, if_exists=if_exists)
        return RenameObject(span=span, kind=kind, name=QualifiedName(name), new_name=new_name, table=table)
    if kind is ObjectKind.POLICY:
        _policy_clauses(cursor)
        return AlterPolicy(span=span, table=table, name=name)
    if not cursor.take("NO"):
        cursor.expect("DEPENDS")
    else:
        cursor.expect("DEPENDS")
    cursor.expect("ON", "EXTENSION")
    cursor.identifier()
    return OtherStatement(span=span, command=f"alter {kind} depends on extension", table=table)


def _policy_clauses(cursor: Cursor) -> None:
    if cursor.take("TO"):
        cursor.listed(cursor.identifier)
    if cursor.take("USING"):
        cursor.group()
    if cursor.take("WITH", "CHECK"):
        cursor.group()


# -- types and domains -----------------------------------------------------------------------------------------------


def _type(cursor: Cursor, span: Span, name: QualifiedName) -> list[Operation]:
    if cursor.take("ADD", "VALUE"):
        return [_add_value(cursor, span, name)]
    if cursor.take("RENAME", "VALUE"):
        value = cursor.string()
        cursor.expect("TO")
        return [RenameEnumValue(span=span, type=name, value=value, new_value=cursor.string())]
    if cursor.take("RENAME", "ATTRIBUTE"):
        attribute = cursor.identifier()
        cursor.expect("TO")
        new_name = cursor.identifier()
        cascade = take_cascade(cursor)
        return [
            AlterCompositeType(
                span=span, type=name, action="rename", attribute=attribute, new_name=new_name, cascade=cascade
            )
        ]
    if cursor.take("SET"):
        cursor.group()
        return [OtherStatement(span=span, command="alter type set")]
    return cursor.listed(lambda: _attribute(cursor, name))


def _add_value(cursor: Cursor, span: Span, name: QualifiedName) -> Operation:
    if_not_exists = cursor.take("IF", "NOT", "EXISTS")
    value = cursor.string()
    before = cursor.string() if cursor.take("BEFORE") else None
    after = cursor.string() if cursor.take("AFTER") else None
    return AddEnumValue(span=span, type=name, value=value, if_not_exists=if_not_exists, before=before, after=after)


def _attribute(cursor: Cursor, name: QualifiedName) -> Operation:
    start = cursor.at
    actions: dict[str, Literal["add", "drop", "alter"]] = {"ADD": "add", "DROP": "drop", "ALTER": "alter"}
    action = actions[cursor.expect_any(*actions)]
    cursor.expect("ATTRIBUTE")
    if action == "drop":
        cursor.take("IF", "EXISTS")
    attribute = cursor.identifier()
    data_type = None
    if action == "alter":
        cursor.take("SET", "DATA")
        cursor.expect("TYPE")
    if action != "drop":
        data_type = read_type(cursor)
        if cursor.take("COLLATE"):
            cursor.qualified_name()
    cascade = take_cascade(cursor)
    return AlterCompositeType(
        span=cursor.span_from(start),
        type=name,
        action=action,
        attribute=attribute,
        data_type=data_type,
        cascade=cascade,
    )


def _domain(cursor: Cursor, span: Span, name: QualifiedName) -> Operation:
    if cursor.take("ADD"):
        return AlterDomain(span=span, domain=name, action="add constraint", constraint=domain_constraint(cursor))
    if cursor.take("DROP", "CONSTRAINT"):
        cursor.take("IF", "EXISTS")
        constraint = cursor.identifier()
        take_cascade(cursor)
        return AlterDomain(span=span, domain=name, action="drop constraint", name=constraint)
    if cursor.take("VALIDATE", "CONSTRAINT"):
        return AlterDomain(span=span, domain=name, action="validate constraint", name=cursor.identifier())
    if cursor.take("RENAME", "CONSTRAINT"):
        old = cursor.identifier()
        cursor.expect("TO")
        return AlterDomain(span=span, domain=name, action="rename constraint", name=old, new_name=cursor.identifier())
    if cursor.take("SET", "NOT", "NULL"):
        return AlterDomain(span=span, domain=name, action="set not null")
    if cursor.take("DROP", "NOT", "NULL"):
        return AlterDomain(span=span, domain=name, action="drop not null")
    if cursor.take("DROP", "DEFAULT"):
        return AlterDomain(span=span, domain=name, action="drop default")
    cursor.expect("SET", "DEFAULT")
    return AlterDomain(span=span, domain=name, action="set default", default=read_expression(cursor.rest()))


def domain_constraint(cursor: Cursor) -> CheckConstraint | NotNullConstraint:
    """`[CONSTRAINT name] CHECK (…)` or `[CONSTRAINT name] NOT NULL`, which names no column in a domain."""
    probe = cursor.part(cursor.at, cursor.stop)
    name = probe.identifier() if probe.take("CONSTRAINT") else None
    if probe.take("NOT", "NULL"):
        cursor.at = probe.at
        not_valid = cursor.take("NOT", "VALID")
        return NotNullConstraint(name=name, column="", not_valid=not_valid)
    constraint = read_constraint(cursor)
    if not isinstance(constraint, CheckConstraint):
        cursor.stuck("CHECK or NOT NULL")
    return constraint


# -- functions, extensions, roles, settings --------------------------------------------------------------------------


def _function(cursor: Cursor, span: Span, name: QualifiedName) -> Operation:
    start, definer = cursor.at, None
    while not cursor.at_end:
        cursor.take("EXTERNAL")
        if cursor.take("SECURITY"):
            definer = cursor.expect_any("DEFINER", "INVOKER") == "DEFINER"
        else:
            cursor.next()
    words = cursor.text[slice(*cursor.span_from(start))].lower() if cursor.at > start else cursor.stuck("an option")
    return AlterFunction(span=span, name=name, security_definer=definer, options=(" ".join(words.split()),))


def _extension(cursor: Cursor, span: Span, name: QualifiedName) -> Operation:
    action = cursor.expect_any("UPDATE", "ADD", "DROP")
    if action == "UPDATE":
        if cursor.take("TO"):
            cursor.next()
    else:
        kind, words = expect_kind(cursor)
        skip_object_name(cursor, kind, words)
        read_arguments(cursor)
    return AlterExtension(span=span, extension=name.name, action=action.lower())


def _database(cursor: Cursor, span: Span, name: QualifiedName) -> Operation:
    if cursor.sees_any(("SET", "RESET")) and not cursor.sees("SET", "TABLESPACE"):
        cursor.next()
        parameter = _parameter(cursor)
        return AlterServerSetting(span=span, scope="database", parameter=parameter, database=name.name)
    _rest(cursor)
    return OtherStatement(span=span, command="alter database")


def _system(cursor: Cursor, span: Span) -> Operation:
    cursor.expect_any("SET", "RESET")
    return AlterServerSetting(span=span, scope="system", parameter=_parameter(cursor))


def _parameter(cursor: Cursor) -> str:
    name = cursor.identifier()
    while cursor.take("."):
        name += "." + cursor.identifier()
    cursor.rest()
    return name.lower()


def _role(cursor: Cursor, span: Span) -> Operation:
    cursor.take("IF", "EXISTS")
    name = cursor.identifier()
    if cursor.take("RENAME", "TO"):
        return RenameObject(span=span, kind=ObjectKind.ROLE, name=QualifiedName(name), new_name=cursor.identifier())
    if cursor.take("IN", "DATABASE"):
        cursor.identifier()
    if cursor.sees_any(("SET", "RESET")):
        verb = cursor.next().text.lower()
        return AlterRole(span=span, role=name, options=(f"{verb} {_parameter(cursor)}",))
    return AlterRole(span=span, role=name, options=role_options(cursor))


def role_options(cursor: Cursor) -> tuple[str, ...]:
    """`WITH LOGIN PASSWORD '…'` as lower-case words; values are left out, passwords above all."""
    cursor.take("WITH")
    options = []
    while not cursor.at_end:
        token = cursor.next()
        if token.word.isidentifier():
            options.append(token.text.lower())
    return tuple(options)
