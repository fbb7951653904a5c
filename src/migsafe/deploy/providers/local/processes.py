"""The processes of one folder: begun so that they outlive us, found again by anybody, ended by nobody by mistake.

Each has a name. While it lives it holds the lock of that name, which it was born with; so a second one of the same
name cannot begin, even when whoever began the first was killed in that very moment. And each is known by its number
together with the time at which it began, so that a process which got its number later is never sent a signal.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.deploy.providers.local import launch
from migsafe.errors import EnvironmentFailedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

_POLL_S = 0.005
_LAUNCH_S = 10.0
_KILL_S = 5.0
_PROC = Path("/proc")
_RUNNING = ".process"
_ENDING = ".ending"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A process that was begun here.

    Attributes:
        started: as `launch.start_of` says it.
        port: on which it is to listen; 0 where it has none.
    """

    pid: int
    started: str
    version: str
    port: int

    @property
    def lives(self) -> bool:
        """Whether it is still that process."""
        return launch.start_of(self.pid) == self.started


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What a process is to run.

    Attributes:
        command: the program and its arguments; no shell reads them.
        folder: in which it begins.
        environ: all of its environment.
    """

    command: tuple[str, ...]
    folder: Path
    environ: Mapping[str, str]
    version: str = ""
    port: int = 0


class Processes:
    """Those of one folder, by name.

    A process is in one of two files: NAME.process while it is to run, and NAME.ending from when it is to end until it
    has. So whoever comes after a killed coordinator knows what that one was about.
    """

    def __init__(
        self,
        folder: Path,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """
        Args:
            folder: that exists and is nobody else's.
            clock: in seconds.
            sleep: wait for so many seconds.
        """
        self._folder = folder
        self._clock = clock
        self._sleep = sleep

    @property
    def names(self) -> tuple[str, ...]:
        """Of all that were begun and not ended by us; some may have ended by themselves."""
        return tuple(
            sorted({file.stem for pattern in (_RUNNING, _ENDING) for file in self._folder.glob(f"*{pattern}")})
        )

    def log(self, name: str) -> Path:
        """Where it writes what it says."""
        return self._folder / f"{name}.log"

    def remembered(self, name: str) -> Identity | None:
        """The process that is to run under a name, even if it has ended by itself."""
        return self._read(name, _RUNNING)

    def living(self, name: str) -> Identity | None:
        """The process that is to run under a name, if it does."""
        found = self.remembered(name)
        return found if found is not None and found.lives else None

    def ending(self, name: str) -> Identity | None:
        """The process that is to end, if it lives."""
        found = self._read(name, _ENDING)
        return found if found is not None and found.lives else None

    def is_ending(self, name: str) -> bool:
        """Whether one was told to end, or was to be, and nobody has seen its end."""
        return (self._folder / f"{name}{_ENDING}").exists()

    def begin(self, name: str, program: Program) -> Identity:
        """The process of a name: the one that lives, or else a new one.

        Where somebody holds the lock, that is the process itself, a launcher that is about to write it down, or one
        that was killed and is still on its way out.

        Raises:
            EnvironmentFailedError: when there is no such program, or something holds the lock that does not end.
        """
        deadline = self._clock() + _LAUNCH_S
        while True:
            with self._lock(name) as lock:
                if (found := self.living(name)) is not None:
                    return found
                if lock is not None:
                    return self._launch(name, program, lock)
            if self._clock() > deadline:
                raise EnvironmentFailedError(
                    f"{name} has ended, and something that it has begun still runs",
                    hint=f"end what holds {self._folder / f'{name}.lock'} (lsof shows it)",
                )
            self._sleep(_POLL_S)

    def let_go(self, names: Iterable[str]) -> None:
        """Write down that these are to end, which `finish` then does."""
        for name in names:
            with suppress(FileNotFoundError):
                (self._folder / f"{name}{_RUNNING}").replace(self._folder / f"{name}{_ENDING}")

    def finish(self, names: Sequence[str], grace_s: float, asking: signal.Signals = signal.SIGTERM) -> tuple[str, ...]:
        """End those that are to end: ask them, all at once, and make them (SIGKILL) after the grace.

        Returns:
            The names of those that had to be made.

        Raises:
            EnvironmentFailedError: when one does not end even so.
        """
        ending = {name: found for name in names if (found := self._read(name, _ENDING)) is not None}
        for found in ending.values():
            _send(found, asking)
        self._wait_for_end(ending, grace_s)
        stubborn = {name: found for name, found in ending.items() if found.lives}
        for found in stubborn.values():
            _send(found, signal.SIGKILL)
        self._wait_for_end(stubborn, _KILL_S)
        for name, found in ending.items():
            self._forget(name, found)
        return tuple(stubborn)

    def end(self, names: Sequence[str], grace_s: float) -> tuple[str, ...]:
        """`let_go` and `finish` in one."""
        self.let_go(names)
        return self.finish(names, grace_s)

    def _read(self, name: str, kind: str) -> Identity | None:
        try:
            pid, started, about = (self._folder / f"{name}{kind}").read_text().splitlines()
            return Identity(pid=int(pid), started=started, **json.loads(about))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def _wait_for_end(self, processes: Mapping[str, Identity], seconds: float) -> None:
        deadline = self._clock() + seconds
        while any(found.lives for found in processes.values()) and self._clock() < deadline:
            self._sleep(_POLL_S)

    def _forget(self, name: str, found: Identity) -> None:
        """It has ended; so do those that it has begun and left behind."""
        if found.lives:
            raise EnvironmentFailedError(
                f"process {found.pid} ({name}) does not end, even when it is killed",
                hint="it waits for a disk or a kernel; say the order again",
            )
        for pid in _left_behind(self._folder / f"{name}.lock", found.pid):
            _kill(pid)
        (self._folder / f"{name}{_ENDING}").unlink(missing_ok=True)

    @contextmanager
    def _lock(self, name: str) -> Iterator[int | None]:
        """The lock of a name, as a file descriptor; None when a process holds it."""
        import fcntl  # not there on Windows, where this module is imported but never used

        lock = os.open(self._folder / f"{name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            free = True
        except BlockingIOError:
            free = False
        try:
            yield lock if free else None
        finally:
            os.close(lock)  # the process that was begun goes on holding it

    def _launch(self, name: str, program: Program, lock: int) -> Identity:
        try:
            done = subprocess.run(  # noqa: S603 -- no shell; the words are those of the committed file
                [*self._launcher(name, program), *program.command],
                cwd=program.folder,
                env=dict(program.environ),
                pass_fds=(lock,),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                timeout=_LAUNCH_S,
                check=False,
                start_new_session=True,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise EnvironmentFailedError(f"{program.command[0]} cannot be started: {error}") from None
        found = self.remembered(name)
        if done.returncode != 0 or found is None:
            said = done.stderr.strip().splitlines() or ["no reason was given"]
            raise EnvironmentFailedError(f"{program.command[0]} cannot be started: {said[-1]}")
        return found

    def _launcher(self, name: str, program: Program) -> list[str]:
        identity = str(self._folder / f"{name}{_RUNNING}")
        about = json.dumps({"version": program.version, "port": program.port})
        return [sys.executable, "-I", "-S", launch.__file__, identity, str(self.log(name)), about, "--"]


def _send(process: Identity, number: signal.Signals) -> None:
    """A signal to that very process, and to none that has its number by now."""
    with suppress(ProcessLookupError):
        if not hasattr(os, "pidfd_open"):
            if process.lives:
                os.kill(process.pid, number)
            return
        held = os.pidfd_open(process.pid)
        try:
            if process.lives:  # what the descriptor holds cannot become another process from here on
                signal.pidfd_send_signal(held, number)
        finally:
            os.close(held)


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)


def _left_behind(lock: Path, session: int) -> list[int]:
    """The processes of a session whose first one has ended, and that hold its lock. Only where there is /proc."""
    found = []
    for name in os.listdir(_PROC) if (_PROC / "self").exists() else ():
        with suppress(OSError):  # it has just ended, or is somebody else's
            if name.isdigit() and os.getsid(int(name)) == session and _has_open(int(name), lock.resolve()):
                found.append(int(name))
    return found


def _has_open(pid: int, file: Path) -> bool:
    descriptors = _PROC / str(pid) / "fd"
    return any(os.readlink(descriptors / number) == str(file) for number in os.listdir(descriptors))
