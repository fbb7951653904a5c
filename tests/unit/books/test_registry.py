"""Which table is meant, by whatever says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from migsafe.books import book_of, history_of
from migsafe.errors import UsageError
from migsafe.model.dialect import Dialect
from migsafe.model.script import MigrationSet
from source_layouts import write_files
from tool_tables import TOOLS, project_of

if TYPE_CHECKING:
    from pathlib import Path


def layout(tool: str, root: Path | str = ".", dialect: Dialect = Dialect.POSTGRES) -> MigrationSet:
    return MigrationSet(tool, str(root), dialect, ())


def table(found: MigrationSet, *, said: str | None = None, **environ: str) -> str:
    history = history_of(found, table=said, environ=environ)
    assert history is not None
    return history.table


@pytest.mark.parametrize("tool", TOOLS)
def test_every_tool_with_a_table_is_known_by_its_name(tool: str) -> None:
    history = history_of(project_of(tool), environ={})
    assert history is not None
    assert history.tool == tool
    assert history.is_a_line is (tool == "golang-migrate")


@pytest.mark.parametrize("tool", ["alembic", "django", "sqitch"])
def test_some_are_only_read(tool: str) -> None:
    assert history_of(layout(tool), environ={}) is not None
    assert book_of(layout(tool), environ={}) is None


@pytest.mark.parametrize(("tool", "dialect"), [("plain", Dialect.POSTGRES), ("diesel", Dialect.SQLITE)])
def test_some_have_none_in_postgres(tool: str, dialect: Dialect) -> None:
    assert history_of(layout(tool, dialect=dialect)) is None


def test_a_variable_names_the_table() -> None:
    assert table(layout("goose")) == "goose_db_version"
    assert table(layout("goose"), GOOSE_TABLE="ops.versions") == "ops.versions"
    assert table(layout("dbmate"), DBMATE_MIGRATIONS_TABLE="kept") == "kept"
    assert table(layout("dbmate"), said="app.mine", DBMATE_MIGRATIONS_TABLE="kept") == "app.mine"


@pytest.mark.parametrize(
    ("files", "environ", "expected"),
    [
        ({}, {}, "flyway_schema_history"),
        ({"flyway.toml": '[flyway]\ntable = "h"\nschemas = ["a", "b"]\n'}, {}, "a.h"),
        ({"flyway.toml": '[flyway]\ndefaultSchema = "d"\nschemas = ["a"]\n'}, {}, "d.flyway_schema_history"),
        ({"conf/flyway.conf": "flyway.schemas=a, b\nflyway.table = h\n"}, {}, "a.h"),
        ({"flyway.conf": "flyway.table = h\n"}, {"FLYWAY_TABLE": "e", "FLYWAY_SCHEMAS": "s,t"}, "s.e"),
        ({"flyway.toml": "not toml"}, {}, "flyway_schema_history"),
    ],
)
def test_flyway_is_asked_where_its_table_is(
    files: dict[str, str], environ: dict[str, str], expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path, files)
    assert table(layout("flyway", tmp_path), **environ) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("connection=c", "alembic_version"),
        ("connection=c, version_table='kept'", "kept"),
        ("connection=c, version_table='kept', version_table_schema='app'", "app.kept"),
        ("connection=c, version_table=named()", "alembic_version"),
    ],
)
def test_env_py_is_asked_where_alembics_table_is(said: str, expected: str, tmp_path: Path) -> None:
    env = f"from alembic import context\ncontext.configure({said})\n"
    write_files(
        tmp_path, {"migrations/env.py": env, "migrations/versions/a.py": "revision = 'a'\ndown_revision = None\n"}
    )
    assert table(layout("alembic", tmp_path / "migrations" / "versions")) == expected


@pytest.mark.parametrize("said", ["", "a.b.c", ".a", "a.", 'a"b', "a b.c d.e"])
def test_what_is_no_name_of_a_table_is_refused(said: str) -> None:
    with pytest.raises(UsageError, match="is no name of a table"):
        table(layout("diesel"), said=said)
