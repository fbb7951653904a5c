"""The project's real Django on a database that matters: exactly one migration, with its row, or nothing."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from migsafe.errors import EnvironmentFailedError
from migsafe.model.script import Direction
from migsafe.postgres.connection import Timeouts, connect
from migsafe.runner.tools import Left, ToolFailure, ToolRun, ToolSettings
from migsafe.sources.base import SourceOptions
from migsafe.sources.executing.process import NotNextError
from migsafe.sources.files import Folder
from migsafe.sources.registry import source_named
from project_tools import HERE, django_layout, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.model.script import Migration
    from migsafe.runner.tools import ProjectTool
    from migsafe.sources.executing.values import Sent

pytestmark = pytest.mark.server

UP, DOWN = Direction.UP, Direction.DOWN
SHOP = Path(__file__).parents[3] / "fixtures/projects/django-shop"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """The shop, with a table that does not have the name of its index: nobody has ever run it on a server."""
    shutil.copytree(SHOP, tmp_path / "shop", ignore=shutil.ignore_patterns("__pycache__"))
    state = tmp_path / "shop/orders/migrations/0004_states_table.py"
    state.write_text(state.read_text(encoding="utf-8").replace("orders_state ", "orders_states "), encoding="utf-8")
    drop = state.read_text(encoding="utf-8").replace('DROP TABLE orders_state"', 'DROP TABLE orders_states"')
    state.write_text(drop, encoding="utf-8")
    return tmp_path / "shop"


def end_with(shop: Path, operation: str, *, atomic: bool = True) -> str:
    """Let the orders' second migration be another one, and the last; its name."""
    folder = shop / "orders/migrations"
    for path in folder.glob("000[2-9]*.py"):
        path.unlink()
    lines = (
        "import os",
        "from django.db import connection, connections, migrations",
        "def kill(*_):",
        "    connection.cursor().execute('create table half ()')",
        "    os.kill(os.getpid(), 9)",
        "class Migration(migrations.Migration):",
        f"    atomic = {atomic}",
        "    dependencies = [('orders', '0001_initial')]",
        f"    operations = [{operation}]",
    )
    (folder / "0002_other.py").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return "orders.0002_other"


@contextmanager
def up_to(shop: Path, dsn: str, last: str) -> Iterator[tuple[ProjectTool, dict[str, Migration]]]:
    """The shop's Django, with all before a migration applied; and the migrations by name."""
    layout = django_layout(shop)
    with running(layout, dsn) as tool:
        for migration in layout.migrations:
            if migration.id == last:
                break
            assert isinstance(tool.run(UP, migration), ToolRun)
        yield tool, {one.id: one for one in layout.migrations}


def tables(dsn: str) -> set[str]:
    with connect(dsn, autocommit=True) as session:
        return {name for (name,) in session.query("select relname::text from pg_class where relkind = 'r'")}


@pytest.mark.long
def test_every_migration_of_the_shop_goes_forward_and_back(shop: Path, database: str) -> None:
    layout = source_named("django").read_databases(Folder(shop), SourceOptions(python=HERE.python))[0]
    sent: list[Sent] = []
    with running(layout, database) as tool:
        assert tool.applied() == frozenset()
        assert "django_migrations" not in tables(database), "who only looks makes no table"
        for migration in layout.migrations:
            assert isinstance(tool.run(UP, migration, on_statement=sent.append), ToolRun)
            assert migration.id in tool.applied()
        assert [one.text.split(" ON ")[0] for one in sent if one.alone and "django" not in one.text] == [
            'CREATE INDEX CONCURRENTLY "orders_state"'
        ]
        way_back = [one for one in reversed(layout.migrations) if one.id > "orders.0003"]
        for migration in way_back:
            assert isinstance(tool.run(DOWN, migration), ToolRun)
        no_way_back = tool.run(DOWN, next(one for one in layout.migrations if one.id == "orders.0002_order_state"))
        assert isinstance(no_way_back, ToolFailure)
        assert (no_way_back.left, no_way_back.sqlstate) == (Left.NOTHING, None)
        assert "is not reversible" in no_way_back.message
        assert {one.id for one in way_back}.isdisjoint(tool.applied())


def test_nothing_runs_that_would_not_run_alone(shop: Path, database: str) -> None:
    with up_to(shop, database, "customers.0003_lower_case_emails") as (tool, migrations):
        with pytest.raises(NotNextError, match=r"before it customers\.0003_lower_case_emails"):
            tool.run(UP, migrations["customers.0004_email_not_unique"])
        assert isinstance(tool.run(UP, migrations["customers.0003_lower_case_emails"]), ToolRun)
        first = "customers.0001_squashed_0002_customer_phone"
        with pytest.raises(NotNextError, match=r"with it customers\.0003_lower_case_emails"):
            tool.run(DOWN, migrations[first])
        with pytest.raises(NotNextError, match="applied already"):
            tool.run(UP, migrations[first])
        # What a squashed migration stands for is recorded too, as Django has it.
        assert tool.applied() >= {first, "customers.0003_lower_case_emails"}


