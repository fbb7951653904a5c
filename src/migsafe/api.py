"""The stable Python API: what the command line offers, typed, without a command line.

Importing this module is cheap; readers of SQL and the rules are loaded by the first call that needs them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from migsafe.config import Config
from migsafe.errors import EnvironmentFailedError, UsageError
from migsafe.model.report import Report, RuleDescriptor
from migsafe.preflight.options import PreflightOptions
from migsafe.shadow.options import DriftOptions, Proof, ServerChoice

if TYPE_CHECKING:  # the package of the rules imports them all
    from datetime import date

    from migsafe.catalogue.listing import Listing
    from migsafe.history.cutting import Cut
    from migsafe.history.listing import ReleaseListing
    from migsafe.lint.fixes import Fixed, NotFixed
    from migsafe.model.script import MigrationSet
    from migsafe.phases.board import BoardEntry
    from migsafe.phases.registry import PhaseRule
    from migsafe.plan.project import PlannedChange
    from migsafe.preflight.report import PreflightReport
    from migsafe.preflight.run import OnWait
    from migsafe.rules.registry import Rule

Progress = Callable[[int, int], None]

__all__ = [
    "DriftOptions",
    "Examples",
    "PreflightOptions",
    "Progress",
    "Proof",
    "ServerChoice",
    "catalogue",
    "cut_release",
    "database_catalogue",
    "descriptor",
    "drift",
    "examples",
    "fix_paths",
    "lint_command",
    "lint_paths",
    "lint_stdin",
    "lint_text",
    "plan",
    "preflight",
    "releases",
    "rule",
    "rules",
    "verify",
]


def lint_text(
    sql: str,
    *,
    name: str = "<text>",
    dialect: str = "postgres",
    server_version: int | None = None,
    in_transaction: bool = False,
    prior: Sequence[str] = (),
) -> Report:
    """Judge one text of SQL.

    Args:
        name: what findings call the text.
        dialect: `postgres`, `mysql` or `sqlite`.
        server_version: major version of the server; the oldest supported one is assumed when None.
        in_transaction: whether the text runs inside a transaction that somebody else opens.
        prior: SQL of earlier migrations, in their order, for what they leave behind.

    Returns:
        A report; findings are values and are never raised.
    """
    from migsafe.lint import run

    return run.lint_text(
        sql, name=name, dialect=dialect, server_version=server_version, in_transaction=in_transaction, prior=prior
    )


def lint_paths(
    paths: Sequence[str | Path], config: Config | None = None, *, progress: Progress | None = None
) -> Report:
    """Judge the migrations in files and folders, in the order in which their tool runs them.

    Args:
        config: `Config()`, all defaults, when None.
        progress: called with the number of files done and of all files.

    Raises:
        PathNotFoundError: when a path does not exist.
        NoMigrationsError: when there are no migrations where they were expected.
        UsageError: when the configuration names a rule, a tool or a migration that there is not.
    """
    from migsafe.lint import run

    return run.lint_paths(paths, config or Config(), progress=progress)


def lint_stdin(text: str, name: str, config: Config | None = None) -> Report:
    """Judge SQL that came from elsewhere than a file, with a project's configuration.

    Args:
        name: what findings call it; a path in the project, when it has one.
    """
    from migsafe.lint import run

    return run.lint_stdin(text, name, config or Config())


def lint_command(command: str, paths: Sequence[str | Path] = (), config: Config | None = None) -> Report:
    """Judge the SQL that a program prints on its standard output.

    Args:
        command: the program and its arguments, quoted as for a shell; no shell runs. With `{path}` or `{stem}` in it,
            it runs once for each path.
        paths: migrations, in the order in which they are applied.

    Raises:
        UsageError: when the command cannot be run as it is written.
        EnvironmentFailedError: when it cannot be started or fails.
    """
    from migsafe.lint import run

    return run.lint_command(command, paths, config or Config())


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


def releases(paths: Sequence[str | Path], config: Config | None = None) -> ReleaseListing:
    """The releases of a project, the migrations that each is the first to carry, their phases, and what they promise.

    They come from git's tags or a manifest, as `config.release` says, and from what headers of migrations say.

    Raises:
        PathNotFoundError: when a path does not exist.
        NoMigrationsError: when there are no migrations where they were expected.
        UsageError: when the manifest is wrong, or is to be used and missing.
        EnvironmentFailedError: when git is needed, and is missing or knows a part of the history only.
    """
    from migsafe.lint.stories import list_project_releases

    return list_project_releases([Path(path) for path in paths], config or Config())


def cut_release(
    name: str,
    paths: Sequence[str | Path],
    config: Config | None = None,
    *,
    day: date | None = None,
    empty: bool = False,
    dry_run: bool = False,
) -> Cut:
    """Record in the manifest that a release carries all migrations that none has carried.

    Args:
        name: one word, such as `1.9.0`.
        paths: all migrations of the project.
        day: when it is cut; the manifest says nothing when None.
        empty: a release without new migrations is fine.
        dry_run: write nothing.

    Raises:
        PathNotFoundError: when a path does not exist.
        NoMigrationsError: when there are no migrations where they were expected.
        UsageError: when the name was cut before, nothing is new, or the manifest is wrong.
        EnvironmentFailedError: when the manifest cannot be written; when there is none yet, and the git clone knows a
            part of the history only.
    """
    from migsafe.atomic import write_atomically
    from migsafe.history.cutting import prepare_cut

    config = config or Config()
    cut = prepare_cut(config, _layouts(paths, config), name, day, empty=empty)
    if not dry_run:
        try:
            write_atomically(cut.manifest, cut.text)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise EnvironmentFailedError(f"{cut.manifest} cannot be written: {reason}") from error
    return cut


def _layouts(paths: Sequence[str | Path], config: Config) -> tuple[MigrationSet, ...]:
    from migsafe.catalogue.project import source_options
    from migsafe.sources import read_paths

    return tuple(one.migrations for one in read_paths([Path(path) for path in paths], source_options(config)))


def fix_paths(
    paths: Sequence[str | Path], config: Config | None = None, *, released_too: bool = False
) -> tuple[Fixed | NotFixed, ...]:
    """Split migrations that mix phases, one migration a phase, in the project's own layout; files are written.

    Args:
        released_too: also those that are released, that a database has run, or that the branch has not changed.

    Returns:
        What became of each migration that mixes phases.

    Raises:
        PathNotFoundError: when a path does not exist.
        NoMigrationsError: when there are no migrations where they were expected.
        UsageError: when the layout takes no new migrations, or a file changed while it was split.
    """
    from datetime import UTC, datetime

    from migsafe.lint.fixes import split_mixtures

    named = [Path(path) for path in paths]
    return split_mixtures(named, config or Config(), now=datetime.now(UTC), released_too=released_too)


def changes(
    paths: Sequence[str | Path], config: Config | None = None, *, progress: Progress | None = None
) -> tuple[BoardEntry, ...]:
    """The changes that migrations are steps of: what is open, what is due, what blocks it, and why.

    Args:
        progress: called with the number of migrations done and of all.

    Raises:
        PathNotFoundError: when a path does not exist.
        NoMigrationsError: when there are no migrations where they were expected.
    """
    from migsafe.lint.stories import read_stories
    from migsafe.phases.board import board

    stories = read_stories([Path(path) for path in paths], config or Config(), progress)
    return tuple(entry for _, story in stories for entry in board(story))


def plan(
    kind: str,
    arguments: Mapping[str, object],
    paths: Sequence[str | Path],
    config: Config | None = None,
    *,
    change: str | None = None,
    head: str | None = None,
    app: str | None = None,
) -> PlannedChange:
    """Plan a change in steps that run beside old and new code. Nothing is written before the result is told to `save`.

    Args:
        kind: such as `rename-column`; `migsafe plan --help` lists them.
        arguments: those of the kind, by name.
        paths: the migrations of one project, or a folder above them.
        change: the change's name; made of the arguments when None.
        head: Alembic: the revision to build on, where there are several heads.
        app: Django: the label of the app.

    Raises:
        PathNotFoundError: when a path does not exist.
        NoMigrationsError: when there are no migrations where they were expected.
        UsageError: when the kind, an argument or the name cannot be used.
        PlanRefusedError: when no plan would be safe.
    """
    from migsafe.plan.project import plan_change
    from migsafe.sources.writing import WritingOptions

    writing = WritingOptions(head=head, app=app)
    return plan_change(
        kind, arguments, [Path(path) for path in paths], config or Config(), change=change, writing=writing
    )


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


def rules() -> Mapping[str, Rule | PhaseRule]:
    """Every rule, by name: about operations, then about phases."""
    from migsafe.phases.rules import PHASE_RULES
    from migsafe.rules import RULES

    return {**RULES, **PHASE_RULES}


def rule(name: str) -> Rule | PhaseRule:
    """One rule.

    Args:
        name: its name, or its number (`XR04`).

    Raises:
        UsageError: when no rule has that name.
    """
    from migsafe.phases.rules import numbered

    known = rules()
    name = name if name in known else numbered(name) or name
    if name not in known:
        from migsafe.config.nearest import did_you_mean

        raise UsageError(f'no rule "{name}"', hint=did_you_mean(name, known, otherwise="migsafe rules lists them all"))
    return known[name]


def descriptor(name: str) -> RuleDescriptor:
    """What a rule, or a check of `verify` and `drift`, looks for, in words.

    Args:
        name: its name, or its number (`XR04`).

    Raises:
        UsageError: when nothing has that name.
    """
    from migsafe.phases.rules import numbered
    from migsafe.rules.proofs import CHECKS

    if name in CHECKS:
        return CHECKS[name]
    known = rules()
    name = name if name in known else numbered(name) or name
    if name not in known:
        from migsafe.config.nearest import did_you_mean

        hint = did_you_mean(name, [*known, *CHECKS], otherwise="migsafe rules lists them all")
        raise UsageError(f'no rule "{name}"', hint=hint)
    return known[name].descriptor


class Examples(NamedTuple):
    """A migration that a rule reports, and one that it does not."""

    bad: str
    good: str


def examples(name: str) -> Examples | None:
    """A rule's two examples; None where the installation ships none."""
    from importlib.resources import files

    folder = files("migsafe.rules") / "examples" / name
    bad, good = folder / "bad.sql", folder / "good.sql"
    if not (bad.is_file() and good.is_file()):
        return None
    return Examples(bad.read_text(encoding="utf-8"), good.read_text(encoding="utf-8"))
