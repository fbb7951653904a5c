"""The recorder of queries, on engines of SQLite."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from migsafe.integrations.recorder import Recorder, calling_place, parameter_types

HERE = Path(__file__)


@pytest.fixture
def engine() -> Iterator[sa.Engine]:
    engine = sa.create_engine("sqlite://")
    yield engine
    engine.dispose()


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    recorder = Recorder(tmp_path / "queries.jsonl", HERE.parent)
    recorder.start()
    yield recorder
    recorder.stop()


def records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def run(engine: sa.Engine, sql: str, *parameters: object) -> int:
    """Send a statement; returns the line that does."""
    with engine.connect() as connection:
        connection.execute(sa.text(sql), *parameters)  # type: ignore[arg-type]  # whatever a test gives
        return sys._getframe().f_lineno - 1


def test_a_statement_is_written_at_once_with_types_and_place(recorder: Recorder, engine: sa.Engine) -> None:
    line = run(engine, "select :a, :b", {"a": 1, "b": "secret"})
    assert records(recorder.target) == [
        {
            "schema": "migsafe.query/1",
            "dialect": "sqlite",
            "paramstyle": "qmark",
            "statement": "select ?, ?",
            "types": ["int", "str"],
            "file": HERE.name,
            "line": line,
        }
    ]
    assert "secret" not in recorder.target.read_text()


def test_each_query_is_written_once(recorder: Recorder, engine: sa.Engine) -> None:
    for value in (1, 2, "text"):
        run(engine, "select :a", {"a": value})
    run(engine, "select 1")
    assert [record["types"] for record in records(recorder.target)] == [["int"], ["str"], []]


def test_many_sets_of_parameters_are_one_query(recorder: Recorder, engine: sa.Engine) -> None:
    run(engine, "create table t (a int)")
    run(engine, "insert into t values (:a)", [{"a": 1}, {"a": 2}])
    assert records(recorder.target)[-1]["types"] == ["int"]


def test_nothing_is_written_after_the_end(recorder: Recorder, engine: sa.Engine) -> None:
    recorder.stop()
    run(engine, "select 1")
    recorder.stop()
    assert records(recorder.target) == []


def test_what_a_statement_does_is_not_changed(recorder: Recorder, engine: sa.Engine) -> None:
    with engine.connect() as connection, pytest.raises(sa.exc.OperationalError):
        connection.execute(sa.text("select nothing"))
    with engine.connect() as connection:
        assert connection.execute(sa.text("select :a"), {"a": 7}).scalar_one() == 7


def test_workers_are_merged_in_one_order(tmp_path: Path, engine: sa.Engine) -> None:
    target = tmp_path / "queries.jsonl"
    for worker, statements in {"gw0": ["select 2", "select 1"], "gw1": ["select 1", "select 3"]}.items():
        recorder = Recorder(target, tmp_path, worker=worker)
        recorder.start()
        for statement in statements:
            run(engine, statement)
        recorder.stop()
    with target.with_name("queries.jsonl.worker-gw2").open("w") as killed:
        killed.write('{"schema": "migs')
    main = Recorder(target, tmp_path)
    main.start()
    assert main.count_with_workers() == 3
    main.stop()
    main.merge_workers()
    assert [record["statement"] for record in records(target)] == ["select 1", "select 2", "select 3"]
    assert [file.name for file in tmp_path.iterdir()] == ["queries.jsonl"]


def test_a_folder_that_is_not_there_yet_has_no_workers(tmp_path: Path) -> None:
    Recorder(tmp_path / "new" / "queries.jsonl", tmp_path).forget_workers()
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_run_left_is_forgotten(tmp_path: Path) -> None:
    stale = tmp_path / "queries.jsonl.worker-gw0"
    stale.write_text("{}")
    other = tmp_path / "queries.jsonl.backup"
    other.write_text("{}")
    Recorder(tmp_path / "queries.jsonl", tmp_path).forget_workers()
    assert (stale.exists(), other.exists()) == (False, True)


@pytest.mark.parametrize(
    ("parameters", "executemany", "types"),
    [
        ({"a": 1, "b": None}, False, {"a": "int", "b": "NoneType"}),
        ([1, "x"], False, ["int", "str"]),
        (([1], ["x"]), True, ["int"]),
        ([], True, []),
        (([1, 2], [], b"x"), False, ["list[int]", "list", "bytes"]),
        (None, False, []),
    ],
)
def test_types_of_parameters(parameters: object, executemany: bool, types: object) -> None:
    assert parameter_types(parameters, executemany=executemany) == types


class TestPlaces:
    def test_inside_the_project_they_are_relative(self) -> None:
        frame = sys._getframe()
        assert calling_place(frame, HERE.parents[1]) == (f"{HERE.parent.name}/{HERE.name}", frame.f_lineno)

    def test_outside_they_are_whole(self, tmp_path: Path) -> None:
        place = calling_place(sys._getframe(), tmp_path)
        assert place is not None
        assert place[0] == HERE.as_posix()

    def test_libraries_are_passed_over(self) -> None:
        frames: dict[str, Any] = {}
        code = "import sys\ndef inner(): return sys._getframe()\n"
        exec(compile(code, "/venv/lib/python3/site-packages/lib.py", "exec"), frames)
        place = calling_place(frames["inner"](), HERE.parent)
        assert place is not None
        assert place[0] == HERE.name

    def test_code_without_a_caller_has_none(self) -> None:
        assert calling_place(None, HERE.parent) is None
