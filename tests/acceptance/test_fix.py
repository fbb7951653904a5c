"""`migsafe lint --fix`: a migration that mixes phases becomes several, in the project's own layout."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from migsafe.cli.main import run

_USERS = "CREATE TABLE users (id bigint PRIMARY KEY, name text);\n"
_MIXED = """\
-- what the team wants
SET lock_timeout = '1s';

ALTER TABLE users ADD COLUMN full_name text;

-- fill it
UPDATE users SET full_name = name;

ALTER TABLE users DROP COLUMN name;
"""
_REVISION = '''\
"""{name}"""

import sqlalchemy as sa
from alembic import op

revision = "{name}"
down_revision = {before}


def upgrade():
    {up}


def downgrade():
    {down}
'''


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "001_users.sql").write_text(_USERS, encoding="utf-8")
    (tmp_path / "002_full_name.sql").write_text(_MIXED, encoding="utf-8")
    return tmp_path


def _phases_reported(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    run(["lint", ".", "--format", "json", "--min-severity", "info"])
    findings = json.loads(capsys.readouterr().out)["findings"]
    return {one["path"]: one["phase"] for one in findings if one["phase"]}


def test_each_phase_gets_a_migration(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lint", "--fix", "--quiet", "."]) == 1, "what it took away is still to be judged"
    _, err = capsys.readouterr()
    assert "split 002_full_name: 002_full_name.sql, 003_full_name_fill.sql, 004_full_name_contract.sql" in err
    texts = {file.name: file.read_text(encoding="utf-8") for file in sorted(project.glob("*.sql"))}
    assert list(texts) == ["001_users.sql", "002_full_name.sql", "003_full_name_fill.sql", "004_full_name_contract.sql"]
    assert texts["002_full_name.sql"].startswith("-- migsafe: phase=expand\n-- what the team wants\n")
    assert "UPDATE" not in texts["002_full_name.sql"]
    assert "-- fill it\nUPDATE users SET full_name = name;" in texts["003_full_name_fill.sql"]
    assert texts["004_full_name_contract.sql"].startswith("-- migsafe: phase=contract\n")
    assert all("SET lock_timeout = '1s';" in text for name, text in texts.items() if name != "001_users.sql")
    assert _phases_reported(capsys)["004_full_name_contract.sql"] == "contract"


def test_what_is_split_is_not_split_again(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["lint", "--fix", "--quiet", "."])
    before = {file: file.read_bytes() for file in project.iterdir()}
    capsys.readouterr()
    run(["lint", "--fix", "--quiet", "."])
    assert "split" not in capsys.readouterr().err
    assert {file: file.read_bytes() for file in project.iterdir()} == before


def test_one_statement_that_does_both_is_left_and_said(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    both = "ALTER TABLE users ADD COLUMN full_name text, DROP COLUMN name;\n"
    (project / "002_full_name.sql").write_text(both, encoding="utf-8")
    assert run(["lint", "--fix", "--quiet", "."]) == 1
    assert "not split: 002_full_name: one statement does the work of two phases" in capsys.readouterr().err
    assert (project / "002_full_name.sql").read_text(encoding="utf-8") == both


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not on the machine")
def test_what_the_branch_has_not_changed_is_left(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in (
        ["init", "--quiet"],
        ["add", "."],
        ["-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "-m", "all"],
    ):
        subprocess.run(["git", *command], cwd=project, check=True)
    run(["lint", "--fix", "--quiet", "."])
    assert "not split: 002_full_name: it is as the base has it" in capsys.readouterr().err
    assert (project / "002_full_name.sql").read_text(encoding="utf-8") == _MIXED
    run(["lint", "--fix-released", "--quiet", "."])
    assert "split 002_full_name: " in capsys.readouterr().err


def test_without_git_there_is_no_base_to_ask(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(project))
    run(["lint", "--fix", "--quiet", "."])
    assert "split 002_full_name: " in capsys.readouterr().err


def test_what_is_released_is_left(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = '[[release]]\nname = "1.0"\nday = 2026-01-01\nmigrations = ["001_users.sql", "002_full_name.sql"]\n'
    (project / "migsafe.releases.toml").write_text(manifest, encoding="utf-8")
    run(["lint", "--fix", "--quiet", "."])
    assert "not split: 002_full_name: it is in release 1.0" in capsys.readouterr().err


def test_a_revision_of_alembic_is_split_as_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    versions = tmp_path / "migrations" / "versions"
    versions.mkdir(parents=True)
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = migrations\n", encoding="utf-8")
    (tmp_path / "migrations" / "env.py").touch()
    table = 'op.create_table("users", sa.Column("id", sa.BigInteger, primary_key=True), sa.Column("name", sa.Text))'
    first = _REVISION.format(name="a1", before=None, up=table, down='op.drop_table("users")')
    up = 'op.add_column("users", sa.Column("full_name", sa.Text))\n    op.drop_column("users", "name")'
    down = 'op.add_column("users", sa.Column("name", sa.Text))\n    op.drop_column("users", "full_name")'
    second = _REVISION.format(name="b2", before='"a1"', up=up, down=down)
    (versions / "a1_users.py").write_text(first, encoding="utf-8")
    (versions / "b2_full_name.py").write_text(second, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert run(["lint", "--fix", "--quiet", "."]) == 1
    assert "split b2: " in capsys.readouterr().err
    (third,) = set(versions.glob("*.py")) - {versions / "a1_users.py", versions / "b2_full_name.py"}
    text = third.read_text(encoding="utf-8")
    assert 'op.drop_column("users", "name")' in text
    assert 'phase = "contract"' in text
    assert "drop_column" not in (versions / "b2_full_name.py").read_text(encoding="utf-8").partition("downgrade")[0]
    assert set(_phases_reported(capsys).values()) == {"contract"}


def test_a_command_s_output_cannot_be_split(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lint", "--fix", "--command", "cat 002_full_name.sql"]) == 2
    assert "--fix writes files" in capsys.readouterr().err
