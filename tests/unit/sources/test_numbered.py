"""Names of golang-migrate and pop."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migsafe.model.dialect import Dialect
from migsafe.sources.numbered import pair_up, parse_name


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("1_a.up.sql", ("1", "a", None, False, "up")),
        ("001_a.b.down.sql", ("001", "a.b", None, False, "down")),
        ("20240101000000_a.postgres.up.sql", ("20240101000000", "a", "postgres", False, "up")),
        ("1_a.sqlite3.autocommit.down.sql", ("1", "a", "sqlite3", True, "down")),
        ("1_a.autocommit.up.sql", ("1", "a", None, True, "up")),
        ("1_a.oracle.up.sql", ("1", "a.oracle", None, False, "up")),
        ("1_mysql.up.sql", ("1", "mysql", None, False, "up")),
    ],
)
def test_names_are_taken_apart(name: str, parts: tuple[str, str, str | None, bool, str]) -> None:
    file = parse_name(name)
    assert file
    assert (file.version, file.name, file.infix, file.autocommit, file.direction) == parts


@pytest.mark.parametrize("name", ["a_1.up.sql", "1_a.sql", "1a.up.sql", "1_a.up.sql.bak", "V1_a.up.sql", "1_a.up.json"])
def test_other_names_are_not(name: str) -> None:
    assert parse_name(name) is None


def test_synonyms_of_dialects() -> None:
    dialects = {"mariadb": Dialect.MYSQL, "postgresql": Dialect.POSTGRES, "sqlite3": Dialect.SQLITE, "cockroach": None}
    for infix, dialect in dialects.items():
        file = parse_name(f"1_a.{infix}.up.sql")
        assert file
        assert file.dialect is dialect


@given(st.lists(st.integers(0, 10**20), unique=True, max_size=8))
def test_pairs_sort_by_version(versions: list[int]) -> None:
    names = [f"{version}_x.{direction}.sql" for version in versions for direction in ("down", "up")]
    pairs, doubles = pair_up(filter(None, map(parse_name, names)), lambda file: (int(file.version), ""))
    assert [int(pair.id.split("_")[0]) for pair in pairs] == sorted(versions)
    assert all(pair.up and pair.down for pair in pairs)
    assert doubles == []
