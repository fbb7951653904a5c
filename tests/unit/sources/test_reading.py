"""From paths to layouts: what is selected, what is context, what is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from migsafe.errors import ExitCode, NoMigrationsError, PathNotFoundError, UsageError
from migsafe.model.dialect import Dialect
from migsafe.model.script import TransactionRule
from migsafe.sources import LoadedLayout, SourceOptions, detect, read_paths, read_stdin
from source_layouts import write_files

DIESEL = {
    "migrations/2024-01-01_a/up.sql": "CREATE TABLE a (id int);",
    "migrations/2024-01-01_a/down.sql": "DROP TABLE a;",
    "migrations/2024-02-01_b/up.sql": "CREATE TABLE b (id int);",
}
OPTIONS = SourceOptions()


@pytest.fixture(autouse=True)
def _in_a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def read(*names: str, options: SourceOptions = OPTIONS) -> tuple[LoadedLayout, ...]:
    return read_paths([Path(name) for name in names], options)


def ids(layout: LoadedLayout) -> list[str]:
    return [migration.id for migration in layout.migrations.migrations]


def test_a_file_in_a_layout_selects_itself_and_the_rest_is_context() -> None:
    write_files(Path(), DIESEL)
    (layout,) = read("migrations/2024-02-01_b/up.sql")
    assert layout.migrations.root == "migrations"
    assert ids(layout) == ["2024-01-01_a", "2024-02-01_b"]
    assert layout.selected == {"migrations/2024-02-01_b/up.sql"}


def test_a_folder_in_a_layout_selects_what_is_below_it() -> None:
    write_files(Path(), DIESEL)
    (layout,) = read("migrations/2024-01-01_a")
    assert len(ids(layout)) == 2
    assert layout.selected == {"migrations/2024-01-01_a/up.sql", "migrations/2024-01-01_a/down.sql"}


def test_files_of_one_layout_are_read_once() -> None:
    write_files(Path(), DIESEL)
    (layout,) = read("migrations/2024-01-01_a/up.sql", "migrations/2024-02-01_b/up.sql")
    assert layout.selected == {"migrations/2024-01-01_a/up.sql", "migrations/2024-02-01_b/up.sql"}


def test_a_settings_file_selects_nothing() -> None:
    write_files(Path(), DIESEL | {"migrations/2024-01-01_a/metadata.toml": "run_in_transaction = true"})
    (layout,) = read("migrations/2024-01-01_a/metadata.toml")
    assert layout.selected == frozenset()
    assert layout.migrations.unreadable == ()


def test_a_repository_may_hold_several_layouts() -> None:
    write_files(Path(), DIESEL | {"service/db/migrations_sqlite/1_a.up.sql": "SELECT 1;"})
    first, second = read(".")
    assert (first.migrations.tool, second.migrations.tool) == ("diesel", "golang-migrate")
    assert second.migrations.dialect is Dialect.SQLITE
    assert second.selected == {"service/db/migrations_sqlite/1_a.up.sql"}


@pytest.mark.parametrize("folder", [".git", "node_modules", ".venv", "venv", "target", "vendor"])
def test_folders_of_others_are_not_searched_but_read_when_named(folder: str) -> None:
    write_files(Path(), DIESEL | {f"{folder}/lib/1_a.up.sql": "SELECT 1;"})
    assert [layout.migrations.tool for layout in read(".")] == ["diesel"]
    assert [layout.migrations.tool for layout in read(f"{folder}/lib")] == ["golang-migrate"]


def test_links_in_a_circle_end() -> None:
    write_files(Path(), DIESEL)
    Path("migrations/again").symlink_to(Path().absolute())
    Path("around").symlink_to(Path().absolute())
    assert len(read(".")) == 1


def test_flyway_follows_no_circle() -> None:
    write_files(Path(), {"db/migration/V1__a.sql": "SELECT 1;"})
    Path("db/migration/again").symlink_to(Path("db/migration").absolute())
    (layout,) = read("db/migration")
    assert ids(layout) == ["1"]


def test_a_file_in_no_layout_is_plain_sql_alone() -> None:
    write_files(Path(), {"scripts/fix.sql": "UPDATE a SET b = :c;", "scripts/other.sql": "SELECT 1;"})
    (layout,) = read("scripts/fix.sql")
    assert (layout.migrations.tool, ids(layout)) == ("plain", ["fix"])
    assert layout.selected == {"scripts/fix.sql"}


def test_two_directions_in_no_layout_are_one_migration() -> None:
    write_files(Path(), {"fix.up.sql": "SELECT 1;", "fix.down.sql": "SELECT 2;", "a.sql": "", "b.sql": "", "c.sql": ""})
    (layout,) = read("fix.up.sql", "fix.down.sql")
    (migration,) = layout.migrations.migrations
    assert migration.up
    assert migration.down


def test_a_file_alone_is_read_by_its_marks() -> None:
    write_files(Path(), {"out/upgrade.txt": "-- Running upgrade  -> a1\nSELECT 1;\n"})
    (layout,) = read("out/upgrade.txt")
    assert (layout.migrations.tool, ids(layout)) == ("alembic-sql", ["a1"])


def test_a_seed_file_beside_migrations_is_read_alone() -> None:
    write_files(Path(), {"db/1_a.up.sql": "SELECT 1;", "db/seed.sql": "SELECT 2;"})
    (layout,) = read("db/seed.sql")
    assert (layout.migrations.tool, ids(layout)) == ("plain", ["seed"])


def test_a_folder_of_any_sql_is_plain_when_named() -> None:
    write_files(Path(), {"sql/b.sql": "SELECT 1;", "sql/deep/a.sql": "SELECT 2;"})
    first, second = read("sql")
    assert (ids(first), ids(second)) == (["b"], ["a"])


def test_queries_beside_a_layout_are_not_migrations() -> None:
    write_files(Path(), DIESEL | {"queries/find_user.sql": "SELECT 1;", "queries/2fa.sql": "SELECT 2;"})
    assert [layout.migrations.root for layout in read(".")] == ["migrations"]


def test_a_path_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(PathNotFoundError, match=r"gone\.sql does not exist") as caught:
        read("gone.sql")
    assert caught.value.exit_code is ExitCode.USAGE


def test_an_empty_folder_is_an_error_with_a_hint() -> None:
    Path("empty").mkdir()
    with pytest.raises(NoMigrationsError, match="no migrations in empty") as caught:
        read("empty")
    assert caught.value.hint
    assert caught.value.exit_code is ExitCode.NOTHING_FOUND


@pytest.mark.parametrize(
    ("name", "text", "hint"),
    [
        ("steps/first.py", 'revision = "1a"\ndown_revision = None\n', "--tool alembic"),
        ("steps/first.py", 'revision: str = "1a"\n', "--tool alembic"),
        ("app/migrations/0001_initial.py", "class Migration(migrations.Migration):\n    pass\n", "--manage"),
    ],
)
def test_python_migrations_that_nobody_claims_say_how_they_are_read(name: str, text: str, hint: str) -> None:
    write_files(Path(), {name: text})
    with pytest.raises(NoMigrationsError) as caught:
        read(str(Path(name).parent))
    assert hint in (caught.value.hint or "")
    (layout,) = read(name)
    assert hint in layout.migrations.unreadable[0].reason


def test_other_python_is_no_migration() -> None:
    write_files(Path(), {"src/app.py": "my_revision = 3\n"})
    with pytest.raises(NoMigrationsError) as caught:
        read(".")
    assert "sql" not in (caught.value.hint or "")


def test_bad_files_are_said_and_the_others_read() -> None:
    write_files(Path(), {"db/1_a.sql": "SELECT 1;", "db/3_c.sql": "SELECT 3;"})
    Path("db/2_b.sql").write_bytes("SELECT 2".encode("utf-16"))
    (layout,) = read("db")
    assert ids(layout) == ["1_a", "3_c"]
    (bad,) = layout.migrations.unreadable
    assert (bad.path, "UTF-16" in bad.reason) == ("db/2_b.sql", True)
    assert bad.path in layout.selected


def test_positions_hold_behind_a_byte_order_mark_and_with_carriage_returns() -> None:
    Path("1_a.sql").write_bytes(b"\xef\xbb\xbfSELECT 1;\r\nSELECT 2;\r\n")
    (layout,) = read("1_a.sql")
    script = layout.migrations.migrations[0].up
    assert script
    assert script.text == "SELECT 1;\r\nSELECT 2;\r\n"
    assert script.position(script.text.index("2")) == (2, 8)


def test_a_tool_can_be_named() -> None:
    write_files(Path(), {"db/1_a.up.sql": "SELECT 1;", "db/2_b.sql": "SELECT 2;"})
    assert [layout.migrations.tool for layout in read("db")] == ["plain"]
    (layout,) = read("db", options=SourceOptions(tool="golang-migrate"))
    assert ids(layout) == ["1_a"]
    (layout,) = read("db/1_a.up.sql", options=SourceOptions(tool="pop"))
    assert layout.migrations.tool == "pop"


def test_a_named_tool_that_finds_nothing_is_an_error() -> None:
    write_files(Path(), {"db/notes.sql": "SELECT 1;"})
    with pytest.raises(NoMigrationsError, match="no flyway migrations in db"):
        read("db", options=SourceOptions(tool="flyway"))


def test_an_unknown_tool_is_an_error_that_names_the_known_ones() -> None:
    with pytest.raises(UsageError, match="no tool 'liquibase'") as caught:
        read(".", options=SourceOptions(tool="liquibase"))
    assert "flyway" in (caught.value.hint or "")


def test_what_the_user_says_wins() -> None:
    write_files(Path(), {"mysql/1_a.up.sql": "ALTER TABLE {{ t }} ADD b int;"})
    options = SourceOptions(dialect=Dialect.POSTGRES, placeholders={"t": "things"}, transaction=TransactionRule.TOOL)
    (layout,) = read("mysql", options=options)
    script = layout.migrations.migrations[0].up
    assert script
    assert (script.dialect, script.transaction) == (Dialect.POSTGRES, TransactionRule.TOOL)
    assert script.text == "ALTER TABLE things ADD b int;"
    assert script.source_offset(script.text.index("ADD")) == script.source.text.index("ADD")


def test_a_file_for_another_dialect_is_read_for_that_dialect() -> None:
    files = {
        "db/20240101000000_a.postgres.up.sql": "SELECT 1;",
        "db/20240101000000_a.mysql.up.sql": "SELECT 2;",
        "db/20240101000000_a.cockroach.up.sql": "SELECT 3;",
    }
    write_files(Path(), files)
    (layout,) = read("db/20240101000000_a.mysql.up.sql")
    assert layout.migrations.dialect is Dialect.MYSQL
    assert [script.path for one in layout.migrations.migrations for script in one.scripts] == list(layout.selected)


def test_a_file_that_the_tool_does_not_run_is_said() -> None:
    write_files(Path(), {f"db/20240101000000_a.{name}.up.sql": "SELECT 1;" for name in ("postgres", "cockroach")})
    (layout,) = read("db/20240101000000_a.cockroach.up.sql")
    assert [file.path for file in layout.migrations.unreadable] == ["db/20240101000000_a.cockroach.up.sql"]


def test_detection_of_single_paths() -> None:
    write_files(Path(), DIESEL | {"scripts/fix.sql": "SELECT 1;"})
    for name in ("migrations", "migrations/2024-01-01_a/up.sql"):
        source = detect(Path(name))
        assert source
        assert source.name == "diesel"
    assert detect(Path("scripts/fix.sql")) is None
    assert detect(Path("scripts")) is None


@pytest.mark.parametrize(
    ("text", "tool", "directions"),
    [
        ("SELECT 1;", "plain", ["up"]),
        ("-- +goose Up\nSELECT 1;\n-- +goose Down\nSELECT 2;\n", "goose", ["up", "down"]),
        ("-- migrate:up\nSELECT 1;\n", "dbmate", ["up"]),
        ("-- Running upgrade a -> b\nSELECT 1;\n", "alembic-sql", ["up"]),
        ("", "plain", ["up"]),
    ],
)
def test_standard_input_is_read_by_its_marks(text: str, tool: str, directions: list[str]) -> None:
    layout = read_stdin(text, "<stdin>", OPTIONS)
    assert layout.migrations.tool == tool
    assert layout.selected == {"<stdin>"}
    (migration,) = layout.migrations.migrations
    assert [script.direction for script in migration.scripts] == directions
    assert {script.path for script in migration.scripts} == {"<stdin>"}


def test_standard_input_may_be_named_a_tool_s() -> None:
    layout = read_stdin("-- migrate:up\nSELECT 1;", "<stdin>", SourceOptions(tool="plain"))
    assert layout.migrations.tool == "plain"


def test_standard_input_that_is_no_text_is_said() -> None:
    layout = read_stdin(b"\xff\xfe\x00", "<stdin>", OPTIONS)
    assert layout.migrations.migrations == ()
    assert "UTF-16" in layout.migrations.unreadable[0].reason


@pytest.mark.parametrize(
    ("tool", "rule"),
    [("prisma", "implicit"), ("flyway", "unless-forbidden"), ("diesel", "tool"), ("plain", "none"), ("sqitch", "none")],
)
def test_a_text_that_is_said_to_be_a_tool_s_runs_by_its_rule(tool: str, rule: str) -> None:
    layout = read_stdin("SELECT 1;", "<stdin>", SourceOptions(tool=tool))
    assert layout.migrations.tool == tool
    assert [script.transaction for script in layout.migrations.migrations[0].scripts] == [rule]


BOTH = SourceOptions(dialects=(Dialect.POSTGRES, Dialect.MYSQL))
NUMBERED = {"1_a.up.sql": "SELECT 1;"}


def dialects_of(*names: str) -> list[Dialect]:
    return [layout.migrations.dialect for layout in read(*names, options=BOTH)]


def below(folder: str, files: dict[str, str] = NUMBERED) -> dict[str, str]:
    return {f"{folder}/{name}": text for name, text in files.items()}


def test_of_several_databases_a_folder_says_whose_it_is() -> None:
    write_files(Path(), below("db/postgres") | below("db/mysql"))
    assert sorted(dialects_of("db")) == [Dialect.MYSQL, Dialect.POSTGRES]


@pytest.mark.parametrize("named", ["db", "db/1_a.up.sql", "seeds/fill.sql"])
def test_sql_of_one_database_must_say_of_which(named: str) -> None:
    write_files(Path(), below("db") | {"seeds/fill.sql": "SELECT 1;", "seeds/a.txt": ""})
    with pytest.raises(
        UsageError, match="holds SQL of one database, and does not say of which: postgres or mysql"
    ) as e:
        read(named, options=BOTH)
    assert "--dialect" in (e.value.hint or "")


def test_sql_of_a_database_that_was_not_named_is_refused() -> None:
    write_files(Path(), below("db/sqlite"))
    with pytest.raises(UsageError, match="db/sqlite is for sqlite, and not for postgres or mysql"):
        read("db", options=BOTH)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"db/migration_lock.toml": 'provider = "mysql"', "db/1_a/migration.sql": "SELECT 1;"}, ["mysql"]),
        ({"db/sqitch.plan": "%project=p\n%engine=mysql\n", "db/sqitch.conf": "[core]\n\tengine = mysql\n"}, ["mysql"]),
        (
            {"db/20240101000000_a.mysql.up.sql": "SELECT 1;", "db/20240101000000_a.up.sql": "SELECT 2;"},
            ["postgres", "mysql"],
        ),
        ({"db/migration/V1__a.sql": "SELECT 1;", "db/migration/mysql/V2__b.sql": "SELECT 2;"}, ["postgres", "mysql"]),
    ],
    ids=["prisma", "sqitch", "pop", "flyway"],
)
def test_a_layout_may_say_whose_it_is(files: dict[str, str], expected: list[str]) -> None:
    write_files(Path(), files)
    assert dialects_of("db") == expected


def test_a_file_that_only_one_of_several_databases_runs_is_no_other_s() -> None:
    files = {"20240101000000_a.up.sql": "SELECT 1;", "20240101000000_a.mysql.up.sql": "SELECT 2;"}
    write_files(Path(), below("db", files))
    postgres, mysql = read("db", options=BOTH)
    assert (postgres.selected, mysql.selected) == ({"db/20240101000000_a.up.sql"}, {"db/20240101000000_a.mysql.up.sql"})
    assert postgres.migrations.unreadable == mysql.migrations.unreadable == ()
    (named,) = read("db/20240101000000_a.mysql.up.sql", options=BOTH)
    assert named.migrations.dialect is Dialect.MYSQL


def test_standard_input_is_of_one_database() -> None:
    with pytest.raises(UsageError, match="<stdin> holds SQL of one database"):
        read_stdin("SELECT 1;", "<stdin>", BOTH)


def test_one_of_several_is_one() -> None:
    write_files(Path(), below("db"))
    (layout,) = read("db", options=SourceOptions(dialect=Dialect.MYSQL, dialects=(Dialect.MYSQL,)))
    assert layout.migrations.dialect is Dialect.MYSQL
