"""A MySQL schema in the words of the shared snapshot, so that the shared differences and verdicts speak of it.

What a server counts up by itself (rows, AUTO_INCREMENT's next number, times) is no part of a schema.
"""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING, Any

from migsafe.mysql.connection import quote_identifier
from migsafe.mysql.schema import read_schema
from migsafe.shadow.snapshot import ObjectKey

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from migsafe.mysql.connection import Session
    from migsafe.mysql.schema import Row, Schema
    from migsafe.shadow.snapshot import Snapshot

_Object = tuple[ObjectKey, dict[str, object]]

_CONSTRAINT_KINDS = {"PRIMARY KEY": "p", "UNIQUE": "u", "FOREIGN KEY": "f", "CHECK": "c"}
_PRIMARY = "PRIMARY"
_NO_ACTION = frozenset({"NO ACTION", "RESTRICT"})
_ON_UPDATE = re.compile(r"\bon update [\w()]+", re.IGNORECASE)
_PLAIN_DATA = "BASE TABLE"
_SEQUENCE = "SEQUENCE"


def take_snapshot(session: Session, schema: str) -> Snapshot:
    """Read everything of a schema.

    Raises:
        StatementRefusedError: when the server refuses a query.
    """
    return snapshot_of(read_schema(session, schema), schema)


def snapshot_of(rows: Schema, schema: str) -> Snapshot:
    """A schema as facts by object.

    Args:
        schema: its name, which is taken out of what the server spells with it.
    """
    found: dict[ObjectKey, Mapping[str, object]] = {}
    for objects in (_tables(rows), _columns(rows), _indexes(rows), _constraints(rows), _code(rows)):
        for key, facts in objects:
            found[key] = {name: _without(schema, fact) for name, fact in facts.items()}
    return found


def _without(schema: str, fact: object) -> object:
    """The server qualifies names in views and in some expressions with the schema's own made-up name."""
    if not isinstance(fact, str):
        return fact
    return fact.replace(f"{quote_identifier(schema)}.", "").replace(f"{schema}.", "")


def _tables(rows: Schema) -> Iterator[_Object]:
    order = {table: [c["COLUMN_NAME"] for c in group] for table, group in _by(rows.columns, "TABLE_NAME")}
    partitions = {table: _partitions(group) for table, group in _by(rows.partitions, "TABLE_NAME")}
    views = {view["TABLE_NAME"]: view for view in rows.views}
    for table in rows.tables:
        name = table["TABLE_NAME"]
        match table["TABLE_TYPE"]:
            case "VIEW":
                yield ObjectKey("relation", name), {"kind": "v", **_view(views.get(name, {}))}
            case kind if kind == _SEQUENCE:
                yield ObjectKey("sequence", name), {"comment": table["TABLE_COMMENT"]}
            case kind:
                yield (
                    ObjectKey("relation", name),
                    {
                        "kind": "r",
                        "column_order": order.get(name, []),
                        "engine": table["ENGINE"],
                        "collation": table["TABLE_COLLATION"],
                        # MySQL writes what was asked for here, "partitioned" among it.
                        "options": table["CREATE_OPTIONS"],
                        "comment": table["TABLE_COMMENT"] or None,
                        "partitions": partitions.get(name, ""),
                        "versioning": "" if kind == _PLAIN_DATA else kind,
                    },
                )


def _view(row: Row) -> dict[str, object]:
    facts = ("VIEW_DEFINITION", "CHECK_OPTION", "SECURITY_TYPE", "ALGORITHM")
    return {"definition": " ".join(str(row[fact]) for fact in facts if row.get(fact))}


def _partitions(rows: Iterable[Row]) -> str:
    facts = (
        "PARTITION_METHOD",
        "PARTITION_EXPRESSION",
        "PARTITION_NAME",
        "PARTITION_DESCRIPTION",
        "SUBPARTITION_METHOD",
        "SUBPARTITION_EXPRESSION",
        "SUBPARTITION_NAME",
    )
    return "; ".join(" ".join(str(row[fact]) for fact in facts if row.get(fact) is not None) for row in rows)


