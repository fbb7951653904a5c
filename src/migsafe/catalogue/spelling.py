"""How the parts of tables are written down: close to SQL, in one spelling, whoever wrote the original."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from migsafe.model.catalogue import Catalogue, Column, Domain, Function, Index, Sequence, TableConstraint, Trigger
from migsafe.model.names import QualifiedName, quote_identifier
from migsafe.model.operation import (
    BaseConstraint,
    CheckConstraint,
    DataType,
    ExclusionConstraint,
    Expression,
    ForeignKey,
    IndexElement,
    NotNullConstraint,
    PartitionKey,
    PrimaryKey,
    ReferentialAction,
    UniqueConstraint,
)

#: Other spellings of built-in types (PostgreSQL 18 manual, table 8.1).
_SPELLINGS = {
    "bool": "boolean",
    "char": "character",
    "decimal": "numeric",
    "float4": "real",
    "float8": "double precision",
    "int": "integer",
    "int2": "smallint",
    "int4": "integer",
    "int8": "bigint",
    "timestamp": "timestamp without time zone",
    "timestamptz": "timestamp with time zone",
    "time": "time without time zone",
    "timetz": "time with time zone",
    "varchar": "character varying",
}
_ARGUMENT = re.compile(r"(?P<name>[^(\[]+?)\s*(?:\([^)]*\))?(?P<brackets>(?:\[\])*)\Z")

UNKNOWN_TYPE = "(unknown type)"


def spell_column(column: Column) -> str:
    """A column without its name: `bigint not null generated always as identity`."""
    return " ".join(_column_words(column))


def _column_words(column: Column) -> Iterator[str]:
    yield UNKNOWN_TYPE if column.type is None else spell_type(column.type)
    if column.collation is not None:
        yield f"collate {_collation(column.collation)}"
    if not column.nullable:
        yield "not null"
    if column.identity is not None:
        yield f"generated {column.identity} as identity"
    if column.generated is not None:
        kind = "stored" if column.generated.stored else "virtual"
        yield f"generated always as {_parenthesised(column.generated.expression)} {kind}"
    if column.default is not None:
        yield f"default {one_line(column.default)}"


def with_whole_type(column: Column, catalogue: Catalogue) -> Column:
    """A column whose type has its schema, where somebody made that type: authors may leave it out, servers never do."""
    data_type = column.type
    if data_type is None or data_type.schema is not None:
        return column
    name = catalogue.resolve(QualifiedName(data_type.name))
    if name not in catalogue.enums and name not in catalogue.domains:
        return column
    return replace(column, type=replace(data_type, schema=name.schema))


def spell_type(data_type: DataType) -> str:
    """A type as SQL has it: an interval's fields stand outside of its parentheses."""
    if data_type.name != "interval" or not data_type.modifiers or data_type.modifiers[0].isdigit():
        return str(data_type)
    fields, *precision = data_type.modifiers
    return f"interval {fields}{f'({precision[0]})' if precision else ''}{'[]' * data_type.dimensions}"


def spell_constraint(constraint: TableConstraint, index: Index | None = None) -> str:
    """A constraint without its name: `foreign key (org_id) references public.orgs (id) on delete cascade`.

    Args:
        index: the one that it owns, which alone knows the keys of an exclusion constraint that a server has.
    """
    definition = constraint.definition
    words = [_constraint_head(definition, index), *_constraint_tail(definition)]
    if not constraint.validated:
        words.append("not valid")
    return " ".join(words)


def _constraint_head(definition: BaseConstraint, index: Index | None) -> str:
    match definition:
        case PrimaryKey():
            return f"primary key ({_names(definition.columns)}){_include(definition.include)}"
        case UniqueConstraint():
            distinct = " nulls not distinct" if definition.nulls_not_distinct else ""
            return f"unique{distinct} ({_names(definition.columns)}){_include(definition.include)}"
        case ForeignKey():
            return _foreign_key(definition)
        case CheckConstraint():
            return f"check {_parenthesised(definition.expression)}"
        case NotNullConstraint():
            return f"not null {quote_identifier(definition.column)}"
        case ExclusionConstraint():
            elements, method = definition.elements, definition.method or "btree"
            if not elements and index is not None:
                elements, method = index.elements, index.method
            return f"exclude using {method} ({', '.join(map(spell_element, elements))})"
    return type(definition).__name__


def _foreign_key(key: ForeignKey) -> str:
    referenced = f" ({_names(key.referenced_columns)})" if key.referenced_columns else ""
    actions = {"delete": key.on_delete, "update": key.on_update}
    said = [f" on {event} {action}" for event, action in actions.items() if action is not ReferentialAction.NO_ACTION]
    return f"foreign key ({_names(key.columns)}) references {key.referenced_table}{referenced}{''.join(said)}"


