"""Snapshots of replayed catalogues: alike where the author's words are, and where only the words differ."""

from __future__ import annotations

import pytest

from migsafe.catalogue.following import Following
from migsafe.model.catalogue import Catalogue
from migsafe.model.dialect import Dialect
from migsafe.model.script import Direction, Script, SourceText, TransactionRule
from migsafe.shadow.drift.fold import find_drift
from migsafe.shadow.drift.static import incomplete_tables, static_snapshot


def catalogue(sql: str) -> Catalogue:
    following = Following(Catalogue())
    following.follow(Script(Direction.UP, sql, SourceText("", sql), TransactionRule.NONE, Dialect.POSTGRES))
    return following.catalogue


def told(expected: str, found: str) -> list[str]:
    drifts = find_drift(static_snapshot(catalogue(expected)), static_snapshot(catalogue(found)))
    return [" ".join(filter(None, (drift.kind, str(drift.key), drift.fact))) for drift in drifts]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("CREATE TABLE t (a int4);", "CREATE TABLE public.t (a integer);"),
        ("CREATE TABLE t (a int DEFAULT 1);", "CREATE TABLE t (a int DEFAULT '1'::integer);"),
        ("CREATE TABLE t (a int CHECK (a>1));", "CREATE TABLE t (a int CHECK ((a > 1)));"),
        (
            "CREATE TABLE t(a int); CREATE INDEX i ON t ((a+1));",
            "CREATE TABLE t(a int); CREATE INDEX i ON t ((a + 1));",
        ),
        (
            "CREATE FUNCTION f(int4, varchar(3)[]) RETURNS int LANGUAGE sql AS '';",
            "CREATE FUNCTION f(integer, character varying[]) RETURNS int LANGUAGE sql AS '';",
        ),
        (
            "CREATE TYPE e AS ENUM ('a'); CREATE TABLE t (a e);",
            "CREATE TYPE e AS ENUM ('a'); CREATE TABLE t (a public.e);",
        ),
        (
            "CREATE TABLE t (id serial);",
            "CREATE SEQUENCE t_id_seq AS integer; CREATE TABLE t (id int NOT NULL DEFAULT nextval('t_id_seq')); "
            "ALTER SEQUENCE t_id_seq OWNED BY t.id;",
        ),
    ],
)
def test_the_same_in_other_words(one: str, other: str) -> None:
    assert told(one, other) == []


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("a int", "a bigint", ["changed column public.t.a type"]),
        ("a int", "a int NOT NULL", ["changed column public.t.a not_null"]),
        ("a int", "a int DEFAULT 1", ["changed column public.t.a default"]),
        ("a int", "a int, b int", ["extra column public.t.b"]),
        ("a int UNIQUE", "a int", ["missing constraint public.t.t_a_key"]),
        ("a int CHECK (a > 1)", "a int", ["missing constraint public.t.t_a_check"]),
        ("a int, CONSTRAINT k UNIQUE (a)", "a int, CONSTRAINT q UNIQUE (a)", ["renamed constraint public.t.k"]),
        (
            "a int REFERENCES u ON DELETE CASCADE",
            "a int REFERENCES u",
            ["changed constraint public.t.t_a_fkey definition"],
        ),
    ],
)
def test_what_is_another(one: str, other: str, expected: list[str]) -> None:
    parent = "CREATE TABLE u (id int PRIMARY KEY);"
    assert told(f"{parent} CREATE TABLE t ({one});", f"{parent} CREATE TABLE t ({other});") == expected


def test_the_order_of_an_enums_values_counts() -> None:
    assert told("CREATE TYPE e AS ENUM ('a', 'b');", "CREATE TYPE e AS ENUM ('b', 'a');") == [
        "changed type public.e values"
    ]


def test_tables_that_are_known_by_half() -> None:
    half = catalogue("CREATE TABLE a AS SELECT 1 AS i; CREATE TABLE b (i int);")
    assert incomplete_tables(half) == {"public.a"}
