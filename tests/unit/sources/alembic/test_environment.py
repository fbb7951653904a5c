"""Which environment a folder belongs to, and where its parts are."""

from __future__ import annotations

from pathlib import Path

import pytest

from migsafe.model.dialect import Dialect
from migsafe.sources.alembic.environment import Environment, environment_of, is_script_location
from migsafe.sources.files import Folder
from source_layouts import write_files

ENV = "from alembic import context\n"
REVISION = "revision = 'a'\ndown_revision = None\ndef upgrade(): ...\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository."""
    (tmp_path / ".git").mkdir()
    return tmp_path


def environment(project: Path, folder: str, files: dict[str, str]) -> Environment:
    write_files(project, files)
    return environment_of(project / folder)


def places(project: Path, found: Environment) -> tuple[str, str, list[str]]:
    """Base, script location and version locations, from the repository's root."""
    relative = [
        path.relative_to(project).as_posix() for path in (found.base, found.script_location, *found.version_locations)
    ]
    return relative[0], relative[1], relative[2:]


@pytest.mark.parametrize(
    ("files", "folder", "expected"),
    [
        pytest.param(
            {"alembic.ini": "[alembic]\nscript_location = db", "db/env.py": ENV, "db/versions/a.py": REVISION},
            "db/versions",
            (".", "db", ["db/versions"]),
            id="the usual",
        ),
        pytest.param(
            {"app/alembic.ini": "[alembic]\nscript_location = db", "app/db/env.py": ENV, "app/db/versions/a.py": ""},
            "app/db",
            ("app", "app/db", ["app/db/versions"]),
            id="the script location",
        ),
        pytest.param(
            {"app/db/alembic.ini": "[alembic]\nscript_location = app/db", "app/db/env.py": ENV},
            "app/db/versions",
            (".", "app/db", ["app/db/versions"]),
            id="relative to a folder further up",
        ),
        pytest.param(
            {"db/alembic.ini": "[alembic]\nscript_location = .", "db/env.py": ENV, "db/versions/a.py": REVISION},
            "db/versions",
            ("db", "db", ["db/versions"]),
            id="configuration in the script location",
        ),
        pytest.param(
            {"alembic.ini": "[alembic]\nscript_location = app.data:db", "src/app/data/db/env.py": ENV},
            "src/app/data/db/versions",
            (".", "src/app/data/db", ["src/app/data/db/versions"]),
            id="in a package below src",
        ),
        pytest.param(
            {
                "alembic.ini": "[alembic]\nscript_location = app:db\nprepend_sys_path = lib",
                "lib/app/db/env.py": ENV,
                "app/other.py": "",
            },
            "lib/app/db/versions",
            (".", "lib/app/db", ["lib/app/db/versions"]),
            id="in a package of a configured path",
        ),
        pytest.param(
            {
                "alembic.ini": "[alembic]\nscript_location = db\nversion_locations = %(here)s/db/versions x gone",
                "db/env.py": ENV,
                "db/versions/a.py": REVISION,
                "x/b.py": REVISION,
            },
            "x",
            (".", "db", ["db/versions", "x"]),
            id="several version locations",
        ),
        pytest.param(
            {
                "alembic.ini": "[one]\nscript_location = one\n[two]\nscript_location = two",
                "one/env.py": ENV,
                "two/env.py": ENV,
            },
            "two/versions",
            (".", "two", ["two/versions"]),
            id="the second environment of a file",
        ),
        pytest.param(
            {"alembic.ini": "[alembic]\nscript_location = {alembic_dir}", "db/env.py": ENV, "db/versions/a.py": ""},
            "db/versions",
            (".", "db", ["db/versions"]),
            id="a template's text",
        ),
        pytest.param(
            {"db/alembic.ini": "[alembic]\nfile_template = x", "db/env.py": ENV, "db/versions/a.py": ""},
            "db/versions",
            ("db", "db", ["db/versions"]),
            id="a place that code sets",
        ),
        pytest.param(
            {"db/env.py": ENV, "db/versions/a.py": REVISION},
            "db/versions",
            (".", "db", ["db/versions"]),
            id="no configuration",
        ),
        pytest.param(
            {"db/env.py": ENV, "db/tenants/a.py": REVISION},
            "db/tenants",
            (".", "db", ["db/tenants"]),
            id="another name beside env.py",
        ),
        pytest.param({"db/changes/a.py": REVISION}, "db/changes", (".", "db", ["db/changes"]), id="nothing but files"),
        pytest.param(
            {"alembic.ini": "[alembic]\nscript_location = gone", "db/versions/a.py": REVISION},
            "db/versions",
            (".", "db", ["db/versions"]),
            id="a place that is not there",
        ),
    ],
)
def test_places(files: dict[str, str], folder: str, expected: tuple[str, str, list[str]], project: Path) -> None:
    found = environment(project, folder, files)
    assert places(project, found) == expected
    assert found.covers(project / folder)


