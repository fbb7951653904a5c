"""ALTER TABLE, and ALTER INDEX, VIEW, MATERIALIZED VIEW, SEQUENCE and FOREIGN TABLE, which share its actions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from migsafe.model.names import QualifiedName
from migsafe.model.operation import (
    AddConstraint,
    AlterConstraint,
    AlterInheritance,
    AlterSequence,
    AlterTableOther,
    AttachIndexPartition,
    AttachPartition,
    ClusterTable,
    DetachPartition,
    DropConstraint,
    ObjectKind,
    Operation,
    OtherStatement,
    PartitionBound,
    RenameColumn,
    RenameConstraint,
    RenameObject,
    RenameTable,
    SetAccessMethod,
    SetLogged,
    SetReplicaIdentity,
    SetRowSecurity,
    SetSchema,
    SetStorageParameters,
    SetTablespace,
    ToggleTrigger,
    ValidateConstraint,
)
from migsafe.parse.cursor import Cursor
from migsafe.parse.postgres import alter_column
from migsafe.parse.postgres.columns import read_constraint, sees_table_constraint
from migsafe.parse.postgres.options import parameter_names, read_sequence_options

if TYPE_CHECKING:
    from migsafe.model.script import Span

_KINDS = {
    ("TABLE",): ObjectKind.TABLE,
    ("FOREIGN", "TABLE"): ObjectKind.FOREIGN_TABLE,
    ("VIEW",): ObjectKind.VIEW,
    ("MATERIALIZED", "VIEW"): ObjectKind.MATERIALIZED_VIEW,
    ("INDEX",): ObjectKind.INDEX,
    ("SEQUENCE",): ObjectKind.SEQUENCE,
}
_TABLES = frozenset({ObjectKind.TABLE, ObjectKind.FOREIGN_TABLE})


@dataclass(frozen=True, slots=True)
class Target:
    """What the statement alters, as fields of `TableOperation`."""

    kind: ObjectKind
    table: QualifiedName
    if_exists: bool
    only: bool

    def fields(self, span: Span) -> dict[str, Any]:
        """The fields that every action's operation has."""
        return {"table": self.table, "if_exists": self.if_exists, "only": self.only, "span": span}


def take_relation_kind(cursor: Cursor) -> ObjectKind | None:
    """Move past TABLE, FOREIGN TABLE, VIEW and so on, if one comes next."""
    for words, kind in _KINDS.items():
        if cursor.take(*words):
            return kind
    return None


def alter_relation(cursor: Cursor, span: Span, kind: ObjectKind) -> list[Operation]:
    """Read all that stands behind `ALTER TABLE`, or behind ALTER and another kind."""
    if cursor.take("ALL", "IN", "TABLESPACE"):
        return [_move_all(cursor, span, kind)]
    if_exists = cursor.take("IF", "EXISTS")
    target = Target(kind, *_relation(cursor, if_exists))
    if (whole := _whole_statement(cursor, span, target)) is not None:
        return [whole]
    return cursor.listed(lambda: _action(cursor, target))


def _relation(cursor: Cursor, if_exists: bool) -> tuple[QualifiedName, bool, bool]:
    only, table = read_relation(cursor)
    return table, if_exists, only


def read_relation(cursor: Cursor) -> tuple[bool, QualifiedName]:
    """Read `[ONLY] name [*]`; returns whether ONLY is there, and the name."""
    only = cursor.word() == "ONLY" and (cursor.kind(1) in (0, 1, 5) or cursor.word(1) == "(") and cursor.take("ONLY")
    if only and cursor.word() == "(":
        inside = cursor.group()
        table = inside.qualified_name()
        inside.finish()
        return True, table
    table = cursor.qualified_name()
    cursor.take("*")
    return only, table


def _move_all(cursor: Cursor, span: Span, kind: ObjectKind) -> Operation:
    source = cursor.identifier()
    if cursor.take("OWNED", "BY"):
        cursor.listed(cursor.identifier)
    cursor.expect("SET", "TABLESPACE")
    to = cursor.identifier()
    cursor.take("NOWAIT")
    index = kind is ObjectKind.INDEX
    return SetTablespace(span=span, table=QualifiedName(source), tablespace=to, of_index=index, all_in_tablespace=True)


