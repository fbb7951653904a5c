"""A snapshot of a replayed catalogue, or of a server's as it is read into one: only what both can know.

Authors and servers write expressions in different ways, so that of a default, a CHECK or an index's WHERE only the
existence is compared. Whoever wants more applies the migrations to a server.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from migsafe.catalogue.spelling import spell_argument, spell_constraint, spell_index, spell_trigger, spell_type
from migsafe.model.catalogue import Catalogue, Column, Index, Table, TableConstraint
from migsafe.model.names import quote_identifier
from migsafe.model.operation import CheckConstraint, DataType, ExclusionConstraint, Expression, NotNullConstraint
from migsafe.shadow.snapshot import ObjectKey, Snapshot

_Fact = tuple[ObjectKey, Mapping[str, object]]

#: What stands for an expression whose words are not compared.
_SOME = Expression("…")


def static_snapshot(catalogue: Catalogue) -> Snapshot:
    """What a catalogue holds, in the form in which snapshots compare; `default` and the like say only whether."""
    return dict(_facts(catalogue))


def _facts(catalogue: Catalogue) -> Iterator[_Fact]:
    for schema in catalogue.schemas - {"public"}:
        yield ObjectKey("schema", quote_identifier(schema)), {}
    for extension in catalogue.extensions:
        yield ObjectKey("extension", extension), {}
    for table in catalogue.tables.values():
        yield from _table(table)
    for index in catalogue.indexes.values():
        yield ObjectKey("index", str(index.name)), {"table": str(index.table), **_index(index)}
    for name, view in catalogue.views.items():
        yield ObjectKey("relation", str(name)), {"kind": "m" if view.materialized else "v"}
    yield from _sequences_and_types(catalogue)
    for overloads in catalogue.functions.values():
        for function in overloads:
            arguments = ",".join(spell_argument(argument.removeprefix("public.")) for argument in function.arguments)
            kind = "p" if function.procedure else "f"
            yield (
                ObjectKey("function", f"{function.name}({arguments})"),
                {"kind": kind, "volatility": function.volatility},
            )
    for publication, members in catalogue.publications.items():
        yield ObjectKey("publication", publication), {"tables": None if members is None else sorted(map(str, members))}


def _sequences_and_types(catalogue: Catalogue) -> Iterator[_Fact]:
    for name, sequence in catalogue.sequences.items():
        owner = None if sequence.owned_by is None else ".".join(map(str, sequence.owned_by))
        yield ObjectKey("sequence", str(name)), {"type": sequence.type, "owned_by": owner}
    for name, enum in catalogue.enums.items():
        yield ObjectKey("type", str(name)), {"kind": "e", "values": list(enum.values)}
    for name, domain in catalogue.domains.items():
        base = {"kind": "d", "base": _type(domain.base), "not_null": domain.not_null}
        yield ObjectKey("type", str(name)), {**base, "checks": sorted(domain.checks)}


def _table(table: Table) -> Iterator[_Fact]:
    name = str(table.name)
    yield (
        ObjectKey("relation", name),
        {
            "kind": "p" if table.partition_by is not None else "f" if table.foreign else "r",
            "persistence": "u" if table.unlogged else "p",
            "row_security": table.row_security,
            "force_row_security": table.force_row_security,
            "parents": _parents(table),
            "bound": None if table.partition_of is None else "",
        },
    )
    for column in table.columns.values():
        yield ObjectKey("column", name, column.name), _column(column)
    for constraint in table.constraints.values():
        if not isinstance(constraint.definition, NotNullConstraint):
            yield ObjectKey("constraint", name, constraint.name), _constraint(constraint)
    for trigger in table.triggers.values():
        yield ObjectKey("trigger", name, trigger.name), {"definition": spell_trigger(trigger)}
    for policy in table.policies.values():
        yield ObjectKey("policy", name, policy.name), {"permissive": policy.permissive}


def _parents(table: Table) -> list[str] | None:
    parents = table.inherits if table.partition_of is None else (table.partition_of,)
    return [str(parent) for parent in parents] or None


def _column(column: Column) -> Mapping[str, object]:
    return {
        "type": None if column.type is None else _type(column.type),
        "not_null": not column.nullable,
        "default": column.default is not None,
        "identity": column.identity,
        "generated": column.generated is not None,
    }


def _type(data_type: DataType) -> str:
    """The type without the schema that a server always says and authors rarely do."""
    return spell_type(replace(data_type, schema=None) if data_type.schema == "public" else data_type)


def _constraint(constraint: TableConstraint) -> Mapping[str, object]:
    definition = constraint.definition
    facts: dict[str, object] = {"validated": constraint.validated}
    if isinstance(definition, CheckConstraint):
        coarse = replace(constraint, definition=replace(definition, expression=_SOME), validated=True)
        return facts | {"definition": spell_constraint(coarse)}
    if isinstance(definition, ExclusionConstraint):
        return facts | {"definition": "exclude"}
    return facts | {"definition": spell_constraint(replace(constraint, validated=True))}


def _index(index: Index) -> Mapping[str, object]:
    elements = tuple(
        replace(one, expression=_SOME if one.expression is not None else None, collation=None, operator_class=None)
        for one in index.elements
    )
    coarse = replace(index, elements=elements, where=_SOME if index.where is not None else None, valid=True)
    return {"definition": spell_index(coarse), "valid": index.valid}


def incomplete_tables(catalogue: Catalogue) -> frozenset[str]:
    """Tables of which not every column is known."""
    return frozenset(str(name) for name, table in catalogue.tables.items() if not table.complete)
