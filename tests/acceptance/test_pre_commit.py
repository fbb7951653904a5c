"""What `.pre-commit-hooks.yaml` promises to pre-commit, and what pre-commit does with it."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from migsafe.cli.main import run

ROOT = Path(__file__).parents[2]
#: Keys that pre-commit knows (pre-commit.com, "Creating new hooks").
KNOWN = {
    "id", "name", "entry", "language", "files", "exclude", "types", "types_or", "exclude_types", "always_run",
    "verbose", "fail_fast", "require_serial", "pass_filenames", "description", "language_version",
    "minimum_pre_commit_version", "args", "stages",
}  # fmt: skip


def hooks() -> list[dict[str, str]]:
    """The hooks, each key with its text; the file is kept so flat that no reader of YAML is needed."""
    found: list[dict[str, str]] = []
    for line in (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8").splitlines():
        parts = re.fullmatch(r"(?P<start>- |  )(?P<key>\w+): (?P<value>\S.*)", line)
        assert parts, f"not flat: {line}"
        if parts["start"] == "- ":
            found.append({})
        found[-1][parts["key"]] = parts["value"]
    return found


@pytest.fixture
def hook() -> dict[str, str]:
    """The hook that the tutorials name."""
    return next(hook for hook in hooks() if hook["id"] == "migsafe-lint")


def test_the_hooks_are_ones_that_pre_commit_takes() -> None:
    for hook in hooks():
        assert {"id", "name", "entry", "language"} <= hook.keys() <= KNOWN
        assert hook["language"] == "python"
    assert len({hook["id"] for hook in hooks()}) == len(hooks())


def passed(hook: dict[str, str], path: str) -> bool:
    """Whether pre-commit would pass this file's name, which it searches as these expressions say."""
    of_type = path.endswith((".sql", ".py"))
    return of_type and re.search(hook["files"], path) is not None and re.search(hook["exclude"], path) is None


@pytest.mark.parametrize(
    "path",
    [
        "V1__init.sql",
        "db/migrations/0042_users.sql",
        "migrations/versions/0001_users.py",
        "alembic/versions/1a2b_users.py",
        "versions/1a2b.py",
        "shop/orders/migrations/0002_find.py",
    ],
)
def test_migrations_are_passed(hook: dict[str, str], path: str) -> None:
    assert passed(hook, path)


@pytest.mark.parametrize(
    "path",
    [
        "orders/models.py",
        "migrations/env.py",
        "orders/migrations/__init__.py",
        "migrations/README",
        "tests/test_migrations.py",
        "migrations/versions/__pycache__/1a2b.cpython-311.pyc",
        "my_migrations_tool/main.py",
    ],
)
def test_other_files_are_not(hook: dict[str, str], path: str) -> None:
    assert not passed(hook, path)


REVISION = """\
from alembic import op

revision = "{revision}"
down_revision = {down!r}


def upgrade():
    op.execute("SET lock_timeout = '2s'")
    op.execute("{sql}")
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with SQL and with Alembic; the last file of each blocks, and so does one that nobody names."""
    for variable in [name for name in os.environ if name.startswith("MIGSAFE_")]:
        monkeypatch.delenv(variable)
    monkeypatch.chdir(tmp_path)
    sql = tmp_path / "db"
    sql.mkdir()
    (sql / "001.sql").write_text("CREATE TABLE t (id bigint PRIMARY KEY, a text);\n")
    (sql / "002.sql").write_text("SET lock_timeout = '2s';\nCREATE INDEX t_a ON t (a);\n")
    versions = tmp_path / "alembic" / "versions"
    versions.mkdir(parents=True)
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/alembic\n")
    (tmp_path / "alembic" / "env.py").write_text("raise ImportError('the application is not installed here')\n")
    for revision, down, text in (
        ("1a", None, "CREATE TABLE u (id bigint PRIMARY KEY, a text, b text)"),
        ("2b", "1a", "CREATE INDEX u_a ON u (a)"),
        ("3c", "2b", "CREATE INDEX u_b ON u (b)"),
    ):
        (versions / f"{revision}_x.py").write_text(REVISION.format(revision=revision, down=down, sql=text))
    return tmp_path


CHANGED = ["db/002.sql", "alembic/versions/3c_x.py"]


def test_the_entry_lints_the_files_that_it_is_given(
    project: Path, hook: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    program, *arguments = shlex.split(hook["entry"])
    assert program == "migsafe"
    assert all(passed(hook, path) for path in CHANGED)
    assert run([*arguments, *CHANGED, "--quiet"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(": ")[1].split(" ")[0] for line in lines] == ["error[create-index-blocking]"] * 2
    assert {line.split(":")[0] for line in lines} == set(CHANGED), "2b_x.py is context"


@pytest.mark.skipif(shutil.which("pre-commit") is None, reason="pre-commit is not installed")
@pytest.mark.skipif(shutil.which("git") is None, reason="pre-commit needs git")
def test_pre_commit_runs_it(project: Path, hook: dict[str, str]) -> None:
    """With this interpreter's migsafe, because an environment of its own would need a package index."""
    lines = [f"{key}: {value}" for key, value in hook.items() if key not in {"language", "entry"}]
    lines += ["language: system", f"entry: {sys.executable} -m {hook['entry']}"]
    indented = "\n".join(f"        {line}" for line in lines).replace("        id", "      - id", 1)
    (project / ".pre-commit-config.yaml").write_text(f"repos:\n  - repo: local\n    hooks:\n{indented}\n")
    environment = os.environ | {"PRE_COMMIT_HOME": str(project / ".cache"), "GIT_CONFIG_GLOBAL": os.devnull}
    subprocess.run(["git", "init", "--quiet"], cwd=project, env=environment, check=True)
    subprocess.run(["git", "add", *CHANGED, "alembic/env.py"], cwd=project, env=environment, check=True)
    done = subprocess.run(
        ["pre-commit", "run"], cwd=project, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "--> db/002.sql:2:1" in done.stdout
    assert "--> alembic/versions/3c_x.py:9:5" in done.stdout
    assert "env.py" not in done.stdout
