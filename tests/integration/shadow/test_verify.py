"""A whole project, proved."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from migsafe.config import Config, ConfiguredIgnore
from migsafe.model.dialect import Dialect
from migsafe.model.finding import Severity
from migsafe.shadow.verify import VerifyOptions, verify
from migsafe.sources import SourceOptions, read_paths
from shared_corpus import CORPUS, POSTGRES_PROJECTS, needs_corpus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from migsafe.model.finding import Finding
    from migsafe.model.report import Report
    from migsafe.model.statement import Statement
    from migsafe.postgres.connection import Session
    from migsafe.shadow.execution import Watch
    from migsafe.shadow.migration import ShadowMigration
    from migsafe.sources import LoadedLayout

pytestmark = pytest.mark.server

PROJECT = Path(__file__).parents[3] / "fixtures" / "projects" / "ways-back"
_VERSION = re.compile(r"Postgres \S+")
EVERYTHING = Config(min_severity=Severity.INFO, fail_on=None)


def layout_of(path: Path, *, only: str | None = None) -> LoadedLayout:
    (layout,) = read_paths([path], SourceOptions())
    if only is None:
        return layout
    return replace(layout, selected=frozenset(file for file in layout.selected if only in file))


def lines(report: Report) -> list[str]:
    return [
        f"{finding.migration} {finding.direction}: {finding.severity}[{finding.rule}] {finding.message}"
        for finding in report.findings
    ]


def write(folder: Path, **migrations: tuple[str, str | None]) -> LoadedLayout:
    for name, (up, down) in migrations.items():
        place = folder / f"{name[1:]}_{name}"
        place.mkdir(parents=True)
        (place / "up.sql").write_text(up)
        if down is not None:
            (place / "down.sql").write_text(down)
    return layout_of(folder)


def test_a_project_with_every_kind_of_way_back(update: bool) -> None:
    report = verify([layout_of(PROJECT)], EVERYTHING)
    expected = PROJECT / "expected.txt"
    text = "".join(f"{line}\n" for line in [*lines(report), _VERSION.sub("Postgres …", report.closing or "")])
    if update:
        expected.write_text(text, encoding="utf-8")
    assert text == expected.read_text(encoding="utf-8")


def test_the_report_says_where_it_was_proved() -> None:
    report = verify([layout_of(PROJECT)], EVERYTHING)
    assert report.server.source == "shadow"
    assert report.shims == ("pgcrypto", "role clerk")
    assert set(report.rules) == {finding.rule for finding in report.findings}
    assert {finding.path for finding in report.findings} == set(report.sources)
    prints = [finding.fingerprint for finding in report.findings]
    assert len(set(prints)) == len(prints)


def test_only_what_is_selected_is_proved() -> None:
    done: list[tuple[int, int]] = []
    report = verify([layout_of(PROJECT, only="0010_")], EVERYTHING, progress=lambda *place: done.append(place))
    assert [finding.migration for finding in report.findings] == ["0010_fails_back"]
    assert (report.migrations, report.linted, done[-1]) == (1, 2, (10, 10))


def test_nothing_selected_proves_nothing() -> None:
    report = verify([layout_of(PROJECT, only="no such file")], EVERYTHING)
    assert (report.findings, report.migrations) == ((), 0)


def test_without_generated_rows_nothing_fails_on_rows() -> None:
    report = verify([layout_of(PROJECT)], EVERYTHING, VerifyOptions(rows=False))
    assert not [line for line in lines(report) if "on tables with rows" in line]


def test_lighter_findings_are_hidden_and_ignored_ones_counted() -> None:
    ignore = ConfiguredIgnore(rule="way-back-differs", reason="known", migration="0003_lost_index")
    config = Config(reasoned_ignores=(ignore,), ignore=("second-up-fails",))
    report = verify([layout_of(PROJECT, only="00")], config)
    assert "0003_lost_index" not in {finding.migration for finding in report.findings}
    assert Severity.INFO not in {finding.severity for finding in report.findings}
    assert report.hidden > 0
    assert report.suppressed > 1


def test_after_a_migration_that_fails_the_others_are_not_proved(tmp_path: Path) -> None:
    layout = write(
        tmp_path,
        m1=("CREATE TABLE t (a int);", "DROP TABLE t;"),
        m2=("ALTER TABLE t ADD COLUMN a int;", "ALTER TABLE t DROP COLUMN a;"),
        m3=("DROP TABLE t;", ""),
        m4=("SELECT 1;", ""),
    )
    assert lines(verify([layout], EVERYTHING)) == [
        '2_m2 up: error[migration-fails] 2_m2 fails: column "a" of relation "t" already exists (42701)',
        "3_m3 up: warning[unproved] 3_m3 is not proved: 2_m2 cannot be applied before it (1 more wait with it)",
    ]


def test_what_the_shadow_lacks_is_never_called_broken(tmp_path: Path) -> None:
    layout = write(
        tmp_path, m1=("CREATE EXTENSION postgis_that_nobody_has;", "DROP EXTENSION postgis_that_nobody_has;")
    )
    (line,) = lines(verify([layout], EVERYTHING))
    assert line.startswith(
        "1_m1 up: warning[unproved] 1_m1 is not proved: the shadow cannot run it, as it has no extension"
    )


def test_a_database_of_another_kind_is_said(tmp_path: Path) -> None:
    write(tmp_path, m1=("CREATE TABLE t (a int);", None))
    (layout,) = read_paths([tmp_path], SourceOptions(dialect=Dialect.MYSQL))
    (finding,) = verify([layout], EVERYTHING).findings
    assert finding.rule == "unproved"


def test_commands_of_psql_make_a_migration_unproved(tmp_path: Path) -> None:
    layout = write(tmp_path, m1=("\\set x 1\nCREATE TABLE t (a int);", "DROP TABLE t;"))
    assert lines(verify([layout], EVERYTHING)) == [
        "1_m1 up: warning[unproved] 1_m1 is not proved: only psql understands \\set, which is not run"
    ]


def test_after_a_migration_that_is_not_known_whole_nothing_is_called_broken(tmp_path: Path) -> None:
    layout = write(
        tmp_path,
        m1=("\\set x 1\nCREATE TABLE t (a int);", "DROP TABLE t;"),
        m2=("ALTER TABLE t ADD COLUMN b int;", "SELECT 1;"),
    )
    report = verify([layout], EVERYTHING)
    assert {finding.rule for finding in report.findings} == {"unproved"}
    assert lines(report)[-1].endswith("but 1_m1 could not be run as its tool runs it")


def test_settings_and_temporary_tables_do_not_reach_the_next_script(tmp_path: Path) -> None:
    layout = write(
        tmp_path,
        m1=("CREATE SCHEMA s; SET search_path = s; CREATE TABLE t (a int);", "DROP SCHEMA s CASCADE;"),
        m2=("CREATE TEMP TABLE work (a int); ALTER TABLE s.t ADD COLUMN b int;", "ALTER TABLE s.t DROP COLUMN b;"),
        m3=("CREATE TABLE t (a int);", "DROP TABLE public.t;"),
    )
    assert lines(verify([layout], EVERYTHING)) == []


def test_the_setup_runs_first(tmp_path: Path) -> None:
    layout = write(tmp_path, m1=("ALTER TABLE base.t ADD COLUMN b int;", "ALTER TABLE base.t DROP COLUMN b;"))
    options = VerifyOptions(setup="CREATE SCHEMA base; CREATE TABLE base.t (a int)")
    assert lines(verify([layout], EVERYTHING, options)) == []


class Witness:
    """Writes down what it is shown."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def before(self, migration: ShadowMigration, session: Session) -> Watch | None:
        self.seen.append(f"before {migration.id}")

        def watch(statement: Statement, run: Callable[[], None], *, in_transaction: bool) -> None:
            run()
            self.seen.append(f"{statement.text.split()[0]} {in_transaction}")

        return watch

    def after(self, migration: ShadowMigration, session: Session) -> Iterable[Finding]:
        self.seen.append(f"after {migration.id}")
        return ()


