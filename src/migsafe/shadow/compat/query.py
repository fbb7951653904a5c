"""A query of the running release, and what can be said of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class Origin(StrEnum):
    """Where a query comes from."""

    FILE = "file"
    """The project keeps it in an SQL file."""
    STATISTICS = "statistics"
    """A server that runs the release has counted it (pg_stat_statements)."""
    RECORDED = "recorded"
    """The project's tests have run it."""
    GENERATED = "generated"
    """Nobody has said that it is run: made from the schema that the release was written for."""


class Layer(StrEnum):
    """How a query was asked, from what costs least to what tells most."""

    PARSE = "parse"
    """Parsed and described by the server."""
    PLAN = "plan"
    """It has no plan, or its generic plan always writes NULL where NULL is refused."""
    EXECUTE = "execute"
    """Executed with made-up values, and rolled back."""
    RESULT = "result"
    """Only the shape of its result is another."""


@dataclass(frozen=True, slots=True)
class Query:
    """One query.

    Attributes:
        sql: one statement, its parameters written `$1`, `$2` and so on.
        origin: where it comes from.
        path: the code or file that it stands in, as it is shown to people; None where nobody knows.
        line: from 1; None where nobody knows.
        name: what its file calls it.
        alternatives: other readings of the same text, tried in order where the server refuses `sql`.
        types: the Python types of its parameters, by `$1` and so on, where somebody has seen them.
    """

    sql: str
    origin: Origin
    path: str | None = None
    line: int | None = None
    name: str | None = None
    alternatives: tuple[str, ...] = ()
    types: tuple[str, ...] = ()

    @property
    def place(self) -> str | None:
        """`path:line`, as far as they are known."""
        if self.path is None:
            return None
        return self.path if self.line is None else f"{self.path}:{self.line}"

    @property
    def called(self) -> str:
        """Its name, else how it begins."""
        return self.name or _beginning(self.sql)

    @property
    def label(self) -> str:
        """What to call it in a sentence: its name, else how it begins, and its place."""
        return self.called if self.place is None else f"{self.called} ({self.place})"


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something in a source of queries that is none, or that cannot be read as one."""

    place: str
    reason: str


@dataclass(frozen=True, slots=True)
class Queries:
    """What a source of queries has."""

    queries: tuple[Query, ...] = ()
    skipped: tuple[Skipped, ...] = ()

    @classmethod
    def joined(cls, parts: Iterable[Queries]) -> Queries:
        """All of several, in order."""
        queries: list[Query] = []
        skipped: list[Skipped] = []
        for part in parts:
            queries += part.queries
            skipped += part.skipped
        return cls(tuple(queries), tuple(skipped))


@dataclass(frozen=True, slots=True)
class Unchecked:
    """A query of which nothing can be said, or not by that layer. It is never broken."""

    query: Query
    layer: Layer
    reason: str


@dataclass(frozen=True, slots=True)
class Breakage:
    """A query that does not do after a migration what it did before.

    Attributes:
        sqlstate: how the server refuses it; None when it does not.
        message: in one line, without a full stop.
        kind: "breaks": it fails, whatever its values are; "maybe": it fails with values that it may never have, or only
            in some drivers; "shape": it works, and the columns of its result are others.
    """

    query: Query
    layer: Layer
    sqlstate: str | None
    message: str
    kind: Literal["breaks", "maybe", "shape"]

    @property
    def place(self) -> str | None:
        """Where the query stands: `path:line`, as far as it is known."""
        return self.query.place


def _beginning(sql: str, limit: int = 60) -> str:
    line = " ".join(sql.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
