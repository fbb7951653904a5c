from __future__ import annotations

import datetime as dt
import decimal
import enum
import uuid

import pytest

from migsafe.sources.alembic.worker.literals import literal, with_literals


class Level(enum.IntEnum):
    HIGH = 3


@pytest.mark.parametrize(
    ("value", "postgres", "mysql"),
    [
        (None, "NULL", "NULL"),
        (True, "true", "1"),
        (Level.HIGH, "3", "3"),
        (1.5, "1.5", "1.5"),
        (float("nan"), "'nan'", "NULL"),
        (decimal.Decimal("1.10"), "1.10", "1.10"),
        ("it's \\", "'it''s \\'", "'it''s \\\\'"),
        (b"\x00\xff", "'\\x00ff'", "X'00ff'"),
        (dt.datetime(2026, 1, 2, 3, 4), "'2026-01-02 03:04:00'", "'2026-01-02 03:04:00'"),
        (dt.date(2026, 1, 2), "'2026-01-02'", "'2026-01-02'"),
        (uuid.UUID(int=1), "'00000000-0000-0000-0000-000000000001'", "'00000000-0000-0000-0000-000000000001'"),
        ({"a": [1]}, "'{\"a\": [1]}'", "'{\"a\": [1]}'"),
    ],
)
def test_values_are_written_as_the_dialect_does(value: object, postgres: str, mysql: str) -> None:
    assert literal(value, "postgres") == postgres
    assert literal(value, "mysql") == mysql


def test_arrays_are_of_postgres() -> None:
    assert literal(["a", 1], "postgres") == "ARRAY['a', 1]"
    assert literal([], "postgres") == "'{}'"


def test_parameters_replace_their_marks_once() -> None:
    compiled = with_literals("a %(x)s b %% c %(y)s", {"x": "%(y)s", "y": 2}, "postgres", compiled=True)
    assert compiled == "a '%(y)s' b % c 2"


def test_sql_without_parameters_stays_as_it_is_unless_it_was_compiled() -> None:
    assert with_literals("LIKE 'a%%'", None, "postgres", compiled=False) == "LIKE 'a%%'"
    assert with_literals("LIKE 'a%%'", {}, "postgres", compiled=True) == "LIKE 'a%'"


def test_positional_marks_are_those_of_the_driver() -> None:
    assert with_literals("a = %s, b = %s", (1, "x"), "mysql", compiled=False) == "a = 1, b = 'x'"
    assert with_literals("a = ?, b = '%s'", (1,), "sqlite", compiled=False) == "a = 1, b = '%s'"
