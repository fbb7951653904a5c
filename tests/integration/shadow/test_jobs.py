"""However many jobs prove a history, they say what one says."""

from __future__ import annotations

import signal
from pathlib import Path
from threading import enumerate as all_threads
from threading import main_thread
from typing import TYPE_CHECKING

import pytest

from migsafe.config import Config
from migsafe.errors import EnvironmentFailedError
from migsafe.model.finding import Severity
from migsafe.shadow.run import Run
from migsafe.shadow.server import ThrowawayServer
from migsafe.shadow.verify import Timings, VerifyOptions, verify
from migsafe.sources import SourceOptions, read_paths
from shared_corpus import CORPUS, POSTGRES_PROJECTS, needs_corpus

if TYPE_CHECKING:
    from migsafe.model.report import Report
    from migsafe.sources import LoadedLayout

pytestmark = pytest.mark.server

PROJECT = Path(__file__).parents[3] / "fixtures" / "projects" / "ways-back"
EVERYTHING = Config(min_severity=Severity.INFO, fail_on=None)


def layout_of(path: Path) -> LoadedLayout:
    (layout,) = read_paths([path], SourceOptions())
    return layout


def write(folder: Path, *migrations: tuple[str, str]) -> LoadedLayout:
    for number, (up, down) in enumerate(migrations, start=1):
        place = folder / f"{number}_m{number}"
        place.mkdir(parents=True)
        (place / "up.sql").write_text(up)
        (place / "down.sql").write_text(down)
    return layout_of(folder)


def proved(layout: LoadedLayout, jobs: int) -> Report:
    return verify([layout], EVERYTHING, VerifyOptions(jobs=jobs))


def table(name: str) -> tuple[str, str]:
    return f"CREATE TABLE {name} (a int);", f"DROP TABLE {name};"


def worked_in_parts(layout: LoadedLayout, jobs: int) -> bool:
    timings = Timings()
    verify([layout], EVERYTHING, VerifyOptions(jobs=jobs), timings=timings)
    return timings.history > 0


@pytest.fixture(scope="module")
def alone() -> Report:
    """What one job says of the project."""
    return proved(layout_of(PROJECT), 1)


@pytest.mark.parametrize("jobs", [2, 4, pytest.param(8, marks=pytest.mark.long)])
def test_a_project_with_every_kind_of_way_back(jobs: int, alone: Report) -> None:
    assert proved(layout_of(PROJECT), jobs) == alone


def test_behind_a_migration_that_cannot_be_applied_nothing_is_said(tmp_path: Path) -> None:
    layout = write(
        tmp_path,
        table("a"),
        ("ALTER TABLE nowhere ADD COLUMN b int; ALTER TABLE a ADD COLUMN a int;", "SELECT 1;"),
        ("CREATE TABLE c (a int);", ""),
        ("GRANT SELECT ON a TO somebody;", "REVOKE SELECT ON a FROM somebody;"),
        ("ALTER TABLE nothing ADD COLUMN b int;", "SELECT 1;"),
        table("d"),
    )
    alone = proved(layout, 1)
    assert [finding.migration for finding in alone.findings] == ["2_m2", "3_m3"]
    assert "(3 more wait with it)" in alone.findings[-1].message
    for jobs in (2, 3, 6):
        assert proved(layout, jobs) == alone


def test_what_is_not_known_whole_makes_later_slices_unsure_too(tmp_path: Path) -> None:
    layout = write(
        tmp_path,
        ("\\set x 1\nCREATE TABLE t (a int);", "DROP TABLE t;"),
        table("b"),
        ("ALTER TABLE t ADD COLUMN b int;", "SELECT 1;"),
        ("ALTER TABLE t ADD COLUMN c int;", "SELECT 1;"),
    )
    alone = proved(layout, 1)
    assert {finding.rule for finding in alone.findings} == {"unproved"}
    assert len(alone.findings) == 3
    assert proved(layout, 4) == alone


