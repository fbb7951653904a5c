"""The driver's own parts, as far as they need no Django."""

from __future__ import annotations

import ast
import datetime
import decimal
import itertools
import signal
import uuid
from pathlib import Path
from typing import Any

import pytest

from migsafe.sources.django import driver
from migsafe.sources.django.driver import (
    MigrationFile,
    Place,
    StandIn,
    TooMuch,
    describe_constraints,
    inline,
    literal,
    refuse_outside,
    split_list,
    time_limit,
)


def test_the_driver_is_python_3_8() -> None:
    ast.parse(Path(driver.__file__).read_text(encoding="utf-8"), feature_version=(3, 8))


@pytest.mark.parametrize(
    ("value", "postgres", "mysql", "sqlite"),
    [
        (None, "NULL", "NULL", "NULL"),
        (True, "true", "1", "1"),
        (7, "7", "7", "7"),
        (1.5, "1.5", "1.5", "1.5"),
        (float("nan"), "'nan'", "'nan'", "'nan'"),
        (decimal.Decimal("1.10"), "1.10", "1.10", "1.10"),
        ("it's", "'it''s'", "'it''s'", "'it''s'"),
        ("a\\b", "'a\\b'", "'a\\\\b'", "'a\\b'"),
        (b"\x00\xff", "'\\x00ff'::bytea", "X'00ff'", "X'00ff'"),
        (datetime.date(2026, 1, 2), "'2026-01-02'::date", "'2026-01-02'", "'2026-01-02'"),
        (datetime.timedelta(1, 2), "'1 days 2.000000 seconds'::interval", *["'1 days 2.000000 seconds'"] * 2),
        (uuid.UUID(int=1), f"'{uuid.UUID(int=1)}'::uuid", f"'{uuid.UUID(int=1)}'", f"'{uuid.UUID(int=1)}'"),
        (["a", 1], "ARRAY['a', 1]", "('a', 1)", "('a', 1)"),
        ([], "'{}'", "()", "()"),
        ((1, 2), "(1, 2)", "(1, 2)", "(1, 2)"),
        ({"a": 1}, "'{\"a\": 1}'", "'{\"a\": 1}'", "'{\"a\": 1}'"),
    ],
)
def test_a_value_becomes_a_literal_of_its_database(value: Any, postgres: str, mysql: str, sqlite: str) -> None:
    assert literal(value, "postgresql") == postgres
    assert literal(value, "mysql") == mysql
    assert literal(value, "sqlite") == sqlite


@pytest.mark.parametrize(
    ("sql", "params", "expected"),
    [
        ("SELECT '100%'", None, "SELECT '100%'"),
        ("SELECT '100%%'", (), "SELECT '100%'"),
        ("a = %s AND b = %s", ["x%s", 2], "a = 'x%s' AND b = 2"),
        ("a = %(name)s", {"name": "x"}, "a = 'x'"),
        ("a = ? AND b = ?", [1, 2], "a = 1 AND b = 2"),
    ],
)
def test_parameters_are_filled_in(sql: str, params: Any, expected: str) -> None:
    assert inline(sql, params, "sqlite") == expected


def test_too_few_placeholders_are_the_migrations_own_error() -> None:
    with pytest.raises(TypeError, match="not all arguments converted"):
        inline("a = 1", [1], "postgresql")


def test_a_list_is_parted_at_its_own_commas_only() -> None:
    assert split_list("a, count(b, c), 'd, e' AS f") == ["a", "count(b, c)", "'d, e' AS f"]


def _file(tmp_path: Path, text: str) -> MigrationFile:
    path = tmp_path / "0001_initial.py"
    path.write_text(text, encoding="utf-8")
    return MigrationFile(str(path))


class _Operation:
    def __init__(self, *inner: _Operation) -> None:
        if inner:
            self.database_operations = list(inner)


def test_an_operation_stands_where_it_is_written(tmp_path: Path) -> None:
    file = _file(tmp_path, 'class Migration:\n    operations = [\n        A("ü"), B(\n        ),\n    ]\n')
    first, second = _Operation(), _Operation()
    places = file.operation_places([first, second])
    assert places[id(first)] == Place(3, 9, 3, 15)
    assert places[id(second)] == Place(3, 17, 4, 10)


