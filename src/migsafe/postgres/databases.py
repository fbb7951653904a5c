"""Databases of a server as wholes: made, dropped, listed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from migsafe.postgres.connection import Session

#: STRATEGY came with Postgres 15; before, copying files was the only way.
_STRATEGY_SINCE = 150000


def create_database(session: Session, name: str, template: str | None = None) -> None:
    """Make a database, by copying a template's files (three to five times faster than through the log).

    Args:
        session: in autocommit, on another database of the server than `template`.
        template: `template1` when left out; nobody may be connected to it.

    Raises:
        StatementFailedError: when it exists, the template is in use, or the role may not.
    """
    strategy = " strategy file_copy" if session.server_version >= _STRATEGY_SINCE else ""
    session.execute_with_names(
        "create database {name} template {template}" + strategy, name=name, template=template or "template1"
    )


def drop_database(session: Session, name: str) -> None:
    """Drop a database if it is there, its sessions ended first (FORCE: Postgres 13 and newer).

    Raises:
        StatementFailedError: when the role may not.
    """
    session.execute_with_names("drop database if exists {name} with (force)", name=name)
