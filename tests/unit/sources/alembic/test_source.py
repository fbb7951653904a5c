"""The layout of an environment: what is its, what the worker is told, what comes back."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from migsafe.errors import NoMigrationsError
from migsafe.model.dialect import Dialect
from migsafe.model.script import Direction, Migration, Script, SourceText, TransactionRule
from migsafe.sources import LoadedLayout, SourceOptions, detect, read_paths
from migsafe.sources.alembic import source as module
from migsafe.sources.alembic.source import Alembic
from migsafe.sources.files import Folder, shown_path
from migsafe.sources.rendering import RenderedDatabase, Worker
from source_layouts import write_files

if TYPE_CHECKING:
    from collections.abc import Mapping

ENV = "from alembic import context\n"
INI = "[alembic]\nscript_location = db\n"


def revision(name: str, down: str | None = None) -> str:
    return f"revision = {name!r}\ndown_revision = {down!r}\ndef upgrade():\n    pass\n"


PROJECT = {
    "alembic.ini": INI,
    "db/env.py": ENV,
    "db/helper.py": "",
    "db/shared/types.py": "",
    "db/versions/__init__.py": "",
    "db/versions/1_a.py": revision("a"),
    "db/versions/2_b.py": revision("b", "a"),
    "db/versions/notes.txt": "",
}


class Rendering:
    """Stands for the worker: every revision as it was named, and what was asked for."""

    def __init__(self) -> None:
        self.jobs: list[Mapping[str, Any]] = []
        self.worker: Worker | None = None
        self.forgotten: str | None = None

    def __call__(
        self, worker: Worker, job: Mapping[str, Any], options: SourceOptions, dialect: Dialect
    ) -> tuple[RenderedDatabase, ...]:
        self.jobs.append(job)
        self.worker = worker
        asked = [one for one in job["revisions"] if one["id"] != self.forgotten]
        migrations = tuple(_migration(one["id"], Path(one["path"]), dialect) for one in asked)
        return (RenderedDatabase(job["database"], dialect, migrations),)


def _migration(name: str, path: Path, dialect: Dialect) -> Migration:
    shown = shown_path(path)
    return Migration(name, shown, Script(Direction.UP, "", SourceText(shown, ""), TransactionRule.TOOL, dialect))


@pytest.fixture(autouse=True)
def rendering(monkeypatch: pytest.MonkeyPatch) -> Rendering:
    """What the worker is asked; none is started."""
    rendering = Rendering()
    monkeypatch.setattr(module, "render", rendering)
    return rendering


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, a repository."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    return tmp_path


def read(*names: str, tool: str | None = None, dialect: Dialect | None = None) -> tuple[LoadedLayout, ...]:
    return read_paths([Path(name) for name in names], SourceOptions(tool=tool, dialect=dialect))


def ids(layout: LoadedLayout) -> list[str]:
    return [migration.id for migration in layout.migrations.migrations]


ALL = {"db/versions/1_a.py", "db/versions/2_b.py"}


@pytest.mark.parametrize(
    ("names", "selected"),
    [
        (["."], ALL),
        (["db"], ALL),
        (["db/versions"], ALL),
        ([".", "db/versions"], ALL),
        (["db/versions/2_b.py"], {"db/versions/2_b.py"}),
        (["db/versions/2_b.py", "db/env.py", "db/helper.py", "db/versions/__init__.py"], {"db/versions/2_b.py"}),
        (["db/env.py"], set()),
        (["db/shared/types.py"], set()),
    ],
)
def test_whatever_is_named_the_layout_is_one(names: list[str], selected: set[str], rendering: Rendering) -> None:
    write_files(Path(), PROJECT)
    (layout,) = read(*names)
    assert (layout.migrations.tool, layout.migrations.root) == ("alembic", "db/versions")
    assert ids(layout) == ["a", "b"]
    assert layout.selected == selected
    assert layout.migrations.unreadable == ()
    assert len(rendering.jobs) == 1


def test_two_version_locations_are_one_layout() -> None:
    ini = f"{INI}version_locations = db/versions x/revs\nprepend_sys_path = ."
    write_files(Path(), PROJECT | {"alembic.ini": ini, "x/revs/c.py": revision("c", "b")})
    for names in (["."], ["db/versions", "x/revs"], ["x/revs/c.py", "db/versions/1_a.py"]):
        (layout,) = read(*names)
        assert ids(layout) == ["a", "b", "c"]
    (layout,) = read("x")
    assert (layout.migrations.root, layout.selected) == ("db/versions", {"x/revs/c.py"})


def test_a_script_location_selects_its_revisions_wherever_they_lie() -> None:
    write_files(
        Path(), {"db/env.py": ENV, "alembic.ini": f"{INI}version_locations = x/revs", "x/revs/c.py": revision("c")}
    )
    (layout,) = read("db")
    assert layout.selected == {"x/revs/c.py"}


def test_two_environments_are_two_layouts() -> None:
    ini = "[one]\nscript_location = one\n[two]\nscript_location = two\n"
    files = {"env.py": ENV, "versions/1.py": revision("a")}
    write_files(
        Path(), {"alembic.ini": ini} | {f"{name}/{file}": files[file] for name in ("one", "two") for file in files}
    )
    assert [layout.migrations.root for layout in read(".")] == ["one/versions", "two/versions"]


@pytest.mark.parametrize(
    ("files", "claimed"),
    [
        pytest.param({"versions/a.py": revision("a")}, True, id="a usual name"),
        pytest.param({"tenant_versions/a.py": revision("a")}, True, id="a name with it"),
        pytest.param({"changes/0123456789ab_seats.py": revision("a")}, True, id="alembic's file names"),
        pytest.param({"changes/2024_01_02_1030-0123456789ab_seats.py": revision("a")}, True, id="with a date"),
        pytest.param({"env.py": ENV, "changes/a.py": revision("a")}, True, id="beside env.py"),
        pytest.param({"changes/a.py": revision("a")}, False, id="a folder of any name"),
        pytest.param({"versions/a.py": "VERSION = 1"}, False, id="no marks"),
        pytest.param({"versions/__init__.py": revision("a")}, False, id="a package's own file"),
        pytest.param({"versions/a.txt": revision("a")}, False, id="no python"),
        pytest.param({"env.py": ENV, "versions/a/b.py": revision("a")}, False, id="a folder of folders"),
    ],
)
def test_claims(files: dict[str, str], claimed: bool) -> None:
    write_files(Path(), files)
    (folder,) = {name.split("/")[0] for name in files if "/" in name}
    assert Alembic().claims(Folder(Path(folder))) is claimed


def test_a_configured_location_is_claimed_by_any_name() -> None:
    write_files(
        Path(), {"alembic.ini": f"{INI}version_locations = changes", "db/env.py": ENV, "changes/a.py": revision("a")}
    )
    assert detect(Path("changes")) == detect(Path("db")) == detect(Path("changes/a.py")) is not None


@pytest.mark.parametrize(
    "files", [{"env.py": ENV}, {"env.py": ENV, "versions/__init__.py": ""}, {"env.py": "", "a.py": ""}]
)
def test_a_script_location_without_revisions_is_nothing_to_read(files: dict[str, str]) -> None:
    write_files(Path("db"), files)
    assert not Alembic().claims(Folder(Path("db")))


def test_any_folder_of_revisions_when_the_tool_is_named() -> None:
    write_files(Path(), {"changes/a.py": revision("a")})
    (layout,) = read("changes/a.py")
    assert "--tool alembic" in layout.migrations.unreadable[0].reason
    for name in ("changes", "changes/a.py"):
        (layout,) = read(name, tool="alembic")
        assert (ids(layout), layout.selected) == (["a"], {"changes/a.py"})
    with pytest.raises(NoMigrationsError):
        read("changes")


def test_a_revision_that_alembic_passes_over_is_said_when_it_is_named() -> None:
    write_files(Path(), PROJECT | {"db/versions/old/0_z.py": revision("z")})
    (layout,) = read(".")
    assert (ids(layout), layout.migrations.unreadable) == (["a", "b"], ())
    (layout,) = read("db/versions/old/0_z.py")
    assert [file.path for file in layout.migrations.unreadable] == ["db/versions/old/0_z.py"]


def test_what_is_wrong_is_said_and_the_others_are_read() -> None:
    write_files(
        Path(), PROJECT | {"db/versions/3_c.py": "revision = 'c'\nprint 1", "db/versions/4_d.py": revision("d", "x")}
    )
    (layout,) = read(".")
    assert ids(layout) == ["a", "b", "d"]
    assert [file.path for file in layout.migrations.unreadable] == ["db/versions/3_c.py", "db/versions/4_d.py"]
    assert layout.selected == ALL | {"db/versions/3_c.py", "db/versions/4_d.py"}


def test_a_revision_of_which_nothing_comes_back_is_said(rendering: Rendering) -> None:
    write_files(Path(), PROJECT)
    rendering.forgotten = "b"
    (layout,) = read(".")
    assert ids(layout) == ["a"]
    assert [(file.path, file.reason) for file in layout.migrations.unreadable] == [
        ("db/versions/2_b.py", "the revision b was not rendered")
    ]


def test_nothing_is_run_where_nothing_can_be(rendering: Rendering) -> None:
    write_files(Path(), {"db/env.py": ENV, "db/versions/1_a.py": "revision = 'a'\nprint 1"})
    (layout,) = read(".")
    assert (ids(layout), len(layout.migrations.unreadable), rendering.jobs) == ([], 1, [])


def test_what_the_worker_is_told(rendering: Rendering, project: Path) -> None:
    env = (
        "from alembic import context\nm = MetaData(naming_convention={'pk': 'p'})\n"
        "context.configure(connection=c, transaction_per_migration=True, transactional_ddl=False)\n"
    )
    files = {
        "alembic.ini": "[alembic]\nscript_location = shop/db\nprepend_sys_path = lib\n",
        "shop/__init__.py": "",
        "shop/db/env.py": env,
        "shop/db/versions/a.py": revision("a"),
        "shop/db/versions/b.py": revision("b", "a") + "depends_on = 'a'\nbranch_labels = 'side'\n",
        "lib/x.py": "",
        "src/y.py": "",
    }
    write_files(project, files)
    read_paths([Path("shop")], SourceOptions(server_versions={Dialect.POSTGRES: 16}))
    (job,) = rendering.jobs
    roots = [f"{project}/lib", f"{project}", f"{project}/src"]
    versions = f"{project}/shop/db/versions"
    assert job == {
        "protocol": 1,
        "dialect": "postgres",
        "server_version": 16,
        "sys_path": roots,
        "project": roots,
        "script_location": f"{project}/shop/db",
        "revisions": [
            {"id": "a", "path": f"{versions}/a.py", "down": [], "depends_on": [], "labels": []},
            {"id": "b", "path": f"{versions}/b.py", "down": ["a"], "depends_on": ["a"], "labels": ["side"]},
        ],
        "done": [],
        "database": None,
        "directions": ["up", "down"],
        "options": {"transaction_per_migration": True, "transactional_ddl": False, "naming_convention": {"pk": "p"}},
    }
    assert rendering.worker == Worker((sys.executable, "-P", "-m", "migsafe.sources.alembic.worker"), project)


def test_a_package_is_imported_from_above_it(rendering: Rendering, project: Path) -> None:
    files = {"lib/shop/__init__.py": "", "lib/shop/db/__init__.py": "", "lib/shop/db/alembic.ini": "[alembic]"}
    write_files(project, files | {"lib/shop/db/env.py": ENV, "lib/shop/db/versions/a.py": revision("a")})
    read(".")
    assert rendering.jobs[0]["sys_path"] == [f"{project}/lib"]


@pytest.mark.parametrize(
    ("url", "env", "folder", "given", "dialect"),
    [
        ("mysql://x", "", "db", None, Dialect.MYSQL),
        ("mysql://x", "", "db", Dialect.SQLITE, Dialect.SQLITE),
        ("driver://x", "", "db", None, Dialect.POSTGRES),
        ("driver://x", "config.set_main_option('sqlalchemy.url', 'sqlite://')", "db", None, Dialect.SQLITE),
        ("postgresql://x", "config.set_main_option('sqlalchemy.url', 'sqlite://')", "db", None, Dialect.POSTGRES),
        ("", "", "mysql_db", None, Dialect.MYSQL),
    ],
)
def test_the_database(url: str, env: str, folder: str, given: Dialect | None, dialect: Dialect) -> None:
    ini = f"[alembic]\nscript_location = {folder}\nsqlalchemy.url = {url}"
    write_files(Path(), {"alembic.ini": ini, f"{folder}/env.py": ENV + env, f"{folder}/versions/a.py": revision("a")})
    (layout,) = read(".", dialect=given)
    assert layout.migrations.dialect is dialect


ENGINES = "revision = 'a'\ndown_revision = None\ndef upgrade(name): ...\ndef upgrade_y(): ...\ndef upgrade_x(): ...\n"


@pytest.mark.parametrize(
    ("ini", "text", "databases"),
    [
        ("databases = one, two", ENGINES, ["one", "two"]),
        ("", ENGINES, ["x", "y"]),
        ("databases = one, two", revision("a"), [None]),
        ("", "revision = 'a'\ndown_revision = None\ndef upgrade(name): ...\n", [None]),
    ],
)
def test_several_databases(ini: str, text: str, databases: list[str | None], rendering: Rendering) -> None:
    files = {"alembic.ini": INI + ini, "db/env.py": ENV, "db/versions/a.py": text, "db/versions/b.py": "x = ("}
    layouts = read_paths([Path(write_files(Path(), files))], SourceOptions())
    assert [job["database"] for job in rendering.jobs] == databases
    assert sum(len(layout.migrations.unreadable) for layout in layouts) == 1


@pytest.mark.parametrize(
    ("dialect", "rule"),
    [
        (Dialect.POSTGRES, TransactionRule.TOOL),
        (Dialect.MYSQL, TransactionRule.NONE),
        (Dialect.SQLITE, TransactionRule.NONE),
    ],
)
def test_the_usual_rule(dialect: Dialect, rule: TransactionRule) -> None:
    assert Alembic().usual_rule(dialect) is rule
