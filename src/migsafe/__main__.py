"""`python -m migsafe` and the command `migsafe`."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line; returns its exit code."""
    from migsafe.cli.main import run

    return run()


if __name__ == "__main__":
    sys.exit(main())
