"""What a server says: a proof, a comparison, a catalogue, a go."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.config import Config
from migsafe.shadow.options import Proof

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from migsafe.api.progress import Progress
    from migsafe.catalogue.listing import Listing
    from migsafe.model.report import Report
    from migsafe.preflight.options import PreflightOptions
    from migsafe.preflight.report import PreflightReport
    from migsafe.preflight.run import OnWait
    from migsafe.shadow.options import DriftOptions


def catalogue(
    paths: Sequence[str | Path],
    config: Config | None = None,
    *,
    at: str | None = None,
    progress: Progress | None = None,
) -> Listing:
    """What the migrations in files and folders build, without a database.

    Args:
        at: stop after this migration: the tool's own name for it, or how that begins.
        progress: called with the number of migrations done and of all.

    Raises:
        PathNotFoundError: when a path does not exist.
        NoMigrationsError: when there are no migrations where they were expected.
        UsageError: when the paths hold the migrations of several databases, or there is no migration `at`.
    """
    from migsafe.catalogue.listing import list_project

    return list_project([Path(path) for path in paths], config or Config(), at=at, progress=progress)


def database_catalogue(url: str) -> Listing:
    """What a Postgres has; it is only read.

    Args:
        url: `env:NAME`, the name of a service, or an address without a password.

    Raises:
        UsageError: when the address holds a password, or is none.
        EnvironmentFailedError: when the server cannot be reached, or refuses to be read.
    """
    from migsafe.catalogue.listing import list_database
    from migsafe.postgres.address import resolve_address

    return list_database(resolve_address(url, option="--url"))


def drift(
    paths: Sequence[str | Path],
    options: DriftOptions,
    config: Config | None = None,
    *,
    at: str | None = None,
    progress: Progress | None = None,
) -> Report:
    """What a database, or the models of an application, have that the migrations do not build, and the reverse.

    The migrations are applied to a throw-away server, so that both sides are spelt by a server; the database is only
    read.

    Args:
        options: what the migrations are held against, and how.
        at: the last migration that counts: the tool's own name for it, or how that begins.
        progress: called with the number of migrations done and of all.

    Raises:
        PathNotFoundError: when a path does not exist.
        NoMigrationsError: when there are no migrations where they were expected.
        UsageError: when nothing is said to compare with, or what is said cannot be used.
        EnvironmentFailedError: when a server cannot be reached or started, or a migration fails there.
    """
    from migsafe.catalogue.project import read_project
    from migsafe.shadow.drift.report import find_drift_of

    config = config or Config()
    project = read_project([Path(path) for path in paths], config, at=at)
    return find_drift_of(project, options, config, progress)


def verify(
    paths: Sequence[str | Path],
    config: Config | None = None,
    proof: Proof | None = None,
    *,
    progress: Progress | None = None,
    evidence: Callable[[str], None] | None = None,
) -> Report:
    """Run migrations up, down and up again on a throw-away server, and say what breaks.

    Args:
        config: which migrations (`since`, `diff`), which server (`shadow_url`, `pg_bin`, `server_version`), and which
            findings are shown; all defaults when None.
        proof: what else is to be proved; the round trip alone when None.
        progress: called with the number of migrations done and of all.
        evidence: the locks of every statement are watched too, and set beside those that lint predicts; it is called
            with what was seen, a document `migsafe.evidence/1` that lint takes.

    Raises:
        PathNotFoundError: when a path does not exist.
        NoMigrationsError: when there are no migrations where they were expected.
        UsageError: when the configuration names a migration or an address that cannot be used.
        EnvironmentFailedError: when there is no server to be had, or the setup fails.
    """
    from migsafe.shadow.project import verify_paths

    named = [Path(path) for path in paths]
    return verify_paths(named, config or Config(), proof or Proof(), progress=progress, evidence=evidence)


def preflight(
    options: PreflightOptions,
    paths: Sequence[str | Path] | None = None,
    config: Config | None = None,
    *,
    on_wait: OnWait | None = None,
) -> PreflightReport:
    """Whether now is a moment to run migrations on a Postgres; it is only read, and no table of it is locked.

    Args:
        options: which server, its replicas, and for how long to wait for a go.
        paths: migrations that are to be run, which `config` may narrow by `since` and `diff`; the server is judged by
            itself when None.
        on_wait: called after each look that was no go, with what it found and how many seconds are left.

    Raises:
        PathNotFoundError: when a path does not exist.
        NoMigrationsError: when there are no migrations where they were expected.
        UsageError: when an address holds a password or is none, or migrations are not those of a Postgres.
        EnvironmentFailedError: when the server cannot be reached, or does not answer in time.
    """
    from migsafe.preflight.run import run_preflight

    named = None if paths is None else [Path(path) for path in paths]
    return run_preflight(named, options, config or Config(), on_wait=on_wait)
