"""Django: the folder of `manage.py` is the root; its apps' migrations are rendered in the order of `migrate`.

Rules from Django 5.2 (https://docs.djangoproject.com/en/5.2/topics/migrations/): the order is that of the dependencies
between migrations, over all apps. As on an empty database, a squashed migration stands for those that it replaces. A
migration runs in one transaction where the database can roll DDL back (Postgres, SQLite), unless it says
`atomic = False`; on MySQL each statement commits by itself. With several databases each gets what its routers allow.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from migsafe.model.dialect import Dialect
from migsafe.model.script import MigrationSet
from migsafe.sources.base import FlatSource, SourceOptions
from migsafe.sources.django.project import interpreter, is_migration_path, is_project, is_run, manage_of, named_root
from migsafe.sources.rendering import Worker, render
from migsafe.sources.rendering.messages import PROTOCOL

if TYPE_CHECKING:
    from migsafe.sources.files import Folder

_DRIVER = Path(__file__).with_name("driver.py")


class Django(FlatSource):
    """The migrations of a Django project."""

    name = "django"

    def claims(self, folder: Folder) -> bool:
        """Django's `manage.py` stands there."""
        return is_project(folder)

    def accepts(self, folder: Folder) -> bool:
        """Any folder that has migrations in it: the user may name the settings instead of a `manage.py`."""
        return is_project(folder) or any(is_migration_path(folder.path, child.path) for child in folder.children())

    def owns(self, root: Folder, path: Path) -> bool:
        """Python files in `migrations` packages of the project's own code, and the folders that hold them."""
        return is_migration_path(root.path, path)

    def named_root(self, options: SourceOptions) -> Path | None:
        """The folder of the named `manage.py`; the current one where only settings are named."""
        return named_root(options)

    def dialects_at(self, root: Folder, asked: tuple[Dialect, ...]) -> tuple[Dialect, ...]:
        """All: the same migrations run on every database."""
        return asked

    def is_aside(self, path: Path) -> bool:
        """Helpers, and migrations for which a squashed one runs."""
        return path.suffix != ".py" or not is_run(path)

    def read_databases(self, root: Folder, options: SourceOptions) -> tuple[MigrationSet, ...]:
        """All migrations of all installed apps, for each database of the settings.

        Raises:
            NoMigrationsError: neither a `manage.py` nor settings are known.
            EnvironmentFailedError: the project's code cannot be run.
        """
        worker = Worker((interpreter(root.path, options), str(_DRIVER)), root.path)
        databases = render(worker, job(root.path, options), options, options.dialect or Dialect.POSTGRES)
        return tuple(MigrationSet(self.name, root.shown(), one.dialect, one.migrations) for one in databases)


def job(root: Path, options: SourceOptions) -> dict[str, Any]:
    """What the driver is told."""
    manage = manage_of(root, options)
    return {
        "protocol": PROTOCOL,
        "manage": None if manage is None else str(manage),
        "settings": options.settings,
        "sys_path": [],
        "server_versions": {one.value: major for one, major in options.server_versions.items()},
        "engine": None if options.dialect is None else options.dialect.value,
        "directions": ["up", "down"],
    }
