"""Where a Django project is, and which Python runs it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from migsafe.errors import NoMigrationsError, PathNotFoundError
from migsafe.sources.base import SourceOptions
from migsafe.sources.django.project import (
    interpreter,
    is_migration_path,
    is_project,
    is_run,
    manage_of,
    named_root,
)
from migsafe.sources.files import Folder
from source_layouts import write_files

MIGRATION = "class Migration(migrations.Migration):\n"


@pytest.fixture(autouse=True)
def _no_active_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)


@pytest.mark.parametrize(
    ("text", "is_django"),
    [
        ('os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")\n', True),
        ("from configurations.management import execute_from_command_line\n", True),
        ("from flask_script import Manager\n", False),
        ("", False),
    ],
)
def test_a_manage_script_of_another_framework_makes_no_project(text: str, is_django: bool, tmp_path: Path) -> None:
    write_files(tmp_path, {"manage.py": text})
    assert is_project(Folder(tmp_path)) is is_django


def test_a_named_manage_script_says_the_root(tmp_path: Path) -> None:
    write_files(tmp_path, {"backend/manage.py": ""})
    assert named_root(SourceOptions(manage=tmp_path / "backend" / "manage.py")) == tmp_path / "backend"


def test_settings_alone_mean_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert named_root(SourceOptions(settings="tests.settings")) == tmp_path
    assert named_root(SourceOptions()) is None


def test_a_manage_script_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(PathNotFoundError, match=r"manage\.py does not exist"):
        named_root(SourceOptions(manage=tmp_path / "manage.py"))


def test_without_a_manage_script_the_settings_must_be_named(tmp_path: Path) -> None:
    assert manage_of(tmp_path, SourceOptions(settings="tests.settings")) is None
    with pytest.raises(NoMigrationsError) as caught:
        manage_of(tmp_path, SourceOptions())
    assert "--manage" in (caught.value.hint or "")
    assert "--settings" in (caught.value.hint or "")


def test_a_named_interpreter_is_relative_to_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    root = tmp_path / "backend"
    assert interpreter(root, SourceOptions(python=".venv/bin/python")) == str(tmp_path / ".venv/bin/python")
    assert interpreter(root, SourceOptions(python="python3.12")) == "python3.12"


def test_the_active_environment_wins_over_one_in_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_files(tmp_path, {"active/bin/python": "", "project/.venv/bin/python": ""})
    root = tmp_path / "project"
    assert interpreter(root, SourceOptions()) == str(root / ".venv/bin/python")
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / "active"))
    assert interpreter(root, SourceOptions()) == str(tmp_path / "active/bin/python")


def test_without_any_environment_the_running_python_is_taken(tmp_path: Path) -> None:
    assert interpreter(tmp_path, SourceOptions()) == sys.executable


@pytest.mark.parametrize(
    ("path", "owned"),
    [
        ("orders/migrations/0001_initial.py", True),
        ("apps/orders/migrations/0001_initial.py", True),
        ("orders/migrations/__init__.py", False),
        ("orders/models.py", False),
        ("orders", True),
        ("orders/migrations", True),
        ("empty", False),
        (".venv/lib/site-packages/taggit/migrations/0001_initial.py", False),
        ("venv/taggit/migrations/0001_initial.py", False),
        ("../elsewhere/migrations/0001_initial.py", False),
    ],
)
def test_only_the_projects_own_migrations_belong_to_it(path: str, owned: bool, tmp_path: Path) -> None:
    root = tmp_path / "project"
    write_files(
        root,
        {
            "orders/migrations/0001_initial.py": MIGRATION,
            "orders/migrations/__init__.py": "",
            "orders/models.py": "",
            "empty/__init__.py": "",
            ".venv/lib/site-packages/taggit/migrations/0001_initial.py": MIGRATION,
        },
    )
    asked = (root / path).resolve() if path.startswith("..") else root / path
    assert is_migration_path(root, asked) is owned


def test_helpers_and_replaced_migrations_do_not_run(tmp_path: Path) -> None:
    replacing = (
        MIGRATION + '    replaces = [\n        ("orders", "0001_initial"),\n        ("orders", "0002_more"),\n    ]\n'
    )
    write_files(
        tmp_path,
        {
            "0001_initial.py": MIGRATION,
            "0002_more.py": MIGRATION,
            "0001_squashed_0002.py": replacing,
            "0003_state.py": MIGRATION,
            "helpers.py": "def backfill(): ...\n",
        },
    )
    run = {path.name for path in tmp_path.iterdir() if is_run(path)}
    assert run == {"0001_squashed_0002.py", "0003_state.py"}