def _whole_statement(cursor: Cursor, span: Span, target: Target) -> Operation | None:
    """RENAME, SET SCHEMA and DEPENDS ON, which stand alone, and the options of a sequence."""
    start = cursor.at
    if cursor.take("RENAME"):
        return _rename(cursor, start, target)
    if cursor.take("SET", "SCHEMA"):
        schema = cursor.identifier()
        return SetSchema(
            span=cursor.span_from(start), kind=target.kind, name=target.table, schema=schema, if_exists=target.if_exists
        )
    if cursor.take("DEPENDS", "ON", "EXTENSION") or cursor.take("NO", "DEPENDS", "ON", "EXTENSION"):
        cursor.identifier()
        return OtherStatement(span=span, command=f"alter {target.kind} depends on extension")
    if target.kind is ObjectKind.SEQUENCE and not _sees_relation_action(cursor):
        options = read_sequence_options(cursor)
        return AlterSequence(
            span=span,
            sequence=target.table,
            if_exists=target.if_exists,
            restart=options.restart,
            type=options.type,
            owned_by=options.owned_by,
            disowned=options.disowned,
        )
    return None


def _sees_relation_action(cursor: Cursor) -> bool:
    return cursor.sees("OWNER") or cursor.sees("SET", "LOGGED") or cursor.sees("SET", "UNLOGGED")


def _rename(cursor: Cursor, start: int, target: Target) -> Operation:
    if cursor.take("TO"):
        new_name = cursor.identifier()
        fields = target.fields(cursor.span_from(start))
        if target.kind in _TABLES:
            return RenameTable(**fields, new_name=QualifiedName(new_name))
        return RenameObject(
            span=fields["span"], kind=target.kind, name=target.table, new_name=new_name, if_exists=target.if_exists
        )
    if cursor.word(1) != "TO" and cursor.take("CONSTRAINT"):
        name, new_name = _old_and_new(cursor)
        return RenameConstraint(**target.fields(cursor.span_from(start)), name=name, new_name=new_name)
    if cursor.word(1) != "TO":
        cursor.expect("COLUMN")
    name, new_name = _old_and_new(cursor)
    return RenameColumn(**target.fields(cursor.span_from(start)), column=name, new_name=new_name)


def _old_and_new(cursor: Cursor) -> tuple[str, str]:
    old = cursor.identifier()
    cursor.expect("TO")
    return old, cursor.identifier()


# -- actions ---------------------------------------------------------------------------------------------------------


def _action(cursor: Cursor, target: Target) -> Operation:
    start = cursor.at
    word = cursor.word()
    read = _ACTIONS.get(word)
    if read is None:
        cursor.stuck("an action of ALTER")
    cursor.at += 1
    return read(cursor, target, start)


def _add(cursor: Cursor, target: Target, start: int) -> Operation:
    if sees_table_constraint(cursor):
        constraint = read_constraint(cursor)
        return AddConstraint(**target.fields(cursor.span_from(start)), constraint=constraint)
    return alter_column.add(cursor, target, start)


def _drop(cursor: Cursor, target: Target, start: int) -> Operation:
    if not cursor.take("CONSTRAINT"):
        return alter_column.drop(cursor, target, start)
    missing_ok = cursor.take("IF", "EXISTS")
    name = cursor.identifier()
    cascade = take_cascade(cursor)
    return DropConstraint(
        **target.fields(cursor.span_from(start)), name=name, if_constraint_exists=missing_ok, cascade=cascade
    )


def take_cascade(cursor: Cursor) -> bool:
    """Move past CASCADE or RESTRICT; returns whether it was CASCADE."""
    return cursor.take_any("CASCADE", "RESTRICT") == "CASCADE"


def _alter(cursor: Cursor, target: Target, start: int) -> Operation:
    if not cursor.take("CONSTRAINT"):
        return alter_column.alter(cursor, target, start)
    name = cursor.identifier()
    changes: _Changes = {}
    while not cursor.at_end and cursor.word() != ",":
        _constraint_change(cursor, changes)
    return AlterConstraint(**target.fields(cursor.span_from(start)), name=name, **changes)


