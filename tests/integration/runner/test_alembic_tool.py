"""The project's real Alembic on a database that matters: one revision at a time, and on no other database."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from alembic_projects import CONFIGURED, GO, write_platform, write_project
from migsafe.errors import EnvironmentFailedError
from migsafe.model.script import Direction
from migsafe.postgres.connection import Timeouts, connect
from migsafe.runner.tools import Left, ToolFailure, ToolRun, ToolSettings
from migsafe.sources.base import SourceOptions
from migsafe.sources.executing.process import NotNextError
from migsafe.sources.files import Folder
from migsafe.sources.registry import source_named
from pooler_stand_in import PoolerStandIn
from project_tools import SOMEBODY_WAITS, running, wait_until, written

if TYPE_CHECKING:
    from collections.abc import Callable

    from migsafe.shadow.server import ThrowawayServer
    from migsafe.sources.executing.values import Sent

pytestmark = pytest.mark.server

UP, DOWN = Direction.UP, Direction.DOWN
SHOP = Path(__file__).parents[3] / "fixtures/projects/alembic-shop/migrations/versions"
TABLE = ("op.create_table('t', sa.Column('id', sa.Integer, primary_key=True))", "op.drop_table('t')")
WAIT = "op.execute('select pg_advisory_xact_lock(1)')"
FOR_EVER = Timeouts(lock=0, statement=0)
CAPTURE = "select to_regclass('t') is not null"


def names(dsn: str) -> set[str]:
    with connect(dsn, autocommit=True) as session:
        return {name for (name,) in session.query("select relname::text from pg_class where relkind in ('r', 'i')")}


@pytest.mark.long
def test_every_revision_of_the_shop_goes_forward_and_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: str
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(write_platform(tmp_path)))
    monkeypatch.setenv("SHOP_REGION_OF_THIS_SERVER", "here")
    layout = source_named("alembic").read_databases(Folder(SHOP), SourceOptions())[0]
    sent: list[Sent] = []
    with running(layout, database) as tool:
        assert tool.applied() == frozenset()
        assert "alembic_version" not in names(database), "who only looks makes no table"
        for n, migration in enumerate(layout.migrations, 1):
            assert isinstance(tool.run(UP, migration, on_statement=sent.append), ToolRun)
            assert tool.applied() == {one.id for one in layout.migrations[:n]}
        alone = [one.text for one in sent if one.alone]
        assert [text.split(" ON ")[0] for text in alone] == ["CREATE INDEX CONCURRENTLY ix_orders_customer_id"]
        assert "ix_orders_customer_id" in names(database)
        for migration in reversed(layout.migrations):
            assert isinstance(tool.run(DOWN, migration), ToolRun)
        assert tool.applied() == frozenset()
    assert "orders" not in names(database)


def test_a_revision_that_fails_leaves_nothing_and_says_where(tmp_path: Path, database: str) -> None:
    bad = f"{TABLE[0]}\n    op.execute('alter table nobody add n int')"
    layout = written(write_project(tmp_path, CONFIGURED, (bad, "pass"), TABLE))
    first, second = layout.migrations
    with running(layout, database) as tool:
        failure = tool.run(UP, first)
        assert isinstance(failure, ToolFailure)
        assert (failure.message, failure.sqlstate) == ('relation "nobody" does not exist', "42P01")
        assert (failure.statement, failure.line) == ("alter table nobody add n int", 10)
        assert (failure.left, failure.retriable, failure.at_end) == (Left.NOTHING, False, False)
        with pytest.raises(NotNextError, match="needs 000000000001"):
            tool.run(UP, second)
    assert "t" not in names(database)


@pytest.mark.long
def test_what_is_applied_is_not_applied_again_and_what_others_need_is_not_taken_back(
    tmp_path: Path, database: str
) -> None:
    layout = written(write_project(tmp_path, CONFIGURED, TABLE, ("pass", "pass")))
    first, second = layout.migrations
    with running(layout, database) as tool:
        tool.run(UP, first)
        with pytest.raises(NotNextError, match="applied already"):
            tool.run(UP, first)
        with pytest.raises(NotNextError, match="not applied"):
            tool.run(DOWN, second)
        tool.run(UP, second)
        with pytest.raises(NotNextError, match="before 000000000002"):
            tool.run(DOWN, first)
        assert tool.applied() == {first.id, second.id}


def test_a_lock_of_somebody_else_ends_the_wait_and_may_be_tried_again(
    tmp_path: Path, make_database: Callable[[str], str]
) -> None:
    dsn = make_database("create table t (id int)")
    sleepy = "op.add_column('t', sa.Column('n', sa.Integer))"
    layout = written(write_project(tmp_path, CONFIGURED, (sleepy, "pass")))
    with connect(dsn, autocommit=False) as holder, running(layout, dsn) as tool:
        holder.query("select * from t")
        failure = tool.run(UP, layout.migrations[0], timeouts=Timeouts(lock=50, statement=10_000))
        assert isinstance(failure, ToolFailure)
        assert (failure.sqlstate, failure.left, failure.retriable) == ("55P03", Left.NOTHING, True)
        holder.close()
        assert isinstance(tool.run(UP, layout.migrations[0]), ToolRun)


def test_the_last_look_may_still_refuse_and_then_nothing_has_run(tmp_path: Path, database: str) -> None:
    class PassedError(Exception):
        """The moment has passed."""

    def refuse() -> None:
        assert "t" not in names(database)
        raise PassedError

    layout = written(write_project(tmp_path, CONFIGURED, TABLE))
    with running(layout, database) as tool:
        with pytest.raises(PassedError):
            tool.run(UP, layout.migrations[0], last_look=refuse)
        assert names(database).isdisjoint({"t", "alembic_version"})
        assert isinstance(tool.run(UP, layout.migrations[0]), ToolRun)


def test_the_session_of_a_revision_has_the_rules_of_the_house(tmp_path: Path, database: str) -> None:
    settings = "application_name,lock_timeout,statement_timeout,row_security,client_connection_check_interval"
    asked = ", ".join(f"current_setting('{name}')" for name in settings.split(","))
    env = CONFIGURED.replace(
        "context.configure(",
        "connection.exec_driver_sql('set lock_timeout = 0'); connection.commit(); context.configure(",
    )
    layout = written(write_project(tmp_path, env, (f'op.execute("create table seen as select {asked}")', "pass")))
    path = Path(layout.migrations[0].path)
    path.write_text(
        path.read_text(encoding="utf-8").replace(f"select {asked}", f"select concat_ws(' ', {asked}) as it"),
        encoding="utf-8",
    )
    with running(layout, database) as tool:
        assert isinstance(tool.run(UP, layout.migrations[0], timeouts=Timeouts(lock=321, statement=4_321)), ToolRun)
    with connect(database, autocommit=True) as session:
        assert session.query("select it from seen") == [("migsafe 321ms 4321ms off 1s",)]


def test_a_concurrent_build_is_not_cut_off_while_it_waits(tmp_path: Path, make_database: Callable[[str], str]) -> None:
    dsn = make_database("create table t (id int); create table elsewhere ()")
    build = "op.create_index('t_id', 't', ['id'], postgresql_concurrently=True)"
    body = f"with op.get_context().autocommit_block():\n        {build}"
    layout = written(write_project(tmp_path, CONFIGURED, (body, "pass")))
    outcome: list[object] = []
    with connect(dsn, autocommit=False) as reader, running(layout, dsn) as tool:
        reader.execute("set transaction isolation level repeatable read; select * from elsewhere")
        strict = Timeouts(lock=1, statement=1000)
        run = Thread(target=lambda: outcome.append(tool.run(UP, layout.migrations[0], timeouts=strict)))
        run.start()
        with connect(dsn, autocommit=True) as watcher:
            wait_until(watcher, SOMEBODY_WAITS)
            long_enough = "select extract(epoch from now() - query_start) > 0.1 from pg_stat_activity where pid = "
            wait_until(watcher, long_enough + str(tool.backend))
        reader.close()
        run.join()
        assert isinstance(outcome[0], ToolRun)
    assert "t_id" in names(dsn)


def test_who_is_told_to_stop_stops_at_once_and_leaves_nothing(tmp_path: Path, database: str) -> None:
    layout = written(write_project(tmp_path, CONFIGURED, (f"{TABLE[0]}\n    {WAIT}", "pass")))
    outcome: list[object] = []
    with connect(database, autocommit=True) as holder, running(layout, database) as tool:
        tool.cancel()  # nothing runs: nothing happens
        holder.query("select pg_advisory_lock(1)")
        run = Thread(target=lambda: outcome.append(tool.run(UP, layout.migrations[0], timeouts=FOR_EVER)))
        run.start()
        wait_until(holder, SOMEBODY_WAITS)
        tool.cancel()
        run.join()
        assert isinstance(outcome[0], ToolFailure)
        assert (outcome[0].sqlstate, outcome[0].left) == ("57014", Left.NOTHING)
        assert tool.applied() == frozenset()


@pytest.mark.parametrize(
    ("body", "left"),
    [
        ("import os; os.kill(os.getpid(), 9)", Left.NOTHING),
        pytest.param(
            "with op.get_context().autocommit_block(): import os; os.kill(os.getpid(), 9)",
            Left.UNKNOWN,
            marks=pytest.mark.long,
        ),
    ],
)
def test_a_tool_that_dies_is_asked_again_what_it_has_done(tmp_path: Path, database: str, body: str, left: Left) -> None:
    layout = written(write_project(tmp_path, CONFIGURED, (f"{TABLE[0]}\n    {body}", "pass"), TABLE))
    with running(layout, database) as tool:
        failure = tool.run(UP, layout.migrations[0])
        assert isinstance(failure, ToolFailure)
        assert (failure.left, failure.retriable) == (left, False)
        assert "has ended" in failure.message
        assert tool.applied() == frozenset()
    assert ("t" in names(database)) is (left is Left.UNKNOWN)


@pytest.mark.long
def test_a_revision_that_failed_after_a_commit_of_its_own_is_not_tried_again(tmp_path: Path, database: str) -> None:
    body = f"{TABLE[0]}\n    with op.get_context().autocommit_block(): pass\n    raise LookupError('not today')"
    layout = written(write_project(tmp_path, CONFIGURED, (body, "pass")))
    with running(layout, database) as tool:
        failure = tool.run(UP, layout.migrations[0])
        assert isinstance(failure, ToolFailure)
        assert (failure.message, failure.left, failure.whole) == ("LookupError: not today", Left.UNKNOWN, False)
    assert "t" in names(database)


def test_who_stops_waiting_ends_the_revision_and_may_ask_at_once_what_is_there(tmp_path: Path, database: str) -> None:
    layout = written(write_project(tmp_path, CONFIGURED, (f"{TABLE[0]}\n    {WAIT}", TABLE[1])))

    def interrupt(_: Sent) -> None:
        raise KeyboardInterrupt

    with connect(database, autocommit=True) as holder, running(layout, database) as tool:
        holder.query("select pg_advisory_lock(1)")  # else it may be through before it is ended
        with pytest.raises(KeyboardInterrupt):
            tool.run(UP, layout.migrations[0], timeouts=FOR_EVER, on_statement=interrupt)
        assert tool.applied() == frozenset()
        holder.query("select pg_advisory_unlock(1)")
        assert isinstance(tool.run(UP, layout.migrations[0], timeouts=FOR_EVER), ToolRun)
        assert tool.applied() == {layout.migrations[0].id}


@pytest.mark.long
def test_a_password_is_in_no_message(tmp_path: Path, database: str, postgres_server: ThrowawayServer) -> None:
    env = GO + "raise LookupError(context.config.get_main_option('sqlalchemy.url'))\n"
    layout = written(write_project(tmp_path, env, TABLE))
    with running(layout, f"{database} password=hush") as tool:
        with pytest.raises(EnvironmentFailedError, match="LookupError") as failed:
            tool.applied()
        assert "hush" not in str(failed.value)
        assert "***" in failed.value.message


_RUN = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from project_tools import running, written
from migsafe.model.script import Direction
from migsafe.postgres.connection import Timeouts
layout = written(Path(sys.argv[1]))
with running(layout, sys.argv[2]) as tool:
    tool.run(Direction.UP, layout.migrations[0], timeouts=Timeouts(lock=0, statement=0))
"""


