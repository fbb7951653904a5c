"""Where a server is, as a person may say it: `env:NAME`, or `mysql://user@host:port` without a password.

A password on a command line stands in the list of processes and in the shell's history, so it is refused there. The
value of an environment variable may hold one.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from migsafe.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

_VARIABLE = "env:"
_SCHEMES = frozenset({"mysql", "mariadb"})
_PASSWORD_VARIABLE = "MYSQL_PWD"  # noqa: S105  # the name of a variable
_DEFAULT_PORT = 3306
_PARAMETERS = frozenset({"unix_socket", "socket", "ssl_ca"})
_HINT = "write env:NAME, or mysql://user@host:port, or mysql://user@/?unix_socket=/path"


@dataclass(frozen=True, slots=True)
class Address:
    """A server and an account on it.

    Attributes:
        socket: the path of a Unix socket, which is then used instead of host and port.
        ssl_ca: a file with the certificates that the server's own must be signed by; encryption is on with it.
    """

    user: str
    host: str = "localhost"
    port: int = _DEFAULT_PORT
    password: str = field(default="", repr=False)
    socket: str | None = None
    ssl_ca: str | None = None


def is_mysql(text: str) -> bool:
    """Whether an address, without the indirection of `env:`, is one of MySQL or MariaDB."""
    scheme, separator, _ = text.strip().partition("://")
    return bool(separator) and scheme.partition("+")[0].lower() in _SCHEMES


def resolve_address(text: str, *, option: str, environ: Mapping[str, str] | None = None) -> Address:
    """The address that a person means.

    Args:
        text: what was said.
        option: who says it, for errors: `--shadow-url`.
        environ: the environment; the process's own when None. `MYSQL_PWD` in it is the password where none is given.

    Raises:
        UsageError: when it holds a password, is of another database, cannot be read, or names no variable that is set.
    """
    environ = os.environ if environ is None else environ
    text, place, indirect = text.strip(), option, text.strip().startswith(_VARIABLE)
    if indirect:
        name = text.removeprefix(_VARIABLE)
        text, place = environ.get(name, "").strip(), f"{option}: the variable {name}"
        if not text:
            raise UsageError(f"{option}: the environment variable {name or 'without a name'} is not set", hint=_HINT)
    if not is_mysql(text):
        raise UsageError(f"{place} is no address of MySQL or MariaDB", hint=_HINT)
    parts = _split(text, place)
    if parts.password and not indirect:
        raise UsageError(
            f"{option} holds a password, which everybody on this machine could read",
            hint=f"put the whole address into a variable and say {option} env:NAME, or use {_PASSWORD_VARIABLE}",
        )
    return _address(parts, place, environ.get(_PASSWORD_VARIABLE, ""))


def _split(text: str, place: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        # Python's own words may repeat parts of a password.
        raise UsageError(f"{place} is no address of a database", hint=_HINT) from None
    return parts


def _address(parts: SplitResult, place: str, password: str) -> Address:
    parameters = dict(parse_qsl(parts.query, keep_blank_values=True))
    unknown = sorted(parameters.keys() - _PARAMETERS)
    if unknown:
        raise UsageError(f"{place} has the parameter {unknown[0]}, which is not known", hint=_HINT)
    if not parts.username:
        raise UsageError(f"{place} names no user", hint=_HINT)
    return Address(
        user=unquote(parts.username),
        host=parts.hostname or "localhost",
        port=parts.port or _DEFAULT_PORT,
        password=unquote(parts.password) if parts.password else password,
        socket=parameters.get("unix_socket") or parameters.get("socket"),
        ssl_ca=parameters.get("ssl_ca"),
    )
