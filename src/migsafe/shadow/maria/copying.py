"""A copy of a schema in another one: what the server says how to make, and the rows.

It costs less than running a history again. Whether it is the same schema is for the caller to see: a snapshot tells.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from migsafe.mysql.connection import StatementRefusedError
from migsafe.mysql.schema import read_schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from migsafe.mysql.connection import Session
    from migsafe.mysql.schema import Schema

#: What the server has written it also takes, in any order of tables: a zero in a numbered column is no new number.
_LENIENT = "set session foreign_key_checks = 0, unique_checks = 0, sql_mode = 'NO_AUTO_VALUE_ON_ZERO'"

#: The column with the statement, in the answers to SHOW CREATE TABLE and VIEW, of triggers, and of routines and events.
_OF_TABLE, _OF_CODE = 1, 2
_OF_EVENT = 3
_SQL_MODE = 1

_ROUTINES = {"FUNCTION": "show create function {name}", "PROCEDURE": "show create procedure {name}"}


def copy_schema(source: Session, target: Session) -> None:
    """Make everything of one session's schema in that of another.

    Args:
        source: on the schema that is copied.
        target: on an empty schema; its settings are others afterwards.

    Raises:
        StatementRefusedError: when the server does not take back what it has said, or a view has lost its tables.
    """
    assert source.schema is not None
    schema = read_schema(source, source.schema)
    target.execute(_LENIENT)
    for table in schema.tables:
        if table["TABLE_TYPE"] != "VIEW":
            target.execute(_said(source, "show create table {name}", table["TABLE_NAME"])[_OF_TABLE])
    for table in schema.tables:
        if table["TABLE_TYPE"] not in {"VIEW", "SEQUENCE"}:
            _copy_rows(source, target, table["TABLE_NAME"], schema)
    for routine in schema.routines:
        sql = _ROUTINES.get(routine["ROUTINE_TYPE"])
        if sql is not None:
            _make_code(target, _said(source, sql, routine["ROUTINE_NAME"]))
    _make_views(
        target, [_said(source, "show create view {name}", view["TABLE_NAME"])[_OF_TABLE] for view in schema.views]
    )
    for trigger in schema.triggers:
        _make_code(target, _said(source, "show create trigger {name}", trigger["TRIGGER_NAME"]))
    for event in schema.events:
        _make_code(target, _said(source, "show create event {name}", event["EVENT_NAME"]), column=_OF_EVENT)


def _said(session: Session, sql: str, name: str) -> tuple[Any, ...]:
    return session.query(sql, name=name)[0]


def _make_code(target: Session, said: tuple[Any, ...], *, column: int = _OF_CODE) -> None:
    """Make a routine, trigger or event; each remembers the SQL mode that it was made in."""
    target.query("set session sql_mode = %s", (said[_SQL_MODE],))
    target.execute(said[column])


def _make_views(target: Session, statements: Iterable[str]) -> None:
    """Views read other views: those that cannot be made yet wait for the next round."""
    waiting = list(statements)
    while waiting:
        refused = []
        for statement in waiting:
            try:
                target.execute(statement)
            except StatementRefusedError as error:
                refused.append((statement, error))
        if len(refused) == len(waiting):
            raise refused[0][1]
        waiting = [statement for statement, _ in refused]


def _copy_rows(source: Session, target: Session, table: str, schema: Schema) -> None:
    if not source.query("select 1 from {table} limit 1", table=table):
        return
    columns = [
        column["COLUMN_NAME"] for column in schema.columns if column["TABLE_NAME"] == table and _is_stored(column)
    ]
    names = {f"c{place}": column for place, column in enumerate(columns)}
    listed = ", ".join(f"{{{place}}}" for place in names)
    # Places of names of our own, and nothing else, are put together here.
    target.query(
        f"insert into {{table}} ({listed}) select {listed} from {{source}}.{{table}}",  # noqa: S608  # only places of names are put together
        table=table,
        source=source.schema or "",
        **names,
    )


def _is_stored(column: Mapping[str, Any]) -> bool:
    return not column.get("GENERATION_EXPRESSION")
