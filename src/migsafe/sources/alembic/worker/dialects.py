"""The real dialects of SQLAlchemy, without a driver and without a server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy.dialects.mysql.base import MySQLDialect
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.dialects.sqlite.base import SQLiteDialect

from migsafe.sources.alembic.worker import dbapi
from migsafe.sources.alembic.worker.reflection import AnsweredReflection

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect
    from sqlalchemy.engine.default import DefaultDialect

    from migsafe.sources.alembic.worker.questions import Questions

# the oldest supported major of each where none is given
_USUAL = {"postgres": (15, 0), "mysql": (8, 0, 36), "sqlite": (3, 45, 0)}


class _Serverless(AnsweredReflection):
    """What the three have in common: a driver that records, and settings that are known without asking."""

    # one statement for each row, as a person would write them, and none whose answer must fit many rows
    use_insertmanyvalues = False
    insert_executemany_returning = False
    insert_executemany_returning_sort_by_parameter_order = False
    update_executemany_returning = False
    delete_executemany_returning = False
    # made-up rows make for made-up counts
    supports_sane_rowcount = False
    supports_sane_multi_rowcount = False

    default_isolation_level: Any
    major: tuple[int, ...] = ()

    def do_execute(self, cursor: Any, statement: str, parameters: Any, context: Any = None) -> None:
        cursor.execute(statement, parameters, context)

    def do_executemany(self, cursor: Any, statement: str, parameters: Any, context: Any = None) -> None:
        cursor.executemany(statement, parameters, context)

    def do_execute_no_params(self, cursor: Any, statement: str, context: Any = None) -> None:
        cursor.execute(statement, None, context)

    def do_begin(self, dbapi_connection: Any) -> None:
        dbapi_connection.begin()

    def do_commit(self, dbapi_connection: Any) -> None:
        dbapi_connection.commit()

    def do_rollback(self, dbapi_connection: Any) -> None:
        dbapi_connection.rollback()

    def do_ping(self, dbapi_connection: Any) -> bool:
        return True

    def on_connect(self) -> None:
        return None

    def is_disconnect(self, e: Exception, connection: Any, cursor: Any) -> bool:
        return False

    def get_isolation_level(self, dbapi_connection: Any) -> Any:
        return "AUTOCOMMIT" if dbapi_connection.autocommit else self.default_isolation_level

    def get_default_isolation_level(self, dbapi_conn: Any) -> Any:
        return "READ COMMITTED"

    def get_isolation_level_values(self, dbapi_conn: Any) -> Any:
        return ("AUTOCOMMIT", "READ COMMITTED", "READ UNCOMMITTED", "REPEATABLE READ", "SERIALIZABLE")

    def set_isolation_level(self, dbapi_connection: Any, level: Any) -> None:
        dbapi_connection.autocommit = level == "AUTOCOMMIT"

    def detect_autocommit_setting(self, dbapi_conn: Any) -> bool:
        return bool(dbapi_conn.autocommit)

    def _get_server_version_info(self, connection: Any) -> tuple[int, ...]:
        return self.major

    def _check_max_identifier_length(self, connection: Any) -> None:
        return None


class _Postgres(_Serverless):
    """Postgres."""

    driver = "psycopg2"

    def _get_default_schema_name(self, connection: Any) -> str:
        return "public"

    def _set_backslash_escapes(self, connection: Any) -> None:
        self._backslash_escapes = False

    def _load_enums(self, connection: Any, schema: str | None = None, **_: Any) -> list[dict[str, Any]]:
        return self.get_enums(connection, None if schema == "*" else schema)

    def _load_domains(self, connection: Any, schema: str | None = None, **_: Any) -> list[dict[str, Any]]:
        return []

    def get_foreign_table_names(self, connection: Any, schema: str | None = None, **_: Any) -> list[str]:
        return []

    def get_table_oid(self, connection: Any, table_name: str, schema: str | None = None, **_: Any) -> int:
        self._table(table_name, schema)
        return 1


class _MySQL(_Serverless):
    """MySQL."""

    driver = "pymysql"

    def _get_default_schema_name(self, connection: Any) -> str:
        return "migrated"

    def _detect_charset(self, connection: Any) -> str:
        return "utf8mb4"

    def _detect_sql_mode(self, connection: Any) -> None:
        self._sql_mode = "STRICT_TRANS_TABLES"

    def _detect_ansiquotes(self, connection: Any) -> None:
        self._server_ansiquotes = False
        self._backslash_escapes = True

    def _detect_casing(self, connection: Any, *_: Any) -> int:
        self._casing = 0
        return 0

    def _detect_collations(self, connection: Any, *_: Any) -> dict[str, str]:
        return {}


class _SQLite(_Serverless):
    """SQLite."""

    driver = "pysqlite"

    def _get_default_schema_name(self, connection: Any) -> str:
        return "main"


def _class(name: str, ours: type[_Serverless], real: type[DefaultDialect]) -> Any:
    """A dialect that is the real one where ours does not say otherwise.

    Made here and not by a `class` statement: SQLAlchemy types the same method differently in each of its dialects.
    """
    return type(name, (ours, real), {"supports_statement_cache": True})


_CLASSES: dict[str, Any] = {
    "postgres": _class("ServerlessPostgres", _Postgres, PGDialect),
    "mysql": _class("ServerlessMySQL", _MySQL, MySQLDialect),
    "sqlite": _class("ServerlessSQLite", _SQLite, SQLiteDialect),
}


def make_dialect(name: str, major: int | None, questions: Questions) -> Dialect:
    """A dialect that asks `questions` where the real one would ask the server.

    Args:
        name: as the job gives it.
        major: the server's major version; None for a usual one.
    """
    # one way to write parameters for all: percent signs are doubled, so that none is taken for a parameter
    dialect = _CLASSES[name](dbapi=dbapi, paramstyle="pyformat")
    usual = _USUAL[name]
    dialect.major = usual if major is None or major == usual[0] else (major, 0, 0)
    dialect.questions = questions
    made: Dialect = dialect
    return made
