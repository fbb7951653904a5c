"""`migsafe release` on whole projects."""

from __future__ import annotations

import json
import os
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from git_history import GitProject, needs_git
from migsafe.cli.main import run

SCHEMA = json.loads((files("migsafe.history") / "schema" / "releases-1.json").read_text(encoding="utf-8"))
MANIFEST = "migsafe.releases.toml"

pytestmark = needs_git


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GitProject:
    """Two tags that carry two migrations and one, and a migration that is not released."""
    monkeypatch.chdir(tmp_path)
    project = GitProject(tmp_path)
    sql(project, 1)
    sql(project, 2)
    project.commit()
    project.tag("v1.0")
    sql(project, 3)
    project.commit()
    project.tag("v1.1")
    sql(project, 4)
    return project


def sql(project: GitProject, number: int, header: str = "") -> None:
    project.write(f"migrations/00{number}.sql", f"{header}CREATE TABLE t{number} (id bigint PRIMARY KEY);\n")


def told(capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    out, err = capsys.readouterr()
    return out, err


def test_the_list_for_people(project: GitProject, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["release", "list"]) == 0
    assert told(capsys) == (
        "release       day         from  migrations  phases    still open\n"
        "v1.0          2023-11-15  tag   2           2 expand              001 … 002\n"
        "v1.1          2023-11-17  tag   1           1 expand              003\n"
        "not released                    1           1 expand              004\n",
        "",
    )


def test_the_list_with_names(project: GitProject, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["release", "list", "--migrations"]) == 0
    assert told(capsys)[0].endswith("\nv1.0\n  001\n  002\n\nv1.1\n  003\n\nnot released\n  004\n")


def test_json_keeps_its_contract(project: GitProject, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["release", "list", "migrations", "--format", "json"]) == 0
    document = json.loads(told(capsys)[0])
    jsonschema.validate(document, SCHEMA, jsonschema.Draft202012Validator)
    assert [(one["name"], one["count"]) for one in document["releases"]] == [("v1.0", 2), ("v1.1", 1)]
    assert document["releases"][0]["revision"] == project("rev-parse", "v1.0")
    assert document["unreleased"]["migrations"] == [{"id": "004", "paths": ["migrations/004.sql"]}]


def test_a_project_without_releases_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "001.sql").write_text("SELECT 1;\n")
    assert run(["release", "list", str(tmp_path)]) == 0
    assert "no releases" in told(capsys)[0]


def test_a_header_wins(project: GitProject, capsys: pytest.CaptureFixture[str]) -> None:
    sql(project, 4, "-- migsafe: release=1.2\n")
    assert run(["release", "list"]) == 0
    assert told(capsys)[0].splitlines()[-1].split() == ["1.2", "header", "1", "1", "expand", "004"]


def test_a_manifest_begins_with_what_tags_know_and_grows_at_its_end(
    project: GitProject, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["release", "cut", "1.2", "--day", "2024-01-01", "--dry-run"]) == 0
    shown = told(capsys)[0]
    assert not Path(MANIFEST).exists()
    assert run(["release", "cut", "1.2", "--day", "2024-01-01"]) == 0
    assert told(capsys)[0].startswith("1.2: 1 new file, in ")
    first = Path(MANIFEST).read_text()
    assert first.endswith("\n\n" + shown)
    assert [line for line in shown.splitlines() if line.startswith("name")] == [
        'name = "v1.0"',
        'name = "v1.1"',
        'name = "1.2"',
    ]
    sql(project, 5)
    assert run(["release", "cut", "1.3", "--day", "2024-01-08"]) == 0
    assert Path(MANIFEST).read_text().removeprefix(first) == (
        '\n[[release]]\nname = "1.3"\nday = 2024-01-08\nmigrations = [\n    "migrations/005.sql",\n]\n'
    )
    assert run(["release", "list", "--format", "json"]) == 0
    out = told(capsys)[0]
    document = json.loads(out[out.index("{") :])
    assert [one["name"] for one in document["releases"]] == ["v1.0", "v1.1", "1.2", "1.3"]
    assert document["unreleased"]["count"] == 0


