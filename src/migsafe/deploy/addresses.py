"""Addresses and secrets in a committed file: `env:NAME`, or an address without a password. Looked up when needed."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from migsafe.config import values
from migsafe.config.values import BadValue
from migsafe.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

_VARIABLE = "env:"
_SECRET_PARAMETERS = frozenset({"password", "passwd", "secret", "token", "apikey", "api_key", "access_token"})
#: Incoming webhooks whose path is the secret: whoever has it can write into the channel.
_HOOKS = re.compile(
    r"https?://(?:hooks\.slack(?:-gov)?\.com/|(?:\w+\.)?discord(?:app)?\.com/api/webhooks/|[\w.-]+\.webhook\.office\.com/|"
    r"api\.telegram\.org/bot|hooks\.zapier\.com/)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Address:
    """An address, or the name of the variable that holds it.

    Attributes:
        said: as the file has it; it may be shown.
        where: of the file, for an error.
    """

    said: str
    where: str = "deploy.toml"

    @property
    def variable(self) -> str | None:
        """The variable that holds it; None where the file says the address itself."""
        return self.said.removeprefix(_VARIABLE) if self.said.startswith(_VARIABLE) else None

    def resolve(self, environ: Mapping[str, str] | None = None) -> str:
        """The address itself. It may hold a secret: never show it.

        Args:
            environ: the environment; the process's own when None.

        Raises:
            ConfigurationError: when the variable is not set.
        """
        if self.variable is None:
            return self.said
        found = (os.environ if environ is None else environ).get(self.variable, "").strip()
        if not found:
            raise ConfigurationError(
                f"{self.where}: the variable {self.variable} is not set", hint=f"set {self.variable} and start again"
            )
        return found

    def __str__(self) -> str:
        return self.said


def read_address(value: object, where: str) -> Address:
    """`env:NAME`, or an address without a password.

    Raises:
        BadValue: when it is neither.
    """
    said = values.text(value).strip()
    if said.startswith(_VARIABLE):
        return read_secret(said, where)
    if _HOOKS.match(said):
        raise BadValue("env:NAME: the path of such a webhook is its password", "put all of it into a variable")
    if _holds_secret(said):
        raise BadValue("env:NAME, or an address without a password", "put all of it into a variable")
    return Address(said, where)


def read_secret(value: object, where: str) -> Address:
    """`env:NAME`.

    Raises:
        BadValue: when it is anything else.
    """
    said = values.text(value).strip()
    name = said.removeprefix(_VARIABLE)
    if not said.startswith(_VARIABLE) or not name.replace("_", "a").isalnum():
        raise BadValue("env:NAME, the variable that holds it", "the file is committed, and so holds no secret")
    return Address(said, where)


def _holds_secret(said: str) -> bool:
    try:
        parts = urlsplit(said)
        return bool(parts.password) or any(name.lower() in _SECRET_PARAMETERS for name, _ in parse_qsl(parts.query))
    except ValueError:
        return False
