"""A throw-away MariaDB: there when it is asked for, and gone without a trace."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from migsafe.shadow.folder import sweep
from migsafe.shadow.maria.server import ThrowawayMaria

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.usefixtures("maria_installed")

KILLED = """
import os, signal, sys
from pathlib import Path
from migsafe.shadow.maria.server import ThrowawayMaria
server = ThrowawayMaria.start(base=Path(sys.argv[1]))
print(server.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def base() -> Iterator[Path]:
    """A folder that the server's account can enter, and whose path is short enough for a socket."""
    folder = Path(tempfile.mkdtemp(prefix="migsafe_test_", dir="/tmp"))
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)


def test_it_runs_listens_on_no_port_and_is_gone(base: Path) -> None:
    with ThrowawayMaria.start(base=base) as server:
        assert server.version.product == "MariaDB"
        with server.connect() as session:
            assert session.query("select @@skip_networking, @@event_scheduler") == [(1, "OFF")]
            assert session.version == server.version
        assert server.folder.stat().st_mode & 0o777 == 0o700
        if os.geteuid() == 0:
            assert Path(f"/proc/{server.pid}").stat().st_uid != 0
    assert not is_alive(server.pid)
    assert list(base.iterdir()) == []
    server.stop()


def test_what_a_killed_process_leaves_is_swept_away(base: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, str(base)], capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == -signal.SIGKILL
    pid = int(ended.stdout)
    assert is_alive(pid)
    assert len(sweep(base)) == 1
    assert not is_alive(pid)
    assert list(base.iterdir()) == []
