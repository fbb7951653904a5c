"""A whole small project, migrated by Alembic itself on a server, and replayed from what migsafe renders of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import URL

from migsafe.catalogue.project import source_options
from migsafe.config import Config
from migsafe.postgres.catalogue import read_catalogue
from migsafe.postgres.connection import connect
from migsafe.sources import read_paths
from replayed_history import differences, replay
from revision_bodies import deeds

if TYPE_CHECKING:
    from migsafe.model.script import Migration

SHOP = Path(__file__).parents[4] / "fixtures" / "projects" / "alembic-shop"

#: The one revision that cannot be known without the server that it runs on.
UNKNOWN = "a71d5c04be93"

#: What the shop imports and nobody else has, and how its people upgrade.
PLATFORM = {
    "shop_platform/__init__.py": "def start(name):\n    return name\n",
    "shop_platform/database.py": (
        "from sqlalchemy.orm import DeclarativeBase\n"
        "class Base(DeclarativeBase):\n"
        "    def __init_subclass__(cls, **kwargs):\n"
        "        '''The models have no columns yet; migrations need none of them.'''\n"
    ),
    "upgrade.py": (
        "import sys\n"
        "from alembic import command\n"
        "from alembic.config import Config\n"
        "config = Config('alembic.ini')\n"
        "config.set_main_option('sqlalchemy.url', sys.argv[1].replace('%', '%%'))\n"
        "command.upgrade(config, 'heads')\n"
    ),
}


@pytest.fixture(scope="module")
def rendered() -> tuple[Migration, ...]:
    """The shop's revisions as `migsafe lint` reads them, with nothing of the platform installed."""
    (layout,) = read_paths([SHOP], source_options(Config()))
    return layout.migrations.migrations


def test_the_replayed_catalogue_is_the_server_s(rendered: tuple[Migration, ...], database: str, tmp_path: Path) -> None:
    _upgrade(database, tmp_path)
    with connect(database, autocommit=True) as session:
        session.execute("DROP TABLE alembic_version")
        real = read_catalogue(session)
    assert real.tables
    assert differences(replay(rendered), real) == []


def test_what_speaks_to_the_database_renders_to_something(rendered: tuple[Migration, ...]) -> None:
    scripts = {one.id: one.up for one in rendered if one.up is not None}
    assert {name for name, script in scripts.items() if script.gaps} == {UNKNOWN}
    empty = {name: deeds(script.source.text) for name, script in scripts.items() if not script.text.strip()}
    assert not any(empty.values()), empty


def _upgrade(dsn: str, folder: Path) -> None:
    """Run the shop's own upgrade, where its platform is installed."""
    for name, text in PLATFORM.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    parts = conninfo_to_dict(dsn)
    url = URL.create(
        "postgresql+psycopg",
        username=str(parts["user"]),
        database=str(parts["dbname"]),
        query={"host": str(parts["host"])},
    )
    environment = {
        **os.environ,
        "PYTHONPATH": str(folder),
        "PYTHONDONTWRITEBYTECODE": "1",
        "SHOP_REGION_OF_THIS_SERVER": "north",
    }
    command = [sys.executable, str(folder / "upgrade.py"), url.render_as_string(hide_password=False)]
    done = subprocess.run(command, cwd=SHOP, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
