"""The layout of a Django project, without running it."""

from __future__ import annotations

from pathlib import Path

import pytest

from migsafe.errors import EnvironmentFailedError
from migsafe.model.dialect import Dialect
from migsafe.sources.base import SourceOptions
from migsafe.sources.django.source import Django, job
from migsafe.sources.files import Folder
from source_layouts import write_files

MANAGE = 'os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")\n'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_files(
        tmp_path,
        {"manage.py": MANAGE, "orders/migrations/0001_initial.py": "class Migration(migrations.Migration):\n"},
    )


def test_the_root_is_the_folder_of_the_manage_script(project: Path) -> None:
    assert Django().claims(Folder(project))
    assert not Django().claims(Folder(project / "orders"))
    assert Django().owns(Folder(project), project / "orders/migrations/0001_initial.py")


def test_a_reusable_app_can_be_named(project: Path) -> None:
    (project / "manage.py").unlink()
    assert not Django().claims(Folder(project))
    assert Django().accepts(Folder(project))


def test_what_is_no_migration_is_aside(project: Path) -> None:
    write_files(project, {"orders/migrations/helpers.py": "x = 1\n"})
    assert not Django().is_aside(project / "orders/migrations/0001_initial.py")
    assert Django().is_aside(project / "orders/migrations/helpers.py")
    assert Django().is_aside(project / "orders/query.sql")


def test_the_driver_is_told_what_the_user_said(project: Path) -> None:
    options = SourceOptions(dialect=Dialect.SQLITE, server_versions={Dialect.SQLITE: 17}, settings="shop.settings.ci")
    told = job(project, options)
    assert (told["engine"], told["server_versions"], told["settings"]) == ("sqlite", {"sqlite": 17}, "shop.settings.ci")
    assert told["manage"] == str(project / "manage.py")


def test_an_interpreter_that_cannot_be_started_is_said(project: Path) -> None:
    with pytest.raises(EnvironmentFailedError, match="cannot be started") as caught:
        Django().read_databases(Folder(project), SourceOptions(python=str(project / "no-python")))
    assert "--python" in (caught.value.hint or "")


def test_an_interpreter_without_django_is_said(project: Path, tmp_path: Path) -> None:
    write_files(project, {"django.py": "raise ImportError('no Django in this test')\n"})
    with pytest.raises(EnvironmentFailedError, match="Django cannot be imported") as caught:
        Django().read_databases(Folder(project), SourceOptions())
    assert "--python" in (caught.value.hint or "")
