"""The parent's side of the pipe, held against small workers that are written here."""

from __future__ import annotations

import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from migsafe.catalogue.following import Following
from migsafe.errors import EnvironmentFailedError
from migsafe.model.catalogue import Catalogue
from migsafe.model.dialect import Dialect
from migsafe.model.script import Migration
from migsafe.parse import read_script
from migsafe.sources import SourceOptions
from migsafe.sources.rendering import RenderedDatabase, Worker, render

#: What every worker here begins with: `say` writes a message, `ask` waits for its answer, `script` renders one way.
HEAD = """
import json, os, sys
job = json.loads(sys.stdin.readline())
PATH = job["path"]
def say(**message):
    print(json.dumps(message), flush=True)
def begin(migration, direction="up", **more):
    say(say="begin", migration=migration, direction=direction, path=PATH, **more)
def script(migration, *sql, direction="up", gap=None, **more):
    statements = [{"sql": one, "line": 1, "column": 1} for one in sql]
    say(say="script", migration=migration, direction=direction, path=PATH, transaction="tool",
        statements=statements, gap=gap, **more)
def ask(about, name=None, ran=(), schema=None):
    say(say="ask", about=about, schema=schema, name=name, ran=list(ran))
    return json.loads(sys.stdin.readline())["answer"]
"""


def _follow(dialect: Dialect) -> Following:
    return Following(Catalogue(dialect), read_script)


class Bench:
    """A folder with one migration's file and a worker."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "m.py").write_text("x = 1\n", encoding="utf-8")

    def render(self, worker: str, *, time_limit: float = 20, follow: Any = _follow) -> tuple[RenderedDatabase, ...]:
        program = self.folder / "worker.py"
        program.write_text(HEAD + dedent(worker), encoding="utf-8")
        return render(
            Worker((sys.executable, str(program)), self.folder),
            {"path": str(self.folder / "m.py")},
            SourceOptions(follow=follow),
            Dialect.POSTGRES,
            time_limit=time_limit,
        )

    def migrations(self, worker: str, **options: Any) -> tuple[Migration, ...]:
        (database,) = self.render(worker, **options)
        return database.migrations


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def _up(migration: Migration) -> str:
    assert migration.up is not None
    return migration.up.text


def test_what_is_said_becomes_migrations_in_that_order(bench: Bench) -> None:
    migrations = bench.migrations(
        """
        script("b", "SELECT 1")
        script("b", "SELECT 2", direction="down")
        script("a")
        say(say="end")
        """
    )
    assert [migration.id for migration in migrations] == ["b", "a"]
    assert _up(migrations[0]) == "SELECT 1;\n"
    assert migrations[0].down is not None
    assert migrations[1].down is None


def test_questions_are_answered_from_what_the_migrations_before_left(bench: Bench) -> None:
    _, second = bench.migrations(
        """
        script("a", "CREATE TABLE t (x int)")
        begin("b")
        columns = [column["name"] for column in ask("table", "t")["columns"]]
        after = [column["name"] for column in ask("table", "t", ["ALTER TABLE t ADD y int"])["columns"]]
        begin("b")
        anew = [column["name"] for column in ask("table", "t")["columns"]]
        script("b", f"SELECT '{columns} {after} {anew} {ask('table', 'u')}'")
        say(say="end")
        """
    )
    assert _up(second) == "SELECT '['x'] ['x', 'y'] ['x'] None';\n"


def test_a_way_back_leaves_nothing_for_the_next_migration(bench: Bench) -> None:
    *_, last = bench.migrations(
        """
        script("a", "CREATE TABLE t (x int)")
        script("a", "DROP TABLE t", direction="down")
        script("b", str(ask("relations")["tables"]))
        say(say="end")
        """
    )
    assert _up(last) == "['t'];\n"


def test_databases_are_kept_apart(bench: Bench) -> None:
    one, other = bench.render(
        """
        script("a", "SELECT 1", database="default", dialect="postgres")
        script("a", "SELECT 2", database="archive", dialect="sqlite")
        say(say="end")
        """
    )
    assert (one.name, one.dialect, _up(one.migrations[0])) == ("default", Dialect.POSTGRES, "SELECT 1;\n")
    assert (other.name, other.dialect, _up(other.migrations[0])) == ("archive", Dialect.SQLITE, "SELECT 2;\n")


KILLED = """
for name in ["a", "b", "c"]:
    if name not in job["done"]:
        begin(name)
        if name == "b":
            {death}
        script(name, f"SELECT '{{name}}'")
say(say="end")
"""


@pytest.mark.parametrize(
    ("death", "reason"),
    [
        ("os._exit(3)", "it ended the process that renders it (with exit status 3)"),
        ("print('oops', flush=True)", "its worker wrote something that is no message"),
        ("sys.stdin.read()", "rendering it did not end within 1 s"),
    ],
)
def test_a_migration_that_kills_its_worker_is_a_gap_and_its_neighbours_are_rendered(
    bench: Bench, death: str, reason: str
) -> None:
    first, second, third = bench.migrations(KILLED.format(death=death), time_limit=1)
    assert (_up(first), _up(third)) == ("SELECT 'a';\n", "SELECT 'c';\n")
    assert second.up is not None
    assert [gap.reason for gap in second.up.gaps] == [reason]


def test_a_worker_that_dies_before_any_migration_is_an_error_with_its_last_words(bench: Bench) -> None:
    with pytest.raises(EnvironmentFailedError, match="no such luck"):
        bench.render("sys.exit('no such luck')")


def test_a_worker_that_can_render_nothing_says_why(bench: Bench) -> None:
    with pytest.raises(EnvironmentFailedError, match="no Django here") as caught:
        bench.render("say(say='failed', reason='no Django here', hint='install it')")
    assert caught.value.hint == "install it"


def test_a_program_that_is_not_there_is_an_error(bench: Bench) -> None:
    with pytest.raises(EnvironmentFailedError, match="cannot be started"):
        render(Worker(("./no-such-python",), bench.folder), {}, SourceOptions(), Dialect.POSTGRES)


def test_without_a_reader_there_is_nothing(bench: Bench) -> None:
    (migration,) = bench.migrations(
        """
        script("a", str(ask("relations")["tables"]) + str(ask("table", "t", ["CREATE TABLE t (x int)"])))
        say(say="end")
        """,
        follow=None,
    )
    assert _up(migration) == "[]None;\n"


def test_a_message_is_one_line_whatever_stands_in_it(bench: Bench) -> None:
    (migration,) = bench.migrations(
        r"""
        script("a", "SELECT 'ä\n\u2028'")
        say(say="end")
        """
    )
    assert _up(migration) == "SELECT 'ä\n\u2028';\n"


def test_a_relative_pythonpath_stays_where_it_was(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    here = tmp_path_factory.mktemp("here")
    monkeypatch.chdir(here)
    monkeypatch.setenv("PYTHONPATH", "lib")
    (migration,) = bench.migrations("script('a', os.environ['PYTHONPATH'])\nsay(say='end')")
    assert _up(migration) == f"{here / 'lib'};\n"
