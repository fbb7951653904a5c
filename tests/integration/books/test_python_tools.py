"""Tables that Alembic and Django themselves have written."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from psycopg.conninfo import conninfo_to_dict

from alembic_projects import CONFIGURED
from migsafe.books import history_of
from migsafe.books.base import BookError
from migsafe.model.dialect import Dialect
from migsafe.model.script import Direction, Migration, MigrationSet, Script, SourceText, TransactionRule
from migsafe.postgres.connection import connect
from source_layouts import write_files

if TYPE_CHECKING:
    from pathlib import Path

    from migsafe.books import Applied

pytestmark = pytest.mark.long

_REVISION = """
revision = {name!r}
down_revision = {parents!r}
depends_on = {depends!r}

def upgrade():
    pass

def downgrade():
    pass
"""
#: a ← b ← merged, a ← c ← merged; and aside, x, which depends on b.
_GRAPH = {
    "a": (None, None),
    "b": ("a", None),
    "c": ("a", None),
    "merged": (("b", "c"), None),
    "x": (None, "b"),
}


def url_of(dsn: str) -> str:
    known = conninfo_to_dict(dsn)
    return f"postgresql+psycopg://{known['user']}@/{known['dbname']}?host={known['host']}&port={known['port']}"


def revisions() -> MigrationSet:
    """The graph as the source reads it, without its rendering."""
    migrations = tuple(
        Migration(
            name,
            f"{name}.py",
            needs=(*((follows,) if isinstance(follows, str) else follows or ()), *filter(None, (needs,))),
        )
        for name, (follows, needs) in _GRAPH.items()
    )
    return MigrationSet("alembic", "migrations/versions", Dialect.POSTGRES, migrations)


@pytest.fixture
def environment(database: str, tmp_path: Path) -> Path:
    files = {
        "alembic.ini": f"[alembic]\nscript_location = %(here)s/migrations\nsqlalchemy.url = {url_of(database)}\n",
        "migrations/script.py.mako": "",
        "migrations/env.py": CONFIGURED.replace(
            "connection=connection", "connection=connection, version_table='kept', version_table_schema='app'"
        ),
    }
    for name, (parents, depends) in _GRAPH.items():
        text = _REVISION.format(name=name, parents=parents, depends=depends)
        files[f"migrations/versions/{name}.py"] = text
    with connect(database, autocommit=True) as session:
        session.execute("create schema app")
    return write_files(tmp_path, files)


def told(dsn: str, layout: MigrationSet, table: str | None = None) -> tuple[Applied, ...]:
    history = history_of(layout, table=table, environ={})
    assert history is not None
    with connect(dsn, autocommit=True) as session:
        return history.applied(session)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (["b"], {"a", "b"}),
        (["b", "c"], {"a", "b", "c"}),
        (["merged"], {"a", "b", "c", "merged"}),
        (["x"], {"a", "b", "x"}),
        (["heads"], {"a", "b", "c", "merged", "x"}),
    ],
)
def test_heads_of_alembic_stand_for_all_below_them(
    target: list[str], expected: set[str], environment: Path, database: str
) -> None:
    for one in target:
        subprocess.run([sys.executable, "-m", "alembic", "upgrade", one], cwd=environment, check=True)
    assert {one.id for one in told(database, revisions(), "app.kept")} == expected


def test_the_table_that_env_py_names_is_found(environment: Path) -> None:
    layout = revisions()
    here = MigrationSet(layout.tool, str(environment / "migrations" / "versions"), layout.dialect, layout.migrations)
    history = history_of(here, environ={})
    assert history is not None
    assert history.table == "app.kept"


def test_a_head_that_the_project_does_not_have_says_so(database: str) -> None:
    with connect(database, autocommit=True) as session:
        session.execute(
            "create table alembic_version (version_num varchar(32) not null primary key);"
            "insert into alembic_version values ('c'), ('ahead')"
        )
    first, second, last = told(database, revisions())
    assert [(one.id, one.known) for one in (first, second, last)] == [("a", True), ("c", True), ("ahead", False)]
    assert last.note is not None
    assert "nobody can tell" in last.note


def test_rendered_sql_is_told_as_a_line(database: str) -> None:
    layout = MigrationSet("alembic-sql", ".", Dialect.POSTGRES, tuple(Migration(name, f"{name}.sql") for name in "abc"))
    with connect(database, autocommit=True) as session:
        session.execute("create table alembic_version (version_num varchar(32) not null primary key)")
        assert told(database, layout) == ()
        session.execute("insert into alembic_version values ('b')")
        assert [one.id for one in told(database, layout)] == ["a", "b"]
        session.execute("insert into alembic_version values ('c')")
    with pytest.raises(BookError, match="has 2 heads"):
        told(database, layout)


_DJANGO = """
import sys
from django.conf import settings
host, port, user, name = sys.argv[1:5]
settings.configure(USE_TZ=True, DATABASES={"default": {
    "ENGINE": "django.db.backends.postgresql", "NAME": name, "USER": user, "HOST": host, "PORT": port}})
