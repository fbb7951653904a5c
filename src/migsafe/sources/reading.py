"""From the paths that the user named to loaded layouts: the public way into this package."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.config.folders import SKIPPED_FOLDERS
from migsafe.errors import NoMigrationsError, PathNotFoundError, UsageError
from migsafe.model.dialect import Dialect
from migsafe.model.script import MigrationSet, SourceText, UnreadableFile
from migsafe.sources.base import LoadedLayout, Source, SourceOptions
from migsafe.sources.dialects import choose_dialect
from migsafe.sources.files import Folder, decode_source, shown_path
from migsafe.sources.finding import Finder, Found, folders_below
from migsafe.sources.registry import PLAIN, SOURCES, claimant, source_named
from migsafe.sources.unread import PYTHON_FOLDERS, hint_for_folder, hint_for_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_DEFAULT_HINT = "name a folder with migrations, or say which tool wrote them"


def detect(path: Path) -> Source | None:
    """The source whose layout a folder is, or a file belongs to; None where no source claims it."""
    path = path.absolute()
    if path.is_dir():
        return claimant(Folder(path))
    found = Finder().above(path)
    return None if found is None else found.source


@dataclass
class _Request:
    """What is asked of one layout: everything in some folders, and single files.

    Attributes:
        dialect: the one that the named files' own names say.
    """

    found: Found
    dialect: Dialect | None = None
    folders: list[Path] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    alone: bool = False


def read_paths(paths: Sequence[Path], options: SourceOptions) -> tuple[LoadedLayout, ...]:
    """Read the layouts that the paths stand in, lie above, or are.

    Args:
        paths: files and folders; a file or folder inside a layout selects a part of it, the rest is context.

    Raises:
        PathNotFoundError: a path does not exist.
        NoMigrationsError: there are no migrations where a path leads.
        UsageError: `options.tool` names no source, or a layout of one database does not say of which of several.
    """
    finder = Finder(source_named(options.tool) if options.tool else None)
    named = _named(options, finder)
    requests: dict[tuple[str, Path, Dialect | None, bool], _Request] = {}
    for path in paths:
        if not os.path.exists(path):
            raise PathNotFoundError(f"{path} does not exist", hint=_missing_hint(path))
        for request in _requests(Path(shown_path(path)).absolute(), finder, named):
            key = (request.found.source.name, request.found.root.path, request.dialect, request.alone)
            known = requests.setdefault(key, request)
            if known is not request:
                known.folders += request.folders
                known.files += request.files
    return tuple(layout for request in requests.values() for layout in _load(request, options))


def _missing_hint(path: Path) -> str | None:
    return "it is a link that leads nowhere" if path.is_symlink() else None


def read_stdin(text: str | bytes, name: str, options: SourceOptions) -> LoadedLayout:
    """One text that stands in no folder; its marks say which tool's it is, unless `options.tool` does.

    Args:
        text: what was read; bytes are decoded as a file's are.
        name: what it is called in reports.

    Raises:
        UsageError: `options.tool` names no source, or several databases were asked for.
    """
    refuse_several(options, name)
    source = decode_source(name, text) if isinstance(text, bytes) else SourceText(name, text.removeprefix("\ufeff"))
    dialect = options.dialect or Dialect.POSTGRES
    if isinstance(source, UnreadableFile):
        return LoadedLayout(MigrationSet(PLAIN.name, name, dialect, (), (source,)), frozenset({name}))
    asked: Iterable[Source] = [source_named(options.tool)] if options.tool else SOURCES.values()
    for tool in asked:
        migrations = tool.read_text(source, options)
        if migrations is not None:
            return LoadedLayout(MigrationSet(tool.name, name, dialect, migrations), frozenset({name}))
    return _without_marks(source, source_named(options.tool or PLAIN.name), replace(options, dialect=dialect))


def refuse_several(options: SourceOptions, name: str) -> None:
    """Refuse to read one text for several databases.

    Args:
        name: what the text is called.

    Raises:
        UsageError: several were asked for.
    """
    if len(options.dialects) > 1:
        raise _of_one_database(f"{name} holds SQL of one database", options.dialects)


def _without_marks(source: SourceText, tool: Source, options: SourceOptions) -> LoadedLayout:
    """A text that the user says is a tool's and that does not show it: plain SQL under the tool's usual rule."""
    dialect = options.dialect or Dialect.POSTGRES
    options = replace(options, transaction=options.transaction or tool.usual_rule(dialect))
    migrations = PLAIN.read_text(source, options)
    return LoadedLayout(MigrationSet(tool.name, source.path, dialect, migrations), frozenset({source.path}))


def _named(options: SourceOptions, finder: Finder) -> Found | None:
    """The layout that the options name, whatever the paths are."""
    roots = ((source, source.named_root(options)) for source in SOURCES.values())
    return next((Found(source, finder.folder(root)) for source, root in roots if root is not None), None)


def _requests(path: Path, finder: Finder, named: Found | None) -> Iterator[_Request]:
    if named is not None and (path.is_dir() or not named.source.is_aside(path)):
        yield _Request(named, folders=[path]) if path.is_dir() else _Request(named, files=[path])
        return
    if not path.is_dir():
        yield _file_request(path, finder)
        return
    folder = finder.folder(path)
    above = finder.above(path) if finder.source_of(folder) is None else None
    if above is not None:
        yield _Request(above, folders=[path])
        return
    found = list(finder.below(folder)) or _unclaimed(folder, finder.forced)
    if not found:
        raise _nothing_in(folder, finder.forced)
    for layout in found:
        yield _Request(layout, folders=[path])


def _file_request(path: Path, finder: Finder) -> _Request:
    """The layout of a named file; the file alone where it belongs to none."""
    found = finder.above(path)
    if found is None:
        return _Request(Found(finder.forced or PLAIN, finder.folder(path.parent)), files=[path], alone=True)
    return _Request(found, dialect=found.source.dialect_of(path), files=[path])


def _unclaimed(folder: Folder, forced: Source | None) -> list[Found]:
    """Where nobody claims anything, every folder with SQL files is plain SQL; one that cannot be listed is said."""
    if forced is not None:
        return []
    return [Found(PLAIN, below) for below in folders_below(folder) if below.sql_files() or below.unreadable]


def _nothing_in(folder: Folder, forced: Source | None) -> NoMigrationsError:
    likely = (below for below in folders_below(folder) if below is folder or below.name in PYTHON_FOLDERS)
    hints = (hint for below in likely if (hint := hint_for_folder(below)))
    kind = f"{forced.name} migrations" if forced else "migrations"
    return NoMigrationsError(f"no {kind} in {folder.shown()}", hint=next(hints, _DEFAULT_HINT))


def _load(request: _Request, options: SourceOptions) -> tuple[LoadedLayout, ...]:
    if request.alone:
        return (_load_alone(request, _chosen(request, options)[0]),)
    root, source = request.found.root, request.found.source
    databases = _distinct([one for chosen in _chosen(request, options) for one in source.read_databases(root, chosen)])
    if root.unreadable is not None:
        first = replace(databases[0], unreadable=(*databases[0].unreadable, root.unreadable))
        databases = (first, *databases[1:])
    known = frozenset(path for migrations in databases for path in _paths_of(migrations))
    files = {shown_path(path) for path in request.files if not source.is_aside(path) or shown_path(path) in known}
    left_out = tuple(UnreadableFile(file, _left_out(source, databases[0])) for file in sorted(files - known))
    below = {path for folder in request.folders for path in _selected_by(folder, root, known)}
    selected = frozenset(below | files)
    first = replace(databases[0], unreadable=(*databases[0].unreadable, *left_out))
    return tuple(_layout(migrations, selected) for migrations in (first, *databases[1:]))


def _selected_by(folder: Path, root: Folder, known: frozenset[str]) -> frozenset[str]:
    """The layout's files below a named folder; all, where it names the layout and they lie elsewhere."""
    below = frozenset(path for path in known if _below(path, folder))
    apart = not folder.is_relative_to(root.path) and not root.path.is_relative_to(folder)
    return known if apart and not below else below


