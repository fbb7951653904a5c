"""Proofs about partitions.

Each proof of the tables was held against PostgreSQL 18.6, which says at DEBUG1 when it skips a scan.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migsafe.model.catalogue import Column, Table, TableConstraint
from migsafe.model.names import QualifiedName
from migsafe.model.operation import CheckConstraint, Expression, PartitionBound, PartitionKey
from migsafe.rules.knowledge.partition_bounds import condition, rows_proved_inside, rows_proved_outside

KEY = PartitionKey("range", "k")
YEAR = PartitionBound(False, "FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')")
LETTERS = PartitionBound(False, "FOR VALUES IN ('a', 'b', 'c')")


def table(checks: Iterable[str], *, nullable: bool = False, validated: bool = True) -> Table:
    constraints = {
        f"c{number}": TableConstraint(
            name=f"c{number}", definition=CheckConstraint(expression=Expression(text)), validated=validated
        )
        for number, text in enumerate(checks)
    }
    return Table(
        name=QualifiedName("t", "public"),
        columns=MappingProxyType({"k": Column(name="k", type=None, nullable=nullable)}),
        constraints=MappingProxyType(constraints),
    )


@pytest.mark.parametrize(
    ("check", "bound"),
    [
        ("k >= '2025-01-01' AND k < '2026-01-01'", YEAR),
        ("(k >= '2025-01-01'::date) AND (k < '2026-01-01'::date)", YEAR),
        ("k >= DATE '2025-01-01' AND k < DATE '2026-01-01'", YEAR),
        ("k >= '2025-02-01' AND k < '2025-03-01'", YEAR),
        ("k >= '2025-02-01' AND k <= '2025-12-31'", YEAR),
        ("'2025-01-01' <= k AND '2026-01-01' > k", YEAR),
        ("\"k\" = '2025-03-03'", YEAR),
        ("k IN ('2025-03-03', '2025-04-04')", YEAR),
        ("k >= 5 AND k < 9 AND length(other) > 3", PartitionBound(False, "FOR VALUES FROM (0) TO (10)")),
        ("k < '2026-01-01'", PartitionBound(False, "FOR VALUES FROM (MINVALUE) TO ('2026-01-01')")),
        ("k >= '2026-01-01'", PartitionBound(False, "FOR VALUES FROM ('2026-01-01') TO (MAXVALUE)")),
        (
            "k >= '2025-01-01' AND k < '2026-01-01'",
            PartitionBound(False, "FOR VALUES FROM ('2025-01-01 00:00:00') TO ('2026-01-01 00:00:00')"),
        ),
        ("k IN ('a', 'b')", LETTERS),
        ("k = ANY (ARRAY['a'::text, 'b'::text])", LETTERS),
        ("k = 'a'", LETTERS),
    ],
)
def test_rows_inside(check: str, bound: PartitionBound) -> None:
    assert rows_proved_inside(table([check]), KEY, bound)
    assert not rows_proved_inside(table([check], validated=False), KEY, bound)
    assert not rows_proved_inside(table([check], nullable=True), KEY, bound)
    assert rows_proved_inside(table([check, "k IS NOT NULL"], nullable=True), KEY, bound)


def test_two_checks_prove_together() -> None:
    assert rows_proved_inside(table(["k >= '2025-01-01'", "k < '2026-01-01'"]), KEY, YEAR)


@pytest.mark.parametrize(
    ("check", "bound"),
    [
        ("k >= '2025-01-01'", YEAR),
        ("k >= '2025-01-01' AND k <= '2026-01-01'", YEAR),
        ("k >= '2024-12-31' AND k < '2026-01-01'", YEAR),
        ("k >= '2025-01-01' OR k < '2026-01-01'", YEAR),
        ("NOT (k >= '2025-01-01' AND k < '2026-01-01')", YEAR),
        ("k BETWEEN '2025-01-01' AND '2025-12-31'", YEAR),
        ("date_trunc('year', k) = '2025-01-01'", YEAR),
        ("j >= '2025-01-01' AND j < '2026-01-01'", YEAR),
        ("k >= '9' AND k < '10'", PartitionBound(False, "FOR VALUES FROM ('a') TO ('z')")),
        ("k IN ('a', 'd')", LETTERS),
        ("k <> 'd'", LETTERS),
        ("k IN ('a')", PartitionBound(False, "FOR VALUES IN ('a', NULL)")),
        ("k > 0", PartitionBound(False, "FOR VALUES WITH (MODULUS 2, REMAINDER 0)")),
        ("k > 0", PartitionBound(True, "DEFAULT")),
    ],
)
def test_rows_anywhere(check: str, bound: PartitionBound) -> None:
    assert not rows_proved_inside(table([check]), KEY, bound)


@pytest.mark.parametrize(
    ("check", "bound"),
    [
        ("NOT (k IS NOT NULL AND k >= '2025-01-01' AND k < '2026-01-01')", YEAR),
        ("NOT (k >= '2024-01-01' AND k < '2027-01-01')", YEAR),
        ("k < '2025-01-01' OR k >= '2026-01-01'", YEAR),
        ("k < '2025-01-01'", YEAR),
        ("k >= '2026-01-01'", YEAR),
        ("k = '2029-01-01'", YEAR),
        ("k NOT IN ('a', 'b', 'c', 'd')", LETTERS),
        ("k <> 'a'", PartitionBound(False, "FOR VALUES IN ('a')")),
        ("k IN ('z', 'y')", LETTERS),
        ("k = 'z'", LETTERS),
    ],
)
def test_no_row_inside(check: str, bound: PartitionBound) -> None:
    assert rows_proved_outside(table([check]), KEY, bound)
    assert not rows_proved_outside(table([check], validated=False), KEY, bound)


@pytest.mark.parametrize(
    ("check", "bound"),
    [
        ("k < '2025-01-02' OR k >= '2026-01-01'", YEAR),
        ("NOT (k >= '2025-02-01' AND k < '2026-01-01')", YEAR),
        ("NOT (k >= '2025-01-01' AND k < '2026-01-01' AND state = 'new')", YEAR),
        ("j < '2025-01-01'", YEAR),
        ("k NOT IN ('a', 'b')", LETTERS),
        ("k IN ('z', 'a')", LETTERS),
        ("k > 0", PartitionBound(False, "FOR VALUES WITH (MODULUS 2, REMAINDER 0)")),
    ],
)
def test_some_row_may_be_inside(check: str, bound: PartitionBound) -> None:
    assert not rows_proved_outside(table([check]), KEY, bound)


NUMBERS = range(-6, 7)
COMPARISON = st.builds("k {} {}".format, st.sampled_from(["<", "<=", ">", ">=", "="]), st.sampled_from(NUMBERS))
CLAUSE = st.one_of(
    COMPARISON,
    st.lists(st.sampled_from(NUMBERS), min_size=1, max_size=3).map(lambda some: f"k IN ({', '.join(map(str, some))})"),
)
CHECK = st.one_of(
    CLAUSE,
    st.builds("{} AND {}".format, CLAUSE, CLAUSE),
    st.builds("{} OR {}".format, CLAUSE, CLAUSE),
    st.builds("NOT ({} AND {})".format, CLAUSE, CLAUSE),
    st.builds("({} OR {}) AND {}".format, CLAUSE, CLAUSE, CLAUSE),
)


def _allowed(check: str) -> set[int]:
    """The numbers that a CHECK lets in, by Python's own reading of it."""
    python = check.replace(" = ", " == ").replace("AND", "and").replace("OR", "or").replace("NOT", "not")
    python = python.replace("IN (", "in (0.5, ")
    return {k for k in NUMBERS if eval(python, {"k": k})}