def test_the_search_ends_at_the_repository(tmp_path: Path) -> None:
    files = {
        "alembic.ini": "[alembic]\nscript_location = %(here)s/app/db\nversion_locations = %(here)s/app/db/versions x",
        "x/a.py": REVISION,
        "app/db/env.py": ENV,
        "app/db/versions/a.py": REVISION,
    }
    write_files(tmp_path, files)
    assert len(environment_of(tmp_path / "app/db/versions").version_locations) == 2
    (tmp_path / "app/.git").mkdir()
    assert len(environment_of(tmp_path / "app/db/versions").version_locations) == 1


@pytest.mark.parametrize(("written", "covered"), [("true", True), ("false", False)])
def test_folders_below_a_version_location(written: str, covered: bool, project: Path) -> None:
    ini = f"[alembic]\nscript_location = db\nrecursive_version_locations = {written}"
    files = {"alembic.ini": ini, "db/env.py": ENV, "db/versions/2024/05/a.py": REVISION}
    found = environment(project, "db/versions/2024/05", files)
    assert places(project, found)[2] == ["db/versions"]
    assert found.covers(project / "db/versions/2024/05") is covered


@pytest.mark.parametrize(("file", "covered"), [("db/versions/b.py", False), ("db/versions/__init__.py", True)])
def test_without_configuration_folders_below_count_where_nothing_stands_above(
    file: str, covered: bool, project: Path
) -> None:
    found = environment(project, "db/versions/old", {"db/env.py": ENV, "db/versions/old/a.py": REVISION, file: ""})
    assert found.covers(project / "db/versions/old") is covered
    assert places(project, found)[2] == ["db/versions"]


def test_what_is_known_of_how_it_runs(project: Path) -> None:
    found = environment(
        project,
        "db",
        {
            "alembic.ini": (
                "[alembic]\nscript_location = db\nprepend_sys_path = . lib\nsqlalchemy.url = driver://x\n"
                "databases = a, b\n[a]\nsqlalchemy.url = mysql://x\n"
            ),
            "db/env.py": "context.configure(connection=c, transaction_per_migration=True)\nimport alembic",
        },
    )
    assert found.import_paths == (project, project / "lib")
    assert (found.dialect(), found.dialect("a"), found.dialect("b")) == (None, Dialect.MYSQL, None)
    assert found.script.transaction_per_migration is True


def test_configuration_that_cannot_be_read_is_said(project: Path) -> None:
    found = environment(project, "db/versions", {"alembic.ini": "x", "db/env.py": ENV})
    assert [Path(file.path).name for file in found.unreadable] == ["alembic.ini"]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"env.py": ENV}, True),
        ({"env.py": "", "script.py.mako": ""}, True),
        ({"env.py": "class Env: ..."}, False),
        ({"script.py.mako": ""}, False),
    ],
)
def test_script_locations(files: dict[str, str], expected: bool, tmp_path: Path) -> None:
    assert is_script_location(Folder(write_files(tmp_path, files))) is expected
