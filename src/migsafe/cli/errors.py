"""The one place where errors are printed and become exit codes."""

from __future__ import annotations

import os
import sys

import click

from migsafe import __version__
from migsafe.errors import EnvironmentFailedError, ExitCode, MigsafeError, UsageError

_ISSUES = "https://github.com/migsafe/migsafe/issues"
#: A group of commands without one; before 8.2, click showed the help by itself.
_NO_COMMAND: tuple[type[click.ClickException], ...] = tuple(
    filter(None, [getattr(click.exceptions, "NoArgsIsHelpError", None)])
)


def exit_code_of(error: BaseException) -> int:
    """Print what a person needs to know of `error`, and say with which code to exit."""
    if isinstance(error, BrokenPipeError):
        close_stdout()
        return ExitCode.CLEAN
    if isinstance(error, KeyboardInterrupt | click.Abort):
        _say("interrupted")
        return ExitCode.INTERRUPTED
    if isinstance(error, _NO_COMMAND):  # `migsafe deploy`: what there is, as it is, and not in one line
        _say(error.format_message())
        return ExitCode.USAGE
    known = _as_migsafe_error(error)
    if known is None:
        _report_ourselves(error)
        return ExitCode.INTERNAL
    _say(f"error: {known.message}")
    if known.hint:
        _say(f"hint: {known.hint}")
    return known.exit_code


def close_stdout() -> None:
    """Nothing more can be written (`migsafe lint | head`, a full disk): the rest goes nowhere, at the very end too."""
    try:
        descriptor = sys.stdout.fileno()
    except (AttributeError, OSError, ValueError):  # not a real file: nothing is left to flush
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)


def _as_migsafe_error(error: BaseException) -> MigsafeError | None:
    if isinstance(error, MigsafeError):
        return error
    if isinstance(error, click.NoSuchOption):
        return UsageError(f"no option {error.option_name}", hint=_nearest_options(error))
    if isinstance(error, click.ClickException):
        return UsageError(_sentence(error.format_message()), hint=_help_hint(error))
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        return EnvironmentFailedError(f"{place}{error.strerror or error}")
    return None


def _sentence(message: str) -> str:
    """Click's wording in the form of all others: one line, lower case, without a full stop."""
    line = " ".join(message.split()).removesuffix(".")
    return line[:1].lower() + line[1:]


def _nearest_options(error: click.NoSuchOption) -> str | None:
    from migsafe.config.nearest import did_you_mean  # on the way of an error only

    known = [name for param in error.ctx.command.params for name in param.opts] if error.ctx else []
    return did_you_mean(error.option_name, known, otherwise=_help_hint(error))


def _help_hint(error: click.ClickException) -> str | None:
    context = getattr(error, "ctx", None)
    return f"{context.command_path} --help shows what there is" if context else None


def _report_ourselves(error: BaseException) -> None:
    import platform
    import traceback

    from migsafe.reporters.neutral import neutral

    _say(f"error: migsafe failed on its own account: {type(error).__name__}")
    _say(f"hint: please report this at {_ISSUES} with the lines below and, if you can, the SQL")
    _say(f"migsafe {__version__}, Python {platform.python_version()}, {platform.platform()}")
    _say(neutral("".join(traceback.format_exception(error))).rstrip())


def _say(line: str) -> None:
    from migsafe.reporters.neutral import neutral

    try:
        click.echo(neutral(line), err=True)
    except BrokenPipeError:
        return
