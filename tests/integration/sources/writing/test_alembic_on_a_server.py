"""What is written for Alembic does on a server what it says: every sign of every literal arrives."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from alembic import command
from alembic.config import Config

from migsafe.sources.writing import NewMigration
from source_layouts import write_files
from written_migrations import add

if TYPE_CHECKING:
    from collections.abc import Callable

VALUE = "50% of %s %% %(x)s at 12:30 :name ::int \\: 'it''s' \"\"\" \\n é 漢 \U0001f600\n\n-- ; line\t{x}"
ENV = """
import sqlalchemy as sa
from alembic import context

engine = sa.create_engine(context.config.get_main_option("sqlalchemy.url"), poolclass=sa.pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
"""
FIRST = "revision = 'a1'\ndown_revision = None\n\n\ndef upgrade():\n    pass\n\n\ndef downgrade():\n    pass\n"


@pytest.mark.long
def test_values_arrive_as_they_were_written(make_database: Callable[[str], str], tmp_path: Path) -> None:
    database = make_database("")
    root = write_files(
        tmp_path,
        {
            "alembic.ini": "[alembic]\nscript_location = %(here)s/m\n",
            "m/env.py": ENV,
            "m/versions/a1.py": FIRST,
        },
    )
    written = VALUE.replace("''", "'").replace("'", "''")
    function = "CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $f$\nBEGIN\n  RETURN ' :a %s \\: ';\nEND\n$f$"
    new = [
        NewMigration(
            name="values",
            up=("CREATE TABLE t (a text)", f"INSERT INTO t VALUES ('{written}')", function),
            down=("DROP FUNCTION f()", "DROP TABLE t"),
        ),
        NewMigration(
            name="index",
            up=("CREATE INDEX CONCURRENTLY i ON t (a)",),
            down=("DROP INDEX CONCURRENTLY i",),
            transaction=False,
        ),
    ]
    add(root, "alembic", new)
    config = Config(root / "alembic.ini")
    config.set_main_option("sqlalchemy.url", _url(database).replace("%", "%%"))
    command.upgrade(config, "head")
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT a, f() FROM t").fetchone() == (VALUE.replace("''", "'"), " :a %s \\: ")
        assert connection.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = 'i'::regclass").fetchone() == (
            True,
        )
    command.downgrade(config, "a1")
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT to_regclass('t'), to_regproc('f')").fetchone() == (None, None)


def _url(conninfo: str) -> str:
    from urllib.parse import quote

    parts = psycopg.conninfo.conninfo_to_dict(conninfo)
    query = "&".join(f"{key}={quote(str(value), safe='')}" for key, value in parts.items() if key != "dbname")
    return f"postgresql+psycopg:///{parts['dbname']}?{query}"
