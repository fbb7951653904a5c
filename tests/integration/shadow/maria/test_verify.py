"""A whole project, proved on MariaDB."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from migsafe.config import Config
from migsafe.errors import EnvironmentFailedError
from migsafe.model.dialect import Dialect
from migsafe.model.finding import Severity
from migsafe.shadow.maria import verify as module
from migsafe.shadow.maria.given import GivenServer
from migsafe.shadow.maria.round_trip import MariaProver
from migsafe.shadow.maria.verify import verify_mysql
from migsafe.shadow.options import ServerChoice
from migsafe.shadow.verify import VerifyOptions
from migsafe.sources import LoadedLayout, SourceOptions, read_paths
from shared_corpus import CORPUS, needs_corpus

if TYPE_CHECKING:
    from pathlib import Path

    from migsafe.model.report import Report
    from migsafe.shadow.maria.server import ThrowawayMaria

EVERYTHING = Config(min_severity=Severity.INFO, fail_on=None)
USERS = ("create table users (id int primary key auto_increment, email varchar(90) not null)", "drop table users")


@pytest.fixture
def options(maria: ThrowawayMaria) -> VerifyOptions:
    """On the tests' own server, as one that is lent."""
    return VerifyOptions(server=ServerChoice(url=f"mysql://root@/?unix_socket={maria.address.socket}"))


@pytest.fixture
def own_server(maria: ThrowawayMaria, monkeypatch: pytest.MonkeyPatch) -> VerifyOptions:
    """On the tests' own server, as one that nobody else uses."""
    monkeypatch.setattr(GivenServer, "shared", False)
    return VerifyOptions(server=ServerChoice(url=f"mysql://root@/?unix_socket={maria.address.socket}"))


def layout_of(folder: Path, *migrations: tuple[str, str | None], only: str = "") -> LoadedLayout:
    folder = folder / "mysql"
    folder.mkdir()
    for number, (up, down) in enumerate(migrations, 1):
        (folder / f"{number:04}_m.up.sql").write_text(up)
        if down is not None:
            (folder / f"{number:04}_m.down.sql").write_text(down)
    (layout,) = read_paths([folder], SourceOptions(dialect=Dialect.MYSQL))
    return replace(layout, selected=frozenset(path for path in layout.selected if only in path))


def prove(layout: LoadedLayout, options: VerifyOptions) -> Report:
    return verify_mysql([layout], EVERYTHING, options)


def said(report: Report) -> list[str]:
    return [f"{f.severity} {f.rule} {f.path.rpartition('/')[2]}:{f.start.line} {f.message}" for f in report.findings]


def test_what_comes_back_whole_is_proved(tmp_path: Path, options: VerifyOptions) -> None:
    layout = layout_of(
        tmp_path,
        USERS,
        ("alter table users add column name varchar(30)", "alter table users drop column name"),
        ("create view names as select name from users", "drop view names"),
    )
    report = prove(layout, options)
    assert said(report) == []
    assert report.closing is not None
    assert report.closing.startswith("3 migrations proved, on MariaDB 1")
    assert report.dialect is Dialect.MYSQL


@pytest.mark.parametrize(
    ("up", "down", "expected"),
    [
        ("create table t (a int);\nalter table t add column a int", "drop table t",
         "error migration-fails 0002_m.up.sql:2 0002_m fails: Duplicate column name 'a' (1060)"),
        ("alter table users add column a int", "select 1;\nalter table users drop column b",
         "error way-back-fails 0002_m.down.sql:2 the way back of 0002_m fails: "
         "Can't DROP COLUMN `b`; check that it exists (1091)"),
        ("alter table users modify email varchar(200) not null", "alter table users modify email varchar(90)",
         "warning way-back-differs 0002_m.down.sql:1 the way back of 0002_m leaves users.email without its NOT NULL"),
        ("create table t (a int)", "select 1",
         "error second-up-fails 0002_m.up.sql:1 0002_m, applied again after its way back, fails: "
         "Table 't' already exists (1050)"),
        ("create table t (a int)", "",
         "warning no-way-back 0002_m.down.sql:1 0002_m has an empty way back, and changes t"),
        ("alter table users add column code int not null unique", "alter table users drop column code",
         "warning migration-fails 0002_m.up.sql:1 0002_m fails on tables with rows: Duplicate entry '0' for key 'code' "
         "(1062)"),
        ("alter table users modify email varchar(3) not null", "alter table users modify email varchar(90) not null",
         "warning migration-fails 0002_m.up.sql:1 0002_m fails on tables with rows: Data too long for column 'email' "
         "at row 1 (1406)"),
        ("select 1;\nalter table users modify email text not null",
         "alter table users modify email varchar(90) not null",
         "info not-online 0002_m.up.sql:2 0002_m changes users offline: this copies the table and blocks writes; "
         "MariaDB says: Cannot change column type"),
        ("create database other", "drop database other",
         "warning unproved 0002_m.up.sql:1 0002_m is not proved: it makes or drops whole databases"),
        ("alter table elsewhere add a int", "alter table elsewhere drop a",
         "warning unproved 0002_m.up.sql:1 0002_m is not proved: no migration before it makes elsewhere: give what "
         "production has from elsewhere with --setup"),
    ],
)  # fmt: skip
def test_what_breaks_is_said_with_its_place(
    tmp_path: Path, options: VerifyOptions, up: str, down: str, expected: str
) -> None:
    assert expected in said(prove(layout_of(tmp_path, USERS, (up, down)), options))


