"""Projects on disk: read, replayed, and asked where an object was made."""

from __future__ import annotations

from pathlib import Path

import pytest

from migsafe.catalogue.project import Project, place_of, read_project
from migsafe.config import Config
from migsafe.errors import NoMigrationsError, PathNotFoundError, UsageError
from migsafe.model.names import QualifiedName

MIGRATIONS = Path(__file__).parents[3] / "fixtures" / "drift" / "migrations"
USERS = QualifiedName("users", "public")


@pytest.fixture
def project() -> Project:
    return read_project([MIGRATIONS], Config())


def test_it_replays_all_migrations(project: Project) -> None:
    assert [up.migration.id for up in project.ups] == ["0001_users", "0002_orders", "0003_names"]
    assert "full_name" in project.catalogue.tables[USERS].columns
    assert project.at is None


@pytest.mark.parametrize("at", ["0002_orders", "0002"])
def test_it_stops_where_it_is_told(at: str) -> None:
    project = read_project([MIGRATIONS], Config(), at=at)
    assert "full_name" not in project.catalogue.tables[USERS].columns
    assert project.at == "0002_orders"
    assert len(project.ups) == 2


def test_a_migration_that_there_is_not() -> None:
    with pytest.raises(UsageError, match="no migration") as caught:
        read_project([MIGRATIONS], Config(), at="0003_nmes")
    assert caught.value.hint == "did you mean 0003_names?"


def test_a_beginning_that_several_migrations_have() -> None:
    with pytest.raises(UsageError, match="several migrations") as caught:
        read_project([MIGRATIONS], Config(), at="000")
    assert "0001_users" in (caught.value.hint or "")


def test_a_full_name_wins_over_a_beginning(tmp_path: Path) -> None:
    for name in ("1", "10", "100"):
        (tmp_path / f"{name}.sql").write_text(f"CREATE TABLE t{name} (i int);\n")
    assert read_project([tmp_path], Config(), at="10").at == "10"


def test_the_last_migration_that_changed_an_object_or_a_part_of_it(project: Project) -> None:
    origins = {key: up.migration.id for key, up in project.origins.items()}
    assert origins[USERS, ""] == "0003_names"
    assert origins[USERS, "full_name"] == "0003_names"
    assert origins[USERS, "email"] == "0001_users"
    assert origins[USERS, "users_email_key"] == "0001_users"
    assert origins[QualifiedName("orders", "public"), "touch_orders"] == "0002_orders"
    assert origins[QualifiedName("touch", "public"), ""] == "0002_orders"
    assert origins[QualifiedName("role", "public"), ""] == "0001_users"


@pytest.mark.parametrize(
    ("names", "about", "line", "word"),
    [
        (["email", "users"], "users", 12, "email"),
        (["id", "users"], "users", 10, "id"),
        (["id", "orgs"], "orgs", 5, "id"),
        (["never_said", "users"], "users", 9, "users"),
        (["NAME"], "orgs", 6, "name"),
    ],
)
def test_where_a_migration_names_an_object(
    names: list[str], about: str, line: int, word: str, project: Project
) -> None:
    up = project.ups[0]
    start, end = place_of(up, names, about)
    assert start.line == line
    assert up.read.script.source.line(line)[start.column - 1 : end.column - 1] == word


def test_what_is_named_nowhere_stands_at_the_first_statement(project: Project) -> None:
    start, end = place_of(project.ups[0], ["nowhere"], "nothing")
    assert (start, end) == ((1, 1), (1, 1))


def test_what_it_does_not_understand_it_says(tmp_path: Path) -> None:
    (tmp_path / "1.sql").write_text(
        "CREATE TABLE a (i int);\nCREATE TABEL b (i int);\nDO $$ BEGIN EXECUTE 'drop ' || 'table a'; END $$;\n"
    )
    places = read_project([tmp_path], Config()).not_understood
    assert [(place.line, Path(place.path).name) for place in places] == [(2, "1.sql"), (3, "1.sql")]


def test_several_databases_are_refused(tmp_path: Path) -> None:
    for number in range(5):
        folder = tmp_path / f"app{number}" / "migrations"
        folder.mkdir(parents=True)
        (folder / "0001_a.up.sql").write_text("CREATE TABLE a (i int);\n")
    with pytest.raises(UsageError, match="and 2 more"):
        read_project([tmp_path], Config())


def test_a_path_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(PathNotFoundError):
        read_project([tmp_path / "nowhere"], Config())


def test_a_folder_without_migrations(tmp_path: Path) -> None:
    with pytest.raises(NoMigrationsError):
        read_project([tmp_path], Config())


def test_it_says_how_far_it_is() -> None:
    said: list[tuple[int, int]] = []
    read_project([MIGRATIONS], Config(), progress=lambda done, total: said.append((done, total)))
    assert said == [(1, 3), (2, 3), (3, 3)]