def _chosen(request: _Request, options: SourceOptions) -> tuple[SourceOptions, ...]:
    """How a layout is read: once, or once for each of several databases that it has migrations for.

    Raises:
        UsageError: it is of one database and does not say of which, or of one that was not asked for.
    """
    asked, found = options.dialects, request.found
    if len(asked) <= 1:
        return (replace(options, dialect=options.dialect or request.dialect),)
    said = (request.dialect,) if request.dialect is not None else found.source.dialects_at(found.root, asked)
    if not said:
        raise _of_one_database(f"{found.root.shown()} holds SQL of one database", asked)
    for one in said:
        if one not in asked:
            raise UsageError(
                f"{found.root.shown()} is for {one}, and not for {' or '.join(asked)}",
                hint=f"--dialect {one} too, or leave it out of the paths",
            )
    return tuple(replace(options, dialect=one, dialects=()) for one in said)


def _of_one_database(what: str, asked: Iterable[Dialect]) -> UsageError:
    return UsageError(
        f"{what}, and does not say of which: {' or '.join(asked)}",
        hint="name it with --dialect; a folder that is called after its database says it too",
    )


def _distinct(databases: Iterable[MigrationSet]) -> tuple[MigrationSet, ...]:
    """Databases that get the same SQL are judged once."""
    seen: dict[object, MigrationSet] = {}
    for database in databases:
        scripts = (script for migration in database.migrations for script in migration.scripts)
        seen.setdefault((database.dialect, tuple((one.path, one.direction, one.text) for one in scripts)), database)
    return tuple(seen.values())


