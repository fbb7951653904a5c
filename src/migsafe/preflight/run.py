"""The shell around the checks: reads migrations, asks servers, waits."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.catalogue.following import ReadScripts
from migsafe.catalogue.project import source_options
from migsafe.errors import EnvironmentFailedError, UsageError
from migsafe.model.dialect import Dialect, ServerVersion
from migsafe.model.names import QualifiedName
from migsafe.postgres.address import resolve_address, spell_database
from migsafe.postgres.catalogue import read_catalogue
from migsafe.postgres.live import glance, open_live, read_live
from migsafe.postgres.reading import spell_version
from migsafe.preflight.case import Case, Replica
from migsafe.preflight.checks import CHECKS, judge
from migsafe.preflight.options import PreflightOptions
from migsafe.preflight.report import PreflightReport, Verdict, heaviest_first
from migsafe.preflight.touched import Touched, predict_touched
from migsafe.sources import narrow, read_paths

if TYPE_CHECKING:
    from migsafe.config import Config
    from migsafe.model.script import Migration
    from migsafe.model.statement import ReadScript
    from migsafe.postgres.connection import Session
    from migsafe.postgres.live_rows import Live

#: Called after each look that was no go, with what it found and how many seconds of waiting are left.
OnWait = Callable[[PreflightReport, float], None]

_SECONDS_BETWEEN = 2.0


@dataclass(frozen=True, slots=True)
class _Planned:
    """The migrations that are to be run, and what of them could not be read."""

    migrations: tuple[tuple[Migration, ReadScript], ...]
    unreadable: tuple[str, ...]


def run_preflight(
    paths: Sequence[Path] | None,
    options: PreflightOptions,
    config: Config,
    *,
    on_wait: OnWait | None = None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> PreflightReport:
    """Look, and again while it is no go and waiting may help; see `migsafe.api.preflight`."""
    planned = _read(paths, config) if paths is not None else None
    dsn = resolve_address(options.url, option="--url")
    return _wait_for_go(dsn, planned, options, config, on_wait, clock, sleep)


def preflight_of(
    migrations: Sequence[tuple[Migration, ReadScript]],
    options: PreflightOptions,
    config: Config,
    *,
    dsn: str | None = None,
    on_wait: OnWait | None = None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> PreflightReport:
    """The same for migrations that have been read, with the scripts that are to run.

    Args:
        dsn: the database, where `options.url` has been read; it is read here when None.
    """
    dsn = dsn or resolve_address(options.url, option="--url")
    return _wait_for_go(dsn, _Planned(tuple(migrations), ()), options, config, on_wait, clock, sleep)


def _wait_for_go(
    dsn: str,
    planned: _Planned | None,
    options: PreflightOptions,
    config: Config,
    on_wait: OnWait | None,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> PreflightReport:
    replicas = [resolve_address(one, option="--replica") for one in options.replicas]
    deadline = clock() + options.wait
    with open_live(dsn) as session:
        look = _Look(session, dsn, replicas, planned, options, config)
        report = look.now(clock)
        while report.verdict is not Verdict.GO and report.may_pass and (left := deadline - clock()) > 0:
            if on_wait is not None:
                on_wait(report, left)
            sleep(min(_SECONDS_BETWEEN, left))
            report = look.now(clock)
    return report


def _read(paths: Sequence[Path], config: Config) -> _Planned:
    scripts = ReadScripts()
    layouts = narrow(read_paths(paths, source_options(config, scripts.read)), diff=config.diff, since=config.since)
    found: list[tuple[Migration, ReadScript]] = []
    unreadable: list[str] = []
    for layout in layouts:
        if layout.migrations.dialect is not Dialect.POSTGRES:
            raise UsageError(
                f"{layout.migrations.root}: migrations of {layout.migrations.dialect}; only Postgres can be asked",
                hint="name the folder of the ones that run on --url",
            )
        unreadable += [
            f"{one.path}: {one.reason}" for one in layout.migrations.unreadable if one.path in layout.selected
        ]
        for migration in layout.migrations.migrations:
            if migration.up is not None and migration.up.path in layout.selected:
                found.append((migration, scripts.take(migration.up)))
    return _Planned(tuple(found), tuple(unreadable))


class _Look:
    """Looks at one server, as often as it is asked to."""

    def __init__(
        self,
        session: Session,
        dsn: str,
        replicas: Sequence[str],
        planned: _Planned | None,
        options: PreflightOptions,
        config: Config,
    ) -> None:
        self._session = session
        self._dsn = dsn
        self._replicas = replicas
        self._planned = planned
        self._options = options
        self._config = config
        self._touched: Touched | None = None

    def now(self, clock: Callable[[], float]) -> PreflightReport:
        """One look: a transaction on each server."""
        began, at = clock(), datetime.now(UTC)
        with glance(self._session):
            touched = self._touched = self._touched or self._predict()
            tables = None if touched is None else touched.modes.keys()
            schemas = () if touched is None else touched.makes_in | touched.makes_schemas
            live = read_live(self._session, tables, schemas=schemas, whose=bool(self._replicas))
        case = Case(
            live=live,
            now=at,
            touched=touched,
            replicas=tuple(_ask_replica(dsn, touched) for dsn in self._replicas),
            limits=self._options.limits,
            windows=self._config.windows,
            wanted_major=self._config.server_version,
            subscribers_ready=self._options.subscribers_ready,
        )
        return self._report(case, live, took=clock() - began)

    def _predict(self) -> Touched | None:
        if self._planned is None:
            return None
        server = ServerVersion(self._session.server_version // 10_000, "given")
        touched = predict_touched(self._planned.migrations, read_catalogue(self._session), server)
        touched.not_read += self._planned.unreadable
        touched.made |= {QualifiedName(name) for name in self._options.makes_too}
        return touched

    def _report(self, case: Case, live: Live, *, took: float) -> PreflightReport:
        touched = case.touched
        return PreflightReport(
            database=spell_database(self._dsn),
            role=live.server.role,
            version=spell_version(live.server.version),
            at=case.now,
            took=took,
            replicas=tuple(one.name for one in case.replicas),
            migrations=None if touched is None else tuple(touched.migrations),
            locks=()
            if touched is None
            else tuple(sorted(touched.modes.items(), key=lambda one: (-one[1].value, one[0]))),
            reasons=heaviest_first(judge(case)),
            checks=tuple(CHECKS),
        )


def _ask_replica(dsn: str, touched: Touched | None) -> Replica:
    """A replica that is away is a reason, and no error: the answer about the server stands."""
    name = spell_database(dsn)
    try:
        with open_live(dsn) as session, glance(session):
            return Replica(name, read_live(session, None if touched is None else touched.modes.keys(), whose=True))
    except EnvironmentFailedError as error:
        return Replica(name, failure=error.message)
