"""Recordings of a test suite."""

from __future__ import annotations

from pathlib import Path

import pytest

from migsafe.integrations import recorder
from migsafe.shadow.compat import recording
from migsafe.shadow.compat.query import Origin, Query
from migsafe.shadow.compat.recording import read_recording

SOURCES = Path(__file__).parents[4] / "fixtures" / "queries" / "sources"


def test_records() -> None:
    found = read_recording(SOURCES / "recorded.jsonl", "r.jsonl")
    assert found.queries == (
        Query(
            "SELECT users.id FROM users WHERE users.name = $1 AND users.bio LIKE '%x'",
            Origin.RECORDED,
            "app/users.py",
            12,
            types=("str",),
        ),
        Query("SELECT '100 %' FROM users", Origin.RECORDED, "app/users.py", 20),
        Query("SELECT $1 + $2", Origin.RECORDED, types=("int", "int")),
    )
    assert [(skipped.place, skipped.reason[:16]) for skipped in found.skipped] == [
        ("r.jsonl:5", "it was run on sq"),
        ("r.jsonl:6", "CREATE is no que"),
        ("r.jsonl:7", "it is no JSON: U"),
        ("r.jsonl:8", "it is no record "),
    ]


@pytest.mark.parametrize("types", ["7", "null", '"int"', '{"other": "int"}'])
def test_types_out_of_form_are_no_types(types: str, tmp_path: Path) -> None:
    head = '"schema": "migsafe.query/1", "dialect": "postgresql", "paramstyle": "named", "statement": "select :a"'
    (tmp_path / "r.jsonl").write_text(f'{{{head}, "types": {types}}}')
    (query,) = read_recording(tmp_path / "r.jsonl", "r.jsonl").queries
    assert not any(query.types)


def test_writer_and_reader_speak_of_the_same_records() -> None:
    assert recorder.SCHEMA == recording.SCHEMA


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    assert read_recording(tmp_path / "none.jsonl", "none.jsonl").skipped[0].place == "none.jsonl"
