"""Alembic: revisions in Python, in the order of their graph; a worker runs each and says which SQL it sends.

One environment is one layout, whatever of it is named: its configuration, its script location, any of its version
locations. Nothing of the project runs in this process, and `env.py` not even in the worker.
"""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from migsafe.model.dialect import Dialect
from migsafe.model.script import MigrationSet, TransactionRule, UnreadableFile
from migsafe.sources.alembic.environment import (
    Environment,
    configured_environment,
    environment_of,
    is_script_location,
)
from migsafe.sources.alembic.layout import Layout, read_layout, version_files
from migsafe.sources.alembic.revisions import bears_marks, is_helper, is_taken
from migsafe.sources.base import FlatSource, SourceOptions
from migsafe.sources.dialects import choose_dialect
from migsafe.sources.files import Folder
from migsafe.sources.rendering import Worker, render
from migsafe.sources.rendering.messages import PROTOCOL

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from migsafe.model.script import Migration
    from migsafe.sources.alembic.revisions import Revision

#: What Alembic and its users call folders of revisions: `versions`, `tenant_versions`, `versions_sqlite`.
_USUAL_NAME = re.compile(r"versions|revisions|migrations", re.IGNORECASE)
#: File names as Alembic makes them: the revision's twelve digits, alone, or before or after other words.
_USUAL_FILE = re.compile(r"(?:^|[_-])[0-9a-f]{10,12}(?:_[^/]*)?\.py\Z")


class Alembic(FlatSource):
    """The layout of an Alembic environment."""

    name = "alembic"

    def claims(self, folder: Folder) -> bool:
        """A folder of revisions, or the script location of an environment that has some.

        Files are read only where a name or the configuration says that they may be revisions: a folder of any other
        Python files costs its listing alone.
        """
        if is_script_location(folder) and _has_revisions(environment_of(folder.path)):
            return True
        python = [name for name in folder.files if is_taken(name)]
        if not python or not _is_likely(folder, python) or not _holds_revision(folder, python):
            return False
        return environment_of(folder.path).covers(folder.path)

    def accepts(self, folder: Folder) -> bool:
        """Any folder with a revision, whatever it is called."""
        python = [name for name in folder.files if is_taken(name)]
        return self.claims(folder) or _holds_revision(folder, python)

    def owns(self, root: Folder, path: Path) -> bool:
        """Python files in and below it: revisions, `env.py`, and what both of them import."""
        return path.suffix == ".py" and root.path in path.parents

    def dialects_at(self, root: Folder, asked: tuple[Dialect, ...]) -> tuple[Dialect, ...]:
        """All: the same migrations run on every database."""
        return asked

    def is_aside(self, path: Path) -> bool:
        """Whatever is not Python, `env.py`, and helpers that Alembic could not mean as revisions."""
        return path.suffix != ".py" or path.name == "env.py" or is_helper(path)

    def usual_rule(self, dialect: Dialect) -> TransactionRule:
        """Alembic opens one, save where the database's DDL knows none (`transactional_ddl` of its dialects)."""
        return TransactionRule.TOOL if dialect is Dialect.POSTGRES else TransactionRule.NONE

    def canonical(self, folder: Folder) -> Folder:
        """The first version location of the environment that the folder belongs to."""
        locations = environment_of(folder.path).version_locations
        first = locations[0]
        return folder if first == folder.path else Folder(first)

    def read(self, root: Folder, options: SourceOptions) -> MigrationSet:
        """The migrations of the first database."""
        return self.read_databases(root, options)[0]

    def read_databases(self, root: Folder, options: SourceOptions) -> tuple[MigrationSet, ...]:
        """Every revision, once for each database that the environment migrates."""
        environment = environment_of(root.path)
        layout = read_layout(environment.version_locations, recursive=environment.recursive)
        unreadable = (*environment.unreadable, *layout.unreadable)
        found = [_read_database(name, environment, layout, root, options) for name in _databases(environment, layout)]
        first = found[0]
        said = MigrationSet(first.tool, first.root, first.dialect, first.migrations, (*unreadable, *first.unreadable))
        return (said, *found[1:])


def _holds_revision(folder: Folder, python: list[str]) -> bool:
    return any(bears_marks(folder.text(name)) for name in python)


def _has_revisions(environment: Environment) -> bool:
    files = version_files(environment.version_locations, recursive=environment.recursive)
    return any(bears_marks(folder.text(name)) for folder, name in files)


