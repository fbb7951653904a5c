from __future__ import annotations

import pytest

from migsafe.sources.alembic.worker.queries import asks_catalogue, asks_setting, is_insert, result_items


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("SELECT a, b.c, d AS e, f g FROM t", ["a", "c", "e", "g"]),
        ('SELECT count(*), max(x), "Odd Name" FROM t', ["count", "max", "Odd Name"]),
        ("SELECT (SELECT a, b FROM u) AS inner_one, 'x, y' AS text FROM t", ["inner_one", "text"]),
        ("SELECT DISTINCT ON (a) a, lower(b) AS b FROM t", ["a", "b"]),
        ("WITH c AS (SELECT x FROM t) SELECT y FROM c", ["y"]),
        ("-- SELECT no\nSELECT yes", ["yes"]),
        ("INSERT INTO t VALUES (1) RETURNING id, at", ["id", "at"]),
        ("UPDATE t SET a = 1", []),
        ("CREATE TABLE t (a int)", []),
        ("SHOW TABLES", ["result"]),
    ],
)
def test_names_of_what_comes_back(sql: str, names: list[str]) -> None:
    assert [item.name for item in result_items(sql)] == names


def test_counts_and_stars_are_known() -> None:
    count, star = result_items("SELECT count(*) AS n, t.* FROM public.t")
    assert count.counts
    assert (star.star, star.table) == (True, "t")


@pytest.mark.parametrize(
    ("sql", "asks"),
    [
        ("SELECT 1 FROM information_schema.columns", True),
        ("select relname from pg_class", True),
        ("PRAGMA foreign_keys", True),
        ("SHOW INDEX FROM t", True),
        ("SELECT pg_sleep(1)", False),
        ("SELECT 1 FROM t WHERE a = 'pg_class'", False),
        ("UPDATE pg_things SET a = 1", False),
        ("SELECT setting FROM pg_settings", False),
    ],
)
def test_catalogue_queries_are_told_apart(sql: str, asks: bool) -> None:
    assert asks_catalogue(sql) is asks


def test_settings_and_inserts_are_told_apart() -> None:
    assert asks_setting("SHOW lock_timeout")
    assert not asks_setting("SHOW TABLES")
    assert is_insert("/* x */ INSERT INTO t VALUES (1)")
    assert not is_insert("SELECT 'INSERT'")
