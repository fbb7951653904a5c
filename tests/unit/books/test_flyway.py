"""What Flyway's rows come to."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from migsafe.books import history_of
from migsafe.books.base import Outcome
from migsafe.sources import SourceOptions, read_paths
from source_layouts import write_files
from told_rows import told_rows

if TYPE_CHECKING:
    from pathlib import Path

    from migsafe.books import Applied

_COLUMNS = "installed_rank version description type script checksum success"
_AT = datetime(2026, 1, 5, tzinfo=UTC)


def row(version: str | None, kind: str = "SQL", *, checksum: int | None = None, ok: bool = True, of: str = "x") -> Any:
    return version, of, kind, checksum, _AT, ok


@pytest.fixture
def project(tmp_path: Path) -> Path:
    names = ("V1__x.sql", "V1.2__x.sql", "V2__x.sql", "V10__x.sql")
    return write_files(tmp_path, dict.fromkeys(names, "SELECT 1;\n"))


def read(project: Path, *rows: Any) -> tuple[Applied, ...]:
    (layout,) = read_paths([project], SourceOptions())
    history = history_of(layout.migrations, environ={})
    assert history is not None
    return history.applied(told_rows(_COLUMNS, *rows))


def names(applied: tuple[Applied, ...]) -> list[str]:
    return [one.id for one in applied]


@pytest.mark.parametrize("kind", ["BASELINE", "INIT"])
def test_a_baseline_covers_what_is_below_it(kind: str, project: Path) -> None:
    applied = read(project, row("1.2", kind), row("2"))
    assert names(applied) == ["1", "1.2", "2"]
    assert [one.note for one in applied] == ["below the baseline 1.2", "below the baseline 1.2", None]


def test_a_baseline_need_not_be_a_migration(project: Path) -> None:
    assert names(read(project, row("5", "BASELINE"))) == ["1", "1.2", "2"]


def test_a_baseline_migration_that_ran_covers_what_is_below_it(project: Path) -> None:
    applied = read(project, row("2", "SQL_BASELINE"))
    assert names(applied) == ["1", "1.2", "2"]
    assert applied[-1].note is None


def test_versions_are_numbers(project: Path) -> None:
    assert names(read(project, row("1.0"), row("001.2"), row("10.0.0"))) == ["1", "1.2", "10"]


def test_the_last_row_of_a_version_counts(project: Path) -> None:
    assert names(read(project, row("1"), row("2", ok=False), row("2"))) == ["1", "2"]
    assert names(read(project, row("1"), row("1", "UNDO_SQL"))) == []
    assert names(read(project, row("1"), row("1", "UNDO_SQL"), row("1"))) == ["1"]
    assert names(read(project, row("1"), row("1", "DELETE"))) == []


def test_an_undo_that_failed_leaves_nobody_knows_what(project: Path) -> None:
    (told,) = read(project, row("1"), row("1", "UNDO_SQL", ok=False))
    assert (told.outcome, told.changed) == (Outcome.PARTIAL, None)
    assert told.note is not None
    assert "its undo migration failed" in told.note


def test_the_checksum_sees_no_line_breaks(tmp_path: Path) -> None:
    text = "\ufeffa\r\nb\rc\n\nd"  # CRC-32 of `abcd`, as a signed number: Java's CRC32 over readLine gives it
    write_files(tmp_path, {"V1__x.sql": text})
    (told,) = read(tmp_path, row("1", checksum=-310194927))
    assert told.changed is False
    (told,) = read(tmp_path, row("1", checksum=310194927))
    assert told.changed is True


def test_a_repeatable_whose_placeholders_nobody_knows_may_be_the_same(tmp_path: Path) -> None:
    write_files(tmp_path, {"V1__x.sql": "SELECT 1;", "R__v.sql": "CREATE VIEW v AS SELECT '${unit}';\n"})
    told = read(tmp_path, row(None, checksum=1, of="v"))
    assert [(one.id, one.changed) for one in told] == [("R__v", None)]


def test_what_the_project_has_not_is_named_as_its_file_would_be(project: Path) -> None:
    told = read(project, row("7"), row(None, of="all totals"))
    assert [(one.id, one.known) for one in told] == [("7", False), ("R__all_totals", False)]
