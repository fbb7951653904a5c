"""A MySQL or MariaDB statement → what it does: its first words choose the reader."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from migsafe.model.operation import (
    AlterServerSetting,
    CreateDatabase,
    CreateSequence,
    DropDatabase,
    DropObject,
    DropSequence,
    DropTablespace,
    ObjectKind,
    Operation,
    OtherStatement,
    Query,
)
from migsafe.parse.mysql.accounts import read_grant, read_revoke
from migsafe.parse.mysql.alter_table import read_alter_table
from migsafe.parse.mysql.create_table import read_create_table
from migsafe.parse.mysql.cursor import MySqlCursor
from migsafe.parse.mysql.dml import ROW_HEADS, read_rows
from migsafe.parse.mysql.indexes import read_create_index, read_drop_index
from migsafe.parse.mysql.programs import (
    read_alter_routine,
    read_create_event,
    read_create_routine,
    read_create_trigger,
    read_create_view,
    read_drop_event,
    read_drop_routine,
    read_drop_trigger,
    skip_definer,
)
from migsafe.parse.mysql.session import (
    read_begin,
    read_call,
    read_commit,
    read_execute,
    read_prepare,
    read_release,
    read_rollback,
    read_savepoint,
    read_set,
    read_start,
)
from migsafe.parse.mysql.tables import (
    read_analyze,
    read_drop_table,
    read_drop_view,
    read_load,
    read_lock,
    read_maintenance,
    read_rename,
    read_truncate,
)
from migsafe.parse.queries import functions_of

Reader = Callable[[MySqlCursor], list[Operation]]

_INDEX_WORDS = frozenset({"UNIQUE", "FULLTEXT", "SPATIAL", "VECTOR", "INDEX", "ONLINE"})
_DATABASE_WORDS = ("DATABASE", "SCHEMA")
_OPTION_OBJECTS = ("USER", "ROLE", "SERVER", "TABLESPACE", "UNDO", "LOGFILE", "RESOURCE", "SPATIAL", "INSTANCE")

#: Statements that are known and have no hazard of their own; what follows their first words is not looked at.
_RECOGNISED = (
    "UNLOCK", "USE", "FLUSH", "SHOW", "DESCRIBE", "DESC", "EXPLAIN", "HELP", "KILL", "DEALLOCATE", "RESET", "PURGE",
    "INSTALL", "UNINSTALL", "CACHE", "HANDLER", "BINLOG", "XA", "STOP", "CHANGE", "SIGNAL", "RESIGNAL", "SHUTDOWN",
    "RESTART", "CLONE", "GET",
)  # fmt: skip


def read_statement(cursor: MySqlCursor) -> list[Operation]:
    """All that one statement does.

    Raises:
        Stuck: at the first token that is not understood.
    """
    if cursor.word() in ROW_HEADS or cursor.word() == "(":
        operations = read_rows(cursor)
    else:
        reader = _READERS.get(cursor.word())
        if reader is None:
            cursor.stuck("a statement")
        cursor.at += 1
        operations = reader(cursor)
    cursor.finish()
    return operations


def _create(cursor: MySqlCursor) -> list[Operation]:
    start = cursor.at
    or_replace = cursor.take("OR", "REPLACE")
    if cursor.sees_any(("TABLE", "TEMPORARY")) and not cursor.sees("TEMPORARY", "SEQUENCE"):
        cursor.at = start
        return read_create_table(cursor)
    if cursor.sees("SPATIAL", "REFERENCE"):
        return _recognised(cursor, "create spatial reference system")
    if cursor.sees_any(_INDEX_WORDS):
        cursor.at = start
        return read_create_index(cursor)
    if cursor.take_any(*_DATABASE_WORDS):
        return _create_database(cursor)
    if cursor.sees("SEQUENCE") or cursor.sees("TEMPORARY", "SEQUENCE"):
        return _create_sequence(cursor)
    if cursor.sees_any(_OPTION_OBJECTS):
        return _recognised(cursor, f"create {cursor.word().lower()}")
    return _create_program(cursor, or_replace)


def _create_program(cursor: MySqlCursor, or_replace: bool) -> list[Operation]:
    start = cursor.at
    skip_definer(cursor)
    if cursor.sees("TRIGGER"):
        return read_create_trigger(cursor, or_replace=or_replace)
    if cursor.sees("EVENT"):
        return read_create_event(cursor)
    if cursor.sees_any(("PROCEDURE", "FUNCTION", "AGGREGATE")):
        return _routine_or_library(cursor, or_replace)
    cursor.at = start
    return read_create_view(cursor, or_replace=or_replace)


def _routine_or_library(cursor: MySqlCursor, or_replace: bool) -> list[Operation]:
    if "SONAME" in cursor.words[cursor.at : cursor.stop] and "(" not in cursor.words[cursor.at : cursor.stop]:
        return _recognised(cursor, "create loadable function")
    return read_create_routine(cursor, or_replace=or_replace)


def _create_database(cursor: MySqlCursor) -> list[Operation]:
    cursor.take("IF", "NOT", "EXISTS")
    name = cursor.cased_identifier()
    cursor.rest()
    return [CreateDatabase(span=cursor.span_from(0), database=name)]


def _create_sequence(cursor: MySqlCursor) -> list[Operation]:
    temporary = cursor.take("TEMPORARY")
    cursor.expect("SEQUENCE")
    if_not_exists = cursor.take("IF", "NOT", "EXISTS")
    name = cursor.qualified_name()
    cursor.rest()
    span = cursor.span_from(0)
    return [CreateSequence(span=span, sequence=name, if_not_exists=if_not_exists, temporary=temporary)]


def _drop(cursor: MySqlCursor) -> list[Operation]:
    if cursor.take("PREPARE"):
        return _recognised(cursor, "deallocate")
    cursor.take("TEMPORARY")
    if cursor.take_any("TABLE", "TABLES"):
        return read_drop_table(cursor)
    if cursor.take("ONLINE", "INDEX") or cursor.take("INDEX"):
        return read_drop_index(cursor)
    if cursor.take("VIEW"):
        return read_drop_view(cursor)
    if cursor.take("TRIGGER"):
        return read_drop_trigger(cursor)
    if word := cursor.take_any("FUNCTION", "PROCEDURE"):
        return read_drop_routine(cursor, "function" if word == "FUNCTION" else "procedure")
    if cursor.take("EVENT"):
        return read_drop_event(cursor)
    return _drop_other(cursor)


def _drop_other(cursor: MySqlCursor) -> list[Operation]:
    if cursor.take_any(*_DATABASE_WORDS):
        if_exists = cursor.take("IF", "EXISTS")
        name = cursor.cased_identifier()
        return [DropDatabase(span=cursor.span_from(0), database=name, if_exists=if_exists)]
    if cursor.take("SEQUENCE"):
        if_exists = cursor.take("IF", "EXISTS")
        names = cursor.listed(cursor.qualified_name)
        span = cursor.span_from(0)
        return [DropSequence(span=span, sequence=name, if_exists=if_exists) for name in names]
    if cursor.take("TABLESPACE"):
        name = cursor.cased_identifier()
        cursor.rest()
        return [DropTablespace(span=cursor.span_from(0), tablespace=name)]
    if cursor.take_any("USER", "ROLE"):
        if_exists = cursor.take("IF", "EXISTS")
        names_of_roles = cursor.listed(cursor.account)
        span = cursor.span_from(0)
        return [DropObject(span=span, kind=ObjectKind.ROLE, name=name, if_exists=if_exists) for name in names_of_roles]
    if cursor.sees_any(_OPTION_OBJECTS):
        return _recognised(cursor, f"drop {cursor.word().lower()}")
    return cursor.stuck("a kind of object")


def _alter(cursor: MySqlCursor) -> list[Operation]:
    if cursor.sees_any(("TABLE", "ONLINE", "IGNORE")):
        return read_alter_table(cursor)
    if cursor.take_any(*_DATABASE_WORDS):
        return _alter_database(cursor)
    if cursor.take_any("PROCEDURE", "FUNCTION"):
        return read_alter_routine(cursor)
    if cursor.sees_any(_OPTION_OBJECTS) or cursor.sees("SEQUENCE"):
        return _recognised(cursor, f"alter {cursor.word().lower()}")
    start = cursor.at
    skip_definer(cursor)
    if cursor.sees("EVENT"):
        return _recognised(cursor, "alter event")
    cursor.at = start
    return read_create_view(cursor, or_replace=True)


def _alter_database(cursor: MySqlCursor) -> list[Operation]:
    options = ("DEFAULT", "CHARACTER", "CHARSET", "COLLATE", "ENCRYPTION", "READ", "COMMENT")
    name = None if cursor.sees_any(options) else cursor.cased_identifier()
    words = cursor.rest()
    if words.at_end:
        cursor.stuck("an option of the database")
    return [
        AlterServerSetting(span=cursor.span_from(0), scope="database", parameter=words.source.lower(), database=name)
    ]


def _recognised(cursor: MySqlCursor, command: str) -> list[Operation]:
    """A statement that is known by its first words, its tail taken as it stands."""
    cursor.rest()
    return [OtherStatement(span=cursor.span_from(0), command=command)]


def _do(cursor: MySqlCursor) -> list[Operation]:
    """DO expression: a SELECT without a result."""
    if cursor.at_end:
        cursor.stuck("an expression")
    body = cursor.rest()
    return [Query(span=cursor.span_from(0), functions=functions_of(body.part(body.at, body.stop)), text=body.source)]


def _set(cursor: MySqlCursor) -> list[Operation]:
    """SET, or MariaDB's SET STATEMENT name = value FOR statement."""
    if not cursor.take("STATEMENT"):
        return read_set(cursor)
    settings = cursor.until(lambda: cursor.sees("FOR"), commas=False)
    cursor.expect("FOR")
    operations = read_set(settings)
    settings.finish()
    return operations + read_statement(cursor.rest())


_READERS: dict[str, Reader] = {
    "CREATE": _create,
    "ALTER": _alter,
    "DROP": _drop,
    "RENAME": read_rename,
    "TRUNCATE": read_truncate,
    "LOCK": read_lock,
    "ANALYZE": read_analyze,
    "OPTIMIZE": partial(read_maintenance, "optimize table"),
    "CHECK": partial(read_maintenance, "check table"),
    "CHECKSUM": partial(read_maintenance, "checksum table"),
    "REPAIR": partial(read_maintenance, "repair table"),
    "LOAD": read_load,
    "SET": _set,
    "BEGIN": read_begin,
    "START": read_start,
    "COMMIT": read_commit,
    "ROLLBACK": read_rollback,
    "SAVEPOINT": read_savepoint,
    "RELEASE": read_release,
    "CALL": read_call,
    "PREPARE": read_prepare,
    "EXECUTE": read_execute,
    "GRANT": read_grant,
    "REVOKE": read_revoke,
    "DO": _do,
    **{word: partial(_recognised, command=word.lower()) for word in _RECOGNISED},
}