def test_a_companion_looks_on() -> None:
    witness = Witness()
    verify([layout_of(PROJECT, only="0020_")], EVERYTHING, VerifyOptions(companions=(witness,)))
    assert witness.seen == ["before 0020_concurrently", "CREATE False", "after 0020_concurrently"]


FAILING_BACK = {
    "20170318181441_downloads_need_no_id",
    "2024-10-25-112826_make-unique-version-unique",
    # CREATE INDEX CONCURRENTLY in a way back that diesel wraps in a transaction.
    "2024-04-12-144536_remove-downloads-column",
}
EMPTY_AND_NEEDED = {
    "20140925132254_dumped_migration_12",
    "20140925161625_dumped_migration_17",
    "20141112082527_dumped_migration_89",
    "2019-11-11-162609_drop_email_from_user",
}
DIFFERING = {
    "20140926130046_dumped_migration_19",
    "20140930082104_dumped_migration_36",
    "20170308191449_crate_owners_does_not_need_id",
    "20170315133901_make_dependencies_schema_match_use",
    "20170322130523_version_downloads_needs_no_id",
    "20170502181306_drop_schema_migrations",
    "2017-09-23-182408_move_tokens_to_emails_table",
    "2017-09-23-210614_move_readme_rendering_onto_versions",
    "2017-10-16-200404_stop_lying_to_schema",
    "2018-01-18-172821_use_jsonb_for_features",
    "2019-03-22-170700_remove_crate_downloads",
    "2019-09-18-233204_fix_int_type_in_to_semver_no_prerelease",
    "2020-02-14-183929_remove_version_authors_user_id",
    "2020-07-14-113112_change_api_token_to_bytea",
    "2024-06-14-084455_remove-semver-no-prerelease-column",
    "2025-02-11-163554_fix-num-versions-trigger",
    "2025-07-16-170846_drop_gh_access_token",
    "2026-06-17-105325-0000_versions_tar_sha256_not_null",
}
ONLY_ORDER = {
    "20160219125609_dumped_migration_105",
    "20160717174656_dumped_migration_108",
    "2019-03-22-174825_remove_version_downloads_pk",
    "2019-08-28-224353_remove_licenses_column_from_crates",
    "2026-05-27-130000-0000_drop_semver_ord",
    "2026-06-17-112535-0000_drop_versions_checksum",
    "2026-06-18-084149-0000_drop_users_gh_avatar",
    "2026-07-15-182934-0000_drop_users_gh_encrypted_token",
}