import django
django.setup()
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
for label in sys.argv[5:]:
    MigrationRecorder(connection).record_applied(*label.split("."))
"""


def record_in_django(dsn: str, *names: str) -> None:
    known = conninfo_to_dict(dsn)
    place = [str(known[key]) for key in ("host", "port", "user", "dbname")]
    subprocess.run([sys.executable, "-c", _DJANGO, *place, *names], check=True)


def django_migration(name: str, text: str = "class Migration: pass") -> Migration:
    source = SourceText(f"{name.replace('.', '/migrations/')}.py", text)
    up = Script(Direction.UP, "", source, TransactionRule.TOOL, Dialect.POSTGRES, rendered=True)
    return Migration(name, source.path, up)


def test_rows_of_django_and_what_was_squashed(database: str) -> None:
    replaces = "class Migration:\n    replaces = [('orders', '0001_initial'), ('orders', '0002_total')]\n"
    half = "class Migration:\n    replaces = [('stock', '0001_initial'), ('stock', '0002_more')]\n"
    migrations = (
        django_migration("customers.0001_initial"),
        django_migration("orders.0001_squashed_0002", replaces),
        django_migration("stock.0001_squashed_0002", half),
        django_migration("customers.0002_later"),
    )
    record_in_django(
        database, "auth.0001_initial", "orders.0001_initial", "customers.0001_initial", "orders.0002_total",
        "stock.0001_initial",
    )  # fmt: skip
    applied = told(database, MigrationSet("django", ".", Dialect.POSTGRES, migrations))
    assert [(one.id, one.known) for one in applied] == [
        ("customers.0001_initial", True),
        ("orders.0001_squashed_0002", True),
        ("auth.0001_initial", False),
    ]
    assert all(one.at is not None and datetime.now(UTC) - one.at < timedelta(minutes=5) for one in applied)
    assert applied[1].note == "stands for 2 that have run; the next migrate gives it a row"


def test_a_squashed_migration_with_a_row_hides_those_that_it_replaces(database: str) -> None:
    text = "class Migration:\n    replaces = [('orders', '0001_initial')]\n"
    migrations = (django_migration("orders.0001_squashed", text),)
    record_in_django(database, "orders.0001_initial", "orders.0001_squashed")
    applied = told(database, MigrationSet("django", ".", Dialect.POSTGRES, migrations))
    assert [(one.id, one.known, one.note) for one in applied] == [("orders.0001_squashed", True, None)]


def test_another_table_of_that_name_is_refused(database: str) -> None:
    with connect(database, autocommit=True) as session:
        session.execute("create table django_migrations (id int)")
    with pytest.raises(BookError, match="it has no column app, applied, name"):
        told(database, MigrationSet("django", ".", Dialect.POSTGRES, ()))
