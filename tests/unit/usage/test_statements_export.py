"""Exports of pg_stat_statements: what they show is a use, and what they do not is seldom none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from migsafe.errors import PathNotFoundError
from migsafe.model.usage import UsageEvidence, Use
from migsafe.usage.statements_export import StatementExports
from migsafe.usage.subjects import Wanted
from usage_code import catalogue, subject

SURE = {
    "calls": 5,
    "reads_all": True,
    "stats_reset": "2026-01-01 00:00:00+00",
    "dealloc": 0,
    "node": "primary",
    "replicas": 0,
    "taken_at": "2026-06-01 00:00:00+00",
}
OTHER = "SELECT id FROM users"


def _export(folder: Path, *queries: str | None, name: str = "a.json", **facts: Any) -> Path:
    rows = [
        {name: value for name, value in (SURE | facts).items() if value is not None} | {"query": q} for q in queries
    ]
    (folder / name).write_text(json.dumps(rows), encoding="utf-8")
    return folder / name


def _found(*paths: Path, nodes: tuple[str, ...] = (), what: str = "users.name") -> UsageEvidence:
    found = StatementExports.read(paths, nodes).evidence(Wanted(subject(what), catalogue()))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("query", "use"),
    [
        ("SELECT name FROM users WHERE id = $1", Use.STRONG),
        ("SELECT * FROM users", Use.WEAK),
        ("INSERT INTO users VALUES ($1, $2)", Use.STRONG),
        ("SELECT o.name FROM orders o JOIN users u ON u.id = o.user_id", Use.NONE),
        ("ALTER TABLE users DROP COLUMN name", Use.NONE),
        ("SELECT ((name FROM users", Use.WEAK),
    ],
)
def test_statements_that_ran(tmp_path: Path, query: str, use: Use) -> None:
    assert _found(_export(tmp_path, OTHER, query)).use is use


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"reads_all": None}, "could read all statements"),
        ({"reads_all": False}, "could read all statements"),
        ({"stats_reset": None}, "may have been reset"),
        ({"dealloc": None}, "does not say how many statements it has evicted"),
        ({"dealloc": 3}, "has evicted statements"),
        ({"replicas": None}, "nobody says which servers there are"),
        ({"replicas": 2}, "2 replicas of 2 was not read"),
    ],
)
def test_what_is_not_there_is_unknown_unless_nothing_can_be_hidden(
    tmp_path: Path, facts: dict[str, object], reason: str
) -> None:
    assert _found(_export(tmp_path, OTHER)).use is Use.NONE
    found = _found(_export(tmp_path, OTHER, **facts))
    assert found.use is Use.UNKNOWN
    assert reason in found.text


def test_hidden_statements_are_unknown(tmp_path: Path) -> None:
    assert _found(_export(tmp_path, OTHER, "<insufficient privilege>")).use is Use.UNKNOWN
    assert _found(_export(tmp_path, OTHER, None)).use is Use.UNKNOWN


def test_doubts_do_not_hide_a_use(tmp_path: Path) -> None:
    assert _found(_export(tmp_path, "SELECT name FROM users", reads_all=False)).use is Use.STRONG


def test_between_two_exports_only_what_ran_counts(tmp_path: Path) -> None:
    old, new = "SELECT name FROM users", OTHER
    before = _export(tmp_path, old, new, name="1.json", dealloc=7, taken_at="2026-05-01")
    after = _export(tmp_path, old, new, name="2.json", dealloc=7)
    assert _found(after, before).use is Use.NONE
    assert _found(_export(tmp_path, old, new, name="2.json", dealloc=7, calls=6), before).use is Use.STRONG
    assert _found(_export(tmp_path, old, new, name="2.json", dealloc=8), before).use is Use.UNKNOWN


def test_a_reset_in_between_makes_all_of_it_count(tmp_path: Path) -> None:
    before = _export(tmp_path, OTHER, name="1.json", taken_at="2026-05-01")
    assert _found(before, _export(tmp_path, OTHER, name="2.json", stats_reset="2026-05-15")).use is Use.UNKNOWN
    ran = _export(tmp_path, "SELECT name FROM users", name="2.json", stats_reset="2026-05-15", calls=1)
    assert _found(before, ran).use is Use.STRONG


def test_every_node_must_be_read(tmp_path: Path) -> None:
    primary = _export(tmp_path, OTHER, name="1.json", replicas=1)
    replica = _export(tmp_path, OTHER, name="2.json", node="replica")
    assert _found(primary).use is Use.UNKNOWN
    assert _found(primary, replica).use is Use.NONE
    assert _found(primary, nodes=("primary",)).use is Use.NONE
    missing = _found(primary, nodes=("primary", "replica"))
    assert (missing.use, "replica was not read" in missing.text) == (Use.UNKNOWN, True)


def test_a_csv_says_its_line(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text("query,calls\nSELECT 1,1\nSELECT name FROM users,2\n", encoding="utf-8")
    found = _found(path)
    assert [(place.path, place.line) for place in found.places] == [(path.as_posix(), 3)]


def test_an_export_that_cannot_be_read_is_unknown(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text("calls\n1\n", encoding="utf-8")
    found = _found(tmp_path / "s.csv")
    assert found.use is Use.UNKNOWN
    assert "it has no column query" in found.text


def test_an_export_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PathNotFoundError, match="does not exist"):
        StatementExports.read([tmp_path / "none.csv"])


def test_no_export_says_nothing() -> None:
    assert StatementExports().evidence(Wanted(subject("users.name"), catalogue())) is None