def _layout(migrations: MigrationSet, selected: frozenset[str]) -> LoadedLayout:
    return LoadedLayout(migrations, selected & _paths_of(migrations))


def _left_out(source: Source, migrations: MigrationSet) -> str:
    return f"is not one of the files that {source.name} runs on {migrations.dialect} from {migrations.root}"


def _load_alone(request: _Request, options: SourceOptions) -> LoadedLayout:
    """Files that belong to no layout: those with a tool's marks as that tool reads them, the rest as plain SQL."""
    root = request.found.root
    names = sorted({path.name for path in request.files})
    alone = {name: _read_alone(root, name, options) for name in names}
    base = PLAIN.read_files(root, [name for name, read in alone.items() if read is None], options)
    marked = [read.migrations for read in alone.values() if read is not None]
    migrations = replace(
        base,
        tool=marked[0].tool if len(marked) == len(names) == 1 else base.tool,
        migrations=base.migrations + tuple(one for read in marked for one in read.migrations),
        unreadable=base.unreadable + tuple(one for read in marked for one in read.unreadable),
    )
    return LoadedLayout(migrations, frozenset(root.shown(name) for name in names))


def _read_alone(root: Folder, name: str, options: SourceOptions) -> LoadedLayout | None:
    """A file that is no plain SQL: a tool's marks are in it, or it is Python; None for any other."""
    source = root.source(name)
    if not isinstance(source, SourceText):
        return None
    dialect = choose_dialect(root, options)
    if name.endswith(".py"):
        unread = UnreadableFile(source.path, hint_for_text(source.text) or "is Python, not SQL")
        return LoadedLayout(MigrationSet(PLAIN.name, root.shown(), dialect, (), (unread,)), frozenset())
    layout = read_stdin(source.text, source.path, replace(options, dialect=dialect))
    return None if layout.migrations.tool == PLAIN.name else layout


def _paths_of(migrations: MigrationSet) -> frozenset[str]:
    scripts = {script.path for migration in migrations.migrations for script in migration.scripts}
    return frozenset(scripts | {file.path for file in migrations.unreadable})


def _below(shown: str, folder: Path) -> bool:
    """Whether a file is one of the folder's own: not in a folder of other people's code below it."""
    path = Path(shown).absolute()
    return path.is_relative_to(folder) and not SKIPPED_FOLDERS.intersection(path.relative_to(folder).parts[:-1])
