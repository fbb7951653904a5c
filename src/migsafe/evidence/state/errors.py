"""What is wrong with a state document."""

from __future__ import annotations

from migsafe.errors import UsageError


class StateError(UsageError):
    """A state document cannot be used; the message begins with the JSON path, where there is one."""


class TamperedStateError(StateError):
    """A state document is not the one that was sealed."""