@pytest.mark.endurance
@pytest.mark.corpus
@needs_corpus
def test_every_broken_way_back_of_a_real_history_and_no_other() -> None:
    report = verify([layout_of(CORPUS / POSTGRES_PROJECTS["crates.io"])], EVERYTHING)
    found: dict[str, set[str]] = {}
    for finding in report.findings:
        heavy = "" if finding.severity is not Severity.INFO else " (note)"
        rows = " (rows)" if "on tables with rows" in finding.message else ""
        found.setdefault(f"{finding.rule}{heavy}{rows}", set()).add(finding.migration)
    assert found.get("migration-fails", set()) == set()
    assert found["way-back-fails"] == FAILING_BACK
    assert found["no-way-back"] == EMPTY_AND_NEEDED
    assert found["way-back-differs"] == DIFFERING
    assert found["second-up-fails"] == {"2019-11-11-162609_drop_email_from_user"}
    assert found["way-back-differs (note)"] - DIFFERING == ONLY_ORDER
    assert "unproved" not in found


@pytest.mark.endurance
@pytest.mark.corpus
@needs_corpus
def test_a_real_history_without_ways_back() -> None:
    report = verify([layout_of(CORPUS / POSTGRES_PROJECTS["langfuse"])], EVERYTHING)
    errors = [
        line for line, finding in zip(lines(report), report.findings, strict=True) if finding.severity is Severity.ERROR
    ]
    assert errors == []
    assert "unproved" not in report.rules
    assert [finding.rule for finding in report.findings].count("no-way-back") == 1
    assert report.migrations == 434