class _Changes(TypedDict, total=False):
    """Fields of `AlterConstraint`."""

    deferrable: bool
    initially_deferred: bool
    enforced: bool


def _constraint_change(cursor: Cursor, changes: _Changes) -> None:
    if cursor.take("NOT", "DEFERRABLE"):
        changes["deferrable"] = False
    elif cursor.take("DEFERRABLE"):
        changes["deferrable"] = True
    elif cursor.take("INITIALLY"):
        changes["initially_deferred"] = cursor.expect_any("DEFERRED", "IMMEDIATE") == "DEFERRED"
    elif cursor.take("NOT", "ENFORCED"):
        changes["enforced"] = False
    elif cursor.take("ENFORCED"):
        changes["enforced"] = True
    elif not (cursor.take("NO", "INHERIT") or cursor.take("INHERIT") or cursor.take("SET", "INHERIT")):
        cursor.stuck("an attribute of the constraint")


def _validate(cursor: Cursor, target: Target, start: int) -> Operation:
    cursor.expect("CONSTRAINT")
    name = cursor.identifier()
    return ValidateConstraint(**target.fields(cursor.span_from(start)), name=name)


def _enable(cursor: Cursor, target: Target, start: int) -> Operation:
    return _toggle(cursor, target, start, enable=True)


def _disable(cursor: Cursor, target: Target, start: int) -> Operation:
    return _toggle(cursor, target, start, enable=False)


def _toggle(cursor: Cursor, target: Target, start: int, *, enable: bool) -> Operation:
    if cursor.take("ROW", "LEVEL", "SECURITY"):
        action: Literal["enable", "disable"] = "enable" if enable else "disable"
        return SetRowSecurity(**target.fields(cursor.span_from(start)), action=action)
    mode: Literal["origin", "replica", "always"] = "origin"
    if enable and cursor.take("REPLICA"):
        mode = "replica"
    elif enable and cursor.take("ALWAYS"):
        mode = "always"
    rule = cursor.expect_any("TRIGGER", "RULE") == "RULE"
    trigger = cursor.identifier()
    return ToggleTrigger(**target.fields(cursor.span_from(start)), trigger=trigger, enable=enable, mode=mode, rule=rule)


def _force(cursor: Cursor, target: Target, start: int) -> Operation:
    cursor.expect("ROW", "LEVEL", "SECURITY")
    return SetRowSecurity(**target.fields(cursor.span_from(start)), action="force")


def _no(cursor: Cursor, target: Target, start: int) -> Operation:
    if cursor.take("FORCE", "ROW", "LEVEL", "SECURITY"):
        return SetRowSecurity(**target.fields(cursor.span_from(start)), action="no force")
    cursor.expect("INHERIT")
    parent = cursor.qualified_name()
    return AlterInheritance(**target.fields(cursor.span_from(start)), parent=parent, attach=False)


def _inherit(cursor: Cursor, target: Target, start: int) -> Operation:
    parent = cursor.qualified_name()
    return AlterInheritance(**target.fields(cursor.span_from(start)), parent=parent, attach=True)


def _other(words: str, *, then: Callable[[Cursor], object] | None = None) -> _Reader:
    """An action without a hazard of its own: its words after the first, and what follows them."""
    first, *further = words.upper().split()

    def read(cursor: Cursor, target: Target, start: int) -> Operation:
        cursor.expect(*further)
        if then is not None:
            then(cursor)
        return AlterTableOther(**target.fields(cursor.span_from(start)), action=words)

    read.__name__ = f"_{first.lower()}"
    return read


def _set(cursor: Cursor, target: Target, start: int) -> Operation:
    of_index = target.kind is ObjectKind.INDEX
    if cursor.word() == "(":
        return _parameters(cursor, target, start)
    if word := cursor.take_any("LOGGED", "UNLOGGED"):
        return SetLogged(**target.fields(cursor.span_from(start)), logged=word == "LOGGED")
    if cursor.take("TABLESPACE"):
        name = cursor.identifier()
        cursor.take("NOWAIT")
        return SetTablespace(**target.fields(cursor.span_from(start)), tablespace=name, of_index=of_index)
    if cursor.take("ACCESS", "METHOD"):
        method = cursor.identifier()
        return SetAccessMethod(**target.fields(cursor.span_from(start)), method=method)
    cursor.expect("WITHOUT")
    what = cursor.expect_any("CLUSTER", "OIDS").lower()
    return AlterTableOther(**target.fields(cursor.span_from(start)), action=f"set without {what}")


