"""Schemas (databases, as MySQL also calls them) of a server as wholes, and locks by name that outlive no session."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from migsafe.mysql.connection import Session


def create_schema(session: Session, name: str) -> None:
    """Make a schema with the server's defaults.

    Raises:
        StatementRefusedError: when it exists, or the account may not.
    """
    session.query("create database {schema}", schema=name)


def drop_schema(session: Session, name: str) -> None:
    """Drop a schema, if it is there, with all that is in it.

    Raises:
        StatementRefusedError: when the account may not.
    """
    session.query("drop database if exists {schema}", schema=name)


def schema_names(session: Session, prefix: str) -> tuple[str, ...]:
    """Names of schemas that the account sees and that begin with a prefix, sorted."""
    rows = session.query(
        "select schema_name from information_schema.schemata where left(schema_name, %s) = %s order by 1",
        (len(prefix), prefix),
    )
    return tuple(str(name) for (name,) in rows)


def hold_lock(session: Session, name: str) -> None:
    """Hold a lock of the whole server by name, until the session ends, however it ends (GET_LOCK)."""
    session.query("select get_lock(%s, 0)", (name,))


def is_held(session: Session, name: str) -> bool:
    """Whether any session holds the lock of that name."""
    ((holder,),) = session.query("select is_used_lock(%s)", (name,))
    return holder is not None
