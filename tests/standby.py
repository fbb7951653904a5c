"""Servers that can be stopped, killed and started again, and a standby that streams from one.

The throw-away server of the other tests lives once; these keep their data. Unix sockets only.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from migsafe.postgres.connection import NO_TIMEOUTS, Session, connect, make_dsn
from migsafe.shadow import cleanup
from migsafe.shadow.account import Account
from migsafe.shadow.binaries import Binaries, find_binaries
from migsafe.shadow.folder import ServerFolder
from migsafe.shadow.image import SUPERUSER, provide_data
from migsafe.shadow.process import end_all_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_PORT = 5432
_PATIENCE_S = 30.0
#: As small as a server is that somebody replicates; what it has written survives a kill of its processes.
_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "on",
    "wal_level": "replica",
    "max_wal_senders": "4",
    "max_replication_slots": "4",
    "hot_standby": "on",
    "autovacuum": "off",
    "jit": "off",
    "shared_buffers": "32MB",
    "dynamic_shared_memory_type": "mmap",
    "max_connections": "40",
    "restart_after_crash": "off",
    "timezone": "UTC",
}


def until(holds: Callable[[], object], what: str, *, patience: float = _PATIENCE_S) -> None:
    """Ask again and again until something holds.

    Raises:
        AssertionError: when it does not in time; with what was waited for.
    """
    deadline = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < deadline, f"it did not come in {patience:.0f} s: {what}"
        time.sleep(0.01)


class LastingServer:
    """A server whose data outlives its processes; a context manager that ends it and removes all it had."""

    def __init__(self, account: Account, binaries: Binaries, folder: ServerFolder, settings: Mapping[str, str]) -> None:
        """Take over a folder with data; `made` and `standby_of` are how one is come by."""
        self._account = account
        self._binaries = binaries
        self._folder = folder
        self._settings = {**_SETTINGS, **settings, "unix_socket_directories": str(folder.socket), "port": str(_PORT)}
        self._cleanup = cleanup.register(self._remove)

    @classmethod
    def made(cls, settings: Mapping[str, str] | None = None) -> LastingServer:
        """A fresh one, which runs."""
        account = Account.current()
        binaries, folder = find_binaries(account), ServerFolder.make(account)
        server = cls(account, binaries, folder, settings or {})
        provide_data(account, binaries, folder.data)
        server.start()
        return server

    def standby(self, settings: Mapping[str, str] | None = None) -> LastingServer:
        """Another one that streams from this one, and has caught up."""
        folder = ServerFolder.make(self._account)
        other = LastingServer(self._account, self._binaries, folder, settings or {})
        self._program(
            "pg_basebackup", "-D", str(folder.data), "-h", str(self._folder.socket), "-p", str(_PORT), "-U", SUPERUSER,
            "-R", "-X", "stream", "-c", "fast", "--no-sync",
        )  # fmt: skip
        other.start()
        self.wait_for(other)
        return other

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._remove()
        cleanup.forget(self._cleanup)

    def start(self) -> None:
        """Start it; it takes connections when this returns."""
        told = " ".join(f"-c {name}={value}" for name, value in self._settings.items())
        log = str(self._folder.log)
        self._program("pg_ctl", "-D", str(self._folder.data), "-w", "-l", log, "-o", told, "start")

    def stop(self) -> None:
        """Stop it as an administrator does: sessions are ended, and what was committed is on disk."""
        self._program("pg_ctl", "-D", str(self._folder.data), "-w", "-m", "fast", "stop")

    def kill(self) -> None:
        """End all its processes by SIGKILL at once, as a machine that loses its power does."""
        told = self._folder.data / "postmaster.pid"
        os.kill(int(told.read_text().splitlines()[0]), signal.SIGKILL)
        end_all_in(self._folder.path)
        # What it told others that it lives by; nobody may have collected its process yet.
        for left in (told, *self._folder.socket.iterdir()):
            left.unlink(missing_ok=True)

    def dsn(self, database: str = "postgres") -> str:
        """The connection string of a database, as its superuser."""
        return make_dsn(host=str(self._folder.socket), port=_PORT, user=SUPERUSER, dbname=database)

    @contextmanager
    def session(self, database: str = "postgres", *, autocommit: bool = True) -> Iterator[Session]:
        """A session without timeouts."""
        with connect(self.dsn(database), autocommit=autocommit, timeouts=NO_TIMEOUTS) as session:
            yield session

    def ask(self, sql: str, database: str = "postgres") -> object:
        """The first value of the first row."""
        with self.session(database) as session:
            return session.query(sql)[0][0]

    def run(self, sql: str, database: str = "postgres") -> None:
        """Run statements."""
        with self.session(database) as session:
            session.execute(sql)

    def wait_for(self, standby: LastingServer) -> None:
        """Wait until a standby has replayed all that is written here now."""
        place = self.ask("select pg_current_wal_flush_lsn()::text")
        until(lambda: standby.ask(f"select pg_last_wal_replay_lsn() >= '{place}'"), "a standby that has caught up")

    def _program(self, name: str, *arguments: str) -> None:
        done = self._account.run([self._binaries.bin_dir / name, *arguments])
        if done.returncode != 0:
            log = self._folder.log
            said = log.read_text(errors="replace") if log.exists() else ""
            raise AssertionError(f"{name} failed: {done.stderr or done.stdout}\n{said[-2000:]}")

    def _remove(self) -> None:
        with cleanup.unbroken():
            end_all_in(self._folder.path)
            self._folder.remove()
