"""diesel: a folder per migration, `up.sql` and `down.sql` in it.

Rules from the guide and `diesel_migrations` 2.2: the version is the folder's name up to the first `_`, dashes removed,
compared as text; hidden folders are passed over. `metadata.toml` with `run_in_transaction = false` takes the
transaction away from both directions; the file then goes to the server as one query string (`batch_execute`), so that
Postgres makes a transaction of its own around several statements.
"""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

from migsafe.model.script import MigrationSet, SourceText, TransactionRule
from migsafe.sources.base import FlatSource, SourceOptions, simple_query
from migsafe.sources.build import ScriptMaker, Sorter
from migsafe.sources.dialects import choose_dialect

if TYPE_CHECKING:
    from pathlib import Path

    from migsafe.model.dialect import Dialect
    from migsafe.sources.files import Folder

_FILES = frozenset({"up.sql", "down.sql", "metadata.toml"})


class Diesel(FlatSource):
    """The layout of diesel's command line tool and of `embed_migrations!`."""

    name = "diesel"
    whole_tree = True

    def claims(self, folder: Folder) -> bool:
        """A folder below, named VERSION_name, holds `up.sql`."""
        return any("_" in child.name and child.has("up.sql") for child in folder.children())

    def owns(self, root: Folder, path: Path) -> bool:
        """A migration's folder, or one of its files."""
        if path.parent == root.path:
            return root.has_folder(path.name) and root.child(path.name).has("up.sql")
        return path.parent.parent == root.path and path.name in _FILES

    def read(self, root: Folder, options: SourceOptions) -> MigrationSet:
        """All migrations, by version."""
        maker = ScriptMaker(options, choose_dialect(root, options))
        sorter = Sorter()
        for child in sorted(root.children(), key=lambda folder: (_version(folder.name), folder.name)):
            if child.has("up.sql") or child.has("down.sql"):
                _read_migration(child, maker, sorter)
        return MigrationSet(self.name, root.shown(), maker.dialect, tuple(sorter.migrations), tuple(sorter.unreadable))


def _version(name: str) -> str:
    """A folder's version as diesel compares it (`migrations_internals::version_from_string`)."""
    return name.split("_", 1)[0].replace("-", "")


def _read_migration(folder: Folder, maker: ScriptMaker, sorter: Sorter) -> None:
    up, down = (sorter.text(folder.source(name)) if folder.has(name) else None for name in ("up.sql", "down.sql"))
    sorter.add(folder.name, maker.pair(up, down, _rule(folder, maker.dialect, sorter)))


def _rule(folder: Folder, dialect: Dialect, sorter: Sorter) -> TransactionRule:
    """What `metadata.toml` says; where diesel cannot read it, it falls back to a transaction, and so do we."""
    metadata = sorter.text(folder.source("metadata.toml")) if folder.has("metadata.toml") else None
    if metadata is None or _runs_in_transaction(metadata, sorter):
        return TransactionRule.TOOL
    return simple_query(dialect)


def _runs_in_transaction(metadata: SourceText, sorter: Sorter) -> bool:
    try:
        return tomllib.loads(metadata.text).get("run_in_transaction", True) is not False
    except tomllib.TOMLDecodeError as error:
        sorter.refuse(metadata.path, f"is not TOML ({error}): the migration is taken to run in a transaction")
        return True
