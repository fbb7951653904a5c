"""What stops a command that needs the tracker; each in one line, and nothing was written."""

from __future__ import annotations

from migsafe.errors import EnvironmentFailedError, ExitCode, MigsafeError, UsageError


class TrackerRefusedError(MigsafeError):
    """The tracker refuses: what is asked for cannot be, or may not be."""

    exit_code = ExitCode.REFUSED


class TrackerBusyError(TrackerRefusedError):
    """Somebody else is writing into the tracker."""


class UnknownNameError(UsageError):
    """A release, an environment, a database or a change that the tracker does not know."""


class TrackerAwayError(EnvironmentFailedError):
    """The tracker cannot be reached, or failed."""


class TrackerBrokenError(TrackerRefusedError):
    """The chain of events is not the one that was written."""