def test_the_tag_of_the_release_that_is_cut_may_be_there(project: GitProject) -> None:
    assert run(["release", "cut", "1.1"]) == 0
    text = Path(MANIFEST).read_text()
    assert 'name = "v1.1"' not in text
    assert text.index("003.sql") > text.index('name = "1.1"')


def test_a_migration_of_another_release_is_left_out(project: GitProject, capsys: pytest.CaptureFixture[str]) -> None:
    sql(project, 5, "-- migsafe: release=2.0\n")
    assert run(["release", "cut", "1.2"]) == 0
    out, err = told(capsys)
    assert "005.sql" not in out
    assert err == "left out, because their header names another release: migrations/005.sql\n"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["cut", "1.2"], 2, 'release "1.2" was cut before'),
        (["cut", "v1.2"], 2, 'release "1.2" was cut before'),
        (["cut", "1.3"], 2, "nothing to cut"),
        (["cut", "1.3", "--day", "soon"], 2, "option --day is soon"),
        (["cut", "one two"], 2, "is no name of a release"),
        (["cut"], 2, "NAME"),
        (["list", "nowhere"], 2, "nowhere"),
        (["nope"], 2, "nope"),
    ],
)
def test_what_is_refused(
    project: GitProject, arguments: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["release", "cut", "1.2"]) == 0
    before = Path(MANIFEST).read_bytes()
    told(capsys)
    assert run(["release", *arguments]) == code
    assert said in told(capsys)[1]
    assert Path(MANIFEST).read_bytes() == before


def test_an_empty_release(project: GitProject) -> None:
    assert run(["release", "cut", "1.2"]) == 0
    assert run(["release", "cut", "1.2.1", "--empty"]) == 0
    assert Path(MANIFEST).read_text().endswith("migrations = []\n")


def test_a_malformed_manifest_is_one_line(project: GitProject, capsys: pytest.CaptureFixture[str]) -> None:
    Path(MANIFEST).write_text('[[release]]\nname = "1"\nmigratons = []\n')
    for words in (["list"], ["cut", "2"]):
        assert run(["release", *words]) == 2
        err = told(capsys)[1]
        assert f'{MANIFEST}:3: unknown key "migratons"' in err
        assert "did you mean migrations?" in err


def test_a_shallow_clone_is_one_line(
    project: GitProject,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    project.commit()
    clone = tmp_path_factory.mktemp("clone") / "c"
    project("clone", "--quiet", "--depth=1", f"file://{project.top}", str(clone))
    monkeypatch.chdir(clone)
    monkeypatch.setenv("MIGSAFE_RELEASE_SOURCE", "git")
    assert run(["release", "list"]) == 5
    out, err = told(capsys)
    assert out == ""
    assert "is shallow" in err
    assert "git fetch --unshallow --tags" in err
    monkeypatch.delenv("MIGSAFE_RELEASE_SOURCE")
    assert run(["release", "cut", "2"]) == 5


def test_where_tags_rule_nothing_is_cut(
    project: GitProject, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MIGSAFE_RELEASE_SOURCE", "git")
    assert run(["release", "cut", "1.2"]) == 2
    assert "git tag 1.2 cuts a release" in told(capsys)[1]


def test_a_manifest_that_cannot_be_written_is_told(
    project: GitProject, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MIGSAFE_RELEASE_MANIFEST", "absent/releases.toml")
    assert run(["release", "cut", "1.2"]) == 5
    assert "releases.toml cannot be written: no such file or directory" in told(capsys)[1]


def test_the_manifest_stands_beside_the_configuration(project: GitProject) -> None:
    project.write("app/migsafe.toml", 'paths = ["../migrations"]\n[release]\nmanifest = "../ops.toml"\n')
    os.chdir(project.top / "app")
    assert run(["release", "cut", "1.2"]) == 0
    assert '"migrations/004.sql"' in (project.top / "ops.toml").read_text()
