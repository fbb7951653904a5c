from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lite_scripts import migration, script
from migsafe.model.script import TransactionRule
from migsafe.shadow.lite.round_trip import LiteProver
from migsafe.sqlite.connection import StatementRefusedError

BEFORE = "create table t (id integer primary key, a text); create index i on t (a)"


def test_an_exact_way_back() -> None:
    with LiteProver(setup=BEFORE) as prover:
        proof = prover.prove(migration("ALTER TABLE t ADD COLUMN b INT;", "ALTER TABLE t DROP COLUMN b;"))
    assert proof.trip.clean.complete
    assert proof.trip.clean.failure is proof.trip.filled.failure is None
    assert (proof.trip.clean.lost, proof.lost) == ((), None)
    assert proof.trip.seeding.rows == {"t": 2}


def test_a_proof_leaves_the_database_as_it_was() -> None:
    of = migration("DROP TABLE t;", "CREATE TABLE t (a);")
    with LiteProver(setup=BEFORE) as prover:
        first = prover.prove(of)
        assert prover.prove(of).trip == first.trip
        assert prover.apply(script("INSERT INTO t VALUES (1, 'one');")) is None


def test_a_loss_that_the_next_way_up_repairs_and_one_that_it_does_not() -> None:
    up = "DROP INDEX IF EXISTS i; CREATE INDEX IF NOT EXISTS j ON t (a); CREATE TABLE IF NOT EXISTS u (a);"
    with LiteProver(setup=BEFORE) as prover:
        clean = prover.prove(migration(up, "DROP INDEX j; ALTER TABLE u ADD COLUMN b;")).trip.clean
    assert {difference.key.name for difference in clean.lost} == {"i", "u"}
    assert {difference.key.name for difference in clean.lost_for_good} == {"u"}


@pytest.mark.parametrize(
    ("up", "down", "fails"),
    [
        ("DROP TABLE u;", "", "up"),
        ("CREATE TABLE u (a);", "DROP TABLE v;", "down"),
        ("CREATE TABLE u (a);", ";", "second_up"),
    ],
)
def test_how_far_a_trip_comes(up: str, down: str, fails: str) -> None:
    with LiteProver(setup=BEFORE) as prover:
        clean = prover.prove(migration(up, down)).trip.clean
    assert [name for name in ("up", "down", "second_up") if getattr(clean, name) is not None] == [fails]


def test_a_failure_on_rows_only() -> None:
    of = migration("ALTER TABLE t ADD COLUMN b INT NOT NULL;", "ALTER TABLE t DROP COLUMN b;")
    with LiteProver(setup=BEFORE) as prover:
        trip = prover.prove(of).trip
    assert trip.clean.failure is None
    assert trip.filled.up is not None
    with LiteProver(setup=BEFORE, rows=False) as prover:
        assert prover.prove(of).trip.filled.failure is None


def test_a_project_without_ways_back_is_only_applied() -> None:
    with LiteProver(setup=BEFORE) as prover:
        trip = prover.prove(migration("DROP TABLE t;"), way_back_expected=False).trip
    assert (trip.clean.failure, trip.clean.lost, trip.before) == (None, (), None)


def test_each_script_finds_a_connection_as_new() -> None:
    up = "PRAGMA foreign_keys = off; CREATE TEMP TABLE scratch (a);"
    of = migration(up, "CREATE TEMP TABLE scratch (a);", transaction=TransactionRule.NONE)
    with LiteProver() as prover:
        assert prover.prove(of).trip.clean.failure is None


def test_stand_ins_stay() -> None:
    read = script("CREATE TABLE u (a CHECK (shout(a) <> ''));")
    with LiteProver() as prover:
        failure = prover.apply(read)
        assert failure is not None
        assert prover.stand_in(failure) == "function shout"
        assert prover.apply(read) is None
        failure = prover.apply(script("DROP TABLE v;"))
        assert failure is not None
        assert prover.stand_in(failure) is None


def test_a_setup_that_fails() -> None:
    with pytest.raises(StatementRefusedError, match="no such table: u"):
        LiteProver(setup="drop table u")


TYPES = st.sampled_from(["INT", "TEXT", "VARCHAR(5)", "BLOB", "REAL", "DATETIME", "BOOLEAN", ""])
RULES = st.sampled_from(
    ["", " NOT NULL", " UNIQUE", " DEFAULT 1", " COLLATE NOCASE", " CHECK (# > 1)", " REFERENCES t"]
)
COLUMNS = st.lists(st.tuples(TYPES, RULES), min_size=1, max_size=5)


def _body(columns: list[tuple[str, str]]) -> str:
    """Columns c0, c1 …, and rules in which # stands for the column."""
    return ", ".join(
        f"c{number} {kind}{rule.replace('#', f'c{number}')}" for number, (kind, rule) in enumerate(columns)
    )


@given(COLUMNS)
@settings(max_examples=40, deadline=None)
def test_whatever_a_table_is_its_drop_is_its_exact_way_back(columns: list[tuple[str, str]]) -> None:
    body = _body(columns)
    with LiteProver(setup=BEFORE) as prover:
        clean = prover.prove(migration(f"CREATE TABLE made ({body});", "DROP TABLE made;")).trip.clean
    assert (clean.failure, clean.lost) == (None, ())


@given(COLUMNS, COLUMNS)
@settings(max_examples=40, deadline=None)
def test_a_table_that_comes_back_differs_when_its_columns_do(
    one: list[tuple[str, str]], other: list[tuple[str, str]]
) -> None:
    made, back = _body(one), _body(other)
    with LiteProver(setup=f"{BEFORE}; create table made ({made})") as prover:
        clean = prover.prove(migration("DROP TABLE made;", f"CREATE TABLE made ({back});")).trip.clean
    assert bool(clean.lost) is (one != other)
