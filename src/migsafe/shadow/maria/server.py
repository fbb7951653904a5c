"""A throw-away MariaDB: there in half a second, gone without a trace.

Unix socket only, in a folder that only its account can enter; no TCP port, so no password is needed.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from migsafe.errors import EnvironmentFailedError
from migsafe.mysql.address import Address
from migsafe.mysql.connection import connect
from migsafe.mysql.schemas import create_schema, drop_schema
from migsafe.shadow import cleanup
from migsafe.shadow.account import Account, child_environment
from migsafe.shadow.folder import ServerFolder, sweep
from migsafe.shadow.maria.programs import find_programs
from migsafe.shadow.process import end_all_in, end_child

if TYPE_CHECKING:
    from migsafe.mysql.connection import ServerVersion, Session
    from migsafe.shadow.maria.programs import Programs

_POLL_S = 0.002
_PATIENCE_S = 30.0
_READY = b"ready for connections"
_SUPERUSER = "root"
_SYSTEM_SCHEMA = "mysql"

#: Nothing needs to survive, and nothing may run by itself. `no-defaults` must come first: no file of the machine says
#: anything of this server.
_SETTINGS = (
    "--no-defaults",
    "--skip-networking",
    "--innodb-buffer-pool-size=32M",
    "--innodb-log-file-size=8M",
    "--innodb-flush-method=nosync",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-doublewrite=0",
    "--innodb-fast-shutdown=2",
    "--innodb-stats-persistent=0",
    "--sync-frm=0",
    "--loose-feedback=OFF",
    "--performance-schema=OFF",
    "--skip-log-bin",
    "--event-scheduler=OFF",
    "--local-infile=0",
    "--max-connections=20",
    "--character-set-server=utf8mb4",
    "--collation-server=utf8mb4_general_ci",
    "--default-time-zone=+00:00",
)


class ThrowawayMaria:
    """A running server of one's own; a context manager that ends it and removes all it had.

    Attributes:
        version: of the server.
        folder: where all that it has is.
        shared: false: what a migration does to the whole server harms nobody.
    """

    shared = False

    def __init__(
        self, folder: ServerFolder, process: subprocess.Popen[bytes], version: ServerVersion, cleanup_key: int
    ) -> None:
        """Take over a server that runs; `start` is how one is made."""
        self.version = version
        self.folder = folder.path
        self._folder = folder
        self._process = process
        self._cleanup_key = cleanup_key

    @classmethod
    def start(cls, *, base: Path | None = None) -> ThrowawayMaria:
        """Start a server.

        As root it runs as the account nobody. Servers of processes that were killed are swept away first.

        Args:
            base: where to put its folder; memory or the temporary folder when left out.

        Raises:
            EnvironmentFailedError: when there is no program, or it does not start.
        """
        if sys.platform == "win32":
            raise EnvironmentFailedError(
                "a throw-away MariaDB needs a Unix socket, which it does not have on Windows",
                hint="run this under WSL, or give the address of a server",
            )
        account = Account.current()
        programs = find_programs(account)
        sweep(base)
        starting = _Starting(account, programs)
        key = cleanup.register(starting.undo)
        try:
            folder, process = starting.launch(base)
        except BaseException:
            starting.undo()
            cleanup.forget(key)
            raise
        return cls(folder, process, programs.version, key)

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
    def address(self) -> Address:
        """Where it is, as its superuser."""
        return _address(self._folder)

    def connect(self, schema: str | None = None) -> Session:
        """A session as its superuser.

        Raises:
            EnvironmentFailedError: when there is no such schema.
        """
        return connect(self.address, schema)

    def create_schema(self, name: str) -> str:
        """Make a schema; gives its name on the server, which is the same."""
        with self.connect() as session:
            create_schema(session, name)
        return name

    def drop_schema(self, name: str) -> None:
        """Drop a schema if it is there."""
        with self.connect() as session:
            drop_schema(session, name)


class _Starting:
    """A server that is on its way, and what must be undone when it does not arrive."""

    def __init__(self, account: Account, programs: Programs) -> None:
        self._account = account
        self._programs = programs
        self._folder: ServerFolder | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def undo(self) -> None:
        """End what runs and remove the folder. Undoing twice is fine."""
        with cleanup.unbroken():
            if self._process is not None:
                end_child(self._process)
            if self._folder is not None:
                end_all_in(self._folder.path)
                self._folder.remove()

    def launch(self, base: Path | None) -> tuple[ServerFolder, subprocess.Popen[bytes]]:
        with cleanup.unbroken():
            self._folder = folder = ServerFolder.make(self._account, base)
        folder.data.mkdir(mode=0o700)
        self._account.own(folder.data)
        self._make_system_tables(folder)
        process = self._start(folder, f"--socket={_socket(folder)}")
        _wait(folder, process)
        return folder, process

    def _make_system_tables(self, folder: ServerFolder) -> None:
        """As mariadb-install-db does: the server itself runs the SQL, and root has no password."""
        head = f"create database {_SYSTEM_SCHEMA};\nuse {_SYSTEM_SCHEMA};\nset @auth_root_socket = null;\n"
        texts = [file.read_text(encoding="utf-8") for file in self._programs.system_tables]
        script = folder.path / "system_tables.sql"
        script.write_text(head + "\n".join(texts), encoding="utf-8")
        with script.open("rb") as sql:
            # It must write down what it has made: so it ends in order.
            process = self._start(folder, "--bootstrap", "--innodb-fast-shutdown=1", given=sql.fileno())
        try:
            status = process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            raise EnvironmentFailedError("the throw-away MariaDB did not make its system tables in time") from None
        if status != 0:
            raise EnvironmentFailedError(f"the throw-away MariaDB made no system tables: {_last_words(folder)}")

    def _start(self, folder: ServerFolder, *options: str, given: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
        data = folder.data
        command = [str(self._programs.server), *_SETTINGS]
        command += [f"--datadir={data}", f"--tmpdir={data}", f"--secure-file-priv={data}", *options]
        with folder.log.open("wb") as log, cleanup.unbroken():
            self._process = subprocess.Popen(  # noqa: S603  # arguments and no shell; the program is one we located
                command,
                cwd="/",
                env=child_environment(),
                stdin=given,
                stdout=log,
                stderr=log,
                # Ctrl-C in the terminal goes to our whole process group: the server is ended by us, in order.
                start_new_session=True,
                **self._account.popen_identity(),
            )
        return self._process


def _wait(folder: ServerFolder, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not _is_ready(folder):
        if process.poll() is not None:
            raise EnvironmentFailedError(f"the throw-away MariaDB did not start: {_last_words(folder)}")
        if time.monotonic() > deadline:
            raise EnvironmentFailedError(f"the throw-away MariaDB was not ready after {_PATIENCE_S:.0f} seconds")
        time.sleep(_POLL_S)


def _is_ready(folder: ServerFolder) -> bool:
    """Whether the server takes connections: it says so in its log."""
    return _READY in folder.log.read_bytes()


def _last_words(folder: ServerFolder) -> str:
    lines = folder.log.read_text(errors="replace").strip().splitlines()
    errors = [line for line in lines if "ERROR" in line]  # the first one is the cause
    return (errors or lines[-1:] or ["it said nothing"])[0]


def _socket(folder: ServerFolder) -> Path:
    return folder.socket / "mysql.sock"


def _address(folder: ServerFolder) -> Address:
    return Address(user=_SUPERUSER, socket=str(_socket(folder)))