@given(CHECK, st.sampled_from(NUMBERS), st.sampled_from(NUMBERS))
def test_a_proof_is_never_wrong(check: str, lower: int, upper: int) -> None:
    bound = PartitionBound(False, f"FOR VALUES FROM ({lower}) TO ({upper})")
    inside = {k for k in NUMBERS if lower <= k < upper}
    if rows_proved_inside(table([check]), KEY, bound):
        assert _allowed(check) <= inside
    if rows_proved_outside(table([check]), KEY, bound):
        assert not _allowed(check) & inside


@pytest.mark.parametrize(
    ("bound", "text"),
    [
        (YEAR, "k IS NOT NULL AND k >= '2025-01-01' AND k < '2026-01-01'"),
        (PartitionBound(False, "FOR VALUES FROM (MINVALUE) TO (5)"), "k IS NOT NULL AND k < 5"),
        (LETTERS, "k IS NOT NULL AND k IN ('a', 'b', 'c')"),
        (PartitionBound(True, "DEFAULT"), None),
        (PartitionBound(False, "FOR VALUES WITH (MODULUS 2, REMAINDER 0)"), None),
    ],
)
def test_the_condition_of_a_bound_proves_it(bound: PartitionBound, text: str | None) -> None:
    assert condition(KEY, bound) == text
    if text is not None:
        assert rows_proved_inside(table([text], nullable=True), KEY, bound)
        assert rows_proved_outside(table([f"NOT ({text})"], nullable=True), KEY, bound)


def test_keys_of_several_columns_have_no_condition() -> None:
    assert condition(PartitionKey("range", "a, b"), YEAR) is None
    assert condition(None, YEAR) is None