def _parameters(cursor: Cursor, target: Target, start: int) -> Operation:
    verb = cursor.words[cursor.at - 1].lower()
    names = parameter_names(cursor)
    fields = target.fields(cursor.span_from(start))
    if target.kind is ObjectKind.VIEW:
        return AlterTableOther(**fields, action=f"{verb} ({', '.join(names)})")
    return SetStorageParameters(**fields, parameters=names, of_index=target.kind is ObjectKind.INDEX)


def _replica(cursor: Cursor, target: Target, start: int) -> Operation:
    cursor.expect("IDENTITY")
    if cursor.take("USING", "INDEX"):
        index = cursor.identifier()
        return SetReplicaIdentity(**target.fields(cursor.span_from(start)), identity="index", index=index)
    word = cursor.expect_any("DEFAULT", "FULL", "NOTHING")
    identities: dict[str, Literal["default", "full", "nothing"]] = {
        "DEFAULT": "default",
        "FULL": "full",
        "NOTHING": "nothing",
    }
    return SetReplicaIdentity(**target.fields(cursor.span_from(start)), identity=identities[word])


def _attach(cursor: Cursor, target: Target, start: int) -> Operation:
    cursor.expect("PARTITION")
    partition = cursor.qualified_name()
    if target.kind is ObjectKind.INDEX:
        return AttachIndexPartition(span=cursor.span_from(start), index=target.table, partition=partition)
    bound = read_bound(cursor)
    return AttachPartition(**target.fields(cursor.span_from(start)), partition=partition, bound=bound)


def _detach(cursor: Cursor, target: Target, start: int) -> Operation:
    cursor.expect("PARTITION")
    partition = cursor.qualified_name()
    how = cursor.take_any("CONCURRENTLY", "FINALIZE")
    return DetachPartition(
        **target.fields(cursor.span_from(start)),
        partition=partition,
        concurrently=how == "CONCURRENTLY",
        finalize=how == "FINALIZE",
    )


def read_bound(cursor: Cursor) -> PartitionBound:
    """Read `FOR VALUES …` or DEFAULT."""
    start = cursor.at
    if cursor.take("DEFAULT"):
        return PartitionBound(True, "DEFAULT")
    cursor.expect("FOR", "VALUES")
    kind = cursor.expect_any("IN", "FROM", "WITH")
    cursor.group()
    if kind == "FROM":
        cursor.expect("TO")
        cursor.group()
    return PartitionBound(False, cursor.text[slice(*cursor.span_from(start))])


_Reader = Callable[[Cursor, Target, int], Operation]
_ACTIONS: dict[str, _Reader] = {
    "ADD": _add,
    "DROP": _drop,
    "ALTER": _alter,
    "VALIDATE": _validate,
    "ENABLE": _enable,
    "DISABLE": _disable,
    "FORCE": _force,
    "NO": _no,
    "INHERIT": _inherit,
    "SET": _set,
    "RESET": _parameters,
    "REPLICA": _replica,
    "ATTACH": _attach,
    "DETACH": _detach,
    "OWNER": _other("owner to", then=Cursor.identifier),
    "CLUSTER": _other("cluster on", then=Cursor.identifier),
    "OF": _other("of", then=Cursor.qualified_name),
    "NOT": _other("not of"),
    "OPTIONS": _other("options", then=Cursor.group),
}


def read_cluster(cursor: Cursor, span: Span) -> list[Operation]:
    """CLUSTER [(…)] [VERBOSE] [table [USING index]], also the old `CLUSTER index ON table`."""
    cursor.take("VERBOSE")
    if cursor.word() == "(":
        cursor.group()
    table = None if cursor.at_end else cursor.qualified_name()
    if cursor.take("ON"):
        table = cursor.qualified_name()
    elif cursor.take("USING"):
        cursor.identifier()
    return [ClusterTable(span=span, table=table)]