def _columns(rows: Schema) -> Iterator[_Object]:
    tables = {table["TABLE_NAME"] for table in rows.tables if table["TABLE_TYPE"] not in {"VIEW", _SEQUENCE}}
    for column in rows.columns:
        if column["TABLE_NAME"] in tables:
            yield ObjectKey("column", column["TABLE_NAME"], column["COLUMN_NAME"]), _column(column)


def _column(row: Row) -> dict[str, object]:
    extra = str(row["EXTRA"] or "")
    on_update = _ON_UPDATE.search(extra)
    generated = f"{row['GENERATION_EXPRESSION']} {extra}" if row.get("GENERATION_EXPRESSION") else ""
    return {
        "type": row["COLUMN_TYPE"],
        "not_null": row["IS_NULLABLE"] == "NO",
        "default": default_of(row),
        "on update": on_update[0].lower() if on_update else None,
        "numbering": "auto_increment" in extra,
        "visibility": "invisible" if "INVISIBLE" in extra else "",
        "generated": generated,
        "collation": row["COLLATION_NAME"],
        "comment": row["COLUMN_COMMENT"] or None,
    }


def default_of(row: Row) -> str | None:
    """The text of a column's default; MariaDB says of a column without one that takes NULL that it is the word NULL."""
    default = row["COLUMN_DEFAULT"]
    return None if default is None or default == "NULL" else str(default)


def _indexes(rows: Schema) -> Iterator[_Object]:
    for (table, name), group in _by(rows.indexes, "TABLE_NAME", "INDEX_NAME"):
        if name != _PRIMARY:
            yield ObjectKey("index", table, name), {"table": table, **_index(table, name, list(group))}


def _index(table: str, name: str, parts: list[Row]) -> dict[str, object]:
    first = parts[0]
    unique = "" if int(first["NON_UNIQUE"]) else "UNIQUE "
    listed = ", ".join(_index_part(part) for part in parts)
    hidden = first.get("IS_VISIBLE") == "NO" or first.get("IGNORED") == "YES"
    return {
        "definition": f"CREATE {unique}INDEX {name} ON {table} USING {first['INDEX_TYPE'].lower()} ({listed})",
        "visibility": "hidden from the optimizer" if hidden else "",
        "comment": first["INDEX_COMMENT"] or None,
    }


def _index_part(row: Row) -> str:
    what = row["COLUMN_NAME"] if row["COLUMN_NAME"] is not None else f"({row.get('EXPRESSION')})"
    length = f"({row['SUB_PART']})" if row["SUB_PART"] is not None else ""
    return f"{what}{length}{' DESC' if row['COLLATION'] == 'D' else ''}"


def _constraints(rows: Schema) -> Iterator[_Object]:
    keys = {key: list(group) for key, group in _by(rows.indexes, "TABLE_NAME", "INDEX_NAME")}
    foreign = {key: list(group) for key, group in _by(rows.key_columns, "TABLE_NAME", "CONSTRAINT_NAME")}
    actions = {(row["TABLE_NAME"], row["CONSTRAINT_NAME"]): row for row in rows.actions}
    for row in rows.constraints:
        table, name = row["TABLE_NAME"], row["CONSTRAINT_NAME"]
        match row["CONSTRAINT_TYPE"]:
            case "FOREIGN KEY":
                definition = _foreign_key(foreign[table, name], actions[table, name])
            case "PRIMARY KEY" | "UNIQUE" as kind:
                definition = f"{kind} ({', '.join(map(_index_part, keys[table, name]))})"
            case _:
                continue
        part = f"{table}.{name}" if name == _PRIMARY else name
        kind = _CONSTRAINT_KINDS[row["CONSTRAINT_TYPE"]]
        yield ObjectKey("constraint", table, part), {"kind": kind, "definition": definition}
    yield from _checks(rows)


