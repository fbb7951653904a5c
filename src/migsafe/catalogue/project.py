"""A project's migrations, read and replayed: what they build, and which of them had the last word on each object."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.catalogue.following import Following
from migsafe.config.nearest import did_you_mean
from migsafe.errors import UsageError
from migsafe.model.catalogue import Catalogue, Table
from migsafe.model.dialect import Dialect
from migsafe.model.operation import Operation, RunCode, Unreadable
from migsafe.model.script import Migration, MigrationSet, Position, Script
from migsafe.parse import read_script
from migsafe.sources import SourceOptions, read_paths

if TYPE_CHECKING:
    from migsafe.catalogue.progress import Progress
    from migsafe.config import Config
    from migsafe.model.names import QualifiedName
    from migsafe.model.statement import ReadScript

#: How many names an error lists.
_FEW = 3


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """A place of the migrations of which it is not known what it builds, and why."""

    path: str
    line: int
    column: int
    reason: str


@dataclass(frozen=True, slots=True)
class ReadUp:
    """A migration and its way up, as it was read."""

    migration: Migration
    read: ReadScript


@dataclass(frozen=True, slots=True)
class Project:
    """One layout and what its migrations build.

    Attributes:
        ups: the migrations that were replayed, in their order.
        catalogue: what exists after them.
        origins: objects, and parts of tables (columns, constraints, triggers, policies; the empty text for the whole)
            → the last of the migrations that changed them.
        at: the migration at which the replay stopped; None at the end.
        not_understood: what the catalogue may lack something for.
    """

    layout: MigrationSet
    ups: tuple[ReadUp, ...]
    catalogue: Catalogue
    origins: Mapping[tuple[QualifiedName, str], ReadUp]
    at: str | None
    not_understood: tuple[NotUnderstood, ...]


def read_project(
    paths: Sequence[Path], config: Config, *, at: str | None = None, progress: Progress | None = None
) -> Project:
    """Read the one layout that paths lead to, and replay its ways up.

    Args:
        at: stop after this migration (the tool's own name for it, or one that only begins with this text).
        progress: called with the number of migrations done and of all.

    Raises:
        PathNotFoundError: when a path does not exist.
        NoMigrationsError: when there are no migrations where they were expected.
        UsageError: when the paths hold several layouts, or there is no migration `at`.
    """
    layout = _only_layout(paths, config)
    migrations = layout.migrations if at is None else _until(layout, at)
    following = Following(Catalogue(layout.dialect))
    ups: list[ReadUp] = []
    origins: dict[tuple[QualifiedName, str], ReadUp] = {}
    for done, migration in enumerate(migrations, 1):
        if migration.up is not None:
            up = ReadUp(migration, read_script(migration.up))
            before = following.catalogue.fork()
            following.run(up.read)
            origins.update(dict.fromkeys(_changed(before, following.catalogue), up))
            ups.append(up)
        if progress is not None:
            progress(done, len(migrations))
    return Project(
        layout=layout,
        ups=tuple(ups),
        catalogue=following.catalogue,
        origins=origins,
        at=None if at is None else migrations[-1].id,
        not_understood=tuple(_not_understood(layout, ups)),
    )


def place_of(up: ReadUp, names: Sequence[str], about: str) -> tuple[Position, Position]:
    """Where a migration names an object: from the beginning of the word to its end.

    Args:
        names: the first of them that a statement of the migration says is what is looked for; where none does, the
            place is the first statement's.
        about: the object's table, or the object itself: statements that name it too are looked at first.
    """
    script = up.read.script
    wanted = _word(about)
    statements = sorted(up.read.statements, key=lambda one: wanted.search(one.text) is None)
    for word in map(_word, names):
        for statement in statements:
            if found := word.search(statement.text):
                start = statement.span.start
                return script.position(start + found.start()), script.position(start + found.end())
    start = up.read.statements[0].span.start if statements else 0
    return script.position(start), script.position(start)


def _word(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(name)}(?!\w)", re.IGNORECASE)


def source_options(config: Config, read: Callable[[Script], ReadScript] = read_script) -> SourceOptions:
    """How migrations are read under a configuration.

    Args:
        read: how a script is read when somebody asks what it has left behind.
    """
    return SourceOptions(
        tool=config.tool,
        dialect=config.dialect,
        placeholders=config.placeholders,
        transaction=config.transaction,
        server_versions={one: major for one in Dialect if (major := config.server_of(one)) is not None},
        follow=lambda dialect: Following(Catalogue(dialect), read),
        python=config.python,
        manage=config.manage,
        settings=config.settings,
    )


def _only_layout(paths: Sequence[Path], config: Config) -> MigrationSet:
    layouts = [loaded.migrations for loaded in read_paths(paths, source_options(config))]
    if len(layouts) > 1:
        roots = [one.root for one in layouts]
        more = f" and {len(roots) - _FEW} more" if len(roots) > _FEW else ""
        raise UsageError(
            f"these paths hold the migrations of several databases: {', '.join(roots[:_FEW])}{more}",
            hint="name the folder of one of them",
        )
    return layouts[0]


def _until(layout: MigrationSet, at: str) -> tuple[Migration, ...]:
    ids = [migration.id for migration in layout.migrations]
    matching = [at] if at in ids else [one for one in ids if one.startswith(at)]
    if len(matching) != 1:
        problem = f'no migration "{at}"' if not matching else f'several migrations begin with "{at}"'
        otherwise = ", ".join(matching[:_FEW]) if matching else f"the last one is {ids[-1]}" if ids else None
        raise UsageError(problem, hint=did_you_mean(at, ids, otherwise=otherwise) if not matching else otherwise)
    return layout.migrations[: ids.index(matching[0]) + 1]


def _changed(before: Catalogue, after: Catalogue) -> Iterator[tuple[QualifiedName, str]]:
    """Objects that are new or other ones."""
    for old, new in zip(before.shelves, after.shelves, strict=True):
        yield from ((name, "") for name, value in new.items() if old.get(name) is not value)
    for name, table in after.tables.items():
        known = before.tables.get(name)
        if known is not table:
            yield from ((name, part) for part in _changed_parts(known, table))


def _changed_parts(before: Table | None, after: Table) -> Iterator[str]:
    for old, new in zip(_parts(before), _parts(after), strict=True):
        yield from (name for name, value in new.items() if old.get(name) is not value)


def _parts(table: Table | None) -> tuple[Mapping[str, object], ...]:
    return ({}, {}, {}, {}) if table is None else (table.columns, table.constraints, table.triggers, table.policies)


def _not_understood(layout: MigrationSet, ups: Sequence[ReadUp]) -> Iterator[NotUnderstood]:
    for file in layout.unreadable:
        yield NotUnderstood(file.path, 1, 1, file.reason)
    for up in ups:
        script = up.read.script
        places = [(gap.span.start, gap.reason) for gap in script.gaps]
        places += [place for one in up.read.statements for op in one.operations for place in _unread(op)]
        for offset, reason in sorted(places):
            line, column = script.position(offset)
            yield NotUnderstood(script.path, line, column, reason)


def _unread(operation: Operation) -> Iterator[tuple[int, str]]:
    if isinstance(operation, Unreadable):
        yield operation.span.start, operation.reason
    elif isinstance(operation, RunCode):
        yield from ((piece.span.start, piece.reason) for piece in operation.opaque)
        for inner in operation.operations:
            yield from _unread(inner)
