"""Flyway: `V2.1__name.sql`, `U2.1__name.sql`, `R__name.sql`, in a folder and the folders below it.

Rules from Flyway's documentation (Flyway 11: "Versioned migrations", "Undo migrations", "Repeatable migrations",
"Migration transaction handling", "Script configuration", "Placeholders"): versions compare part by part as numbers,
parts split at `.` or `_`, missing parts are 0; repeatable migrations run after all others in the order of their
descriptions; applied files must not change (checksum); a file runs in a transaction unless it holds a statement that
cannot, or its `.sql.conf` says `executeInTransaction`.

A baseline migration (`B5__name.sql`) runs only on an empty database, instead of everything up to its version. It is
read where the folder has no versioned migration up to there, and stands for the same state otherwise.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from migsafe.config.folders import SKIPPED_FOLDERS
from migsafe.model.script import Direction, MigrationSet, Script, TransactionRule
from migsafe.sources.base import FlatSource, SourceOptions
from migsafe.sources.build import ScriptMaker, Sorter, make_migration
from migsafe.sources.dialects import choose_dialect, dialect_in_name
from migsafe.sources.files import Folder
from migsafe.sources.flyway_config import find_settings, runs_in_transaction
from migsafe.sources.placeholders import UNKNOWN_TOOL, Style

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from migsafe.model.dialect import Dialect

#: What a migration's file is called: `kind` V, U or B with a `version`, or `repeatable`; `description`, `ending`.
FILE_NAME = re.compile(
    r"(?:(?P<kind>[VUB])(?P<version>[0-9]+(?:[._][0-9]+)*)|(?P<repeatable>R))__(?P<description>.+)"
    r"\.(?P<ending>sql|java|kt|class|py|sh|ps1)\Z",
    re.DOTALL,
)

Version = tuple[int, ...]


class _File(NamedTuple):
    """A migration's file: where it is and what its name says."""

    folder: Folder
    name: str
    kind: str
    version: Version
    written: str
    description: str
    ending: str


class Flyway(FlatSource):
    """The layout of Flyway's file system locations, with the default prefixes and separator."""

    name = "flyway"
    whole_tree = True

    def claims(self, folder: Folder) -> bool:
        """It holds migrations, or is `db/migration` and has them in folders that are not one per database."""
        if any(map(_is_sql_migration, folder.files)):
            return True
        if folder.name != "migration" or folder.path.parent.name != "db":
            return False
        with_files = [child for child in folder.children() if any(map(_is_sql_migration, child.files))]
        return bool(with_files) and not all(dialect_in_name(child.name) for child in with_files)

    def owns(self, root: Folder, path: Path) -> bool:
        """Migrations in the root and below, and folders below."""
        below = root.path in path.parents
        return below and (path.is_dir() or _parse(root, path.name) is not None)

    def dialect_of(self, path: Path) -> Dialect | None:
        """The database of a folder per database, such as Spring's `{vendor}`."""
        return dialect_in_name(path.parent.name)

    def dialects_at(self, root: Folder, asked: tuple[Dialect, ...]) -> tuple[Dialect, ...]:
        """All, where there are folders for single databases: what stands beside them is then for every one."""
        apart = any(dialect_in_name(child.name) for child in root.children())
        return asked if apart else super().dialects_at(root, asked)

    def usual_rule(self, dialect: Dialect) -> TransactionRule:
        """Flyway looks at the statements first."""
        return TransactionRule.UNLESS_FORBIDDEN

    def read(self, root: Folder, options: SourceOptions) -> MigrationSet:
        """Versioned migrations by version, each with its undo migration, then repeatable ones by description."""
        sorter = Sorter()
        settings = find_settings(root, options, sorter)
        styles = Style.DOLLAR | Style.IN_STRINGS if settings.replaces else UNKNOWN_TOOL
        maker = ScriptMaker(settings.options, choose_dialect(root, options), styles)
        files = list(_walk(root, maker.dialect))
        _refuse_code(files, sorter)
        for group in _grouped([file for file in files if file.ending == "sql"], sorter):
            _add(group, maker, sorter)
        return MigrationSet(self.name, root.shown(), maker.dialect, tuple(sorter.migrations), tuple(sorter.unreadable))


