"""What the parent wants done: the first line on the wire, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

PROTOCOL = 1


@dataclass(frozen=True)
class RevisionFile:
    """One revision: its place in the graph and the file that holds it."""

    id: str
    path: str
    down: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Job:
    """All that the worker knows of the project.

    Attributes:
        dialect: `postgres`, `mysql` or `sqlite`.
        server_version: the major version; None for a usual one.
        project: folders whose code is the project's own.
        done: revisions that have been rendered before; with several databases, each after the database's name.
        database: the argument of `upgrade()` where there are several databases.
        transaction_per_migration, transactional_ddl: as `env.py` would say them; None for Alembic's default.
    """

    dialect: str
    server_version: int | None
    sys_path: tuple[str, ...]
    project: tuple[str, ...]
    script_location: str
    revisions: tuple[RevisionFile, ...]
    done: frozenset[str]
    database: str | None
    directions: tuple[str, ...]
    transaction_per_migration: bool | None
    transactional_ddl: bool | None
    naming_convention: Mapping[str, str] | None

    def is_done(self, revision: RevisionFile) -> bool:
        """Whether it has been rendered before, for this database."""
        mark = revision.id if self.database is None else f"{self.database}:{revision.id}"
        return mark in self.done


def read_job(message: Mapping[str, Any]) -> Job:
    """The job in a message.

    Raises:
        ValueError: when it speaks another protocol.
    """
    if message.get("protocol") != PROTOCOL:
        raise ValueError(f"this worker speaks protocol {PROTOCOL}, not {message.get('protocol')}")
    options = message.get("options") or {}
    return Job(
        dialect=message["dialect"],
        server_version=message.get("server_version"),
        sys_path=tuple(message.get("sys_path") or ()),
        project=tuple(message.get("project") or ()),
        script_location=message.get("script_location") or "",
        revisions=tuple(map(_revision, message["revisions"])),
        done=frozenset(message.get("done") or ()),
        database=message.get("database"),
        directions=tuple(message.get("directions") or ("up", "down")),
        transaction_per_migration=options.get("transaction_per_migration"),
        transactional_ddl=options.get("transactional_ddl"),
        naming_convention=options.get("naming_convention"),
    )


def _revision(message: Mapping[str, Any]) -> RevisionFile:
    return RevisionFile(
        id=message["id"],
        path=message["path"],
        down=tuple(message.get("down") or ()),
        depends_on=tuple(message.get("depends_on") or ()),
        labels=tuple(message.get("labels") or ()),
    )