def test_what_is_not_wanted_is_only_applied(tmp_path: Path, options: VerifyOptions) -> None:
    bad = ("create table b (a int)", "")
    layout = layout_of(tmp_path, USERS, bad, ("alter table b add c int", "alter table b drop c"), only="0003")
    report = prove(layout, options)
    assert said(report) == []
    assert report.migrations == 1


def test_behind_a_failure_nothing_is_called_broken(tmp_path: Path, options: VerifyOptions) -> None:
    layout = layout_of(tmp_path, USERS, ("drop table nothing", "select 1"), USERS, USERS)
    found = said(prove(layout, options))
    assert [line.split()[1] for line in found] == ["migration-fails", "unproved"]
    assert "0002_m cannot be applied before it (1 more wait with it)" in found[1]


def test_what_reaches_beyond_its_schema_runs_on_a_server_of_ones_own_alone(
    tmp_path: Path, own_server: VerifyOptions, maria: ThrowawayMaria
) -> None:
    up = "create user reader@localhost;\ngrant select on users to reader@localhost"
    layout = layout_of(tmp_path, USERS, (up, "drop user reader@localhost"), USERS[::-1])
    try:
        found = said(prove(layout, own_server))
    finally:
        with maria.connect() as session:
            session.execute("drop user if exists reader@localhost")
    assert "unproved" in found[0]
    assert "(create user)" in found[0]
    assert all("but 0002_m could not be run" in line for line in found[1:])


def test_the_setup_comes_first(tmp_path: Path, options: VerifyOptions) -> None:
    layout = layout_of(tmp_path, ("alter table given add b int", "alter table given drop b"))
    setup = "create table given (a int);\ncreate procedure p() begin select 1; end;"
    assert said(prove(layout, replace(options, setup=setup))) == []
    with pytest.raises(EnvironmentFailedError, match=r"the setup fails: .*syntax"):
        prove(layout, replace(options, setup="create nonsense"))


def test_another_version_is_said(tmp_path: Path, options: VerifyOptions) -> None:
    report = verify_mysql([layout_of(tmp_path, USERS)], replace(EVERYTHING, server_version=8), options)
    assert ["and not on version 8" in line for line in said(report)] == [True]


def test_another_dialect_is_not_tried(tmp_path: Path, options: VerifyOptions) -> None:
    layout = layout_of(tmp_path, USERS)
    layout = replace(layout, migrations=replace(layout.migrations, dialect=Dialect.SQLITE))
    assert "this is the shadow for MySQL, and not for sqlite" in said(prove(layout, options))[0]


def test_a_copy_that_differs_is_not_used(
    tmp_path: Path, options: VerifyOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    provers: list[MariaProver] = []

    class Remembered(MariaProver):
        def __enter__(self) -> MariaProver:
            provers.append(self)
            return self

    monkeypatch.setattr(module, "MariaProver", Remembered)
    monkeypatch.setattr("migsafe.shadow.maria.round_trip.copy_schema", lambda source, target: None)
    layout = layout_of(tmp_path, USERS, ("alter table users add a int", "alter table users drop a"))
    assert said(prove(layout, options)) == []
    assert provers[0].replays == 1


def test_progress_is_told(tmp_path: Path, options: VerifyOptions) -> None:
    seen: list[tuple[int, int]] = []
    verify_mysql([layout_of(tmp_path, USERS)], EVERYTHING, options, progress=lambda *one: seen.append(one))
    assert seen == [(1, 1)]


@pytest.mark.corpus
@needs_corpus
def test_published_migrations_of_mysql_are_proved(options: VerifyOptions) -> None:
    (layout,) = read_paths([CORPUS / "sql/conductor/mysql-persistence"], SourceOptions(dialect=Dialect.MYSQL))
    report = prove(layout, options)
    assert report.migrations == 10
    assert [finding.rule for finding in report.findings] == ["no-way-back"]
