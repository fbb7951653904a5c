"""Hooks for Alembic: they lint a revision while `alembic revision` writes it, and stop nothing.

`process_revision_directives` stands in `env.py` and sees what autogenerate has found; `post_write` is a command
(`migsafe-alembic-lint`) for `[post_write_hooks]` and sees the file. Either is enough. Both write to the standard error.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from migsafe import api
from migsafe.config import Config, load_config
from migsafe.errors import ExitCode, MigsafeError
from migsafe.integrations.alembic_sql import (
    DIALECTS,
    comings_and_goings,
    first_line,
    render,
    revision_operations,
)
from migsafe.integrations.renames import LikelyRename, likely_renames
from migsafe.model.dialect import Dialect
from migsafe.model.report import Report
from migsafe.model.script import TransactionRule
from migsafe.reporters import Presentation, reporter
from migsafe.reporters.neutral import neutral

if TYPE_CHECKING:
    from alembic.operations.ops import DowngradeOps, MigrationScript, UpgradeOps
    from alembic.runtime.migration import MigrationContext

#: What Alembic calls with its context, the revisions that the new one follows, and the directives.
Hook = Callable[[Any, Any, "list[MigrationScript]"], None]

_USAGE = """usage: migsafe-alembic-lint [--fail] REVISION_FILE

Lint a revision that Alembic has just written, and name likely renames. For [post_write_hooks] in alembic.ini.

  --fail  exit with 1 for findings that make migsafe lint fail, and with its other codes for errors. Alembic itself
          takes no notice of a hook's exit code; scripts do.
"""


def process_revision_directives(context: MigrationContext, revision: object, directives: list[MigrationScript]) -> None:
    """Lint what autogenerate has found, and name likely renames; for `context.configure` in `env.py`.

    It changes no directive, writes to the standard error, and never fails: what goes wrong is one line there.
    """
    try:
        for script in directives:
            for up, down in _of_this_database(script, context):
                _judge(script, up, down, context)
    except Exception as error:  # a hook that only advises must not stop the command that it advises on
        _say_error(error)


def after(*hooks: Hook) -> Hook:
    """Compose with hooks of your own, which run first, so that what they leave is linted.

    Args:
        hooks: as `context.configure(process_revision_directives=…)` takes them; what they raise is raised.
    """

    def composed(context: Any, revision: Any, directives: list[MigrationScript]) -> None:
        for hook in hooks:
            hook(context, revision, directives)
        process_revision_directives(context, revision, directives)

    return composed


def post_write(argv: Sequence[str] | None = None) -> int:
    """Lint a revision's file in its project; the command `migsafe-alembic-lint`.

    Args:
        argv: the arguments; those of the process when None.

    Returns:
        The exit code; without `--fail` zero, whatever is found, because the file is written already.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    if "-h" in arguments or "--help" in arguments:
        sys.stdout.write(_USAGE)
        return ExitCode.CLEAN
    files = [argument for argument in arguments if argument != "--fail"]
    if len(files) != 1 or files[0].startswith("-"):
        sys.stderr.write(_USAGE)
        return ExitCode.USAGE
    code = _judge_file(_from_here(Path(files[0])))
    return code if "--fail" in arguments else ExitCode.CLEAN


def _of_this_database(script: MigrationScript, context: MigrationContext) -> Iterator[tuple[UpgradeOps, DowngradeOps]]:
    """With several databases Alembic asks once for each, and the directives hold those of all before it."""
    for up, down in zip(script.upgrade_ops_list, script.downgrade_ops_list, strict=True):
        if up.ops and up.upgrade_token == context.opts.get("upgrade_token", up.upgrade_token):
            yield up, down


def _judge(script: MigrationScript, up: UpgradeOps, down: DowngradeOps, context: MigrationContext) -> None:
    if context.dialect.name not in DIALECTS:
        _say(f"migsafe: not linted: it does not read SQL for {context.dialect.name}")
        return
    rendered = render(up, context)
    name = f"<{script.rev_id}: {script.message}>" if script.message else f"<{script.rev_id}>"
    _show(api.lint_stdin(rendered.sql, name, _config_of(context)))
    for line in rendered.unrendered:
        _say(f"migsafe: not linted: {line}")
    _name(likely_renames(comings_and_goings(up, context), comings_and_goings(down, context)))


def _config_of(context: MigrationContext) -> Config:
    """The project's settings, for SQL that is no file of a layout."""
    config = load_config().only(DIALECTS[context.dialect.name])
    return replace(
        config,
        tool="alembic",  # so that the safe form is in its words
        transaction=TransactionRule.TOOL if context.impl.transactional_ddl else TransactionRule.NONE,
        since=None,
        # env.py sets the session's timeouts, if anybody does, and directives say nothing of it.
        ignore=(*config.ignore, "missing-lock-timeout"),
    )


def _judge_file(file: Path) -> ExitCode:
    try:
        config = load_config()
        report = api.lint_paths([file], config)
        _show(report)
        _name(_renames_in(file, report.dialect))
    except Exception as error:  # the file is written: whatever goes wrong here is told, and no traceback
        return _say_error(error)
    failed = any(config.fails(finding.severity) for finding in report.findings)
    return ExitCode.FINDINGS if failed else ExitCode.CLEAN


def _renames_in(file: Path, dialect: Dialect) -> tuple[LikelyRename, ...]:
    """Likely renames of a file that both adds and drops; its code is run only then."""
    text = file.read_text(encoding="utf-8", errors="replace")
    pairs = (("add_column", "drop_column"), ("create_table", "drop_table"))
    if not any(added in text and dropped in text for added, dropped in pairs):
        return ()
    try:
        up, down = revision_operations(file, dialect)
    except Exception as error:  # the code of the revision may raise anything
        _say(f"migsafe: {file} was not searched for renames: {first_line(error)}")
        return ()
    return likely_renames(up, down)


def _from_here(file: Path) -> Path:
    """Alembic gives an absolute path; people read a short one."""
    here = Path.cwd()
    return file.relative_to(here) if file.is_absolute() and file.is_relative_to(here) else file


def _show(report: Report) -> None:
    presentation = Presentation(
        colour=sys.stderr.isatty() and not os.environ.get("NO_COLOR"),
        width=shutil.get_terminal_size((100, 24)).columns,
    )
    page = reporter("text")(report, presentation).rstrip("\n")
    _say(page if report.findings else f"migsafe: {page}", trusted=True)


def _name(renames: Iterable[LikelyRename]) -> None:
    for rename in renames:
        _say(f"\n{rename.headline}")
        for line in rename.recipe():
            _say(f"  {line}")


def _say_error(error: Exception) -> ExitCode:
    """One line; the exit code that the error stands for."""
    if isinstance(error, MigsafeError):
        _say(f"migsafe: not linted: {error.message}" + (f" ({error.hint})" if error.hint else ""))
        return error.exit_code
    _say(f"migsafe: not linted: {type(error).__name__}: {first_line(error)}")
    return ExitCode.INTERNAL


def _say(text: str, *, trusted: bool = False) -> None:
    """Write a line; the reporters' text is trusted, because it has colours and is made harmless already."""
    sys.stderr.write(f"{text if trusted else neutral(text)}\n")
    sys.stderr.flush()
