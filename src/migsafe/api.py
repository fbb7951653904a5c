"""The stable Python API: what the command line offers, typed, without a command line.

Importing this module is cheap; readers of SQL and the rules are loaded by the first call that needs them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from migsafe.config import Config
from migsafe.errors import UsageError
from migsafe.model.report import Report, RuleDescriptor
from migsafe.shadow.options import DriftOptions, Proof, ServerChoice

if TYPE_CHECKING:  # the package of the rules imports them all
    from migsafe.catalogue.listing import Listing
    from migsafe.rules.registry import Rule

Progress = Callable[[int, int], None]

__all__ = [
    "DriftOptions",
    "Examples",
    "Progress",
    "Proof",
    "ServerChoice",
    "catalogue",
    "database_catalogue",
    "descriptor",
    "drift",
    "examples",
    "lint_command",
    "lint_paths",
    "lint_stdin",
    "lint_text",
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


def rules() -> Mapping[str, Rule]:
    """Every rule, by name."""
    from migsafe.rules import RULES

    return RULES


def rule(name: str) -> Rule:
    """One rule.

    Raises:
        UsageError: when no rule has that name.
    """
    known = rules()
    if name not in known:
        from migsafe.config.nearest import did_you_mean

        raise UsageError(f'no rule "{name}"', hint=did_you_mean(name, known, otherwise="migsafe rules lists them all"))
    return known[name]


def descriptor(name: str) -> RuleDescriptor:
    """What a rule, or a check of `verify` and `drift`, looks for, in words.

    Raises:
        UsageError: when nothing has that name.
    """
    from migsafe.rules.proofs import CHECKS

    if name in CHECKS:
        return CHECKS[name]
    known = rules()
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
