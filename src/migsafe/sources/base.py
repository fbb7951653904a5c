"""What every source gives: the protocol, the options, and the value that reading a path yields.

A *source* is one tool's way to keep migrations on disk. To add one: write a module with a class that has the attributes
of `Source` (deriving from `FlatSource` where all files stand in one folder), and name it in `registry.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from migsafe.model.dialect import Dialect
from migsafe.model.script import Migration, MigrationSet, SourceText, TransactionRule
from migsafe.sources.dialects import dialect_of_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from migsafe.model.catalogue.reader import CatalogueReader
    from migsafe.sources.files import Folder


@dataclass(frozen=True)
class SourceOptions:
    """What the user said about the migrations; it wins over what a layout says of itself.

    Attributes:
        tool: the name of a source, instead of detection.
        dialect: the database, instead of the layout's own.
        dialects: several databases: a layout is read for each that it has migrations for.
        placeholders: values by the text inside of a placeholder: `name` for `${name}`, `:name` and `%(name)s`,
            `index .Options "Namespace"` for a Go template.
        transaction: the transaction rule of every script, instead of the tool's.
        server_versions: the major version of each database's server, where a program that makes SQL asks for it.
        follow: makes the reader that knows what exists while migrations are rendered; without one, a program that
            asks is told of an empty database.
        python: the interpreter of the project, for tools that run its code (Django).
        manage: the project's `manage.py`, instead of the one that is found.
        settings: the module of Django's settings, instead of the one that `manage.py` names.
    """

    tool: str | None = None
    dialect: Dialect | None = None
    dialects: tuple[Dialect, ...] = ()
    placeholders: Mapping[str, str] = field(default_factory=dict)
    transaction: TransactionRule | None = None
    server_versions: Mapping[Dialect, int] = field(default_factory=dict)
    follow: Callable[[Dialect], CatalogueReader] | None = None
    python: str | None = None
    manage: Path | None = None
    settings: str | None = None


@dataclass(frozen=True)
class LoadedLayout:
    """All migrations of one layout, and which of their files were asked for.

    Attributes:
        selected: paths as `Script.path` and `UnreadableFile.path` show them; the rest of the layout is context.
    """

    migrations: MigrationSet
    selected: frozenset[str]


class Source(Protocol):
    """One tool's way to keep migrations on disk."""

    @property
    def name(self) -> str:
        """What the tool is called on the command line and in reports."""

    @property
    def whole_tree(self) -> bool:
        """Whether the folders below a layout's root belong to the layout too."""

    def claims(self, folder: Folder) -> bool:
        """Whether `folder` is the root of a layout of this tool, seen from its names and the marks in its files."""

    def accepts(self, folder: Folder) -> bool:
        """Whether `folder` can be read as a layout of this tool when the user says that it is one."""

    def owns(self, root: Folder, path: Path) -> bool:
        """Whether the file or folder `path` is a part of the layout at `root`."""

    def is_aside(self, path: Path) -> bool:
        """Whether a file of the layout is none that changes a database: a plan, settings, a check."""

    def dialect_of(self, path: Path) -> Dialect | None:
        """The dialect that a file's own name says, where a tool names it there."""

    def dialects_at(self, root: Folder, asked: tuple[Dialect, ...]) -> tuple[Dialect, ...]:
        """Of several databases, those that the layout at `root` has migrations for; empty where it does not say."""

    def usual_rule(self, dialect: Dialect) -> TransactionRule:
        """The transaction rule of a script about which nothing else is known."""

    def named_root(self, options: SourceOptions) -> Path | None:
        """The root of the layout that the options name, wherever its files stand; None where they name none."""

    def canonical(self, folder: Folder) -> Folder:
        """The root of the layout that `folder` is a root of: one layout may have several, and is read once."""

    def read(self, root: Folder, options: SourceOptions) -> MigrationSet:
        """All migrations of the layout at `root`, in the order in which the tool runs them."""

    def read_databases(self, root: Folder, options: SourceOptions) -> tuple[MigrationSet, ...]:
        """The migrations of the layout for each database that it speaks to; nearly always one."""

    def read_text(self, source: SourceText, options: SourceOptions) -> tuple[Migration, ...] | None:
        """The migrations in one text that has no folder; None where it does not bear this tool's marks."""


class FlatSource:
    """What most sources share: all files stand in one folder, and a single text bears no mark of the tool."""

    whole_tree = False

    def accepts(self, folder: Folder) -> bool:
        """The same as being claimed."""
        return self.claims(folder)

    def claims(self, folder: Folder) -> bool:
        """Whether any file of the folder is the tool's."""
        return any(self.owns(folder, folder.path / name) for name in folder.files)

    def owns(self, root: Folder, path: Path) -> bool:
        """Whether a file stands in the root itself and bears a name of the tool."""
        return path.parent == root.path and self.takes_name(path.name)

    def named_root(self, options: SourceOptions) -> Path | None:
        """None: no option names one."""
        return None

    def canonical(self, folder: Folder) -> Folder:
        """The folder itself."""
        return folder

    def read(self, root: Folder, options: SourceOptions) -> MigrationSet:
        """All migrations of the layout; a tool that has other `read_databases` needs none."""
        raise NotImplementedError

    def read_databases(self, root: Folder, options: SourceOptions) -> tuple[MigrationSet, ...]:
        """Those of its one database."""
        return (self.read(root, options),)

    def takes_name(self, name: str) -> bool:
        """Whether a file name is one of the tool's; a tool that has other `owns` and `claims` needs none."""
        raise NotImplementedError

    def is_aside(self, path: Path) -> bool:
        """Whatever is not SQL."""
        return not path.name.lower().endswith(".sql")

    def dialect_of(self, path: Path) -> Dialect | None:
        """Nothing: most tools do not name a dialect in a file's name."""
        return None

    def dialects_at(self, root: Folder, asked: tuple[Dialect, ...]) -> tuple[Dialect, ...]:
        """Most layouts are of one database: the one that they declare, or that a folder is named after."""
        said = self.declared_dialect(root) or dialect_of_folder(root.path)
        return () if said is None else (said,)

    def declared_dialect(self, root: Folder) -> Dialect | None:
        """Nothing: most tools keep the database's address, and with it its kind, out of the layout."""
        return None

    def usual_rule(self, dialect: Dialect) -> TransactionRule:
        """Most tools wrap a script in one transaction."""
        return TransactionRule.TOOL

    def read_text(self, source: SourceText, options: SourceOptions) -> tuple[Migration, ...] | None:
        """Nothing: most tools leave no mark in the text."""
        return None


def simple_query(dialect: Dialect) -> TransactionRule:
    """The rule of a tool that sends a whole file as one query string outside of a transaction of its own.

    Only Postgres turns several statements of one simple query into an implicit transaction (manual of PostgreSQL 18,
    54.2.2.1); MySQL (manual 8.4, "Multiple Statement Execution Support") and SQLite (`sqlite3_exec`) commit one by one.
    """
    return TransactionRule.IMPLICIT if dialect is Dialect.POSTGRES else TransactionRule.NONE
