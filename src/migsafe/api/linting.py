"""Judging migrations without running them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.config import Config

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migsafe.api.progress import Progress
    from migsafe.lint.fixes import Fixed, NotFixed
    from migsafe.model.report import Report


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
        UsageError: when the configuration names a rule, a tool or a migration that there is not, or several databases
            for a layout of one that does not say of which.
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
