"""Words that messages and recipes share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from migsafe.model.catalogue import Catalogue
from migsafe.model.catalogue.naming import join_columns, make_object_name
from migsafe.model.names import QualifiedName, quote_identifier
from migsafe.model.operation import ColumnDefinition, CreateIndex, IndexElement

#: Before lines of a recipe that belong in another migration, and so in another transaction.
LATER_MIGRATION = "-- later migration:"
#: The version that brought NOT NULL … NOT VALID (release notes of PostgreSQL 18).
NOT_NULL_NOT_VALID_SINCE = 18
#: Before lines of a recipe that a server refuses inside a transaction.
OUTSIDE_TRANSACTION = "-- in a migration that runs outside a transaction:"


def name_list(names: Iterable[object]) -> str:
    """Names in a sentence: "a", "a and b", "a, b and c"."""
    *most, last = [str(name) for name in names] or [""]
    return f"{', '.join(most)} and {last}" if most else last


def as_written(name: QualifiedName, catalogue: Catalogue) -> QualifiedName:
    """A resolved name as a person would write it: without the schema where the search path finds it anyway."""
    bare = QualifiedName(name.name)
    on_path = name.schema is None or name.schema in catalogue.search_path
    return bare if on_path and catalogue.resolve(bare) == name else name


def shown(name: QualifiedName, catalogue: Catalogue) -> str:
    """A resolved name as a person would write it, as text."""
    return str(as_written(name, catalogue))


def column_list(columns: Iterable[str]) -> str:
    """Columns as SQL writes them between parentheses."""
    return ", ".join(quote_identifier(column) for column in columns)


def recipe(*lines: str) -> str:
    """Lines of SQL and of comments, as one text to copy; empty ones are left out."""
    return "\n".join(line for line in lines if line)


def constraint_name(name: str | None, table: str, columns: Iterable[str], suffix: str) -> str:
    """The constraint's name as SQL, or the one that Postgres would make up."""
    return quote_identifier(name or made_up_name(table, columns, suffix))


def made_up_name(table: str, columns: Iterable[str], suffix: str) -> str:
    """The name that Postgres gives a constraint or index without one, where nothing else has it."""
    return make_object_name(table, join_columns(columns) or None, suffix)


def parenthesised(text: str) -> str:
    """An expression in one pair of parentheses, its own where it has them."""
    depth = 0
    for place, char in enumerate(text):
        depth += {"(": 1, ")": -1}.get(char, 0)
        if depth == 0:
            return text if place == len(text) - 1 else f"({text})"
    return f"({text})"


def _is_call(text: str) -> bool:
    """Whether an expression is one function call, which an index takes without parentheses around it."""
    name, bracket, rest = text.partition("(")
    return bool(bracket) and name.replace(".", "").isidentifier() and parenthesised(bracket + rest) == bracket + rest


def index_sql(op: CreateIndex, *, concurrently: bool = False, only: bool = False, guarded: bool = True) -> str:
    """CREATE INDEX as a person would write it.

    Args:
        op: the index.
        concurrently: with CONCURRENTLY.
        only: ON ONLY the table, for a partitioned one.
        guarded: keep IF NOT EXISTS where the operation has it.
    """
    words = [
        "CREATE",
        "UNIQUE" if op.unique else "",
        "INDEX",
        "CONCURRENTLY" if concurrently else "",
        "IF NOT EXISTS" if guarded and op.if_not_exists else "",
        quote_identifier(op.name) if op.name else "",
        "ON ONLY" if only else "ON",
        str(op.table),
        f"USING {op.method}" if op.method else "",
        f"({', '.join(_element(element) for element in op.elements)})",
        f"INCLUDE ({column_list(op.include)})" if op.include else "",
        "NULLS NOT DISTINCT" if op.nulls_not_distinct else "",
        f"WHERE {op.where.text}" if op.where is not None else "",
    ]
    return " ".join(word for word in words if word) + ";"


def index_per_partition(op: CreateIndex, catalogue: Catalogue) -> str:
    """The way to index a partitioned table without blocking it, with the partitions that migsafe knows."""
    parent = op.name or "the_index"
    known = [leaf.moved(op.table.schema) for leaf in catalogue.leaves(op.table)]
    per_leaf = [
        line for leaf in known or [QualifiedName("each_partition")] for line in _one_partition(op, leaf, parent)
    ]
    return recipe(index_sql(replace(op, name=parent), only=True), OUTSIDE_TRANSACTION, *per_leaf)


def _one_partition(op: CreateIndex, leaf: QualifiedName, parent: str) -> tuple[str, str]:
    child = f"{leaf.name}_{parent}"
    build = index_sql(replace(op, name=child, table=leaf, only=False), concurrently=True)
    return build, f"ALTER INDEX {quote_identifier(parent)} ATTACH PARTITION {quote_identifier(child)};"


def column_sql(definition: ColumnDefinition) -> str:
    """A column's definition without its constraints, as ADD COLUMN takes it."""
    words = [
        quote_identifier(definition.name),
        str(definition.type or ""),
        f"DEFAULT {definition.default.text}" if definition.default is not None else "",
        "NOT NULL" if definition.not_null else "",
    ]
    return " ".join(word for word in words if word)


def set_not_null_recipe(table: QualifiedName, columns: Iterable[str], server_major: int) -> str:
    """NOT NULL without a scan under a blocking lock.

    Since PostgreSQL 18 by NOT NULL … NOT VALID; from 12 on by a CHECK that SET NOT NULL takes as its proof
    (manual, ALTER TABLE, "SET NOT NULL").
    """
    prepare = ["-- first: every writer sets it, and a backfill has left no NULL"]
    finish = [LATER_MIGRATION]
    for column in columns:
        name, quoted = quote_identifier(f"{table.name}_{column}_not_null"), quote_identifier(column)
        if server_major >= NOT_NULL_NOT_VALID_SINCE:
            prepare.append(f"ALTER TABLE {table} ADD CONSTRAINT {name} NOT NULL {quoted} NOT VALID;")
            finish.append(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name};")
            continue
        prepare.append(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({quoted} IS NOT NULL) NOT VALID;")
        finish += [
            f"ALTER TABLE {table} VALIDATE CONSTRAINT {name};",
            f"ALTER TABLE {table} ALTER COLUMN {quoted} SET NOT NULL;",
            f"ALTER TABLE {table} DROP CONSTRAINT {name};",
        ]
    return recipe(*prepare, *finish)


def _element(element: IndexElement) -> str:
    text = element.expression.text if element.expression is not None else ""
    expression = text if _is_call(text) else parenthesised(text)
    words = [
        quote_identifier(element.column) if element.column is not None else expression,
        f"COLLATE {element.collation}" if element.collation else "",
        element.operator_class or "",
        "DESC" if element.descending else "",
        "" if element.nulls_first is None else f"NULLS {'FIRST' if element.nulls_first else 'LAST'}",
    ]
    return " ".join(word for word in words if word)
