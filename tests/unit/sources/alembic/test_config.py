"""Sections of ini files and `[tool.alembic]`, read as Alembic reads them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from alembic.config import Config

from migsafe.sources.alembic.config import Section, configured_in
from source_layouts import write_files

if TYPE_CHECKING:
    from pathlib import Path


def sections(folder: Path, **files: str) -> tuple[Section, ...]:
    names = {"ini": "alembic.ini", "toml": "pyproject.toml"}
    found = configured_in(write_files(folder, {names[name]: text for name, text in files.items()}))
    assert found.unreadable == ()
    return found.sections


def section(folder: Path, **files: str) -> Section:
    (found,) = sections(folder, **files)
    return found


LISTS = [
    "version_locations = a b, c\nprepend_sys_path = a b, c:d",
    "path_separator = os\nversion_locations = a b:c\nprepend_sys_path = a:b c",
    "path_separator = space\nversion_locations = a  b c\nprepend_sys_path = .  src",
    "path_separator = newline\nversion_locations = \n  a b\n  c\nprepend_sys_path = \n  .\n  src",
    "path_separator = ;\nversion_locations = a; b ;\nprepend_sys_path = .;src",
    "version_path_separator = :\nversion_locations = a:b\nprepend_sys_path = . src",
    "version_path_separator = :\npath_separator = ;\nversion_locations = a:b;c",
    "version_locations =\nprepend_sys_path =",
    "version_locations = %(here)s/a %(other)s/b\nother = x",
    "script_location = x",
]


@pytest.mark.parametrize("written", LISTS)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_lists_are_split_as_alembic_splits_them(written: str, tmp_path: Path) -> None:
    found = section(tmp_path, ini=f"[alembic]\n{written}")
    known = Config(tmp_path / "alembic.ini")
    assert list(found.version_locations) == [name for name in known.get_version_locations_list() or () if name]
    assert list(found.prepend_sys_path) == [name for name in known.get_prepend_sys_paths_list() or () if name]


TOGETHER = [
    {"toml": '[tool.alembic]\nscript_location = "%(here)s/a"\nversion_locations = ["%(here)s/b", "c"]'},
    {"toml": '[tool.alembic]\nprepend_sys_path = [".", "src"]\nrecursive_version_locations = true'},
    {
        "ini": "[alembic]\nsqlalchemy.url = sqlite://\n",
        "toml": '[tool.alembic]\nscript_location = "a"\nversion_locations = ["b"]',
    },
    {
        "ini": "[alembic]\nscript_location = x\nversion_locations = y\npath_separator = os",
        "toml": '[tool.alembic]\nscript_location = "a"\nversion_locations = ["b"]\nrecursive_version_locations = true',
    },
    {
        "ini": "[alembic]\nrecursive_version_locations = false",
        "toml": "[tool.alembic]\nrecursive_version_locations = true",
    },
    {"ini": "[alembic]\nrecursive_version_locations = true"},
    {"ini": "[alembic]\nrecursive_version_locations = True"},
]


@pytest.mark.parametrize("files", TOGETHER)
def test_both_files_together_say_what_alembic_takes_of_them(files: dict[str, str], tmp_path: Path) -> None:
    found = section(tmp_path, **({"ini": "[alembic]"} | files))
    known = Config(tmp_path / "alembic.ini", tmp_path / "pyproject.toml")
    assert found.text("script_location") == known.get_alembic_option("script_location")
    assert list(found.version_locations) == (known.get_version_locations_list() or [])
    assert list(found.prepend_sys_path) == (known.get_prepend_sys_paths_list() or [])
    name = "recursive_version_locations"
    assert found.is_true(name) == known.get_alembic_boolean_option(name)


def test_pyproject_alone(tmp_path: Path) -> None:
    found = section(tmp_path, toml='[tool.alembic]\nscript_location = "%(here)s/a"')
    assert (found.name, found.text("script_location")) == ("alembic", f"{tmp_path}/a")


def test_a_section_for_each_environment(tmp_path: Path) -> None:
    found = sections(
        tmp_path,
        ini=(
            "[DEFAULT]\nsqlalchemy.url = postgresql://x\nroot = db\n"
            "[one]\nscript_location = %(root)s/one\n"
            "[two]\nscript_location = %(root)s/two\nsqlalchemy.url = mysql://x\n"
            "[loggers]\nkeys = root\n"
        ),
    )
    assert [(one.name, one.text("script_location"), one.url()) for one in found] == [
        ("one", "db/one", "postgresql://x"),
        ("two", "db/two", "mysql://x"),
    ]


def test_a_place_among_the_defaults_makes_no_environment_of_every_section(tmp_path: Path) -> None:
    found = sections(
        tmp_path,
        ini=(
            "[DEFAULT]\nscript_location = db\n[alembic]\n[tenants]\nversion_locations = db/tenants\n"
            "[loggers]\nkeys = root\n[post_write_hooks]\nhooks =\n"
        ),
    )
    assert [(one.name, one.text("script_location")) for one in found] == [("alembic", "db"), ("tenants", "db")]


def test_several_databases(tmp_path: Path) -> None:
    ini = "[alembic]\ndatabases = a,  b,c\n[a]\nsqlalchemy.url = sqlite://\n[b]\nx = y\n"
    found = section(tmp_path, ini=ini)
    assert found.databases == ("a", "b", "c")
    assert [found.url(name) for name in found.databases] == ["sqlite://", None, None]
    assert section(tmp_path / "other", ini="[alembic]").databases == ()


@pytest.mark.parametrize("written", ["%(unknown)s/a", "{alembic_dir}", "a%"])
def test_a_variable_that_nobody_has_told_stays(written: str, tmp_path: Path) -> None:
    assert section(tmp_path / "i", ini=f"[alembic]\nscript_location = {written}").text("script_location") == written
    toml = f'[tool.alembic]\nscript_location = "{written}"'
    assert section(tmp_path / "t", toml=toml).text("script_location") == written


def test_a_remark_behind_a_separator_is_none_of_it(tmp_path: Path) -> None:
    ini = "[alembic]\nversion_path_separator = os  # the default of new projects\nversion_locations = a:b"
    assert section(tmp_path, ini=ini).version_locations == ("a", "b")


def test_other_ini_files_of_alembic_come_after_its_own(tmp_path: Path) -> None:
    names = ["tenants_alembic.ini", "alembic.ini", "alembic_auth.ini", "setup.ini", "alembic.ini.orig"]
    write_files(tmp_path, {name: f"[alembic]\nscript_location = {name}" for name in names})
    found = [one.text("script_location") for one in configured_in(tmp_path).sections]
    assert found == ["alembic.ini", "alembic_auth.ini", "tenants_alembic.ini"]


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("alembic.ini", "script_location = a", "is not an ini file"),
        ("alembic.ini", "[alembic]\na = 1\na = 2", "is not an ini file"),
        ("pyproject.toml", "[tool.alembic]\nscript_location = a", "is not TOML"),
    ],
)
def test_what_cannot_be_read_is_said(name: str, text: str, reason: str, tmp_path: Path) -> None:
    found = configured_in(write_files(tmp_path, {name: text}))
    assert found.sections == ()
    assert [file.reason.startswith(reason) for file in found.unreadable] == [True]


@pytest.mark.parametrize(
    "text", ["[project]\nname = 'a", "[tool.other]\nalembic = 1", "[tool]\nalembic = 1", "tool = 'alembic'"]
)
def test_another_pyproject_is_none_of_its(text: str, tmp_path: Path) -> None:
    found = configured_in(write_files(tmp_path, {"pyproject.toml": text}))
    assert (found.sections, found.unreadable) == ((), ())


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    assert section(tmp_path, ini="[alembic]\nscript_location = a").text("script_location") == "a"
    write_files(tmp_path, {"alembic.ini": "[alembic]\nscript_location = bb"})
    os.utime(tmp_path / "alembic.ini", ns=(1, 1))
    (changed,) = configured_in(tmp_path).sections
    assert changed.text("script_location") == "bb"
