"""Names of databases from a database that has a list of them."""

from __future__ import annotations

from migsafe.errors import ConfigurationError
from migsafe.postgres.address import resolve_address
from migsafe.postgres.connection import connect


def ask_directory(at: str, query: str, where: str) -> tuple[str, ...]:
    """The first column of what a query finds; in a transaction that can write nothing.

    Args:
        at: as a person says an address.
        where: the place in the fleet's file, for errors.

    Raises:
        ConfigurationError: when it finds no name, one twice, or something that is none.
        UsageError: when the address cannot be used.
        EnvironmentFailedError: when it cannot be reached, or refuses the query.
    """
    dsn = resolve_address(at, option=f"{where}: at")
    with connect(dsn, autocommit=False) as session:
        session.execute("set transaction read only")
        rows = session.query(query)
        session.rollback()
    names = [_name(row[0] if row else None, where) for row in rows]
    if not names:
        raise ConfigurationError(f"{where}: the query finds no database", hint="try it with psql")
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ConfigurationError(f"{where}: the query finds {twice} twice")
    return tuple(names)


def _name(value: object, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ConfigurationError(f"{where}: the query finds {value!r}; its first column is the name of a database")
    return value.strip()
