"""`python -m migsafe` and the command `migsafe`."""

from __future__ import annotations

import gc
import sys


def main() -> int:
    """Run the command line; returns its exit code."""
    from migsafe.cli.main import run

    code = run()
    gc.freeze()  # the process ends: looking through all that was imported once more takes a tenth of a second
    return code


if __name__ == "__main__":
    sys.exit(main())
