"""Files named VERSION_name[.DIALECT][.autocommit].up.sql: what golang-migrate, pop and popx have in common."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from migsafe.model.script import Direction
from migsafe.sources.dialects import DIALECT_WORDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from migsafe.model.dialect import Dialect

_NAME = re.compile(
    r"(?P<version>[0-9]+)_(?P<name>.*?)"
    r"(?:\.(?P<infix>mysql|mariadb|postgres|postgresql|cockroach|sqlite|sqlite3))?"
    r"(?P<autocommit>\.autocommit)?"
    r"\.(?P<direction>up|down)\.sql\Z",
    re.DOTALL,
)


class NumberedFile(NamedTuple):
    """What a file's name says."""

    file: str
    version: str
    name: str
    infix: str | None
    autocommit: bool
    direction: Direction

    @property
    def dialect(self) -> Dialect | None:
        """The dialect of the infix; None for a generic file and for databases that migsafe does not read."""
        return DIALECT_WORDS.get(self.infix or "")

    @property
    def id(self) -> str:
        """What the migration is called."""
        return f"{self.version}_{self.name}"


class Pair(NamedTuple):
    """The files of one migration."""

    up: NumberedFile | None
    down: NumberedFile | None

    @property
    def id(self) -> str:
        """What the migration is called, after the way up where there is one."""
        first = self.up or self.down
        assert first is not None
        return first.id


def parse_name(file: str) -> NumberedFile | None:
    """What a name says; None for a name of another form."""
    match = _NAME.match(file)
    if match is None:
        return None
    return NumberedFile(
        file=file,
        version=match["version"],
        name=match["name"],
        infix=match["infix"],
        autocommit=match["autocommit"] is not None,
        direction=Direction(match["direction"]),
    )


def pair_up(
    files: Iterable[NumberedFile], version: Callable[[NumberedFile], tuple[int, str]]
) -> tuple[list[Pair], list[tuple[NumberedFile, NumberedFile]]]:
    """Bring the directions of each version together, sorted by version.

    Returns:
        the pairs, and the files whose place was taken already, each with the file that took it.
    """
    taken: dict[tuple[int, str], dict[Direction, NumberedFile]] = defaultdict(dict)
    doubles = []
    for file in files:
        first = taken[version(file)].setdefault(file.direction, file)
        if first is not file:
            doubles.append((file, first))
    pairs = [Pair(both.get(Direction.UP), both.get(Direction.DOWN)) for _, both in sorted(taken.items())]
    return pairs, doubles
