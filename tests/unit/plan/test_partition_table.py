"""Plain tables that become partitioned ones."""

from __future__ import annotations

from typing import Any

import pytest

from migsafe.errors import MigsafeError, UsageError
from migsafe.plan.recipe import PlanRefusedError
from plan_projects import plan_of

_SQL = """
CREATE TABLE visits (id bigint, day timestamptz NOT NULL, maybe date, name text, PRIMARY KEY (id, day));
CREATE TABLE days (day date NOT NULL);
"""


def _plan(sql: str = _SQL, column: str = "visits.day", start: str = "2032-11-01", **more: Any):  # type: ignore[no-untyped-def]  # what plan_of gives
    return plan_of(sql, "partition-table", column=column, start=start, **more)


def _partitions(**more: Any) -> list[str]:
    swap = next(step for step in _plan(**more).steps if step.name.startswith("swap-"))
    return [one for one in swap.forward if "PARTITION OF" in one]


def test_months_go_over_the_end_of_a_year() -> None:
    made = _partitions(ahead="3")
    assert [one.split()[2] for one in made] == ["visits_2032_11", "visits_2032_12", "visits_2033_01", "visits_default"]
    assert made[1].endswith("FROM ('2032-12-01 00:00:00+00') TO ('2033-01-01 00:00:00+00');")


@pytest.mark.parametrize(
    ("every", "start", "names"),
    [
        ("day", "2032-02-28", ["days_2032_02_28", "days_2032_02_29", "days_2032_03_01"]),
        ("week", "2032-12-27", ["days_2032_12_27", "days_2033_01_03", "days_2033_01_10"]),
        ("quarter", "2032-10-01", ["days_2032_10", "days_2033_01", "days_2033_04"]),
        ("year", "2033-01-01", ["days_2033", "days_2034", "days_2035"]),
    ],
)
def test_lengths(every: str, start: str, names: list[str]) -> None:
    made = _partitions(column="days.day", every=every, start=start, ahead="3", without_default=True)
    assert [one.split()[2] for one in made] == names
    assert "00:00" not in made[0]


def test_the_end_of_the_partitions_is_a_promise() -> None:
    assert any("pile up in visits_default" in promise for promise in _plan().promises)
    assert any("later rows fail" in promise for promise in _plan(without_default=True).promises)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"start": "soon"}, UsageError, '"soon" is no day'),
        ({"every": "century"}, UsageError, '"century" is no length'),
        ({"ahead": "2"}, PlanRefusedError, "2 partitions ahead are too few"),
        ({"start": "2032-11-02"}, PlanRefusedError, "a month begins on the first"),
        ({"column": "visits.maybe"}, PlanRefusedError, "visits.maybe may be NULL"),
        ({"column": "visits.name"}, PlanRefusedError, "visits.name is text, and not a date"),
        ({"sql": _SQL + "CREATE UNIQUE INDEX by_id ON visits (id);"}, PlanRefusedError, "the unique key by_id"),
        ({"sql": _SQL + "CREATE VIEW v AS SELECT day FROM visits;"}, PlanRefusedError, "the view v"),
        (
            {"sql": _SQL + "CREATE TABLE u (a bigint, b timestamptz, FOREIGN KEY (a, b) REFERENCES visits);"},
            PlanRefusedError,
            "the foreign key u_a_b_fkey of u points at visits",
        ),
        ({"sql": _SQL + "CREATE PUBLICATION p FOR TABLE visits;"}, PlanRefusedError, "published by p"),
    ],
)
def test_refusals(arguments: dict[str, Any], error: type[MigsafeError], message: str) -> None:
    with pytest.raises(error, match=message):
        _plan(**arguments)
