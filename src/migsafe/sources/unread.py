"""Python migrations that stand where no tool would look for them: how they are read all the same."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from migsafe.sources.files import Folder

_ALEMBIC = re.compile(r"^(?:down_)?revision\s*(?::[^=\n]*)?=", re.MULTILINE)
_DJANGO = re.compile(r"^class\s+Migration\s*\([^)]*Migration\s*[,)]", re.MULTILINE)

#: What Alembic and Django call the folders of their migrations.
PYTHON_FOLDERS = frozenset({"versions", "migrations"})

ALEMBIC_HINT = "Alembic revisions outside of an Alembic environment are read with `--tool alembic`"
DJANGO_HINT = (
    "Django migrations are rendered by their project: name its manage.py with --manage, or its settings with --settings"
)


def hint_for_text(text: str) -> str | None:
    """How to have a Python file read that is a migration; None for any other."""
    if _DJANGO.search(text):
        return DJANGO_HINT
    return ALEMBIC_HINT if _ALEMBIC.search(text) else None


def hint_for_folder(folder: Folder) -> str | None:
    """How to have the Python migrations in a folder read; None where there are none."""
    python = [name for name in folder.files if name.endswith(".py") and not name.startswith("__")]
    return next((hint for name in python if (hint := hint_for_text(folder.text(name)))), None)