@pytest.mark.long
def test_the_tool_ends_with_migsafe_and_what_is_applied_is_true_afterwards(tmp_path: Path, database: str) -> None:
    layout = written(write_project(tmp_path, CONFIGURED, (f"{TABLE[0]}\n    {WAIT}", "pass")))
    tests = str(Path(__file__).parents[2])
    with connect(database, autocommit=True) as holder:
        holder.query("select pg_advisory_lock(1)")
        process = subprocess.Popen([sys.executable, "-c", _RUN, str(tmp_path), database, tests])
        wait_until(holder, SOMEBODY_WAITS)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        with running(layout, database) as tool:
            assert tool.applied() == frozenset()  # waits until the server has noticed
            assert not holder.query(SOMEBODY_WAITS)[0][0]
            holder.query("select pg_advisory_unlock(1)")
            assert isinstance(tool.run(UP, layout.migrations[0]), ToolRun)


HARD = "go(sqlalchemy.create_engine('postgresql+psycopg:///{name}'))"


@pytest.mark.parametrize(
    ("env", "words"),
    [
        (HARD.replace("{name}", "postgres"), "another database than the one that is meant"),
        pytest.param(
            "go(sqlalchemy.create_engine('sqlite:///touched.db'))", "a database of sqlite", marks=pytest.mark.long
        ),
        pytest.param(
            "try:\n    go(sqlalchemy.create_engine('postgresql+psycopg:///postgres'))\nexcept Exception: pass",
            "another database",
            marks=pytest.mark.long,
        ),
        pytest.param("import no_such_module", "No module named 'no_such_module'", marks=pytest.mark.long),
        pytest.param(
            "go(sqlalchemy.create_engine(os.environ['NO_SUCH']))", "KeyError: 'NO_SUCH'", marks=pytest.mark.long
        ),
        pytest.param("", "has run no migrations", marks=pytest.mark.long),
    ],
)
def test_an_environment_that_means_another_database_or_fails_runs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: str, env: str, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    project = write_project(tmp_path, GO + env + "\n", (f"open({str(tmp_path / 'ran')!r}, 'w').close()", "pass"))
    layout = written(project)
    with running(layout, database) as tool, pytest.raises(EnvironmentFailedError) as failed:
        tool.run(UP, layout.migrations[0])
    assert words in failed.value.message
    assert not (tmp_path / "ran").exists()
    assert not (tmp_path / "touched.db").exists()