def _foreign_key(columns: list[dict[str, Any]], actions: Row) -> str:
    own = ", ".join(row["COLUMN_NAME"] for row in columns)
    parent = columns[0]["REFERENCED_TABLE_NAME"]
    if columns[0]["REFERENCED_TABLE_SCHEMA"] != columns[0]["TABLE_SCHEMA"]:
        parent = f"{columns[0]['REFERENCED_TABLE_SCHEMA']}.{parent}"
    others = ", ".join(row["REFERENCED_COLUMN_NAME"] for row in columns)
    # InnoDB makes no difference between the two ways to refuse (MySQL 8.4 manual, 15.1.20.5).
    on = "".join(
        f" ON {event} {actions[f'{event}_RULE']}"
        for event in ("DELETE", "UPDATE")
        if actions[f"{event}_RULE"] not in _NO_ACTION
    )
    return f"FOREIGN KEY ({own}) REFERENCES {parent} ({others}){on}"


def _checks(rows: Schema) -> Iterator[_Object]:
    """MySQL names a CHECK once in a schema and lists its table apart; MariaDB names it once in a table."""
    listed = [row for row in rows.constraints if row["CONSTRAINT_TYPE"] == "CHECK"]
    tables = {row["CONSTRAINT_NAME"]: row for row in listed}
    enforced = {row["CONSTRAINT_NAME"]: row.get("ENFORCED", "YES") for row in listed}
    for row in rows.checks:
        name = row["CONSTRAINT_NAME"]
        table = row.get("TABLE_NAME") or tables[name]["TABLE_NAME"]
        definition = f"CHECK ({row['CHECK_CLAUSE']})" + (" NOT ENFORCED" if enforced.get(name) == "NO" else "")
        yield ObjectKey("constraint", table, name), {"kind": "c", "definition": definition}


def _code(rows: Schema) -> Iterator[_Object]:
    for trigger in rows.triggers:
        table, name = trigger["EVENT_OBJECT_TABLE"], trigger["TRIGGER_NAME"]
        when = f"{trigger['ACTION_TIMING']} {trigger['EVENT_MANIPULATION']}"
        yield ObjectKey("trigger", table, name), {"definition": f"{when} {trigger['ACTION_STATEMENT']}"}
    parameters = {key: list(group) for key, group in _by(rows.parameters, "SPECIFIC_NAME", "ROUTINE_TYPE")}
    for routine in rows.routines:
        name, kind = routine["ROUTINE_NAME"], routine["ROUTINE_TYPE"]
        of_kind = parameters.get((routine["SPECIFIC_NAME"], kind), [])
        yield (
            ObjectKey(kind.lower(), name),
            {"definition": _routine(routine, of_kind)},
        )
    for event in rows.events:
        facts = ("EXECUTE_AT", "INTERVAL_VALUE", "INTERVAL_FIELD", "ON_COMPLETION", "STATUS", "EVENT_DEFINITION")
        yield ObjectKey("event", event["EVENT_NAME"]), {"definition": " ".join(str(event[fact]) for fact in facts)}


def _routine(row: Row, parameters: Iterable[Row]) -> str:
    """With its body between dollar signs, where the shared differences look for one."""
    listed = ", ".join(
        " ".join(str(one[fact]) for fact in ("PARAMETER_MODE", "PARAMETER_NAME", "DTD_IDENTIFIER") if one[fact])
        for one in parameters
    )
    facts = ("IS_DETERMINISTIC", "SQL_DATA_ACCESS", "SECURITY_TYPE", "SQL_MODE")
    head = f"{row['ROUTINE_TYPE']} {row['ROUTINE_NAME']} ({listed})"
    return "\n".join([head, *(f"{fact} {row[fact]}" for fact in facts), f"AS $${row['ROUTINE_DEFINITION']}$$"])


def _by(rows: Iterable[dict[str, Any]], *names: str) -> Iterator[tuple[Any, Iterable[dict[str, Any]]]]:
    """Rows in groups; they come sorted by the names."""

    def key(row: Row) -> Any:
        values = tuple(row[name] for name in names)
        return values if len(values) > 1 else values[0]

    for value, group in groupby(rows, key):
        yield value, list(group)
