"""What is written is read back as it was, and keeps the contract."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from migsafe.errors import PathNotFoundError, UsageError
from migsafe.evidence import document, read_evidence, render
from migsafe.evidence.reading import _evidence
from migsafe.model.evidence import (
    BrokenQuery,
    CheckedQueries,
    HeldLock,
    LockEvidence,
    ObservedMigration,
    ObservedStatement,
    ZoneTrial,
)
from migsafe.model.locks import LockClaim, LockMode
from migsafe.model.names import QualifiedName
from migsafe.model.observation import IndexWork, Observation, StatementError

SCHEMA = json.loads((files("migsafe.evidence") / "schema" / "evidence-1.json").read_text(encoding="utf-8"))

names = st.builds(QualifiedName, st.text(min_size=1, max_size=8), st.none() | st.text(min_size=1, max_size=8))
several = st.lists(names, max_size=2).map(tuple)
modes = st.sampled_from(LockMode)
claims = st.lists(st.builds(LockClaim, names, modes, st.just("observed")), max_size=2).map(tuple)
indexes = st.lists(st.builds(IndexWork, names, names), max_size=2).map(tuple)
errors = st.none() | st.builds(StatementError, st.none() | st.just("42P01"), st.text(max_size=8))
observations = st.builds(
    Observation,
    locks=claims, index_locks=claims, rewritten=several, emptied=several, rebuilt=indexes, built=indexes,
    scanned=several, error=errors,
)  # fmt: skip
numbers = st.integers(0, 99)
times = st.floats(0, 1e6, allow_nan=False)
statements = st.builds(
    ObservedStatement,
    index=numbers, line=st.integers(1, 99), fingerprint=st.text(), observation=observations, milliseconds=times,
    zones=st.lists(st.builds(ZoneTrial, st.text(), several), max_size=2).map(tuple), invalid=several,
)  # fmt: skip
locks = st.builds(HeldLock, names, modes, numbers, numbers, times)
broken = st.builds(BrokenQuery, st.text(), st.text(), st.text(), st.booleans())
queries = st.builds(CheckedQueries, numbers, st.lists(broken, max_size=2).map(tuple), numbers, st.text())
migrations = st.builds(
    ObservedMigration, st.text(), st.text(), st.lists(statements, max_size=2).map(tuple),
    st.lists(locks).map(tuple), st.none() | queries,
)  # fmt: skip
everything = st.builds(LockEvidence, st.text(), st.dates(), st.lists(migrations, max_size=2).map(tuple))

USERS = QualifiedName("users", "public")
EXAMPLE = LockEvidence(
    "18.6",
    date(2026, 11, 23),
    (
        ObservedMigration(
            "0002",
            "0002.sql",
            (
                ObservedStatement(
                    index=0,
                    line=1,
                    fingerprint="f",
                    observation=Observation(locks=(LockClaim(USERS, LockMode.SHARE, "observed"),), scanned=(USERS,)),
                ),
            ),
            (HeldLock(USERS, LockMode.SHARE, 0, 0, 1.5),),
        ),
    ),
)


@given(everything)
def test_what_is_written_is_read_back_and_keeps_the_schema(evidence: LockEvidence) -> None:
    text = render(evidence)
    assert text.isascii()
    value = json.loads(text)
    jsonschema.validate(value, SCHEMA)
    assert _evidence(value) == evidence


def test_what_was_written_before_there_were_queries_is_read() -> None:
    value = json.loads(render(EXAMPLE))
    del value["migrations"][0]["queries"]
    jsonschema.validate(value, SCHEMA)
    assert _evidence(value) == EXAMPLE


def test_it_says_who_is_kept_waiting_and_for_how_long() -> None:
    (migration,) = document(EXAMPLE)["migrations"]
    assert migration["held"] == [
        {
            "table": {"schema": "public", "name": "users"},
            "mode": "SHARE",
            "blocks": "writes",
            "from": 0,
            "to": 0,
            "milliseconds": 1.5,
        }
    ]


def test_a_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "evidence.json"
    file.write_text(render(EXAMPLE), encoding="utf-8")
    assert read_evidence(file) == EXAMPLE


def test_what_a_later_version_adds_is_passed_over(tmp_path: Path) -> None:
    value = document(EXAMPLE)
    value["more"] = value["migrations"][0]["more"] = {"a": 1}
    file = tmp_path / "evidence.json"
    file.write_text(json.dumps(value), encoding="utf-8")
    assert read_evidence(file) == EXAMPLE


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(PathNotFoundError, match="no evidence at"):
        read_evidence(tmp_path / "none.json")


def without(*path: str | int) -> dict[str, Any]:
    value: Any = deepcopy(document(EXAMPLE))
    inner = value
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]
    return value  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is no JSON"),
        ("[]", 'its "schema" is null'),
        ('{"schema": "migsafe.report/1"}', 'its "schema" is "migsafe.report/1"'),
        (json.dumps(without("date")), "KeyError 'date'"),
        (json.dumps(without("migrations", 0, "held")), "KeyError 'held'"),
        (json.dumps(without("migrations", 0, "statements", 0, "locks", 0, "mode")), "KeyError 'mode'"),
        (json.dumps(document(EXAMPLE)).replace('"SHARE"', '"SHAKE"'), "KeyError 'SHAKE'"),
        (json.dumps(document(EXAMPLE)).replace('"18.6"', "18"), "18 is no text"),
        ("\udcff", "cannot be read"),
    ],
)
def test_what_is_no_evidence_is_refused_with_the_place(text: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "evidence.json"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(UsageError) as refused:
        read_evidence(file)
    assert message in refused.value.message
    assert str(file) in refused.value.message
