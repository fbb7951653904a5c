"""Alembic projects that run: the shop where its platform is installed, and small ones with an `env.py` of any kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

#: What the shop imports, and nobody has but the machines that it runs on.
_PLATFORM = {
    "shop_platform/__init__.py": "def start(name):\n    return name\n",
    "shop_platform/database.py": (
        "from sqlalchemy.orm import DeclarativeBase\n"
        "class Base(DeclarativeBase):\n"
        "    def __init_subclass__(cls, **kwargs):\n"
        "        '''The models have no columns yet; migrations need none of them.'''\n"
    ),
}

_CONFIGURATION = """[alembic]
script_location = %(here)s/migrations
sqlalchemy.url = postgresql+psycopg://localhost/elsewhere
"""

#: Alembic's own template, but for the engine.
GO = """
import os
import sqlalchemy
from alembic import context

def go(engine):
    with engine.connect() as connection:
        context.configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()
"""
CONFIGURED = GO + (
    "settings = context.config.get_section('alembic')\n"
    "go(sqlalchemy.engine_from_config(settings, prefix='sqlalchemy.', poolclass=sqlalchemy.pool.NullPool))\n"
)

_REVISION = """
import sqlalchemy as sa
from alembic import op

revision = {name!r}
down_revision = {parent!r}

def upgrade():
    {up}

def downgrade():
    {down}
"""


def write_platform(folder: Path) -> Path:
    """Put the shop's platform into a folder for PYTHONPATH."""
    _write(folder, _PLATFORM)
    return folder


def write_project(folder: Path, env: str, *revisions: tuple[str, str]) -> Path:
    """A project with an `env.py`, and revisions that follow one another, each its two bodies."""
    names = [f"{number:012x}" for number in range(1, len(revisions) + 1)]
    files = {"alembic.ini": _CONFIGURATION, "migrations/script.py.mako": "", "migrations/env.py": env}
    for name, parent, (up, down) in zip(names, [None, *names], revisions, strict=False):
        files[f"migrations/versions/{name}_step.py"] = _REVISION.format(name=name, parent=parent, up=up, down=down)
    _write(folder, files)
    return folder


def _write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
