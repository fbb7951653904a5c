"""The one tree of errors, and the one table of exit codes.

A finding is a value and is never raised. An error stops the command; it is printed in one place, with its hint.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What a command's exit status means; the same table for every command."""

    CLEAN = 0
    FINDINGS = 1
    USAGE = 2
    NOTHING_FOUND = 3
    REFUSED = 4
    ENVIRONMENT = 5
    INTERNAL = 70
    INTERRUPTED = 130


class MigsafeError(Exception):
    """Something stops migsafe from going on."""

    exit_code: ExitCode = ExitCode.INTERNAL

    def __init__(self, message: str | None = None, *, hint: str | None = None) -> None:
        """
        Args:
            message: what is wrong, in one line; the class docstring when left out.
            hint: what the person can do next, in one line.
        """
        self.message = message or (type(self).__doc__ or "").strip()
        self.hint = hint
        super().__init__(self.message)


class UsageError(MigsafeError):
    """The command was called with something that it cannot use."""

    exit_code = ExitCode.USAGE


class ConfigurationError(UsageError):
    """The configuration says something that migsafe cannot use."""


class PathNotFoundError(UsageError):
    """A named path does not exist."""


class NoMigrationsError(MigsafeError):
    """No migrations where they were expected."""

    exit_code = ExitCode.NOTHING_FOUND


class EnvironmentFailedError(MigsafeError):
    """Something outside migsafe (a database, a program, a file system) failed."""

    exit_code = ExitCode.ENVIRONMENT
