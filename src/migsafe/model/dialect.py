"""Which database a migration is written for, and which version of it runs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class Dialect(StrEnum):
    """A family of databases that read the same SQL."""

    POSTGRES = "postgres"
    MYSQL = "mysql"
    SQLITE = "sqlite"


#: The oldest Postgres major that its project still supports since November 2026 (postgresql.org/support/versioning).
OLDEST_SUPPORTED_POSTGRES = 15


@dataclass(frozen=True, slots=True)
class ServerVersion:
    """The server that a migration is judged against: its major version, and how migsafe knows it."""

    major: int
    source: Literal["given", "assumed", "shadow"]

    @property
    def assumed(self) -> bool:
        """Whether nobody said which version runs."""
        return self.source == "assumed"


ASSUMED_SERVER = ServerVersion(OLDEST_SUPPORTED_POSTGRES, "assumed")
