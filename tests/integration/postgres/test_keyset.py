"""Going along a key: every row once, whatever the batches are and wherever it is begun again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from migsafe.postgres.connection import Session, connect
from migsafe.postgres.keyset import Key, Keyset, Stretch, explain, spell_values_exactly

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.shadow.server import ThrowawayServer

pytestmark = pytest.mark.server

PAIRS = Keyset(("public", "Pairs"), ("a", "%b"), ("integer", "text"))
#: The same values in several types, whose order is not always that of their text.
_TYPES = [
    ("integer", "{}"),
    ("numeric", "{}.5"),
    ("text", "'k{}'"),
    ("timestamptz", "timestamptz '2026-03-29 00:30+00' + {} * interval '7.000001 minutes'"),
    ("interval", "{} * interval '1 day 3 hours'"),
    ("uuid", "md5('{}')::uuid"),
    ("bytea", "decode(md5('{}'), 'hex')"),
    ("double precision", "{} / 3.0::float8"),
    ("inet", "inet '10.0.0.0' + {}"),
    ('"char"', 'chr(65 + {} % 26)::"char"'),
]


@pytest.fixture(scope="module")
def session(postgres_server: ThrowawayServer) -> Iterator[Session]:
    dsn = postgres_server.create_database("keyset")
    with connect(dsn, autocommit=True) as session:
        spell_values_exactly(session)
        session.execute('CREATE TABLE "Pairs" (a int, "%b" text, PRIMARY KEY (a, "%b"))')
        yield session
    postgres_server.drop_database("keyset")


def walk(session: Session, keyset: Keyset, sizes: list[int]) -> list[Stretch]:
    """All stretches of a table, with batches of these sizes over and over."""
    ends = keyset.ends(session)
    assert ends is not None
    stretches: list[Stretch] = []
    place: Key | None = None
    while True:
        rows = sizes[len(stretches) % len(sizes)]
        stretch = keyset.next_stretch(session, *ends, rows, after=place)
        if stretch is None:
            return stretches
        assert stretch.rows <= rows
        stretches.append(stretch)
        place = stretch.high


@given(
    keys=st.sets(st.tuples(st.integers(-3, 3), st.sampled_from(["", "a", "B", "é", "10", "9", "'", "%s"])), min_size=1),
    sizes=st.lists(st.integers(1, 7), min_size=1, max_size=4),
)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_row_once(session: Session, keys: set[tuple[int, str]], sizes: list[int]) -> None:
    session.execute('TRUNCATE "Pairs"')
    for pair in keys:
        session.query('INSERT INTO "Pairs" VALUES (%s, %s) RETURNING 1', pair)
    stretches = walk(session, PAIRS, sizes)
    assert sum(stretch.rows for stretch in stretches) == len(keys)
    found = [row for stretch in stretches for row in rows_of(session, stretch)]
    assert len(found) == len(set(found)) == len(keys)
    assert set(found) == keys


def rows_of(session: Session, stretch: Stretch) -> list[tuple[int, str]]:
    statement = PAIRS.fill_in(
        'SELECT a, "%b" FROM "Pairs" WHERE (a, "%b") >= :low AND (a, "%b") <= :high LIMIT :rows;', stretch, 100
    )
    return [(a, b) for a, b in session.read(statement)]


@pytest.mark.parametrize(("kind", "value"), _TYPES)
def test_values_of_any_type_come_back_as_they_were(session: Session, kind: str, value: str) -> None:
    session.execute(f"DROP TABLE IF EXISTS typed; CREATE TABLE typed (k {kind} PRIMARY KEY, done int DEFAULT 0)")
    for number in range(26):
        session.execute(f"INSERT INTO typed VALUES ({value.format(number)})")
    keyset = Keyset(("public", "typed"), ("k",), (kind,))
    for stretch in walk(session, keyset, [3]):
        written = session.change(keyset.update(stretch, (("done", "done + 1"),), "'100%' <> ''"))
        assert written == stretch.rows
    assert session.query("SELECT done, count(*) FROM typed GROUP BY 1") == [(1, 26)]


def test_an_empty_table_has_no_ends(session: Session) -> None:
    session.execute('TRUNCATE "Pairs"')
    assert PAIRS.ends(session) is None


def test_cuts_are_keys_in_their_order(session: Session) -> None:
    session.execute('TRUNCATE "Pairs"; INSERT INTO "Pairs" SELECT g, \'x\' FROM generate_series(-50, 949) AS g')
    cuts = PAIRS.cuts(session, 4, 100.0)
    assert cuts == (("199", "x"), ("449", "x"), ("699", "x"))
    session.execute('DELETE FROM "Pairs" WHERE a > -49')
    assert len(PAIRS.cuts(session, 8, 100.0)) <= 2


def test_a_cast_is_no_place(session: Session) -> None:
    session.execute("DROP DOMAIN IF EXISTS low; CREATE DOMAIN low AS text")
    statement = PAIRS.fill_in("SELECT '5'::low, :rows", Stretch(("1", "a"), ("2", "b"), 7), 9)
    assert session.read(statement) == [("5", 9)]


def test_how_it_would_be_run(session: Session) -> None:
    stretch = Stretch(("1", "a"), ("2", "b"), 7)
    plan = explain(session, PAIRS.update(stretch, (("a", "a"),), "true"))
    assert plan["Node Type"] == "ModifyTable"
