"""Where the tracker is: a file, or a Postgres that is said as `--url` takes one."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

_VARIABLE = "env:"
_SQLITE = "sqlite:"
_ENDINGS = frozenset({".db", ".sqlite", ".sqlite3"})

#: Where it is when nobody has said.
DEFAULT = "sqlite:migsafe/tracker.db"


@dataclass(frozen=True, slots=True)
class TrackerAddress:
    """A place for a tracker; one of the two is set.

    Attributes:
        file: of SQLite.
        dsn: connection string of libpq; may hold a password, and is never shown.
        said: what a person wrote, for hints; holds no password.
    """

    said: str
    file: Path | None = None
    dsn: str | None = None

    @property
    def shown(self) -> str:
        """For people, without user and password."""
        if self.file is not None:
            return str(self.file)
        from migsafe.postgres.address import spell_database  # only where a Postgres is named

        return spell_database(self.dsn or "")


def read_address(text: str, *, option: str = "--tracker", environ: Mapping[str, str] | None = None) -> TrackerAddress:
    """The place that a person means.

    Args:
        text: `sqlite:FILE`, a file that ends in `.db`, `.sqlite` or `.sqlite3`, `env:NAME`, the name of a service, or
            an address of Postgres without a password.
        option: who says it, for errors.
        environ: the environment; the process's own when None.

    Raises:
        UsageError: when it names no place, no variable that is set, or holds a password.
    """
    text = text.strip()
    environ = os.environ if environ is None else environ
    meant = environ.get(text.removeprefix(_VARIABLE), "").strip() if text.startswith(_VARIABLE) else text
    if (file := _file(meant, option)) is not None:
        return TrackerAddress(text, file=file)
    from migsafe.postgres.address import resolve_address

    return TrackerAddress(text, dsn=resolve_address(text, option=option, environ=environ))


def _file(text: str, option: str) -> Path | None:
    if text.startswith(_SQLITE):
        path = text.removeprefix(_SQLITE)
        path = path[3:] if path.startswith("///") else path  # as SQLAlchemy writes it
        if not path or path == ":memory:":
            raise UsageError(f"{option} names no file", hint="sqlite:migsafe/tracker.db")
        return Path(path)
    return Path(text) if "://" not in text and "=" not in text and Path(text).suffix in _ENDINGS else None
