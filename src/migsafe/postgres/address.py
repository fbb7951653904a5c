"""Where a database is, as a person may say it: `env:NAME`, a service's name, or an address without a password.

A password on a command line stands in the list of processes and in the shell's history, so it is refused there. The
value of an environment variable may hold one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from urllib.parse import quote

from migsafe.errors import UsageError

_VARIABLE = "env:"
_TARGET = "{target}"
_SERVICE = re.compile(r"[\w.-]+\Z")
_SCHEME = re.compile(r"(?P<name>[a-z][a-z0-9]*)(?P<driver>\+[a-z0-9_]+)?://", re.IGNORECASE)
_POSTGRES = frozenset({"postgres", "postgresql"})
_PASSWORDS = ("password", "sslpassword")
_HINT = "write env:NAME, the name of a service, or postgresql://user@host:port/database"


def resolve_address(
    text: str, *, option: str, environ: Mapping[str, str] | None = None, target: str | None = None
) -> str:
    """The connection string of libpq that a person means.

    Args:
        text: what was said.
        option: who says it, for errors: `--url`.
        environ: the environment; the process's own when None.
        target: what `{target}` stands for, in the address or in the variable's value; nothing when None.

    Returns:
        A connection string; it may hold a password that an environment variable gave.

    Raises:
        UsageError: when it holds a password, is of another database, cannot be read, or names no variable that is set.
    """
    text = _filled(text.strip(), target)
    if text.startswith(_VARIABLE):
        name, known = text.removeprefix(_VARIABLE), os.environ if environ is None else environ
        return _from_variable(name, option, {name: _filled(known.get(name, ""), target)})
    if _SERVICE.match(text):
        return f"service={text}"
    dsn = _postgres_address(text, option)
    if any(_parameters(dsn, option).get(key) for key in _PASSWORDS):
        raise UsageError(
            f"{option} holds a password, which everybody on this machine could read",
            hint=f"put the whole address into a variable and say {option} env:NAME, or use PGPASSWORD or ~/.pgpass",
        )
    return dsn


def _filled(text: str, target: str | None) -> str:
    """An address of one database of many: its name is written as the form of the address wants it."""
    if target is None or _TARGET not in text:
        return text
    return text.replace(_TARGET, quote(target, safe="") if "://" in text else _quoted(target))


def _quoted(value: str) -> str:
    """A value in `key=value` pairs (manual of PostgreSQL 18, 32.1.1.1)."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _from_variable(name: str, option: str, environ: Mapping[str, str]) -> str:
    value = environ.get(name, "").strip()
    if not value:
        raise UsageError(f"{option}: the environment variable {name or 'without a name'} is not set", hint=_HINT)
    if _SERVICE.match(value):
        return f"service={value}"
    dsn = _postgres_address(value, f"{option}: the variable {name}")
    _parameters(dsn, f"{option}: the variable {name}")
    return dsn


def _postgres_address(text: str, place: str) -> str:
    """The address without a driver's name, as SQLAlchemy writes one (`postgresql+psycopg://`)."""
    scheme = _SCHEME.match(text)
    if scheme is None:
        return text
    if scheme["name"].lower() not in _POSTGRES:
        raise UsageError(f"{place} is an address of {scheme['name'].lower()}, not of Postgres", hint=_HINT)
    return f"postgresql://{text[scheme.end() :]}"


def _parameters(dsn: str, place: str) -> Mapping[str, object]:
    from psycopg import ProgrammingError  # only where an address is read
    from psycopg.conninfo import conninfo_to_dict

    try:
        return conninfo_to_dict(dsn)
    except ProgrammingError:
        # The driver's own words may repeat parts of a password.
        raise UsageError(f"{place} is no address of a database", hint=_HINT) from None


def on_database(dsn: str, name: str) -> str:
    """The same address with another database."""
    from psycopg.conninfo import make_conninfo

    return make_conninfo(dsn, dbname=name)


def names_database(dsn: str) -> bool:
    """Whether an address says which database it means, itself or through a service."""
    parameters = _parameters(dsn, "the address")
    return bool(parameters.get("dbname") or parameters.get("service"))


def spell_database(dsn: str) -> str:
    """A database for people, without user and password: `shop on db.example.org`."""
    parameters = _parameters(dsn, "the address")
    database, host, service = (parameters.get(key) for key in ("dbname", "host", "service"))
    if service and not database:
        return f"the service {service}"
    # A host that begins with a slash is the folder of a Unix socket, on this machine.
    named = f" on {host}" if host and not str(host).startswith("/") else ""
    return f"{database or 'the database'}{named}"
