"""How a report is shown on the terminal at hand."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from migsafe.reporters import Presentation


def presentation(output: Path | None, *, quiet: bool, no_color: bool) -> Presentation:
    """For a report that goes to `output`, or to the standard output when that is None."""
    return Presentation(
        colour=output is None and not no_color and shows_colours(),
        quiet=quiet,
        width=shutil.get_terminal_size((100, 24)).columns,
    )


def shows_colours() -> bool:
    """By the conventions of no-color.org and force-color.org, then by what the terminal says of itself."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return sys.stdout is not None and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
