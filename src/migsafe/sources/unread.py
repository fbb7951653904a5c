"""Migrations that migsafe recognises and does not read yet: Python ones of Alembic and Django."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from migsafe.sources.files import Folder

_ALEMBIC = re.compile(r"^(?:down_)?revision\s*(?::[^=\n]*)?=", re.MULTILINE)
_DJANGO = re.compile(r"^class\s+Migration\s*\([^)]*Migration\s*[,)]", re.MULTILINE)

#: What Alembic and Django call the folders of their migrations.
PYTHON_FOLDERS = frozenset({"versions", "migrations"})

ALEMBIC_HINT = (
    "Alembic revisions in Python are not read yet: render them with "
    "`alembic upgrade --sql base:head > upgrade.sql` and name that file"
)
DJANGO_HINT = (
    "Django migrations in Python are not read yet: render each with "
    "`python manage.py sqlmigrate APP NAME > NAME.sql` and name those files"
)


def hint_for_text(text: str) -> str | None:
    """How to render a Python file that is a migration; None for any other."""
    if _DJANGO.search(text):
        return DJANGO_HINT
    return ALEMBIC_HINT if _ALEMBIC.search(text) else None


def hint_for_folder(folder: Folder) -> str | None:
    """How to render the Python migrations in a folder; None where there are none."""
    python = [name for name in folder.files if name.endswith(".py") and not name.startswith("__")]
    return next((hint for name in python if (hint := hint_for_text(folder.text(name)))), None)
