"""What a change of type costs. The Postgres cases were observed on 18.6: a new relfilenode is a rewrite."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migsafe.model.catalogue import Catalogue
from migsafe.model.catalogue.replay import apply
from migsafe.model.dialect import ASSUMED_SERVER, Dialect
from migsafe.model.locks import Work
from migsafe.model.operation import AlterColumnType, DataType
from migsafe.model.script import Direction, Script, SourceText, TransactionRule
from migsafe.parse import read_script
from migsafe.rules.knowledge.type_changes import (
    Change,
    change_of_mysql_type,
    change_of_type,
    checked_again,
    is_plain_cast,
    is_utc,
    rebuilt_indexes,
    work_of_type_change,
)

FREE = [
    "varchar(10) -> varchar(20)", "varchar(10) -> text", "varchar(10) -> varchar", "text -> varchar",
    "varchar -> bpchar", "text -> bpchar", "char(5) -> bpchar",
    "numeric(10,2) -> numeric(12,2)", "numeric(10,2) -> numeric", "numeric(10) -> numeric(12)",
    "integer -> oid", "oid -> integer",
    "timestamp(3) -> timestamp(6)", "timestamp(3) -> timestamp", "time(3) -> time", "timetz(3) -> timetz",
    "interval(3) -> interval", "interval(3) -> interval(4)",
    "cidr -> inet", "text -> citext", "citext -> text", "varchar(10) -> citext", "citext -> varchar",
    "bit(3) -> varbit", "varbit(3) -> varbit(5)", "varbit(3) -> varbit",
    "varchar(10)[] -> varchar[]", "numeric(10,2)[] -> numeric[]",
    "text -> free_domain", "varchar(10) -> free_domain",
]  # fmt: skip
REWRITTEN = [
    "varchar(20) -> varchar(10)", "text -> varchar(10)", "text -> char(10)", "varchar -> varchar(10)",
    "char(5) -> text", "char(5) -> char(6)", "bpchar -> text", "char(36) -> varchar(36)",
    "numeric(10,2) -> numeric(12,3)", "numeric -> numeric(10,2)", "integer -> numeric", "integer -> bigint",
    "smallint -> integer", "bigint -> oid", "real -> double precision", "money -> numeric",
    "timestamp -> timestamp(3)", "timestamp(3) -> timestamptz(3)", "timestamp -> timestamptz(3)", "time -> timetz",
    "date -> timestamp", "interval -> interval(3)", "inet -> cidr",
    "bit(3) -> varbit(5)", "varbit -> bit(3)", "bit(3) -> bit(4)",
    "varchar(10)[] -> varchar(20)[]", "text[] -> varchar[]", "varchar(10)[] -> text[]",
    "name -> text", "json -> jsonb", "json -> text", "mood -> text", "mood -> other_mood", "text -> checked_domain",
]  # fmt: skip
SAME = [
    "integer -> int4", "varchar(10) -> character varying(10)", "serial -> integer", "bigserial -> bigint",
    "numeric(10) -> numeric(10,0)", "timestamp(6) -> timestamp", "timestamp -> timestamp(6)", "mood -> public.mood",
]  # fmt: skip
SETUP = """
CREATE DOMAIN free_domain AS text;
CREATE DOMAIN checked_domain AS text CHECK (VALUE <> '');
CREATE TYPE mood AS ENUM ('good');
CREATE TYPE other_mood AS ENUM ('good');
"""


def _catalogue(sql: str) -> Catalogue:
    catalogue = Catalogue()
    source = SourceText("setup.sql", sql)
    script = Script(Direction.UP, sql, source, TransactionRule.TOOL, Dialect.POSTGRES)
    for statement in read_script(script).statements:
        for operation in statement.operations:
            apply(catalogue, operation)
    return catalogue


def _alter(sql: str) -> AlterColumnType:
    source = SourceText("alter.sql", sql)
    script = Script(Direction.UP, sql, source, TransactionRule.TOOL, Dialect.POSTGRES)
    operation = read_script(script).statements[0].operations[0]
    assert isinstance(operation, AlterColumnType), operation
    return operation


def _change(case: str) -> Change:
    old, new = case.split(" -> ")
    before, after = (_alter(f"ALTER TABLE t ALTER c TYPE {written}").type for written in (old, new))
    return change_of_type(before, after, _catalogue(SETUP))


@pytest.mark.parametrize("case", FREE)
def test_bytes_stay(case: str) -> None:
    assert _change(case) is Change.FREE


@pytest.mark.parametrize("case", REWRITTEN)
def test_rows_are_rewritten(case: str) -> None:
    assert _change(case) is Change.REWRITE


@pytest.mark.parametrize("case", SAME)
def test_another_spelling_is_the_same_type(case: str) -> None:
    assert _change(case) is Change.NOTHING


@pytest.mark.parametrize(
    "case", ["timestamp -> timestamptz", "timestamptz -> timestamp", "timestamp(3) -> timestamptz"]
)
def test_time_zones_are_free_in_utc_alone(case: str) -> None:
    assert _change(case) is Change.FREE_IN_UTC


def test_an_unknown_type_decides_nothing() -> None:
    assert change_of_type(None, DataType("text"), Catalogue()) is Change.DEPENDS


@given(st.integers(1, 2000), st.integers(1, 2000))
def test_a_varchar_is_free_exactly_when_it_does_not_shrink(old: int, new: int) -> None:
    change = change_of_type(
        DataType("character varying", (str(old),)), DataType("character varying", (str(new),)), Catalogue()
    )
    assert (change is Change.REWRITE) == (new < old)


@pytest.mark.parametrize("zone", ["UTC", "utc", "'UTC'", "Etc/UTC", "GMT", "Zulu"])
def test_names_of_utc(zone: str) -> None:
    assert is_utc(zone)


@pytest.mark.parametrize("zone", [None, "", "Europe/London", "UTC+1"])
def test_other_time_zones_are_not_utc(zone: str | None) -> None:
    assert not is_utc(zone)


@pytest.mark.parametrize(
    "using",
    ["a", "(a)", "a::text", '"a"::text', "cast(a as text)", "CAST(a AS text)", "(a::text)", "(a)::text", "A::TEXT"],
)
def test_using_that_says_no_more_than_postgres_would_do(using: str) -> None:
    operation = _alter(f"ALTER TABLE t ALTER a TYPE text USING {using}")
    assert operation.using is not None
    assert is_plain_cast(operation.using, operation)


@pytest.mark.parametrize(
    "using",
    ["lower(a)", "b", "b::text", '"A"::text', "a::varchar(5)::text", "a || ''", "(a)::text || 'x'", "NULL"],
)
def test_using_that_computes_another_value(using: str) -> None:
    operation = _alter(f"ALTER TABLE t ALTER a TYPE text USING {using}")
    assert operation.using is not None
    assert not is_plain_cast(operation.using, operation)


def test_a_cast_without_the_limit_of_the_new_type_is_no_plain_cast() -> None:
    operation = _alter("ALTER TABLE t ALTER a TYPE varchar(20) USING a::varchar")
    assert operation.using is not None
    assert not is_plain_cast(operation.using, operation)


WORK = {
    "CREATE TABLE t (a varchar(10));": Work.NONE,
    "CREATE TABLE t (a varchar(10) PRIMARY KEY);": Work.NONE,
    "CREATE TABLE t (a varchar(10) CHECK (a <> ''));": Work.SCAN,
    "CREATE TABLE t (a varchar(10), b text CHECK (b <> ''));": Work.NONE,
    "CREATE TABLE t (a varchar(10)); ALTER TABLE t ADD CONSTRAINT k CHECK (a <> '') NOT VALID;": Work.NONE,
    "CREATE TABLE t (a varchar(10)); CREATE INDEX i ON t (lower(a));": Work.INDEX_BUILD,
    "CREATE TABLE t (a varchar(10), b int); CREATE INDEX i ON t (b) WHERE a <> '';": Work.INDEX_BUILD,
    "CREATE TABLE t (a varchar(10), b int); CREATE INDEX i ON t (a) WHERE b > 0;": Work.INDEX_BUILD,
    "CREATE TABLE t (a varchar(10), b text); CREATE INDEX i ON t (lower(b));": Work.NONE,
    "CREATE TABLE t (a varchar(40));": Work.REWRITE,
    "": Work.REWRITE,
}


@pytest.mark.parametrize("setup", WORK)
def test_work_of_a_longer_limit(setup: str) -> None:
    operation = _alter("ALTER TABLE t ALTER a TYPE varchar(20)")
    assert work_of_type_change(operation, _catalogue(setup)) is WORK[setup]


def test_citext_sorts_otherwise_and_so_rebuilds_plain_indexes() -> None:
    catalogue = _catalogue("CREATE TABLE t (a text, b text); CREATE INDEX i ON t (a); CREATE INDEX j ON t (b);")
    operation = _alter("ALTER TABLE t ALTER a TYPE citext")
    assert rebuilt_indexes(operation, catalogue) == ("i",)
    assert work_of_type_change(operation, catalogue) is Work.INDEX_BUILD


def test_another_collation_rebuilds_plain_indexes() -> None:
    catalogue = _catalogue("CREATE TABLE t (a varchar(10)); CREATE INDEX i ON t (a);")
    assert rebuilt_indexes(_alter('ALTER TABLE t ALTER a TYPE text COLLATE "C"'), catalogue) == ("i",)


def test_the_time_zone_decides_the_work_of_timestamptz() -> None:
    catalogue = _catalogue("CREATE TABLE t (a timestamp);")
    operation = _alter("ALTER TABLE t ALTER a TYPE timestamptz")
    assert work_of_type_change(operation, catalogue, timezone="UTC") is Work.NONE
    assert work_of_type_change(operation, catalogue, timezone="Europe/Berlin") is Work.REWRITE
    assert work_of_type_change(operation, catalogue) is Work.REWRITE


def test_checks_are_named() -> None:
    catalogue = _catalogue("CREATE TABLE t (a varchar(10) CONSTRAINT filled CHECK (a <> ''));")
    operation = _alter("ALTER TABLE t ALTER a TYPE text")
    assert checked_again(operation, catalogue.table(operation.table)) == ("filled",)
    assert checked_again(operation, None) == ()


MYSQL = {
    ("int", (), "integer", ()): Change.NOTHING,
    ("int", ("11",), "int", ()): Change.NOTHING,
    ("int", (), "bigint", ()): Change.REWRITE,
    ("int", (), "int unsigned", ()): Change.REWRITE,
    ("varchar", ("20",), "varchar", ("63",)): Change.FREE,
    ("varchar", ("100",), "varchar", ("200",)): Change.FREE,
    ("varchar", ("300",), "varchar", ("400",)): Change.FREE,
    ("varchar", ("50",), "varchar", ("256",)): Change.REWRITE,
    ("varchar", ("100",), "varchar", ("300",)): Change.DEPENDS,
    ("varchar", ("50",), "varchar", ("100",)): Change.DEPENDS,
    ("varchar", ("50",), "varchar", ("20",)): Change.REWRITE,
    ("varchar", ("50",), "text", ()): Change.REWRITE,
}


@pytest.mark.parametrize("case", MYSQL)
def test_mysql(case: tuple[str, tuple[str, ...], str, tuple[str, ...]]) -> None:
    old, old_modifiers, new, new_modifiers = case
    assert change_of_mysql_type(DataType(old, old_modifiers), DataType(new, new_modifiers)) is MYSQL[case]


def test_an_unknown_mysql_type_decides_nothing() -> None:
    assert change_of_mysql_type(None, DataType("int")) is Change.DEPENDS
    assert ASSUMED_SERVER.major >= 12, "free in UTC holds from 12 on"