def _constraint_tail(definition: BaseConstraint) -> Iterator[str]:
    if definition.no_inherit:
        yield "no inherit"
    if definition.deferrable or definition.initially_deferred:
        yield "deferrable initially deferred" if definition.initially_deferred else "deferrable"
    if not definition.enforced:
        yield "not enforced"


def spell_index(index: Index) -> str:
    """An index without its name: `unique btree (lower(email)) where (deleted_at is null)`."""
    words = ["unique"] if index.unique else []
    words.append(f"{index.method} ({', '.join(map(spell_element, index.elements))}){_include(index.include)}")
    if index.nulls_not_distinct:
        words.append("nulls not distinct")
    if index.where is not None:
        words.append(f"where {_parenthesised(index.where)}")
    if not index.valid:
        words.append("invalid")
    return " ".join(words)


def spell_element(element: IndexElement) -> str:
    """One key of an index."""
    key = quote_identifier(element.column) if element.column is not None else ""
    if element.expression is not None:
        key = one_line(element.expression)
    if element.prefix_length is not None:
        key += f"({element.prefix_length})"
    words = [key]
    if element.collation is not None:
        words.append(f"collate {_collation(element.collation)}")
    if element.operator_class is not None:
        words.append(element.operator_class)
    if element.descending:
        words.append("desc")
    if element.nulls_first is not None and element.nulls_first != element.descending:
        words.append("nulls first" if element.nulls_first else "nulls last")
    return " ".join(words)


def spell_trigger(trigger: Trigger) -> str:
    """A trigger without its name: `before insert or update for each row execute function public.touch()`."""
    words = [trigger.timing, " or ".join(_in_order(trigger.events))]
    if trigger.row_level:
        words.append("for each row")
    if trigger.function is not None:
        words.append(f"execute function {trigger.function}()")
    if trigger.deferred:
        words.append("initially deferred")
    if not trigger.enabled:
        words.append("disabled")
    return " ".join(words)


def spell_sequence(sequence: Sequence) -> str:
    """A sequence without its name: `integer owned by public.orders.id`."""
    if sequence.owned_by is None:
        return sequence.type
    table, column = sequence.owned_by
    return f"{sequence.type} owned by {table}.{quote_identifier(column)}"


def spell_domain(domain: Domain) -> str:
    """A domain without its name: `numeric(12,3) not null check above_zero`."""
    checks = [f"check {quote_identifier(name)}" for name in sorted(domain.checks)]
    return " ".join([spell_type(domain.base), *(["not null"] if domain.not_null else []), *checks])


def spell_argument(text: str) -> str:
    """An argument's type as a server spells it, from an author's text: `int4[]` is `integer[]`, modifiers count not."""
    found = _ARGUMENT.match(text.removeprefix("pg_catalog."))
    return text if found is None else _SPELLINGS.get(found["name"], found["name"]) + found["brackets"]


def spell_function(function: Function) -> str:
    """A function with its arguments: `public.price(numeric, text) immutable`."""
    return f"{function.name}({', '.join(map(spell_argument, function.arguments))}) {function.volatility}"


def spell_partition_key(key: PartitionKey) -> str:
    """How a partitioned table spreads its rows: `range (created_at)`."""
    keys = " ".join(key.text.split())
    return f"{key.strategy} {keys if _is_enclosed(keys) else f'({keys})'}"


def one_line(expression: Expression) -> str:
    """An expression on one line."""
    return " ".join(expression.text.split())


def _parenthesised(expression: Expression) -> str:
    """An expression in exactly one pair of outer parentheses, which the server writes and authors may leave out."""
    text = one_line(expression)
    return text if _is_enclosed(text) else f"({text})"


def _is_enclosed(text: str) -> bool:
    """Whether the first parenthesis closes with the last character. Quotes are respected as far as brackets go."""
    if not (text.startswith("(") and text.endswith(")")):
        return False
    depth, quote = 0, ""
    for place, char in enumerate(text):
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char in "()":
            depth += 1 if char == "(" else -1
            if depth == 0 and place < len(text) - 1:
                return False
    return depth == 0


def _names(names: Iterable[str]) -> str:
    return ", ".join(map(quote_identifier, names))


def _collation(name: str) -> str:
    """Authors' quotes are kept with the name, while a server's names have none."""
    return name if name.startswith('"') else quote_identifier(name)


def _include(names: tuple[str, ...]) -> str:
    return f" include ({_names(names)})" if names else ""


def _in_order(events: Iterable[str]) -> list[str]:
    order = ("insert", "update", "delete", "truncate")
    return sorted(events, key=lambda event: order.index(event) if event in order else len(order))