def test_lists_that_are_put_together_are_followed(tmp_path: Path) -> None:
    text = "MORE = [B()]\nclass Migration:\n    operations = [A()] + MORE\n    operations += [*MORE]\n"
    operations = [_Operation() for _ in range(3)]
    places = _file(tmp_path, text).operation_places(operations)
    assert [places[id(one)].line for one in operations] == [3, 1, 1]


def test_operations_that_code_makes_stand_at_the_class(tmp_path: Path) -> None:
    text = "\nclass Migration:\n    operations = [A(name) for name in NAMES]\n"
    operations = [_Operation(), _Operation()]
    places = _file(tmp_path, text).operation_places(operations)
    assert {places[id(one)].line for one in operations} == {2}


def test_operations_inside_of_another_have_lines_of_their_own(tmp_path: Path) -> None:
    text = """\
class Migration:
    operations = [
        S(
            database_operations=[
                A(),
                B(),
            ],
            state_operations=[C()],
        ),
    ]
"""
    inner = [_Operation(), _Operation()]
    places = _file(tmp_path, text).operation_places([_Operation(*inner)])
    assert [places[id(one)].line for one in inner] == [5, 6]


@pytest.mark.parametrize("text", ["", "x = (", "\x00"])
def test_a_file_that_is_no_python_has_a_first_line(tmp_path: Path, text: str) -> None:
    operation = _Operation()
    assert _file(tmp_path, text).operation_places([operation])[id(operation)] == Place(1, 1, 1, 1)


TABLE: dict[str, Any] = {
    "primary_key": {"name": "orders_pkey", "columns": ["id"]},
    "unique": [{"name": "orders_number_key", "columns": ["number"]}],
    "foreign_keys": [{"name": "fk", "columns": ["customer_id"], "referred_table": "c", "referred_columns": ["id"]}],
    "checks": [{"name": "positive", "sqltext": "number > 0"}],
    "indexes": [
        {"name": "orders_number_key", "columns": ["number"], "unique": True, "method": None, "constraint": "x"},
        {"name": "orders_lower", "columns": [None], "unique": False, "method": "gin", "constraint": None},
        {"name": "orders_state", "columns": ["state"], "unique": False, "method": None, "constraint": None},
    ],
}


def test_a_table_is_described_as_the_postgres_backend_does_it() -> None:
    found = describe_constraints(TABLE, "postgresql")
    assert list(found) == ["orders_pkey", "orders_number_key", "fk", "positive", "orders_lower", "orders_state"]
    assert (found["orders_number_key"]["unique"], found["orders_number_key"]["index"]) == (True, False)
    assert found["fk"]["foreign_key"] == ("c", "id")
    assert found["orders_state"]["type"] == "idx"
    assert (found["orders_lower"]["columns"], found["orders_lower"]["type"]) == ([], "gin")


@pytest.mark.parametrize("vendor", ["mysql", "sqlite"])
def test_elsewhere_a_unique_constraint_is_an_index_too(vendor: str) -> None:
    assert describe_constraints(TABLE, vendor)["orders_number_key"]["index"] is True


@pytest.mark.parametrize("event", ["socket.connect", "socket.getaddrinfo"])
def test_the_network_is_refused(event: str) -> None:
    with pytest.raises(ConnectionRefusedError):
        refuse_outside(event, ())


def test_files_and_the_programs_of_settings_are_not_refused() -> None:
    refuse_outside("open", ("x", "r", 0))
    refuse_outside("subprocess.Popen", ())


def test_a_driver_that_is_missing_has_every_name() -> None:
    module = StandIn("psycopg2")
    assert issubclass(module.OperationalError, Exception)
    assert module.Json is module.Json
    assert module.Json({"a": 1}).adapted == {"a": 1}
    with pytest.raises(AttributeError):
        module.__path__  # noqa: B018 - that asking for it fails is what is tested


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there are no timers here")
def test_a_loop_without_end_is_ended() -> None:
    with pytest.raises(TooMuch, match="does not end"), time_limit(0.01):
        all(number >= 0 for number in itertools.count())
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0.0
