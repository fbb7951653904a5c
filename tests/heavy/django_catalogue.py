"""Is the catalogue that migsafe replays the one of a server on which `manage.py migrate` has run?

    python tests/heavy/django_catalogue.py FOLDER

The same as catalogue.py, for everything that django_apps.py reads.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from cache import cache_option
from django_apps import PROJECT, django_environment, django_options

from catalogue_portrait import portrait
from migsafe.postgres.catalogue import read_catalogue
from migsafe.shadow.server import ThrowawayServer
from migsafe.sources import read_paths
from replayed_history import differences, replay

if TYPE_CHECKING:
    from cache import Environment

    from migsafe.model.catalogue import Catalogue

_DATABASE = "measured"


def migrated(environment: Environment) -> Catalogue:
    """What exists after Django's own migration of an empty database, without Django's own record of it."""
    with ThrowawayServer.start() as server:
        server.create_database(_DATABASE)
        place = {
            "DJANGO_SETTINGS_MODULE": "settings.server",
            "MEASURED_DATABASE": _DATABASE,
            "MEASURED_FOLDER": str(server.folder / "socket"),
        }
        environment.run("manage.py", "migrate", "--skip-checks", folder=PROJECT, environment={**os.environ, **place})
        with server.connect(_DATABASE) as session:
            session.execute("DROP TABLE django_migrations")
            return read_catalogue(session)


def main() -> int:
    """Compare; 1 when anything differs."""
    parser = argparse.ArgumentParser(description="The replayed catalogue against a server's.")
    cache_option(parser)
    environment = django_environment(parser.parse_args().cache)
    real = migrated(environment)
    layouts = read_paths([environment.packages], django_options("postgres", environment))
    migrations = [migration for layout in layouts for migration in layout.migrations.migrations]
    found = differences(replay(migrations), real)
    print(f"{len(migrations)} migrations, {sum(1 for _ in portrait(real))} facts, {len(found)} differ")
    for line in found:
        print(f"  {line}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
