"""What stops a command about contracts; each in one line."""

from __future__ import annotations

from migsafe.errors import ExitCode, MigsafeError


class ContractRefusedError(MigsafeError):
    """The contract is refused."""

    exit_code = ExitCode.REFUSED


class NothingDueError(ContractRefusedError):
    """There is nothing left to contract."""