class _Group(NamedTuple):
    """The files of one migration."""

    id: str
    up: _File | None
    undo: _File | None
    repeatable: bool


def _is_sql_migration(name: str) -> bool:
    match = FILE_NAME.match(name)
    return match is not None and match["ending"] == "sql"


def _parse(folder: Folder, name: str) -> _File | None:
    match = FILE_NAME.match(name)
    if match is None:
        return None
    written = match["version"] or ""
    kind, key = match["kind"] or "R", version_key(written)
    return _File(folder, name, kind, key, written, match["description"], match["ending"])


def version_key(written: str) -> Version:
    """A version as Flyway compares it: `1`, `1.0` and `1_0` are the same."""
    parts = [int(part) for part in re.split(r"[._]", written)] if written else []
    while parts and parts[-1] == 0:
        parts.pop()
    return tuple(parts)


def _walk(folder: Folder, dialect: Dialect, seen: frozenset[Path] = frozenset()) -> Iterator[_File]:
    """Every migration in a folder and below, but not in folders for other databases, nor by a link back upward."""
    real = folder.path.resolve()
    if real in seen:
        return
    for name in folder.files:
        if (file := _parse(folder, name)) is not None:
            yield file
    for child in folder.children():
        if child.name not in SKIPPED_FOLDERS and dialect_in_name(child.name) in {None, dialect}:
            yield from _walk(child, dialect, seen | {real})


def _refuse_code(files: list[_File], sorter: Sorter) -> None:
    for file in files:
        if file.ending != "sql":
            sorter.refuse(file.folder.shown(file.name), f"is a migration written as code (.{file.ending}), not SQL")


def _grouped(files: list[_File], sorter: Sorter) -> list[_Group]:
    """The migrations in Flyway's order; a second file of a version, or of a repeatable's description, is refused."""
    versioned = _by_version(files, "V", sorter)
    undo = _by_version(files, "U", sorter)
    for version, file in _by_version(files, "B", sorter).items():
        if not any(other <= version for other in versioned):
            versioned[version] = file
    versions = sorted(versioned.keys() | undo.keys())
    groups = [_Group(_id(versioned.get(at) or undo[at]), versioned.get(at), undo.get(at), False) for at in versions]
    repeatable = sorted((file for file in files if file.kind == "R"), key=lambda file: (file.description, file.name))
    return groups + [_Group(f"R__{file.description}", file, None, True) for file in repeatable]


def _by_version(files: list[_File], kind: str, sorter: Sorter) -> dict[Version, _File]:
    found: dict[Version, _File] = {}
    for file in files:
        if file.kind == kind and (first := found.setdefault(file.version, file)) is not file:
            reason = f"has the version {file.written}, which {first.name} has already: Flyway refuses both"
            sorter.refuse(file.folder.shown(file.name), reason)
    return found


def _id(file: _File) -> str:
    return file.written.replace("_", ".")


def _add(group: _Group, maker: ScriptMaker, sorter: Sorter) -> None:
    up = _script(group.up, Direction.UP, maker, sorter)
    down = _script(group.undo, Direction.DOWN, maker, sorter)
    if up is not None or down is not None:
        sorter.migrations.append(make_migration(group.id, up, down, repeatable=group.repeatable, checksummed=True))


def _script(file: _File | None, direction: Direction, maker: ScriptMaker, sorter: Sorter) -> Script | None:
    source = None if file is None else sorter.text(file.folder.source(file.name))
    if file is None or source is None:
        return None
    return maker.make(direction, source, _rule(runs_in_transaction(file.folder, file.name, sorter)))


def _rule(in_transaction: bool | None) -> TransactionRule:
    if in_transaction is None:
        return TransactionRule.UNLESS_FORBIDDEN
    return TransactionRule.TOOL if in_transaction else TransactionRule.NONE