def _is_likely(folder: Folder, python: list[str]) -> bool:
    """Whether a folder of Python files may be one of revisions, seen from names and configuration."""
    if _USUAL_NAME.search(folder.name) or any(map(_USUAL_FILE.search, python)):
        return True
    parent = folder.parent()
    return (parent is not None and is_script_location(parent)) or configured_environment(folder.path) is not None


def _databases(environment: Environment, layout: Layout) -> tuple[str | None, ...]:
    """The names that `upgrade()` is called with: the configured ones, else those of the functions `upgrade_NAME`."""
    takes_engine = [one for one in layout.revisions if one.upgrade is not None and one.upgrade.takes_engine]
    if not takes_engine:
        return (None,)
    configured = environment.section.databases if environment.section is not None else ()
    return configured or tuple(sorted({name for one in takes_engine for name in one.engines})) or (None,)


def _read_database(
    name: str | None, environment: Environment, layout: Layout, root: Folder, options: SourceOptions
) -> MigrationSet:
    dialect = choose_dialect(root, options, environment.dialect(name) or environment.script.dialect)
    if not layout.revisions:
        return MigrationSet(Alembic.name, root.shown(), dialect, ())
    # -P: what stands in the folder must not hide the modules that the worker itself needs
    worker = Worker((sys.executable, "-P", "-m", f"{__package__}.worker"), environment.base)
    rendered = render(worker, _job(name, dialect, environment, layout, options), options, dialect)
    graph = {revision.id: revision for revision in layout.revisions}
    migrations = tuple(_in_graph(migration, graph) for database in rendered for migration in database.migrations)
    return MigrationSet(Alembic.name, root.shown(), dialect, migrations, tuple(_not_rendered(layout, migrations)))


def _in_graph(migration: Migration, graph: Mapping[str, Revision]) -> Migration:
    """The migration with what it needs, as the revision says it."""
    revision = graph.get(migration.id)
    if revision is None:
        return migration
    follows = tuple(known for name in revision.down for known in _named(name, graph))
    needs = (*follows, *(known for name in revision.depends_on for known in _named(name, graph)))
    return replace(migration, needs=tuple(dict.fromkeys(needs)), follows=follows, labels=revision.labels)


def _named(name: str, graph: Mapping[str, Revision]) -> Iterator[str]:
    """The revisions that a name means: a revision, the beginning of one, or a branch's label (also `label@head`)."""
    if name in graph:
        yield name
        return
    label, _, _ = name.partition("@")
    yield from (one.id for one in graph.values() if one.id.startswith(name) or label in one.labels)


def _not_rendered(layout: Layout, migrations: tuple[Migration, ...]) -> Iterator[UnreadableFile]:
    """Revisions of which nothing came back."""
    known = {migration.id for migration in migrations}
    for revision in layout.revisions:
        if revision.id not in known:
            yield UnreadableFile(revision.shown, f"the revision {revision.id} was not rendered")


def _job(
    database: str | None, dialect: Dialect, environment: Environment, layout: Layout, options: SourceOptions
) -> dict[str, Any]:
    """What the worker is told first."""
    script = environment.script
    project = project_roots(environment)
    return {
        "protocol": PROTOCOL,
        "dialect": dialect.value,
        "server_version": options.server_versions.get(dialect),
        "sys_path": [str(path) for path in project],
        "project": [str(path) for path in project],
        "script_location": str(environment.script_location),
        "revisions": [_node(revision) for revision in layout.revisions],
        "done": [],
        "database": database,
        "directions": ["up", "down"],
        "options": {
            "transaction_per_migration": script.transaction_per_migration,
            "transactional_ddl": script.transactional_ddl,
            "naming_convention": script.naming_convention,
        },
    }


def _node(revision: Revision) -> dict[str, Any]:
    return {
        "id": revision.id,
        "path": str(revision.path),
        "down": list(revision.down),
        "depends_on": list(revision.depends_on),
        "labels": list(revision.labels),
    }


def project_roots(environment: Environment) -> tuple[Path, ...]:
    """The folders from which the project's own modules are imported, the configured ones first."""
    return tuple(dict.fromkeys(path for path in _candidates(environment) if path.is_dir()))


def _candidates(environment: Environment) -> Iterator[Path]:
    yield from environment.import_paths
    yield _outside_packages(environment.base)
    yield environment.base / "src"
    yield _outside_packages(environment.script_location.parent)


def _outside_packages(folder: Path) -> Path:
    """The folder that holds the outermost package around a folder; the folder itself where it is in none.

    A package's own folder is no place to import from: its modules would hide Python's (`secrets`, `types`).
    """
    while (folder / "__init__.py").is_file():
        folder = folder.parent
    return folder
