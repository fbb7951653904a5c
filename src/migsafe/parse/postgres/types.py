"""Type names of Postgres → one spelling each: that of `format_type()` (manual, 9.26.3), without modifiers."""

from __future__ import annotations

from migsafe.model.operation import DataType
from migsafe.parse.cursor import NUMBER, QUOTED, Cursor

#: Other spellings of built-in types (manual, table 8.1), and the names under which `pg_type` keeps them.
_CANONICAL = {
    "bool": "boolean",
    "bpchar": "bpchar",
    "char": "character",
    "dec": "numeric",
    "decimal": "numeric",
    "float4": "real",
    "float8": "double precision",
    "int": "integer",
    "int2": "smallint",
    "int4": "integer",
    "int8": "bigint",
    "nchar": "character",
    "serial2": "smallserial",
    "serial4": "serial",
    "serial8": "bigserial",
    "time": "time without time zone",
    "timestamp": "timestamp without time zone",
    "timestamptz": "timestamp with time zone",
    "timetz": "time with time zone",
    "varbit": "bit varying",
    "varchar": "character varying",
}
#: Names that are those types in double quotes too: the ones in `pg_type`.
_CATALOGUE_NAMES = frozenset(
    {
        "bool",
        "float4",
        "float8",
        "int2",
        "int4",
        "int8",
        "time",
        "timestamp",
        "timestamptz",
        "timetz",
        "varbit",
        "varchar",
    }
)
_ONE_LONG = frozenset({"character", "bit"})
_INTERVAL_FIELDS = ("YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND")


def read_type(cursor: Cursor) -> DataType:
    """Read a type name with its modifiers and array brackets.

    Raises:
        Stuck: when there is none.
    """
    schema, name = _name(cursor)
    modifiers: tuple[str, ...] = ()
    if name == "interval" and schema is None:
        modifiers = _interval_modifiers(cursor)
    elif cursor.word() == "(":
        modifiers = tuple(item.source for item in cursor.group().items())
    if name in ("time without time zone", "timestamp without time zone"):
        name = _with_zone(cursor, name)
    if name == "float":
        name = "real" if modifiers and modifiers[0].isdigit() and int(modifiers[0]) <= 24 else "double precision"
        modifiers = ()
    if name in _ONE_LONG and not modifiers and schema is None:
        modifiers = ("1",)
    if name == "numeric" and len(modifiers) == 2 and modifiers[1] == "0":
        modifiers = modifiers[0], "0"
    return DataType(name, modifiers, _dimensions(cursor), schema)


def _name(cursor: Cursor) -> tuple[str | None, str]:
    quoted = cursor.kind() == QUOTED
    full = cursor.qualified_name()
    if cursor.take("%", "TYPE") or cursor.take("%", "ROWTYPE"):
        return full.schema, full.name + "%type"
    schema = None if full.schema == "pg_catalog" else full.schema
    if schema is not None:
        return schema, full.name
    if quoted or full.schema is not None:
        return None, _catalogue_spelling(full.name)
    return None, _several_words(cursor, full.name)


def _catalogue_spelling(name: str) -> str:
    if name == "char":
        return '"char"'
    return _CANONICAL[name] if name in _CATALOGUE_NAMES else name


def _several_words(cursor: Cursor, name: str) -> str:
    if name == "double":
        cursor.expect("PRECISION")
        return "double precision"
    if name == "national":
        cursor.expect_any("CHARACTER", "CHAR")
        name = "character"
    name = _CANONICAL.get(name, name)
    if name in ("character", "bit") and cursor.take("VARYING"):
        return name + " varying"
    return name


def _with_zone(cursor: Cursor, name: str) -> str:
    if cursor.take("WITH", "TIME", "ZONE"):
        return name.replace("without", "with")
    cursor.take("WITHOUT", "TIME", "ZONE")
    return name


def _interval_modifiers(cursor: Cursor) -> tuple[str, ...]:
    fields = []
    while field := cursor.take_any(*_INTERVAL_FIELDS, "TO"):
        fields.append(field.lower())
    precision = tuple(item.source for item in cursor.group().items()) if cursor.word() == "(" else ()
    return ((" ".join(fields),) if fields else ()) + precision


def _dimensions(cursor: Cursor) -> int:
    array = cursor.take("ARRAY")
    brackets = 0
    while cursor.take("["):
        if cursor.kind() == NUMBER:
            cursor.next()
        cursor.expect("]")
        brackets += 1
    return max(brackets, int(array))
