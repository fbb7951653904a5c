"""What a database holds: `sqlite_master`, and what the pragmas say of each table (sqlite.org/pragma.html).

Names and texts are as SQLite keeps them; what only the SQL of a table says (CHECK, COLLATE, DEFERRABLE) stands in its
`sql`, for whoever can read it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from migsafe.sqlite.connection import Database

#: `hidden` of `pragma_table_xinfo`: of a virtual table's own making, and generated columns.
_HIDDEN, _VIRTUAL_COLUMN, _STORED_COLUMN = 1, 2, 3

#: The first version with `pragma_table_list`, which tells the tables that a virtual table keeps for itself.
_TABLE_LIST_SINCE = (3, 37)

_OBJECTS = (
    "select type, name, tbl_name, coalesce(sql, '') from sqlite_master "
    r"where name not like 'sqlite\_%' escape '\' order by rowid"
)
_COLUMNS = (
    'select m.name, c.name, c.type, c."notnull", c.dflt_value, c.pk, c.hidden '
    "from sqlite_master m join pragma_table_xinfo(m.name) c where m.type = 'table' order by m.rowid, c.cid"
)
_KEYS = (
    'select m.name, i.name, i.origin, i."unique", x.name from sqlite_master m '
    "join pragma_index_list(m.name) i join pragma_index_xinfo(i.name) x "
    "where m.type = 'table' and x.key and i.origin <> 'c' order by m.rowid, i.seq, x.seqno"
)
_FOREIGN_KEYS = (
    'select m.name, f.id, f."table", f."from", f."to", f.on_update, f.on_delete '
    "from sqlite_master m join pragma_foreign_key_list(m.name) f where m.type = 'table' order by m.rowid, f.id, f.seq"
)
_SHADOW_TABLES = "select name from pragma_table_list where schema = 'main' and type = 'shadow'"


class Column(NamedTuple):
    """A column.

    Attributes:
        type: as declared; empty for none.
        default: the text of its expression.
        key: its place in the primary key from 1; 0 outside of it.
        generated: "virtual", "stored", or empty.
    """

    name: str
    type: str
    not_null: bool
    default: str | None
    key: int
    generated: str


class ForeignKey(NamedTuple):
    """A foreign key; `parent_columns` is empty where the SQL leaves them out. Actions are upper-case words."""

    columns: tuple[str, ...]
    parent: str
    parent_columns: tuple[str, ...]
    on_update: str
    on_delete: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table.

    Attributes:
        sql: its CREATE TABLE, as SQLite keeps it up.
        unique: the columns of each UNIQUE in its SQL, in order.
        virtual: a module makes its content.
    """

    name: str
    sql: str
    columns: tuple[Column, ...]
    unique: tuple[tuple[str, ...], ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    virtual: bool = False

    @property
    def primary_key(self) -> tuple[str, ...]:
        """The columns of the primary key, in its order; empty for none."""
        return tuple(column.name for column in sorted(self.columns, key=lambda column: column.key) if column.key)


class Part(NamedTuple):
    """A view, an index that has SQL of its own, or a trigger; `table` is where it stands, a view's own name."""

    name: str
    table: str
    sql: str


@dataclass(frozen=True, slots=True)
class Schema:
    """All that a database holds, in the order in which it was made."""

    tables: tuple[Table, ...] = ()
    views: tuple[Part, ...] = ()
    indexes: tuple[Part, ...] = ()
    triggers: tuple[Part, ...] = ()


def read_schema(database: Database) -> Schema:
    """Read everything but SQLite's own tables and those that a virtual table keeps for itself."""
    rows = database.query(_OBJECTS)
    inner = _shadow_tables(database)
    columns = _by_table((table, _column(*facts)) for table, *facts in database.query(_COLUMNS) if facts[5] != _HIDDEN)
    unique = _unique(database)
    foreign_keys = _foreign_keys(database)
    tables = tuple(
        Table(
            name,
            sql,
            tuple(columns.get(name, ())),
            tuple(unique.get(name, ())),
            tuple(foreign_keys.get(name, ())),
            virtual=sql[:14].upper() == "CREATE VIRTUAL",
        )
        for kind, name, _, sql in rows
        if kind == "table" and name not in inner
    )
    return Schema(tables, *(_parts(rows, kind, inner) for kind in ("view", "index", "trigger")))


def _parts(rows: Iterable[tuple[Any, ...]], wanted: str, inner: set[str]) -> tuple[Part, ...]:
    return tuple(Part(name, table, sql) for kind, name, table, sql in rows if kind == wanted and table not in inner)


def _shadow_tables(database: Database) -> set[str]:
    ((version,),) = database.query("select sqlite_version()")
    if tuple(int(part) for part in version.split(".")) < _TABLE_LIST_SINCE:
        return set()
    return {name for (name,) in database.query(_SHADOW_TABLES)}


def _column(name: str, type_: str, not_null: int, default: str | None, key: int, hidden: int) -> Column:
    generated = {_VIRTUAL_COLUMN: "virtual", _STORED_COLUMN: "stored"}.get(hidden, "")
    return Column(name, type_ or "", bool(not_null), default, key, generated)


def _unique(database: Database) -> dict[str, list[tuple[str, ...]]]:
    keys: dict[tuple[str, str], list[str]] = {}
    for table, index, origin, _, column in database.query(_KEYS):
        if origin == "u":
            keys.setdefault((table, index), []).append(column)
    return _by_table((table, tuple(columns)) for (table, _), columns in keys.items())


def _foreign_keys(database: Database) -> dict[str, list[ForeignKey]]:
    pairs: dict[tuple[str, int], list[tuple[Any, ...]]] = {}
    for table, number, *facts in database.query(_FOREIGN_KEYS):
        pairs.setdefault((table, number), []).append(tuple(facts))
    return _by_table((table, _foreign_key(rows)) for (table, _), rows in pairs.items())


def _foreign_key(rows: list[tuple[Any, ...]]) -> ForeignKey:
    parent, _, _, on_update, on_delete = rows[0]
    columns = tuple(row[1] for row in rows)
    parent_columns = tuple(row[2] for row in rows if row[2] is not None)
    return ForeignKey(columns, parent, parent_columns, on_update, on_delete)


def _by_table(pairs: Iterable[tuple[str, Any]]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for table, value in pairs:
        found.setdefault(table, []).append(value)
    return found
