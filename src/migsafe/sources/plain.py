"""Plain SQL: files that no tool's layout claims, in the natural order of their names.

`X.up.sql` and `X.down.sql` are the two directions of `X`; any other `Y.sql` is the way up of `Y`. Nobody opens a
transaction, as when `psql -f` runs them; `SourceOptions.transaction` says otherwise.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.model.dialect import Dialect
from migsafe.model.script import Direction, Migration, MigrationSet, SourceText, TransactionRule
from migsafe.sources.base import FlatSource, SourceOptions
from migsafe.sources.build import ScriptMaker, Sorter, make_migration
from migsafe.sources.dialects import choose_dialect
from migsafe.sources.ordering import natural_key
from migsafe.sources.placeholders import PLAIN, Style

if TYPE_CHECKING:
    from collections.abc import Iterable

    from migsafe.sources.files import Folder

_DIRECTED = re.compile(r"(?P<stem>.+)\.(?P<direction>up|down)\.sql\Z", re.DOTALL)
_VERSIONED = re.compile(r"[vV]?[0-9]+(?:[._-].*)?\.sql\Z", re.DOTALL)


class Plain(FlatSource):
    """Files that are run by hand, by a script, or by a tool of the project's own."""

    name = "plain"

    def claims(self, folder: Folder) -> bool:
        """Most SQL files bear a version or a direction; queries and dumps do not."""
        names = folder.sql_files()
        return 2 * sum(map(_looks_like_migration, names)) > len(names)

    def accepts(self, folder: Folder) -> bool:
        """Any SQL file will do."""
        return bool(folder.sql_files())

    def owns(self, root: Folder, path: Path) -> bool:
        """Files that look like migrations; a seed file beside them is read alone."""
        return path.parent == root.path and _looks_like_migration(path.name)

    def usual_rule(self, dialect: Dialect) -> TransactionRule:
        """Nobody opens one."""
        return TransactionRule.NONE

    def read(self, root: Folder, options: SourceOptions) -> MigrationSet:
        """All SQL files of a folder."""
        return self.read_files(root, root.sql_files(), options)

    def read_files(self, root: Folder, names: Iterable[str], options: SourceOptions) -> MigrationSet:
        """Some files of a folder."""
        maker = _maker(options, choose_dialect(root, options))
        sorter = Sorter()
        for stem, files in sorted(_paired(names).items(), key=lambda item: natural_key(item[0])):
            up, down = (
                sorter.text(root.source(files[direction])) if direction in files else None for direction in Direction
            )
            sorter.add(stem, maker.pair(up, down, TransactionRule.NONE))
        return MigrationSet(self.name, root.shown(), maker.dialect, tuple(sorter.migrations), tuple(sorter.unreadable))

    def read_text(self, source: SourceText, options: SourceOptions) -> tuple[Migration, ...]:
        """Any text is the way up of one migration; a name that says `.down.sql` makes it the way down."""
        maker = _maker(options, options.dialect or Dialect.POSTGRES)
        stem, direction = _stem(Path(source.path).name)
        script = maker.make(direction, source, TransactionRule.NONE)
        up, down = (script, None) if direction is Direction.UP else (None, script)
        return (make_migration(stem, up, down),)


def _looks_like_migration(name: str) -> bool:
    return _DIRECTED.match(name) is not None or _VERSIONED.match(name) is not None


def _maker(options: SourceOptions, dialect: Dialect) -> ScriptMaker:
    """psql's variables are looked for where psql may run the files."""
    return ScriptMaker(options, dialect, PLAIN if dialect is Dialect.POSTGRES else PLAIN & ~Style.PSQL)


def _stem(name: str) -> tuple[str, Direction]:
    match = _DIRECTED.match(name)
    if match is None:
        return re.sub(r"\.sql\Z", "", name, flags=re.IGNORECASE), Direction.UP
    return match["stem"], Direction(match["direction"])


def _paired(names: Iterable[str]) -> dict[str, dict[Direction, str]]:
    """File names by what they are called without their direction; `X.sql` gives way to `X.up.sql`."""
    found: dict[str, dict[Direction, str]] = {}
    for name in sorted(names, key=lambda name: (_DIRECTED.match(name) is None, name)):
        stem, direction = _stem(name)
        if direction in found.get(stem, {}):
            stem = name
        found.setdefault(stem, {})[direction] = name
    return found