def test_a_migration_and_its_row_are_one_transaction(shop: Path, database: str) -> None:
    with up_to(shop, database, "orders.0001_initial") as (tool, migrations):
        with connect(database, autocommit=True) as session:
            session.execute(
                "create function no() returns trigger language plpgsql as $$ begin raise 'no row today'; end $$;"
                "create trigger no before insert on django_migrations for each row execute function no()"
            )
            failure = tool.run(
                UP, migrations["orders.0001_initial"]
            )  # has a foreign key, so Django itself would commit
            assert isinstance(failure, ToolFailure)
            assert (failure.message, failure.left, failure.at_end) == ("no row today", Left.NOTHING, True)
            assert "orders_order" not in tables(database)
            session.execute("drop trigger no on django_migrations")
        assert isinstance(tool.run(UP, migrations["orders.0001_initial"]), ToolRun)


@pytest.mark.long
@pytest.mark.parametrize(
    ("operation", "atomic", "left"),
    [
        ("migrations.RunSQL('create table half (); alter table nobody add n int')", True, Left.NOTHING),
        ("migrations.RunSQL(['create table half ()', 'alter table nobody add n int'])", False, Left.UNKNOWN),
        ("migrations.RunPython(kill)", True, Left.NOTHING),
        ("migrations.RunPython(kill)", False, Left.UNKNOWN),
    ],
)
def test_what_a_failure_leaves_is_said(shop: Path, database: str, operation: str, atomic: bool, left: Left) -> None:
    last = end_with(shop, operation, atomic=atomic)
    with up_to(shop, database, last) as (tool, migrations):
        failure = tool.run(UP, migrations[last])
        assert isinstance(failure, ToolFailure)
        assert (failure.left, failure.retriable) == (left, False)
        if "kill" not in operation:
            assert (failure.sqlstate, failure.line) == ("42P01", 9)
        assert last not in tool.applied()
    assert ("half" in tables(database)) is (left is Left.UNKNOWN)


def test_a_lock_of_somebody_else_ends_the_wait_and_may_be_tried_again(shop: Path, database: str) -> None:
    last = "customers.0004_email_not_unique"
    with up_to(shop, database, last) as (tool, migrations), connect(database, autocommit=False) as holder:
        holder.query("select * from customers_customer")
        failure = tool.run(UP, migrations[last], timeouts=Timeouts(lock=50, statement=10_000))
        assert isinstance(failure, ToolFailure)
        assert (failure.sqlstate, failure.left, failure.retriable) == ("55P03", Left.NOTHING, True)
        holder.close()
        assert isinstance(tool.run(UP, migrations[last]), ToolRun)


def test_another_database_of_the_settings_is_not_touched(shop: Path, database: str) -> None:
    look = "migrations.RunPython(lambda *_: connections['reports'].cursor().execute('create table here (n)'))"
    last = end_with(shop, look)
    with up_to(shop, database, last) as (tool, migrations):
        failure = tool.run(UP, migrations[last])
        assert isinstance(failure, ToolFailure)
        assert ('"reports" is used too' in failure.message, failure.left) == (True, Left.NOTHING)
    assert not (shop / "reports.sqlite3").exists()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("reports", '"reports" of the settings is sqlite'),
        ("nobody", 'no database "nobody"; they have default, reports'),
    ],
)
def test_a_database_that_cannot_be_meant_is_refused(shop: Path, database: str, name: str, words: str) -> None:
    layout = django_layout(shop)
    with running(layout, database, ToolSettings(database=name)) as tool:
        with pytest.raises(EnvironmentFailedError) as refused:
            tool.applied()
        assert words in refused.value.message


@pytest.mark.long
def test_settings_that_take_the_address_by_other_ways_are_refused_or_told(shop: Path, database: str) -> None:
    settings = shop / "shop/settings.py"
    text = settings.read_text(encoding="utf-8")
    elsewhere = (
        text + "import os\nos.environ['SHOP_URL'].index('postgresql://')\nDATABASES['default']['OPTIONS'] = {%s}\n"
    )
    settings.write_text(elsewhere % "'client_encoding': 'UTF8'", encoding="utf-8")
    layout = django_layout(shop)
    with running(layout, database) as tool, pytest.raises(EnvironmentFailedError, match="KeyError: 'SHOP_URL'"):
        tool.applied()
    told = ToolSettings(variables=("SHOP_URL",))
    with running(layout, database, told) as tool:
        assert tool.applied() == frozenset()
    # A backend of the project's that connects where it likes.
    backend = shop / "shop/backend/base.py"
    backend.parent.mkdir()
    (backend.parent / "__init__.py").touch()
    backend.write_text(
        "from django.db.backends.postgresql.base import *\n"
        "from django.db.backends.postgresql.base import DatabaseWrapper as Base\n"
        "class DatabaseWrapper(Base):\n"
        "    def get_new_connection(self, parameters):\n"
        "        return super().get_new_connection({**parameters, 'dbname': 'postgres'})\n",
        encoding="utf-8",
    )
    settings.write_text(elsewhere % "" + "DATABASES['default']['ENGINE'] = 'shop.backend'\n", encoding="utf-8")
    with running(layout, database, told) as tool, pytest.raises(EnvironmentFailedError, match="another database"):
        tool.run(UP, layout.migrations[0])
    assert "customers_customer" not in tables(database)
