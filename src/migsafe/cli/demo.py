"""`migsafe demo`."""

from __future__ import annotations

import shutil
import sys
import textwrap
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import click

from migsafe.cli.choices import NearestChoice
from migsafe.cli.output import check_target
from migsafe.cli.presentation import shows_colours
from migsafe.cli.tracker_options import HELP
from migsafe.errors import ExitCode

if TYPE_CHECKING:
    from migsafe.demo.run import Shown

_EXAMPLES = """\b
Examples:
  migsafe demo
  migsafe demo --output ~/timeline.html
  migsafe demo --keep shop              look at the project, its tracker and its logs afterwards
  migsafe demo --speed fast             in about half the time, with fewer requests

\b
Needs Linux, and: pip install 'migsafe-toolkit[embedded,haproxy]'

\b
Exit codes:
  0 the story was told · 2 --output or --keep cannot be used
  5 something is missing, or a chapter did not come to its end · 130 stopped by Ctrl-C
"""
_ERASE_LINE = "\r\x1b[2K"


@click.command("demo", epilog=_EXAMPLES, context_settings=HELP)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    default=Path("migsafe-demo.html"),
    show_default=True,
    metavar="FILE",
    help="Where the timeline is drawn to.",
)
@click.option("--keep", type=click.Path(path_type=Path), metavar="FOLDER", help="Leave the project in this new folder.")
@click.option(
    "--speed",
    type=NearestChoice(("normal", "fast")),
    default="normal",
    show_default=True,
    help="How long each share of the traffic is watched.",
)
def command(output: Path, keep: Path | None, speed: str) -> int:
    """Rename a column under live load on this machine, then let a bad release go back by itself: in about a minute.

    A throw-away Postgres, HAProxy and a small web application run in a private folder, and listen on 127.0.0.1 or in
    private sockets only. In the end nothing of it is left, but for a page with the timeline.
    """
    from migsafe.demo.pace import PACES
    from migsafe.demo.run import run_demo

    check_target(output)
    shown = run_demo(Terminal(), PACES[speed], output, keep)
    _sum_up(shown, keep)
    return ExitCode.CLEAN


class Terminal:
    """The story as lines; where they are read by a person, with colours and a last line that moves."""

    def __init__(self) -> None:
        self._chapters = 0
        self._lock = threading.Lock()
        self._colours = shows_colours()
        self._moves = self._colours and sys.stdout is not None and sys.stdout.isatty()
        self._width = min(100, shutil.get_terminal_size((90, 24)).columns)
        self._lately = ""

    def chapter(self, title: str, why: str) -> None:
        """A heading, and what it is about."""
        self._chapters += 1
        self._line("")
        self._line(self._styled(f"{self._chapters}. {title}", bold=True))
        for line in textwrap.wrap(why, self._width - 3):
            self._line(f"   {line}")

    def does(self, command: str) -> None:
        """A command line."""
        self._line("   " + self._styled(f"$ {command}", fg="cyan"))

    def says(self, line: str) -> None:
        """What it answers."""
        for part in textwrap.wrap(line.strip(), self._width - 7, subsequent_indent="  "):
            self._line("     " + self._styled(part, dim=True))

    def fact(self, line: str) -> None:
        """What came of it."""
        first, *others = textwrap.wrap(line, self._width - 5)
        self._line("   " + self._styled("✓ ", fg="green") + first)
        for other in others:
            self._line(f"     {other}")

    def lately(self, line: str) -> None:
        """The last line, which moves."""
        if self._moves:
            with self._lock:
                self._lately = line[: self._width - 4]
                click.echo(f"{_ERASE_LINE}{self._moving()}", nl=False)

    def _line(self, text: str) -> None:
        with self._lock:
            if not self._moves:
                click.echo(text)
                return
            click.echo(f"{_ERASE_LINE}{text}\n{self._moving()}", nl=False, color=True)

    def _moving(self) -> str:
        return click.style(f"   {self._lately}", fg="bright_black") if self._lately else ""

    def _styled(self, text: str, *, fg: str | None = None, bold: bool | None = None, dim: bool | None = None) -> str:
        return click.style(text, fg=fg, bold=bold, dim=dim) if self._colours else text


def _sum_up(shown: Shown, keep: Path | None) -> None:
    from migsafe.demo.words import count, milliseconds, seconds

    found = shown.figures
    back = milliseconds(found.back_ms / 1000) if found.back_ms is not None else "never"
    lines = [
        ("requests", f"{count(found.requests)} in {seconds(shown.timeline.seconds)}"),
        ("failed", f"{count(found.failed)}, but for the bad release"),
        ("old values seen", count(found.stale)),
        ("longest gap", f"{milliseconds(found.gap)} without a good answer"),
        ("bad release", f"{count(found.spiked)} errors in {seconds(found.spike)}, then sent back in {back}"),
        ("timeline", str(shown.page)),
    ]
    click.echo()
    for name, value in lines:
        click.echo(f"   {name:<16} {value}")
    if keep is not None:
        click.echo(f"   {'project':<16} {keep}")
