"""What can go wrong with a rollout, beside what can go wrong with anything."""

from __future__ import annotations

from migsafe.errors import ExitCode, MigsafeError


class DeployRefusedError(MigsafeError):
    """A gate says no; nothing was moved by this call."""

    exit_code = ExitCode.REFUSED


class ProviderRefusedError(DeployRefusedError):
    """An engine cannot do what it was asked for; nothing was changed there."""
