"""What Prisma's rows come to."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from migsafe.books import history_of
from migsafe.books.base import Applied, Outcome
from migsafe.sources import SourceOptions, read_paths
from source_layouts import write_files
from told_rows import told_rows

if TYPE_CHECKING:
    from pathlib import Path

_COLUMNS = "id checksum migration_name started_at finished_at rolled_back_at logs"
_AT = datetime(2026, 1, 5, tzinfo=UTC)
_NAME = "20260101090000_init"


def read(
    folder: Path, text: str, checksum: str, *, finished: datetime | None = _AT, logs: str | None = None
) -> Applied:
    write_files(folder, {f"{_NAME}/migration.sql": text, "migration_lock.toml": 'provider = "postgresql"\n'})
    (layout,) = read_paths([folder], SourceOptions())
    history = history_of(layout.migrations, environ={})
    assert history is not None
    (told,) = history.applied(told_rows(_COLUMNS, (_NAME, checksum, finished, logs)))
    return told


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize("ran", ["a\nb\n", "a\r\nb\r\n"])
@pytest.mark.parametrize("here", ["a\nb\n", "a\r\nb\r\n"])
def test_line_breaks_of_the_other_kind_are_forgiven(ran: str, here: str, tmp_path: Path) -> None:
    assert read(tmp_path, here, sha(ran)).changed is False
    assert read(tmp_path, f"{here} ", sha(ran)).changed is True


def test_an_early_checksum_lacks_zeros(tmp_path: Path) -> None:
    text = next(f"SELECT {n};" for n in range(100) if "0" in sha(f"SELECT {n};")[::2])
    early = "".join(f"{byte:x}" for byte in bytes.fromhex(sha(text)))
    assert len(early) < 64
    assert read(tmp_path, text, early).changed is False
    assert read(tmp_path, f"{text} ", early).changed is True


@pytest.mark.parametrize(
    ("text", "logs", "outcome"),
    [
        ("CREATE TABLE a ();", "42P07: it exists", Outcome.FAILED),
        ("CREATE INDEX CONCURRENTLY i ON a (b);", "40P01: deadlock", Outcome.PARTIAL),
        ("BEGIN; SELECT 1; commit; SELECT 2;", "57014: cancelled", Outcome.PARTIAL),
        ("CREATE TABLE a ();", None, Outcome.PARTIAL),
        ("CREATE TABLE a ();", "", Outcome.PARTIAL),
    ],
)
def test_what_is_left_of_an_attempt_that_failed(text: str, logs: str | None, outcome: Outcome, tmp_path: Path) -> None:
    told = read(tmp_path, text, sha(text), finished=None, logs=logs)
    assert told.outcome is outcome
    assert told.note == (logs or "it began and never ended: it was cut off, or runs now")
