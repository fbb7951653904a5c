"""Which server the shadow for MySQL runs on: one that was named, else a throw-away MariaDB."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from migsafe.mysql.address import resolve_address
from migsafe.shadow.maria.server import ThrowawayMaria

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migsafe.mysql.connection import ServerVersion, Session
    from migsafe.shadow.options import ServerChoice


class SchemaServer(Protocol):
    """A server on which schemas can be made and thrown away; a context manager that leaves nothing behind."""

    @property
    def version(self) -> ServerVersion:
        """Of the server."""

    @property
    def shared(self) -> bool:
        """Whether others use the server, so that nothing may be done to the whole of it."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def create_schema(self, name: str) -> str:
        """Make a schema; gives the name that it has on the server."""

    def drop_schema(self, name: str) -> None:
        """Drop a schema of one's own, by the name that `create_schema` was given."""

    def connect(self, schema: str) -> Session:
        """A new session on a schema of one's own, by the name that `create_schema` was given."""


def start_server(choice: ServerChoice, *, environ: Mapping[str, str] | None = None) -> SchemaServer:
    """Start a server, or connect to the one that was named.

    Args:
        environ: where `env:NAME` looks; the process's own environment when None.

    Raises:
        UsageError: when the address holds a password or is none.
        EnvironmentFailedError: when there is no server to be had, or the one that was named is not fit.
    """
    if choice.url is not None:
        from migsafe.shadow.maria.given import GivenServer  # only where one is named

        return GivenServer.open(resolve_address(choice.url, option="--shadow-url", environ=environ))
    return ThrowawayMaria.start()
