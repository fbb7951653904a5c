"""Which server the shadow runs on.

In this order: a server that was named, programs that were named, programs of the system of the version that was asked
for, those of the embedded wheel, any of the system.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from migsafe.errors import EnvironmentFailedError
from migsafe.postgres.address import resolve_address
from migsafe.shadow.account import Account
from migsafe.shadow.binaries import find_binaries
from migsafe.shadow.options import ServerChoice
from migsafe.shadow.server import ThrowawayServer
from migsafe.shadow.system import system_binaries

__all__ = ["ServerChoice", "ShadowServer", "choose_programs", "start_server"]

if TYPE_CHECKING:
    from migsafe.postgres.connection import Session

_HINT = "pip install 'migsafe-toolkit[embedded]', or name programs with --pg-bin, or a server with --shadow-url"


class ShadowServer(Protocol):
    """A server on which databases can be made and thrown away; a context manager that leaves nothing behind."""

    @property
    def version(self) -> str:
        """For example "18.6"."""

    @property
    def major(self) -> int:
        """The major version."""

    @property
    def shims(self) -> tuple[str, ...]:
        """Extensions that are only stood in for."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def create_database(self, name: str, template: str | None = None) -> str:
        """Make a database, empty or as a copy of another of one's own; gives its connection string."""

    def drop_database(self, name: str) -> None:
        """Drop a database of one's own."""

    def dsn(self, database: str) -> str:
        """The connection string of a database of one's own."""

    def connect(self, database: str, *, autocommit: bool = True) -> Session:
        """A session on a database of one's own."""

    def stop(self) -> None:
        """Leave, and leave nothing behind."""


def start_server(choice: ServerChoice | None = None, *, environ: Mapping[str, str] | None = None) -> ShadowServer:
    """Start a server, or connect to the one that was named.

    Args:
        choice: nothing was said when None.
        environ: where `env:NAME` looks; the process's own environment when None.

    Raises:
        UsageError: when the address holds a password or is none.
        EnvironmentFailedError: when there is no server to be had, or the one that was named is not fit.
    """
    choice = choice or ServerChoice()
    if choice.url is not None:
        from migsafe.shadow.given import GivenServer  # only where one is named

        return GivenServer.open(resolve_address(choice.url, option="--shadow-url", environ=environ))
    return ThrowawayServer.start(bin_dir=choose_programs(choice))


def choose_programs(choice: ServerChoice) -> Path | None:
    """The folder of the programs to start; None for those of the embedded wheel.

    Raises:
        EnvironmentFailedError: when there are none.
    """
    if choice.bin_dir is not None:
        return choice.bin_dir
    account = Account.current()
    if choice.major is not None:
        for binaries in system_binaries(account):
            if binaries.major == choice.major:
                return binaries.bin_dir
    try:
        find_binaries(account)
    except EnvironmentFailedError as error:
        for binaries in system_binaries(account):
            return binaries.bin_dir
        raise EnvironmentFailedError(error.message, hint=_HINT) from None
    return None
