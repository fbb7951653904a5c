"""A whole project, proved on SQLite."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from migsafe.config import Config, ConfiguredIgnore
from migsafe.errors import EnvironmentFailedError
from migsafe.model.dialect import Dialect
from migsafe.model.finding import Severity
from migsafe.model.report import Report
from migsafe.model.script import TransactionRule
from migsafe.shadow.lite.verify import verify_sqlite
from migsafe.shadow.verify import VerifyOptions
from migsafe.sources import LoadedLayout, SourceOptions, read_paths
from migsafe.sqlite.connection import linked_version
from shared_corpus import CORPUS, needs_corpus

PROJECT = Path(__file__).parents[4] / "fixtures" / "projects" / "ways-back-sqlite"
EVERYTHING = Config(min_severity=Severity.INFO, fail_on=None)
_VERSION = re.compile(r"SQLite \d\S+")


def layout_of(
    path: Path,
    *,
    only: str | None = None,
    dialect: Dialect | None = None,
    transaction: TransactionRule | None = None,
) -> LoadedLayout:
    (layout,) = read_paths([path], SourceOptions(dialect=dialect, transaction=transaction))
    if only is None:
        return layout
    return replace(layout, selected=frozenset(file for file in layout.selected if only in file))


def lines(report: Report) -> list[str]:
    return [
        f"{finding.migration} {finding.direction}:{finding.start.line} "
        f"{finding.severity}[{finding.rule}] {finding.message}"
        for finding in report.findings
    ]


def write(folder: Path, **migrations: tuple[str, str | None]) -> LoadedLayout:
    for name, (up, down) in migrations.items():
        place = folder / f"{name[1:]}_{name}"
        place.mkdir(parents=True)
        (place / "up.sql").write_text(up)
        if down is not None:
            (place / "down.sql").write_text(down)
    return layout_of(folder, dialect=Dialect.SQLITE)


def test_a_project_with_every_kind_of_way_back(update: bool) -> None:
    report = verify_sqlite([layout_of(PROJECT)], EVERYTHING)
    expected = PROJECT / "expected.txt"
    text = "".join(f"{line}\n" for line in [*lines(report), _VERSION.sub("SQLite …", report.closing or "")])
    if update:
        expected.write_text(text, encoding="utf-8")
    assert text == expected.read_text(encoding="utf-8")


def test_the_report_says_where_it_was_proved() -> None:
    report = verify_sqlite([layout_of(PROJECT)], EVERYTHING)
    assert f"on SQLite {linked_version()}" in (report.closing or "")
    assert (report.dialect, report.server.major, report.server.source) == (Dialect.SQLITE, 3, "shadow")
    assert report.shims == ("function shout",)
    assert set(report.rules) == {finding.rule for finding in report.findings}
    assert {finding.path for finding in report.findings} == set(report.sources)
    prints = [finding.fingerprint for finding in report.findings]
    assert len(set(prints)) == len(prints)


@pytest.mark.parametrize("wanted", ["3.1", "2", "3.99.1"])
def test_another_version_is_a_warning(tmp_path: Path, wanted: str) -> None:
    layout = write(tmp_path, m1=("CREATE TABLE t (a);", "DROP TABLE t;"))
    (finding,) = verify_sqlite([layout], wanted_version=wanted).findings
    assert (finding.rule, finding.severity) == ("unproved", Severity.WARNING)
    assert finding.message.endswith(f"it was tried on SQLite {linked_version()}, and not on {wanted}")


@pytest.mark.parametrize("wanted", [None, "3", linked_version(), linked_version().rpartition(".")[0]])
def test_the_same_version_is_none(tmp_path: Path, wanted: str | None) -> None:
    layout = write(tmp_path, m1=("CREATE TABLE t (a);", "DROP TABLE t;"))
    assert verify_sqlite([layout], wanted_version=wanted).findings == ()


def test_the_version_of_the_configuration_counts(tmp_path: Path) -> None:
    layout = write(tmp_path, m1=("CREATE TABLE t (a);", "DROP TABLE t;"))
    assert len(verify_sqlite([layout], Config(server_version=4)).findings) == 1


def test_only_what_is_selected_is_proved() -> None:
    seen: list[tuple[int, int]] = []
    report = verify_sqlite(
        [layout_of(PROJECT, only="0003")], EVERYTHING, progress=lambda done, total: seen.append((done, total))
    )
    assert {finding.migration for finding in report.findings} == {"0003_lost_index"}
    assert report.migrations == 1
    assert seen == [(1, 3), (2, 3), (3, 3)], "nothing is applied behind the last one that is wanted"


def test_a_migration_that_is_not_wanted_and_fails_is_said(tmp_path: Path) -> None:
    layout = write(tmp_path, m1=("DROP TABLE t;", ";"), m2=("CREATE TABLE u (a);", "DROP TABLE u;"))
    wanted = replace(layout, selected=frozenset(path for path in layout.selected if "m2" in path))
    assert [line.partition(" ")[2] for line in lines(verify_sqlite([wanted]))] == [
        "up:1 error[migration-fails] 1_m1 fails: no such table: t (SQLITE_ERROR)",
        "up:1 warning[unproved] 2_m2 is not proved: 1_m1 cannot be applied before it",
    ]


def test_a_function_of_the_application_does_not_stop_what_comes_later(tmp_path: Path) -> None:
    layout = write(
        tmp_path,
        m1=("CREATE TABLE t (a); INSERT INTO t VALUES (shout('a'));", "DROP TABLE t;"),
        m2=("UPDATE t SET a = shout(a); ALTER TABLE t ADD COLUMN b;", "SELECT 1;"),
    )
    report = verify_sqlite([layout])
    assert [(one.rule, one.migration) for one in report.findings] == [
        ("unproved", "1_m1"),
        ("way-back-differs", "2_m2"),
        ("second-up-fails", "2_m2"),
    ]


def test_a_function_in_a_script_without_transaction_is_gone_on_from(tmp_path: Path) -> None:
    (tmp_path / "1_m1").mkdir()
    (tmp_path / "1_m1" / "up.sql").write_text("CREATE TABLE t (a); INSERT INTO t VALUES (shout('a'));")
    (tmp_path / "2_m2").mkdir()
    (tmp_path / "2_m2" / "up.sql").write_text("DROP TABLE t;")
    layout = layout_of(tmp_path, dialect=Dialect.SQLITE, transaction=TransactionRule.NONE)
    wanted = replace(layout, selected=frozenset(path for path in layout.selected if "m2" in path))
    report = verify_sqlite([wanted])
    assert (report.findings, report.shims) == ((), ("function shout",))


def test_the_setup_comes_first(tmp_path: Path) -> None:
    layout = write(tmp_path, m1=("ALTER TABLE t ADD COLUMN b;", "ALTER TABLE t DROP COLUMN b;"))
    options = VerifyOptions(setup="create table t (a); insert into t values (1)")
    assert verify_sqlite([layout], options=options).findings == ()
    with pytest.raises(EnvironmentFailedError, match="the setup fails: no such table: u"):
        verify_sqlite([layout], options=VerifyOptions(setup="drop table u"))


def test_without_rows_nothing_fails_on_rows() -> None:
    layout = layout_of(PROJECT)
    report = verify_sqlite([layout], EVERYTHING, VerifyOptions(rows=False))
    assert not [finding for finding in report.findings if "with rows" in finding.message or finding.rule == "rows-lost"]


def test_a_project_without_ways_back_is_told_once(tmp_path: Path) -> None:
    layout = write(tmp_path, m1=("CREATE TABLE t (a);", None), m2=("CREATE TABLE u (a);", None))
    (finding,) = verify_sqlite([layout], EVERYTHING).findings
    assert (finding.rule, finding.severity) == ("no-way-back", Severity.INFO)


def test_another_dialect_is_not_proved_here(tmp_path: Path) -> None:
    write(tmp_path, m1=("CREATE TABLE t (a);", None))
    (finding,) = verify_sqlite([layout_of(tmp_path, dialect=Dialect.POSTGRES)]).findings
    assert (finding.rule, "not for postgres" in finding.message) == ("unproved", True)


def test_a_finding_can_be_ignored_for_a_reason() -> None:
    ignore = ConfiguredIgnore(rule="rows-lost", migration="0006_rebuild_takes_children", reason="nobody enforces them")
    report = verify_sqlite([layout_of(PROJECT)], replace(EVERYTHING, reasoned_ignores=(ignore,)))
    assert "rows-lost" not in {finding.rule for finding in report.findings}
    assert report.suppressed == 1


def test_nothing_selected_is_nothing_done() -> None:
    report = verify_sqlite([layout_of(PROJECT, only="nowhere")])
    assert (report.findings, report.migrations) == ((), 0)


@needs_corpus
@pytest.mark.corpus
@pytest.mark.parametrize(
    ("folder", "transaction", "migrations", "found"),
    [
        ("openfga/assets/migrations/sqlite", None, 2, set()),
        (
            "authelia/internal/storage/migrations/sqlite",
            TransactionRule.TOOL,
            26,
            {("unproved", "V0002.WebAuthn"), ("no-way-back", "V0011.JWTProfileAccessToken")},
        ),
        (
            "chirpstack/chirpstack/migrations_sqlite",
            None,
            14,
            {
                ("way-back-differs", "2025-01-13-163304_refactor_device_profile_fields"),
                ("way-back-differs", "2025-12-08-135428-0000_refactor_device_profiles"),
                ("rows-lost", "2025-12-08-135428-0000_refactor_device_profiles"),
            },
        ),
        ("conductor/sqlite-persistence/src/main/resources/db/migration_sqlite", None, 7, set()),
    ],
)
def test_real_projects(
    folder: str, transaction: TransactionRule | None, migrations: int, found: set[tuple[str, str]]
) -> None:
    report = verify_sqlite([layout_of(CORPUS / "sql" / folder, transaction=transaction)])
    assert report.migrations == migrations
    assert {(finding.rule, finding.migration) for finding in report.findings} == found
