"""The root command, and the run of it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import MappingProxyType

import click

from migsafe import __version__
from migsafe.cli.errors import exit_code_of
from migsafe.cli.group import LazyGroup
from migsafe.errors import ExitCode

#: Command → the module that offers it.
COMMANDS = MappingProxyType(
    {
        "lint": "migsafe.cli.lint",
        "verify": "migsafe.cli.verify",
        "catalogue": "migsafe.cli.catalogue",
        "drift": "migsafe.cli.drift",
        "release": "migsafe.cli.release",
        "change": "migsafe.cli.change",
        "plan": "migsafe.cli.plan",
        "contract": "migsafe.cli.contract",
        "preflight": "migsafe.cli.preflight",
        "status": "migsafe.cli.status",
        "history": "migsafe.cli.history",
        "record": "migsafe.cli.record",
        "run": "migsafe.cli.run",
        "backward": "migsafe.cli.backward",
        "backfill": "migsafe.cli.backfill",
        "adopt": "migsafe.cli.adopt",
        "deploy": "migsafe.cli.deploy",
        "rollback": "migsafe.cli.rollback",
        "demo": "migsafe.cli.demo",
        "guard": "migsafe.cli.guard",
        "state": "migsafe.cli.state",
        "tracker": "migsafe.cli.tracker",
        "rules": "migsafe.cli.rules",
        "explain": "migsafe.cli.explain",
    }
)

_EXAMPLES = """\b
Examples:
  migsafe lint                          lint the project that this folder is in
  migsafe lint db/migrations --since 0041
  migsafe lint --diff origin/main --format github
  migsafe explain drop-column

\b
Exit codes:
  0 clean · 1 findings at or above --fail-on · 2 wrong usage or configuration
  3 no migrations found · 4 refused · 5 the environment failed · 70 internal error
"""


@click.group(
    cls=LazyGroup,
    modules=COMMANDS,
    epilog=_EXAMPLES,
    no_args_is_help=False,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, "--version", prog_name="migsafe", message="%(prog)s %(version)s")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Show what a database migration would do to a busy database, and the safe form of it."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command line.

    Args:
        arguments: the words behind `migsafe`; the process's own when None.

    Returns:
        The exit code.
    """
    _never_fail_on_a_sign_that_the_terminal_lacks()
    try:
        # An outcome other than 0 is what the command returns: findings are no error.
        outcome = cli.main(
            args=None if arguments is None else list(arguments), prog_name="migsafe", standalone_mode=False
        )
        if sys.stdout is not None:  # `>&-` leaves none
            sys.stdout.flush()
    except (Exception, KeyboardInterrupt) as error:  # every way out that is not planned ends in one place
        return exit_code_of(error)
    return outcome if isinstance(outcome, int) else ExitCode.CLEAN


def _never_fail_on_a_sign_that_the_terminal_lacks() -> None:
    for stream in (sys.stdout, sys.stderr):
        if (reconfigure := getattr(stream, "reconfigure", None)) is not None:
            reconfigure(errors="backslashreplace")
