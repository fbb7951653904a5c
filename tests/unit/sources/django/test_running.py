"""What Django's other end is told; the rest of it is run on a server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from migsafe.errors import NoMigrationsError
from migsafe.sources.django.running import django_process

if TYPE_CHECKING:
    from pathlib import Path

ADDRESS = {"host": "h", "port": "1", "user": "u", "password": "p", "dbname": "d"}


def test_the_other_end_is_told_the_address_and_the_database(tmp_path: Path) -> None:
    (tmp_path / "manage.py").write_text("DJANGO_SETTINGS_MODULE", encoding="utf-8")
    process = django_process(tmp_path, ADDRESS, python="python", variables=("DATABASE_URL",), database="reports")
    assert process._job == {
        "manage": str(tmp_path / "manage.py"),
        "settings": None,
        "sys_path": [],
        "variables": ["DATABASE_URL"],
        "address": ADDRESS,
        "url": "postgresql://u:p@h:1/d",
        "database": "reports",
    }
    assert "p@h" not in " ".join(process._worker.command)


def test_a_folder_without_a_project_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NoMigrationsError):
        django_process(tmp_path, ADDRESS)
