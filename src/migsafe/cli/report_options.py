"""Options by which every command that reports findings is told in which form, where to, and when to fail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from migsafe.cli.choices import NearestChoice
from migsafe.cli.output import check_target, emit
from migsafe.cli.presentation import presentation
from migsafe.errors import ExitCode
from migsafe.model.finding import Severity
from migsafe.reporters import REPORTERS, reporter

if TYPE_CHECKING:
    from migsafe.config import Config
    from migsafe.model.report import Report

_SEVERITIES = [severity.value for severity in Severity]

_OPTIONS = (
    click.option(
        "--format",
        "form",
        type=NearestChoice(list(REPORTERS)),
        default="text",
        envvar="MIGSAFE_FORMAT",
        show_default=True,
        help="Form of the report.",
    ),
    click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="Write the report there."),
    click.option(
        "--fail-on",
        type=NearestChoice([*_SEVERITIES, "never"]),
        help="Exit with 1 for findings of this severity or above.  [default: error]",
    ),
    click.option(
        "--min-severity",
        type=NearestChoice(_SEVERITIES),
        help="Show findings of this severity or above.  [default: warning]",
    ),
    click.option("--quiet", "-q", is_flag=True, help="One line per finding, and nothing else."),
    click.option("--no-color", is_flag=True, help="No colours, also on a terminal."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How a report reaches its reader.

    Attributes:
        form: the name of a reporter.
        output: the file to write; the standard output when None.
    """

    form: str
    output: Path | None
    quiet: bool
    no_color: bool

    def deliver(self, report: Report, config: Config) -> ExitCode:
        """Write a report, and say with what the command ends.

        Raises:
            OSError: when the file cannot be written.
        """
        shown = presentation(self.output, quiet=self.quiet, no_color=self.no_color)
        emit(reporter(self.form)(report, shown), self.output)
        failed = any(config.fails(finding.severity) for finding in report.findings)
        return ExitCode.FINDINGS if failed else ExitCode.CLEAN


def report_options(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command those options: a `delivery`, whose file can be written, and settings of the configuration."""

    @wraps(command)
    def collected(*arguments: Any, form: str, output: Path | None, quiet: bool, no_color: bool, **options: Any) -> int:
        check_target(output)
        delivery = Delivery(form=form, output=output, quiet=quiet, no_color=no_color)
        return command(*arguments, delivery=delivery, **options)

    for option in reversed(_OPTIONS):
        collected = option(collected)
    return collected
