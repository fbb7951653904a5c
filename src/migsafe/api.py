"""The stable Python API: what the command line offers, typed, without a command line.

Importing this module is cheap; readers of SQL and the rules are loaded by the first call that needs them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from migsafe.config import Config
from migsafe.errors import UsageError
from migsafe.model.report import Report

if TYPE_CHECKING:  # the package of the rules imports them all
    from migsafe.rules.registry import Rule

Progress = Callable[[int, int], None]

__all__ = ["Examples", "Progress", "examples", "lint_command", "lint_paths", "lint_stdin", "lint_text", "rule", "rules"]


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