@pytest.mark.long
def test_a_connection_that_commits_each_statement_is_refused(tmp_path: Path, database: str) -> None:
    env = GO + "import os\ngo(sqlalchemy.create_engine(os.environ['SHOP_URL'], isolation_level='AUTOCOMMIT'))\n"
    layout = written(write_project(tmp_path, env, TABLE))
    with running(layout, database, ToolSettings(variables=("SHOP_URL",))) as tool:
        with pytest.raises(EnvironmentFailedError, match="commits each statement"):
            tool.run(UP, layout.migrations[0])
        assert tool.applied() == frozenset()


@pytest.mark.long
def test_an_address_may_be_given_by_an_argument_and_what_is_not_committed_is_not_believed(
    tmp_path: Path, database: str
) -> None:
    env = (
        GO.replace("with context.begin_transaction():", "if True:")
        + "go(sqlalchemy.create_engine(context.get_x_argument(as_dictionary=True)['url']))\n"
    )
    layout = written(write_project(tmp_path, env, TABLE))
    with running(layout, database, ToolSettings(arguments=("url={url}",))) as tool:
        failure = tool.run(UP, layout.migrations[0])
        assert isinstance(failure, ToolFailure)
        assert (failure.left, failure.at_end) == (Left.NOTHING, True)
        assert "has not committed it" in failure.message
    assert "t" not in names(database)


def test_a_pooler_is_refused(tmp_path: Path, database: str, postgres_server: ThrowawayServer) -> None:
    with connect(database, autocommit=True) as session:
        address = session.address
    socket = Path(address["host"]) / f".s.PGSQL.{address['port']}"
    with PoolerStandIn(socket) as pooler:
        url = f"postgresql+psycopg://{address['user']}@/{address['dbname']}?host={pooler.folder}&port=5432"
        layout = written(write_project(tmp_path, f"{GO}go(sqlalchemy.create_engine({url!r}))\n", TABLE))
        with running(layout, database) as tool, pytest.raises(EnvironmentFailedError, match="through a pooler"):
            tool.applied()
