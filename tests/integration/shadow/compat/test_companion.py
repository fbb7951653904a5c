"""The running release while `verify` applies the migrations of the next one."""

from __future__ import annotations

from pathlib import Path

import pytest

from migsafe.model.finding import Finding, Severity
from migsafe.shadow.compat import companion as companions
from migsafe.shadow.compat.companion import ReleaseCompanion
from migsafe.shadow.compat.query import Origin, Query
from migsafe.shadow.verify import VerifyOptions, verify
from migsafe.sources import SourceOptions, read_paths

MIGRATIONS = {
    "1.up.sql": "CREATE TABLE users (id int PRIMARY KEY, name text, bio text);",
    "1.down.sql": "DROP TABLE users;",
    "2.up.sql": "ALTER TABLE users DROP COLUMN bio;",
    "2.down.sql": "ALTER TABLE users ADD COLUMN bio text;",
    "3.up.sql": "CREATE TABLE notes (id int PRIMARY KEY);\nALTER TABLE users DROP COLUMN name;",
    "3.down.sql": "ALTER TABLE users ADD COLUMN name text;\nDROP TABLE notes;",
    "4.up.sql": "DROP TABLE notes;",
    "4.down.sql": "CREATE TABLE notes (id int PRIMARY KEY);",
}
QUERIES = [
    Query("SELECT bio FROM users", Origin.FILE, "q.sql", 1),
    Query("SELECT name FROM users", Origin.FILE, "q.sql", 2),
    Query("SELECT id FROM users", Origin.FILE, "q.sql", 3),
    Query("SELECT id FROM sessions", Origin.FILE, "q.sql", 4),
]
COMPAT = {"running-release-breaks", "result-shape-changes"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, sql in MIGRATIONS.items():
        (tmp_path / name).write_text(sql)
    return tmp_path


def found(companion: ReleaseCompanion, *paths: Path) -> list[Finding]:
    layouts = read_paths(paths, SourceOptions())
    report = verify(layouts, options=VerifyOptions(companions=(companion,)))
    return [finding for finding in report.findings if finding.rule in COMPAT]


@pytest.mark.parametrize("worth_a_snapshot", [0, 100], ids=["what is touched", "everything"])
def test_each_query_is_broken_by_its_migration(
    worth_a_snapshot: int, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(companions, "_WORTH_A_SNAPSHOT", worth_a_snapshot)
    companion = ReleaseCompanion(QUERIES)
    wanted = [project / f"{number}.{way}.sql" for number in (2, 3, 4) for way in ("up", "down")]
    findings = found(companion, *wanted)
    assert [(Path(f.path).name, f.start.line, f.severity, f.evidence[0].place) for f in findings] == [
        ("2.up.sql", 1, Severity.ERROR, "q.sql:1"),
        ("3.up.sql", 2, Severity.ERROR, "q.sql:2"),
    ]
    assert [gap.query.place for gap in companion.unchecked] == ["q.sql:4"]
    assert {
        migration: (seen.checked, [(one.place, one.certain) for one in seen.broken], seen.unchecked)
        for migration, seen in companion.checked.items()
    } == {"2": (3, [("q.sql:1", True)], 1), "3": (2, [("q.sql:2", True)], 1), "4": (1, [], 1)}


def test_what_an_unwanted_migration_breaks_is_not_the_next_ones_fault(project: Path) -> None:
    wanted = [project / f"{number}.{way}.sql" for number in (2, 4) for way in ("up", "down")]
    findings = found(ReleaseCompanion(QUERIES), *wanted)
    assert [Path(finding.path).name for finding in findings] == ["2.up.sql"]


def test_a_table_of_the_next_release_is_nothing_to_the_running_one(project: Path) -> None:
    findings = found(ReleaseCompanion(generate=True), project)
    assert findings == []


def test_with_each_every_migration_is_a_release(project: Path) -> None:
    findings = found(ReleaseCompanion(generate=True, each=True), project)
    assert [(Path(f.path).name, f.severity) for f in findings] == [
        ("2.up.sql", Severity.WARNING),
        ("3.up.sql", Severity.WARNING),
        ("4.up.sql", Severity.WARNING),
    ]
