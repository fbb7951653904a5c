"""What whole migrations were seen to do on a server: values only, which `verify` writes and `lint` reads."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from migsafe.model.locks import LockMode
    from migsafe.model.names import QualifiedName
    from migsafe.model.observation import Observation
    from migsafe.model.script import Script

_CONSTANT = re.compile(r"'(?:[^']|'')*'|\b\d+(?:\.\d+)?\b")
_SPACE = re.compile(r"\s+")


def normalised(sql: str, *, rendered: bool = False) -> str:
    """A statement's text without what may change while it stays the same statement.

    Args:
        sql: the statement.
        rendered: a program has made it, and may put the time or a random value into it: its constants do not count.
    """
    text = _CONSTANT.sub("?", sql) if rendered else sql
    return _SPACE.sub(" ", text).strip().lower()


def statement_fingerprint(sql: str, *, rendered: bool = False) -> str:
    """What a statement is recognised by when lines move or files are renamed; for `rendered` see `normalised`."""
    return hashlib.sha256(normalised(sql, rendered=rendered).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def script_fingerprint(script: Script) -> str:
    """What a whole way up is recognised by when its file is renamed."""
    return statement_fingerprint(script.text, rendered=script.rendered)


@dataclass(frozen=True, slots=True)
class HeldLock:
    """For how long a lock on a relation that existed before the migration was held.

    Attributes:
        table: its name when the lock was taken.
        first: index of the statement that took it.
        last: index of the last statement that ran while it was held: at the end of its transaction as a rule.
        milliseconds: how long those statements ran on the small database that they were seen on.
    """

    table: QualifiedName
    mode: LockMode
    first: int
    last: int
    milliseconds: float


@dataclass(frozen=True, slots=True)
class ZoneTrial:
    """What a statement rewrites when the session's TimeZone is another one."""

    time_zone: str
    rewritten: tuple[QualifiedName, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedStatement:
    """One statement of a migration, as it was seen to run.

    Attributes:
        index: its place in its script, from 0.
        line: its first line in the file, from 1.
        fingerprint: see `statement_fingerprint`.
        observation: locks that it took, and its work. A lock that the transaction had already is not among them.
        milliseconds: how long it ran.
        zones: what it did in other time zones, where its work depends on that.
        invalid: indexes that it left behind, and that no query uses.
    """

    index: int
    line: int
    fingerprint: str
    observation: Observation
    milliseconds: float = 0.0
    zones: tuple[ZoneTrial, ...] = ()
    invalid: tuple[QualifiedName, ...] = ()


@dataclass(frozen=True, slots=True)
class BrokenQuery:
    """A query of the running release that did not do after a migration what it did before.

    Attributes:
        query: its text.
        place: where it stands, `path:line` as far as it is known; empty where nobody knows.
        message: how the server refused it.
        certain: it fails whatever its values are; otherwise with values that it may never have.
    """

    query: str
    place: str
    message: str
    certain: bool = True


@dataclass(frozen=True, slots=True)
class CheckedQueries:
    """What became of the queries of the running release when a migration was applied.

    Attributes:
        checked: how many were asked, or name nothing that the migration touched.
        broken: those that it breaks, for certain or perhaps.
        unchecked: how many could not be asked, or not in full.
        fingerprint: of the migration's way up; see `statement_fingerprint`.
    """

    checked: int
    broken: tuple[BrokenQuery, ...] = ()
    unchecked: int = 0
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class ObservedMigration:
    """A migration's way up: its statements in order, and its locks in the order in which they were taken.

    Attributes:
        queries: what became of the queries of the running release; None where none were given.
    """

    id: str
    path: str
    statements: tuple[ObservedStatement, ...]
    held: tuple[HeldLock, ...] = ()
    queries: CheckedQueries | None = None

    def held_during(self, index: int) -> Iterator[HeldLock]:
        """The locks that were held while a statement ran, those that it took included."""
        return (lock for lock in self.held if lock.first <= index <= lock.last)


@dataclass(frozen=True)
class LockEvidence:
    """What was seen of some migrations.

    Attributes:
        server_version: for example "18.6".
        day: when it was seen.
    """

    server_version: str
    day: date
    migrations: tuple[ObservedMigration, ...]

    def find(self, migration: str, fingerprint: str, index: int) -> tuple[ObservedMigration, ObservedStatement] | None:
        """The statement of a migration that has this fingerprint.

        Args:
            index: tells equal statements apart; where no equal one stands there, nothing is known.
        """
        known = self._statements.get((migration, fingerprint), ())
        if len(known) == 1:
            return known[0]
        return next((pair for pair in known if pair[1].index == index), None)

    @cached_property
    def _statements(self) -> Mapping[tuple[str, str], tuple[tuple[ObservedMigration, ObservedStatement], ...]]:
        found: dict[tuple[str, str], tuple[tuple[ObservedMigration, ObservedStatement], ...]] = {}
        for migration in self.migrations:
            for statement in migration.statements:
                key = (migration.id, statement.fingerprint)
                found[key] = (*found.get(key, ()), (migration, statement))
        return found
