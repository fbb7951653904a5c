"""A throw-away Postgres: there in a quarter of a second, gone without a trace.

    with ThrowawayServer.start() as server:
        server.create_database("app")
        connect(server.dsn("app"), autocommit=True)

Unix socket only, in a folder that only its account can enter; no TCP port, so no password is needed.
"""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING, Self

from migsafe.errors import EnvironmentFailedError
from migsafe.postgres.connection import NO_TIMEOUTS, Session, connect, make_dsn
from migsafe.postgres.databases import create_database, drop_database
from migsafe.shadow import cleanup
from migsafe.shadow.account import Account, child_environment
from migsafe.shadow.binaries import Binaries, find_binaries, sweep_caches
from migsafe.shadow.folder import ServerFolder, sweep
from migsafe.shadow.image import SUPERUSER, provide_data
from migsafe.shadow.process import end_all_in, end_child
from migsafe.shadow.shims import provide_shims

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_POLL_S = 0.002
_START_PATIENCE_S = 30.0
_PORT = 5432

#: Nothing needs to survive, nothing may run by itself (autovacuum takes locks), and one person is at work.
_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "port": str(_PORT),
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "archive_mode": "off",
    "checkpoint_timeout": "1h",
    "autovacuum": "off",
    "jit": "off",
    "shared_buffers": "32MB",
    # In the data folder and not in the system's shared memory, where a killed server would leave it behind.
    "dynamic_shared_memory_type": "mmap",
    "max_connections": "30",
    "max_locks_per_transaction": "256",
    "max_worker_processes": "0",
    "max_parallel_workers": "0",
    "max_logical_replication_workers": "0",
    "logging_collector": "off",
    "log_min_messages": "fatal",
    "timezone": "UTC",
}


class ThrowawayServer:
    """A running server of one's own; a context manager that ends it and removes all it had.

    Attributes:
        version: for example "18.6".
        shims: extensions that the build lacks and for which stand-ins in SQL can be made by CREATE EXTENSION.
        folder: where all that it has is.
    """

    def __init__(
        self,
        folder: ServerFolder,
        process: subprocess.Popen[bytes],
        *,
        version: str,
        shims: tuple[str, ...],
        cleanup_key: int,
    ) -> None:
        """Take over a server that runs; `start` is how one is made."""
        self.version = version
        self.shims = shims
        self.folder = folder.path
        self._folder = folder
        self._process = process
        self._cleanup_key = cleanup_key

    @classmethod
    def start(
        cls, *, bin_dir: Path | None = None, base: Path | None = None, settings: Mapping[str, str] | None = None
    ) -> ThrowawayServer:
        """Start a server.

        As root it runs as the account nobody. Servers of processes that were killed are swept away first.

        Args:
            bin_dir: the folder of Postgres' programs; those of the embedded wheel when left out.
            base: where to put its folder; memory or the temporary folder when left out.
            settings: of the server, by name; they win over those that a throw-away server has by itself.

        Raises:
            EnvironmentFailedError: when there are no programs, or they do not start.
        """
        if sys.platform == "win32":
            raise EnvironmentFailedError(
                "a throw-away Postgres needs a Unix socket, which it does not have on Windows",
                hint="run this under WSL, or give the address of a server",
            )
        account = Account.current()
        sweep(base)
        sweep_caches()
        binaries = find_binaries(account, bin_dir)
        starting = _Starting()
        key = cleanup.register(starting.undo)
        try:
            with cleanup.unbroken():
                starting.folder = folder = ServerFolder.make(account, base)
            provide_data(account, binaries, folder.data)
            shims = provide_shims(account, binaries, folder.shims)
            with cleanup.unbroken():
                starting.process = process = _launch(account, binaries, folder, settings or {})
            _wait_until_ready(process, folder)
        except BaseException:
            starting.undo()
            cleanup.forget(key)
            raise
        return cls(folder, process, version=binaries.version, shims=shims, cleanup_key=key)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the server and remove its folder. Stopping twice is fine."""
        with cleanup.unbroken():
            end_child(self._process)
            self._folder.remove()
        cleanup.forget(self._cleanup_key)

    @property
    def pid(self) -> int:
        """The server's process id."""
        return self._process.pid

    @property
    def major(self) -> int:
        """The major version."""
        return int(self.version.partition(".")[0])

    def dsn(self, database: str = "postgres") -> str:
        """The connection string of a database, as its superuser."""
        return make_dsn(host=str(self._folder.socket), port=_PORT, user=SUPERUSER, dbname=database)

    def connect(self, database: str = "postgres", *, autocommit: bool = True) -> Session:
        """A session on a database, without timeouts: nobody else waits here.

        Raises:
            EnvironmentFailedError: when there is no such database.
        """
        return connect(self.dsn(database), autocommit=autocommit, timeouts=NO_TIMEOUTS)

    def create_database(self, name: str, template: str | None = None) -> str:
        """Make a database.

        Args:
            name: any name.
            template: a database to copy, to which nobody is connected; an empty one when left out.

        Returns:
            Its connection string.

        Raises:
            StatementFailedError: when it exists, or the template is in use.
        """
        with self.connect() as session:
            create_database(session, name, template)
        return self.dsn(name)

    def drop_database(self, name: str) -> None:
        """Drop a database if it is there, whoever is connected."""
        with self.connect() as session:
            drop_database(session, name)


class _Starting:
    """What must be undone when a start does not come to its end."""

    def __init__(self) -> None:
        self.folder: ServerFolder | None = None
        self.process: subprocess.Popen[bytes] | None = None

    def undo(self) -> None:
        """End what runs, initdb too, and remove the folder. Undoing twice is fine."""
        with cleanup.unbroken():
            if self.process is not None:
                end_child(self.process)
            if self.folder is not None:
                end_all_in(self.folder.path)
                self.folder.remove()


def _launch(
    account: Account, binaries: Binaries, folder: ServerFolder, wanted: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    settings = {**_SETTINGS, **wanted, "unix_socket_directories": str(folder.socket)}
    if folder.shims.is_dir():
        # $system first: a real extension is always preferred to its stand-in.
        settings["extension_control_path"] = f"$system:{folder.shims}"
    command = [str(binaries.postgres), "-D", str(folder.data)]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    with folder.log.open("wb") as log:
        return subprocess.Popen(  # noqa: S603  # a list of arguments and no shell; the program is one that we located
            command,
            cwd="/",
            env=child_environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            # Ctrl-C in the terminal goes to our whole process group: the server is ended by us, in order.
            start_new_session=True,
            **account.popen_identity(),
        )


def _wait_until_ready(process: subprocess.Popen[bytes], folder: ServerFolder) -> None:
    deadline = time.monotonic() + _START_PATIENCE_S
    while not _is_ready(folder):
        if process.poll() is not None:
            raise EnvironmentFailedError(f"the throw-away Postgres did not start: {_last_words(folder)}")
        if time.monotonic() > deadline:
            raise EnvironmentFailedError(f"the throw-away Postgres was not ready after {_START_PATIENCE_S:.0f} seconds")
        time.sleep(_POLL_S)


def _is_ready(folder: ServerFolder) -> bool:
    """Whether the server takes connections: the eighth line of its pid file says so (src/include/utils/pidfile.h)."""
    try:
        lines = (folder.data / "postmaster.pid").read_text().splitlines()
    except OSError:
        return False
    return len(lines) >= 8 and lines[7].strip() == "ready"


def _last_words(folder: ServerFolder) -> str:
    lines = folder.log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"