def test_roles_that_nobody_makes_are_named_once(tmp_path: Path) -> None:
    grants = [(f"GRANT SELECT ON t TO clerk_{n % 3};", f"REVOKE SELECT ON t FROM clerk_{n % 3};") for n in range(9)]
    layout = write(tmp_path, table("t"), *grants)
    alone = proved(layout, 1)
    assert alone.shims == ("role clerk_0", "role clerk_1", "role clerk_2")
    for jobs in (2, 5):
        assert proved(layout, jobs) == alone


def test_what_belongs_to_the_whole_server_is_left_to_one_job(tmp_path: Path) -> None:
    role = ("CREATE ROLE app;", "DROP ROLE app;")
    layout = write(tmp_path / "role", table("t"), role, ("GRANT SELECT ON t TO app;", "REVOKE SELECT ON t FROM app;"))
    assert proved(layout, 3) == proved(layout, 1)
    assert "migration-fails" not in proved(layout, 3).rules
    assert not worked_in_parts(layout, 3)
    assert worked_in_parts(write(tmp_path / "tables", table("t"), table("u"), table("v")), 3)


def test_a_slice_that_does_not_arrive_is_left_to_the_job_before_it(
    monkeypatch: pytest.MonkeyPatch, alone: Report
) -> None:
    layout = layout_of(PROJECT)
    passed = Run._pass
    monkeypatch.setattr(
        Run, "_pass", lambda run, prover, migration: not 5 < run.slice.first < 15 and passed(run, prover, migration)
    )
    assert proved(layout, 4) == alone
    monkeypatch.setattr(Run, "_pass", lambda run, prover, migration: False)
    assert proved(layout, 4) == alone


def test_companions_see_all_migrations_in_their_order() -> None:
    seen: list[str] = []

    class Witness:
        def before(self, migration: object, session: object) -> None:
            seen.append(getattr(migration, "id", ""))

        def after(self, migration: object, session: object) -> tuple[()]:
            return ()

    layout = layout_of(PROJECT)
    verify([layout], EVERYTHING, VerifyOptions(jobs=4, companions=(Witness(),)))
    assert seen == [migration.id for migration in layout.migrations.migrations][: len(seen)]
    assert len(seen) > 10


def test_progress_counts_each_migration_once() -> None:
    layout = layout_of(PROJECT)
    calls: list[tuple[int, int]] = []
    verify([layout], options=VerifyOptions(jobs=4), progress=lambda done, total: calls.append((done, total)))
    total = len(layout.migrations.migrations)
    assert calls == [(done, total) for done in range(1, total + 1)]


def test_an_interruption_ends_all_jobs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    sleep = "SELECT pg_sleep(60);"
    layout = write(tmp_path, table("a"), ("SELECT 1;", "SELECT 1;"), (sleep, sleep), (sleep, sleep))
    servers: list[ThrowawayServer] = []
    start = ThrowawayServer.start

    def remembered(**options: Path | None) -> ThrowawayServer:
        servers.append(start(**options))
        return servers[-1]

    def interrupt(done: int, total: int) -> None:
        ident = main_thread().ident
        assert ident is not None
        signal.pthread_kill(ident, signal.SIGINT)

    monkeypatch.setattr(ThrowawayServer, "start", remembered)
    with pytest.raises(KeyboardInterrupt):
        verify([layout], options=VerifyOptions(jobs=2), progress=interrupt)
    assert not [thread for thread in all_threads() if thread.name.startswith("migsafe-job")]
    assert not servers[0].folder.exists()


def test_an_error_of_one_job_is_the_error(monkeypatch: pytest.MonkeyPatch) -> None:
    go = Run.go

    def fails(self: Run) -> None:
        if self.slice.first:
            raise EnvironmentFailedError("the disk is full")
        go(self)

    monkeypatch.setattr(Run, "go", fails)
    with pytest.raises(EnvironmentFailedError, match="the disk is full"):
        verify([layout_of(PROJECT)], options=VerifyOptions(jobs=2))


@pytest.mark.corpus
@needs_corpus
@pytest.mark.parametrize(
    "project", ["authelia", *(pytest.param(name, marks=pytest.mark.endurance) for name in ("crates.io", "langfuse"))]
)
def test_a_real_history(project: str) -> None:
    layout = layout_of(CORPUS / POSTGRES_PROJECTS[project])
    assert proved(layout, 4) == proved(layout, 1)
