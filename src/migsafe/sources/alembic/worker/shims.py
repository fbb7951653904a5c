"""What revisions for SQLAlchemy 1.x expect of SQLAlchemy 2: each function gives back one thing that 2 has dropped.

Revisions are never rewritten, so that a project's oldest ones speak the SQLAlchemy of their day, while the project
pins that version or has long stopped running them on a fresh database. All of it only adds: code for 2 behaves as ever.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import sqlalchemy
from alembic.operations import ops
from sqlalchemy import orm, sql
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.dialects.mysql.base import MySQLDialect
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.dialects.sqlite.base import SQLiteDialect
from sqlalchemy.engine import Connection, Engine, Row
from sqlalchemy.ext import declarative
from sqlalchemy.orm.interfaces import UserDefinedOption
from sqlalchemy.sql import expression
from sqlalchemy.sql.selectable import FromClause, TableClause

from migsafe.sources.alembic.worker.column_types import TextType
from migsafe.sources.alembic.worker.stub import Stub, stub_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


def install_shims() -> None:
    """Change SQLAlchemy for the rest of the process; to be called once, before any revision is imported."""
    for shim in (
        _list_arguments,
        _plain_strings,
        _queries_as_statements,
        _where_as_argument,
        _engines_that_execute,
        _bound_metadata,
        _rows_as_mappings,
        _nested_begin,
        _plain_annotations,
        _names_as_options,
        _columns,
        _classical_mapper,
        _driverless_dialects,
        _unknown_types,
        _unknown_bases,
    ):
        shim()


def _wrap(owner: Any, name: str, around: Callable[..., Any]) -> None:
    """Put `around(original, …)` in the place of a function or method; what the owner does not have is left so."""
    original = getattr(owner, name, None)
    if original is None:
        return

    @functools.wraps(original)
    def wrapped(*arguments: Any, **keywords: Any) -> Any:
        return around(original, *arguments, **keywords)

    setattr(owner, name, wrapped)


def _list_arguments() -> None:
    """`select([a, b], where)` and `case([(when, then)])`: 1.x took lists, 2 takes the items themselves."""

    def select(original: Any, *arguments: Any, **keywords: Any) -> Any:
        if not arguments or not isinstance(arguments[0], list | tuple):
            return original(*arguments, **keywords)
        columns, *criteria = arguments
        built = original(*columns)
        criteria += [keywords[name] for name in ("whereclause",) if name in keywords]
        if (sources := keywords.get("from_obj")) is not None:
            built = built.select_from(*(sources if isinstance(sources, list | tuple) else [sources]))
        return built.where(*criteria) if criteria else built

    def case(original: Any, *whens: Any, **keywords: Any) -> Any:
        listed = whens[0] if len(whens) == 1 and isinstance(whens[0], list) else whens
        return original(*listed, **keywords)

    for owner in (sqlalchemy, sql, expression):
        _wrap(owner, "select", select)
        _wrap(owner, "case", case)


def _plain_strings() -> None:
    """`connection.execute("SQL", value, name=value)`: 2 wants `text()` and one collection of parameters."""

    def execute(original: Any, self: Any, statement: Any, *parameters: Any, **keywords: Any) -> Any:
        options = {"execution_options": keywords.pop("execution_options")} if "execution_options" in keywords else {}
        given = _one_collection(parameters, keywords)
        if isinstance(statement, str):
            if isinstance(given, tuple) or given is None:
                return self.exec_driver_sql(statement, given)
            statement = sqlalchemy.text(statement)
        return original(self, _as_statement(statement), given, **options)

    _wrap(Connection, "execute", execute)
    _wrap(Connection, "scalar", execute)

    def in_session(original: Any, self: Any, statement: Any, *parameters: Any, **keywords: Any) -> Any:
        statement = sqlalchemy.text(statement) if isinstance(statement, str) else _as_statement(statement)
        return original(self, statement, *parameters, **keywords)

    _wrap(orm.Session, "execute", in_session)
    _wrap(orm.Session, "scalar", in_session)


def _one_collection(parameters: Sequence[Any], keywords: Mapping[str, Any]) -> Any:
    if keywords:
        return dict(keywords)
    if len(parameters) == 1 and (parameters[0] is None or isinstance(parameters[0], dict | list | tuple)):
        return parameters[0]
    if parameters and all(isinstance(each, dict) for each in parameters):
        return list(parameters)
    return tuple(parameters) or None


def _as_statement(given: Any) -> Any:
    return given.statement if isinstance(given, orm.Query) else given


def _queries_as_statements() -> None:
    """`op.execute(query)` and `connection.execute(query)`: an ORM query was itself a statement."""

    def execute(original: Any, cls: Any, operations: Any, sqltext: Any, **keywords: Any) -> Any:
        return original(operations, _as_statement(sqltext), **keywords)

    bound = ops.ExecuteSQLOp.execute
    ops.ExecuteSQLOp.execute = classmethod(  # type: ignore[method-assign,assignment] # as above
        lambda cls, operations, sqltext, **keywords: execute(bound, cls, operations, sqltext, **keywords)
    )


def _where_as_argument() -> None:
    """`table.select(where)`, `table.update(where, values)`, `table.delete(where)`: now methods of the statement."""

    def with_where(original: Any, self: Any, *arguments: Any, **keywords: Any) -> Any:
        criteria = [*arguments[:1], *(keywords[name] for name in ("whereclause",) if name in keywords)]
        values = arguments[1] if len(arguments) > 1 else keywords.get("values")
        built = original(self)
        for one in criteria:
            built = built.where(one) if one is not None else built
        return built.values(values) if values is not None else built

    for owner, name in ((FromClause, "select"), (TableClause, "update"), (TableClause, "delete")):
        _wrap(owner, name, with_where)

    def insert(original: Any, self: Any, values: Any = None, **keywords: Any) -> Any:
        values = keywords.get("values", values)
        return original(self).values(values) if values is not None else original(self)

    _wrap(TableClause, "insert", insert)


def _engines_that_execute() -> None:
    """`engine.execute()`, `engine.has_table()`, `engine.table_names()`: engines had shortcuts around a connection."""

    def execute(self: Any, statement: Any, *parameters: Any, **keywords: Any) -> Any:
        return self.connect().execute(statement, *parameters, **keywords)

    def has_table(self: Any, table_name: str, schema: str | None = None) -> bool:
        return bool(sqlalchemy.inspect(self).has_table(table_name, schema=schema))

    def table_names(self: Any, schema: str | None = None, **_: Any) -> list[str]:
        return list(sqlalchemy.inspect(self).get_table_names(schema=schema))

    def scalar(self: Any, statement: Any, *parameters: Any, **keywords: Any) -> Any:
        return self.connect().execute(statement, *parameters, **keywords).scalar()

    for name, function in (
        ("execute", execute), ("scalar", scalar), ("has_table", has_table), ("table_names", table_names)
    ):  # fmt: skip
        if not hasattr(Engine, name):
            setattr(Engine, name, function)


def _current_bind() -> Any:
    from alembic import op

    return op.get_bind()


def _bound_metadata() -> None:
    """`MetaData(bind=…)`, `Table(…, autoload=True)`, `table.create()`: metadata knew a connection by itself."""

    def metadata(original: Any, self: Any, *arguments: Any, bind: Any = None, **keywords: Any) -> None:
        if arguments and isinstance(arguments[0], Connection | Engine):
            arguments = arguments[1:]
        original(self, *arguments, **keywords)
        self.bind = bind

    def table(original: Any, *arguments: Any, **keywords: Any) -> Any:
        if keywords.pop("autoload", False) and keywords.get("autoload_with") is None:
            keywords["autoload_with"] = _current_bind()
        return original(*arguments, **keywords)

    def with_bind(original: Any, self: Any, bind: Any = None, *arguments: Any, **keywords: Any) -> Any:
        return original(self, bind if bind is not None else _current_bind(), *arguments, **keywords)

    _wrap(sqlalchemy.MetaData, "__init__", metadata)
    constructor = sqlalchemy.Table.__dict__["_new"].__func__
    sqlalchemy.Table._new = classmethod(  # type: ignore[method-assign,assignment] # replaced on purpose
        lambda cls, *arguments, **keywords: table(constructor.__get__(cls), *arguments, **keywords)
    )
    for name in ("create_all", "drop_all", "reflect"):
        _wrap(sqlalchemy.MetaData, name, with_bind)
    for name in ("create", "drop"):
        _wrap(sqlalchemy.Table, name, with_bind)


def _rows_as_mappings() -> None:
    """`row["name"]`, `row[table.c.name]`, `dict(row)`: rows were mappings and tuples at once."""

    def item(original: Any, self: Any, key: Any) -> Any:
        return original(self, key) if isinstance(key, int | slice) else self._mapping[key]

    _wrap(Row, "__getitem__", item)
    for name in ("keys", "items", "values"):
        if not hasattr(Row, name):
            setattr(Row, name, property(functools.partial(_column_or_method, name)))


def _column_or_method(name: str, row: Any) -> Any:
    """A column of that name comes first, as it does without this."""
    return row._mapping[name] if name in row._mapping else getattr(row._mapping, name)


def _nested_begin() -> None:
    """`connection.begin()` in a transaction: 1.x counted, and only the outermost commit was one."""

    def begin(original: Any, self: Any) -> Any:
        return _NoTransaction() if self.in_transaction() else original(self)

    _wrap(Connection, "begin", begin)


class _NoTransaction:
    """A transaction inside of another one."""

    is_active = True

    def commit(self) -> None:
        """The outermost does."""

    def rollback(self) -> None:
        """The outermost does."""

    def close(self) -> None:
        """The outermost does."""

    def __enter__(self) -> _NoTransaction:
        return self

    def __exit__(self, *_: object) -> None:
        return None


def _plain_annotations() -> None:
    """`name: int = Column(…)` in a declarative class: 2 takes every annotation for one of its own."""

    def declarative_base(original: Any, *arguments: Any, **keywords: Any) -> Any:
        base = original(*arguments, **keywords)
        base.__allow_unmapped__ = True
        return base

    def declared_attr(original: Any, self: Any, fn: Any, *arguments: Any, **keywords: Any) -> None:
        annotations = getattr(fn, "__annotations__", {})
        if "Mapped" not in str(annotations.get("return")):
            annotations.pop("return", None)
        original(self, fn, *arguments, **keywords)

    for owner in (orm, declarative):
        _wrap(owner, "declarative_base", declarative_base)
    _wrap(orm.declared_attr, "__init__", declared_attr)


def _names_as_options() -> None:
    """`load_only("name")`, `joinedload("name")`: names as strings; which columns are loaded changes no migration."""

    def option(original: Any, *attributes: Any, **keywords: Any) -> Any:
        known = [one for one in attributes if not isinstance(one, str)]
        return original(*known, **keywords) if known else UserDefinedOption(None)

    for name in ("load_only", "defer", "undefer", "joinedload", "subqueryload", "selectinload", "lazyload"):
        _wrap(orm, name, option)


def _columns() -> None:
    """`column.copy()`; `op.drop_column("t", Column("c"))`: a column where a name belongs."""
    if not hasattr(sqlalchemy.Column, "copy"):
        setattr(sqlalchemy.Column, "copy", sqlalchemy.Column._copy)  # noqa: B010 - 2.0 knows no such attribute

    def drop_column(original: Any, self: Any, table_name: str, column_name: Any, **keywords: Any) -> None:
        name = column_name.name if isinstance(column_name, sqlalchemy.Column) else column_name
        original(self, table_name, name, **keywords)

    _wrap(ops.DropColumnOp, "__init__", drop_column)


def _classical_mapper() -> None:
    """`mapper(Class, table)`: now a method of a registry."""

    def mapper(cls: type, table: Any = None, **keywords: Any) -> Any:
        return orm.registry().map_imperatively(cls, table, **keywords)

    orm.mapper = mapper  # type: ignore[attr-defined] # it is gone in 2


def _driverless_dialects() -> None:
    """`isinstance(bind.dialect, postgresql.dialect)`: the name stands for one driver's dialect; here there is none."""
    for module, dialect in ((postgresql, PGDialect), (mysql, MySQLDialect), (sqlite, SQLiteDialect)):
        module.dialect = dialect  # type: ignore[attr-defined] # it is a name of each of them


def _unknown_types() -> None:
    """Not of 1.x: a column whose type could not be imported has a type of that name."""

    def column(original: Any, self: Any, *arguments: Any, **keywords: Any) -> None:
        if isinstance(keywords.get("type_"), Stub):
            keywords["type_"] = _unknown_type(keywords["type_"])
        original(self, *(_unknown_type(one) if isinstance(one, Stub) else one for one in arguments), **keywords)

    _wrap(sqlalchemy.Column, "__init__", column)


def _unknown_bases() -> None:
    """Not of 1.x: a model whose base class could not be imported is mapped when it is first asked for."""

    def query(original: Any, self: Any, *entities: Any, **keywords: Any) -> Any:
        for entity in entities:
            if isinstance(entity, type) and hasattr(entity, "__tablename__") and not hasattr(entity, "__mapper__"):
                orm.registry().map_declaratively(entity)
        return original(self, *entities, **keywords)

    _wrap(orm.Session, "query", query)


def _unknown_type(stub: Stub) -> TextType:
    """The type that a name would be compiled to: the last word of it that begins with a capital letter."""
    words = stub_name(stub).replace("()", "").split(".")
    return TextType(next((word for word in reversed(words) if word[:1].isupper()), words[-1]).upper())
