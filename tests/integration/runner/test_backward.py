"""Going back on a real server: what was kept when it ran is what takes it back, and nothing goes in silence."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from migsafe.cli.main import run
from migsafe.postgres.connection import connect
from migsafe.runner.sql_method import SqlMethod

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.server, pytest.mark.long]

MIGRATIONS = {
    "00001_users.sql": (
        "-- migsafe: phase=expand release=1.0",
        "CREATE TABLE users (id bigserial PRIMARY KEY, name text NOT NULL);",
        "DROP TABLE users;",
    ),
    "00002_age.sql": (
        "-- migsafe: phase=expand change=age release=1.1",
        "ALTER TABLE users ADD COLUMN age integer;",
        "ALTER TABLE users DROP COLUMN age;",
    ),
    "00003_posts.sql": (
        "-- migsafe: phase=expand change=posts release=1.2",
        "CREATE TABLE posts (id bigserial PRIMARY KEY);",
        "DROP TABLE posts;",
    ),
    "00004_index.sql": (
        "-- migsafe: phase=expand change=posts release=1.2",
        "CREATE INDEX CONCURRENTLY posts_id ON posts (id);",
        "DROP INDEX CONCURRENTLY IF EXISTS posts_id;",
    ),
}


@dataclass
class Shop:
    """A goose project, its database, and the tracker in it or in a file."""

    folder: Path
    dsn: str
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]
    tracker: str

    def migrate(self, *words: str) -> tuple[int, str, str]:
        """Run a command of migsafe."""
        code = run([*words, "--tracker", self.tracker])
        said = self.capsys.readouterr()
        return code, said.out, said.err

    def mark(self, release: str, status: str, *more: str) -> None:
        code, _, error = self.migrate("release", "mark", release, "--env", "staging", "--status", status, *more)
        assert code == 0, error

    def expand(self, release: str) -> None:
        words = ("--release", release, "--env", "staging", "--url", "env:SHOP", "--create-env", "--accept", "a test")
        code, out, error = self.migrate("run", "expand", *words)
        assert code == 0, out + error

    def back(self, to: str, *more: str) -> tuple[int, str, str]:
        return self.migrate("backward", "--to", to, "--env", "staging", "--url", "env:SHOP", *more)

    def seen(self, to: str, *more: str) -> dict[str, object]:
        """What a rehearsal says."""
        _, out, error = self.back(to, "--dry-run", "--format", "json", *more)
        assert out, error
        return dict(json.loads(out))

    def sql(self, text: str) -> list[tuple[object, ...]]:
        with connect(self.dsn, autocommit=True) as session:
            return session.query(text)

    def do(self, text: str) -> None:
        with connect(self.dsn, autocommit=True) as session:
            session.execute(text)

    def has(self, name: str) -> bool:
        return self.sql(f"select to_regclass('{name}')") != [(None,)]  # a name of this file

    def versions(self) -> list[object]:
        return [row[0] for row in self.sql("select version_id from goose_db_version order by id") if row[0]]


def write_project(folder: Path) -> None:
    (folder / "db").mkdir()
    for name, (header, up, down) in MIGRATIONS.items():
        alone = "-- +goose NO TRANSACTION\n" if "CONCURRENTLY" in up else ""
        text = f"{alone}-- +goose Up\n{header}\n{up}\n-- +goose Down\n{down}\n"
        (folder / "db" / name).write_text(text, encoding="utf-8")
    (folder / "migsafe.toml").write_text('paths = ["db"]\n', encoding="utf-8")


@pytest.fixture
def open_shop(
    tmp_path: Path,
    make_database: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[[str], Shop]:
    """A shop whose schema is at 1.2, while its code is at 1.0."""

    def make(tracker: str) -> Shop:
        write_project(tmp_path)
        monkeypatch.chdir(tmp_path)
        dsn = make_database("")
        monkeypatch.setenv("SHOP", dsn)
        where = "env:SHOP" if tracker == "beside" else f"sqlite:{tmp_path}/tracker.db"
        made = Shop(tmp_path, dsn, monkeypatch, capsys, where)
        assert made.migrate("tracker", "upgrade")[0] == 0
        for release in ("1.0", "1.1", "1.2"):
            made.mark(release, "planned", "--create", "--create-env")
        made.expand("1.2")
        made.mark("1.0", "deployed")
        return made

    return make


@pytest.fixture
def shop(open_shop: Callable[[str], Shop]) -> Shop:
    return open_shop("apart")


@pytest.mark.parametrize("tracker", ["beside", "apart"])
def test_there_and_back(open_shop: Callable[[str], Shop], tracker: str) -> None:
    shop = open_shop(tracker)
    assert shop.versions() == [1, 2, 3, 4]
    code, _, error = shop.back("1.1", "--reason", "a test")
    assert code == 0, error
    assert not shop.has("posts")
    assert shop.versions() == [1, 2]
    again, out, _ = shop.back("1.1")
    assert (again, "nothing to take back" in out) == (0, True)
    shop.expand("1.2")
    assert shop.has("posts_id")
    assert shop.versions() == [1, 2, 3, 4]


def test_what_only_the_new_column_has_is_not_lost_in_silence(shop: Shop) -> None:
    shop.do("insert into users (name, age) values ('a', 7), ('b', null)")
    seen = shop.seen("1.0")
    assert (seen["verdict"], seen["point_of_no_return"], seen["nearest"]) == ("loses data", "00002_age", "1.1")
    for more in ((), ("--accept-data-loss",), ("--reason", "x")):
        code, _, error = shop.back("1.0", *more)
        assert code == (2 if more == ("--accept-data-loss",) else 4), error
    assert shop.versions() == [1, 2, 3, 4]
    code, _, error = shop.back("1.0", "--accept-data-loss", "--reason", "nobody is seven")
    assert code == 0, error
    assert shop.versions() == [1]
    assert "nobody is seven" in shop.migrate("history", "--format", "json")[1]


def test_the_checkout_is_not_asked_for_the_way_back(shop: Shop) -> None:
    for name in ("00003_posts.sql", "00004_index.sql"):
        (shop.folder / "db" / name).unlink()
    age = shop.folder / "db" / "00002_age.sql"
    age.write_text(age.read_text().replace("DROP COLUMN age", "DROP COLUMN name"))
    code, _, error = shop.back("1.0")
    assert code == 0, error
    assert shop.sql("select attname::text from pg_attribute where attrelid = 'users'::regclass and attnum > 0 "
                    "and not attisdropped order by 1") == [("id",), ("name",)]  # fmt: skip
    assert shop.versions() == [1]


def test_while_new_code_runs_nothing_is_taken_back(shop: Shop) -> None:
    shop.mark("1.2", "rolling")
    before = shop.migrate("history")[1]
    code, out, error = shop.back("1.0", "--dry-run")
    assert (code, "forbidden" in out) == (4, True)
    assert shop.back("1.0", "--accept-data-loss", "--reason", "x")[0] == 4
    assert "1.2 runs and needs it" in error
    assert shop.migrate("history")[1].splitlines()[:3] == before.splitlines()[:3]
    assert shop.versions() == [1, 2, 3, 4]


def test_a_way_back_that_fails_leaves_the_step_as_it_was(shop: Shop) -> None:
    shop.do("create view ages as select age from users")
    code, _, error = shop.back("1.0")
    assert (code, "depend" in error) == (5, True)
    assert shop.versions() == [1, 2]
    assert [one["status"] for one in steps_of(shop.seen("1.0"))] == ["done"]
    shop.do("drop view ages")
    assert shop.back("1.0")[0] == 0
    assert shop.versions() == [1]


def test_a_way_back_that_was_cut_off_goes_on(shop: Shop) -> None:
    def cut_off(self: SqlMethod, step: object) -> object:
        raise KeyboardInterrupt

    with shop.monkeypatch.context() as patch:
        patch.setattr(SqlMethod, "run", cut_off)
        assert shop.back("1.1")[0] == 130
    refused, _, error = shop.migrate("run", "expand", "--release", "1.2", "--env", "staging", "--url", "env:SHOP")
    assert (refused, "backward" in error) == (4, True)
    code, _, error = shop.back("1.1")
    assert code == 0, error
    assert shop.versions() == [1, 2]


def test_one_change_by_itself_and_what_was_never_kept(shop: Shop) -> None:
    index = shop.folder / "db" / "00004_index.sql"
    index.write_text(index.read_text().replace("(id)", "(id DESC)"))  # another text, which was never run
    assert shop.migrate("record", "00004_index", "--env", "staging", "--status", "reverted")[0] == 0
    assert shop.migrate("record", "00004_index", "--env", "staging", "--status", "done")[0] == 0
    code, _, error = shop.back("1.0", "--only", "posts")
    assert (code, "no text of it was kept" in error) == (4, True), error
    code, _, error = shop.back("1.0", "--only", "age")
    assert code == 0, error
    assert shop.versions() == [1, 3, 4]
    assert shop.back("1.0", "--only", "pots")[0] == 2
    assert shop.back("0.9")[0] == 2


def steps_of(seen: dict[str, object]) -> list[dict[str, object]]:
    found = seen["steps"]
    assert isinstance(found, list)
    return found
