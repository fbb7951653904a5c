"""The local engine: one HAProxy in front, and the processes of an application behind it, all of one folder.

with LocalEngine(settings) as engine:   # HAProxy runs
    ...
                                        # nothing of it runs any more
"""

from __future__ import annotations

import os
import random
import signal
import socket
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Self

from migsafe.deploy.providers.local.configuration import BACKEND, FILE, NOWHERE, ServerLine, configuration, shape
from migsafe.deploy.providers.local.haproxy import find_haproxy
from migsafe.deploy.providers.local.processes import Identity, Processes, Program
from migsafe.deploy.providers.local.socket import EngineAwayError, RuntimeSocket
from migsafe.deploy.providers.local.state import Color, State, StateFile, make_private, write_private
from migsafe.deploy.providers.local.statistics import Server, read_statistics
from migsafe.deploy.words import Ended
from migsafe.errors import EnvironmentFailedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from migsafe.deploy.providers.local.settings import LocalSettings

_POLL_S = 0.01
_START_S = 15.0
_PORTS = range(20_000, 32_000)  # below those that the system gives away by itself
_HAPROXIES = ("haproxy-a", "haproxy-b")  # the second one takes over when the first one cannot be changed


class LocalEngine:
    """HAProxy and the instances of one folder; a context manager that leaves nothing running."""

    def __init__(
        self,
        settings: LocalSettings,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Nothing is started or asked yet.

        Args:
            clock: in seconds.
            sleep: wait for so many seconds.
        """
        self.settings = settings
        self.memory = StateFile(settings.folder, clock=clock, sleep=sleep)
        self._clock = clock
        self._sleep = sleep
        self._socket = RuntimeSocket(settings.folder)
        self._processes = Processes(settings.folder / "processes", clock=clock, sleep=sleep)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Let HAProxy run, as it is remembered; where it runs, it goes on.

        Raises:
            EnvironmentFailedError: when there is none, or it does not start: the port is taken, for example.
        """
        self.make_folder()
        with self.memory.held():
            self.apply(self.memory.read())

    def stop(self, *, drain_s: float = 0.0) -> tuple[Ended, ...]:
        """End all that runs here, and forget it. Stopping twice is fine.

        Args:
            drain_s: for how long HAProxy answers what it has, and lets nobody new in; 0 ends it at once.

        Returns:
            What has run until now.
        """
        if not self.settings.folder.exists():
            return ()
        with self.memory.held():
            # HAProxy first: once nobody is in front any more, nobody waits for an instance.
            softly = signal.SIGUSR1 if drain_s else signal.SIGTERM  # SIGUSR1: its manual, "soft stop"
            front = self._end(_HAPROXIES, drain_s, softly)
            behind = self._end(self._processes.names, self.settings.grace_s)
            state = self.memory.read()
            self.memory.write(State(order=state.order + 1, fence=state.fence))
        return (*front, *behind)

    def make_folder(self) -> None:
        """The folder, which only its owner can enter.

        Raises:
            EnvironmentFailedError: when it cannot be made, or on a system without Unix sockets.
        """
        if sys.platform == "win32":
            raise EnvironmentFailedError("the local engine needs a Unix", hint="run it under WSL")
        for folder in (self.settings.folder, self.settings.folder / "processes"):
            make_private(folder)

    @property
    def is_running(self) -> bool:
        """Whether HAProxy runs and answers."""
        try:
            return bool(self._haproxy_pid())
        except EngineAwayError:
            return False

    def servers(self) -> dict[str, Server]:
        """What HAProxy says of each server.

        Raises:
            EngineAwayError: when it does not run.
        """
        return read_statistics(self._socket.ask("show stat"), BACKEND)

    def instance(self, slot: str) -> Identity | None:
        """The process of an instance, if it lives."""
        return self._processes.living(slot)

    def has_died(self, slot: str) -> bool:
        """Whether an instance has ended without having been told to."""
        remembered = self._processes.remembered(slot)
        return remembered is not None and not remembered.lives

    def log(self, slot: str) -> Path:
        """Where an instance writes what it says."""
        return self._processes.log(slot)

    def begun(self) -> tuple[str, ...]:
        """The slots in which something was begun and not ended by us."""
        return tuple(name for name in self._processes.names if name not in _HAPROXIES)

    def slots(self, state: State) -> list[str]:
        """All that there may be: an instance of each side for each number in use."""
        used = [number for pool in state.pools.values() for number in pool.slots]
        begun = [int(slot.rpartition("-")[2]) for slot in self.begun()]
        last = max([self.settings.replicas, *used, *begun])
        return [color.slot(number) for color in Color for number in range(1, last + 1)]

    def is_ending(self, slot: str) -> bool:
        """Whether an instance was let go, and its end was not seen yet."""
        return self._processes.is_ending(slot)

    def begin(self, slot: str, version: str) -> None:
        """Let an instance of a version run; one that does, goes on. `apply` then tells HAProxy where it is.

        Raises:
            EnvironmentFailedError: when the command cannot be started.
        """
        found = self.instance(slot)
        if found is not None and found.version != version:
            self._processes.let_go([slot])
            found = None
        if found is None:
            self._processes.finish([slot], self.settings.grace_s)
            self._processes.begin(slot, self._program(version))

    def let_go(self, slots: Sequence[str]) -> None:
        """These are to end; `apply` then tells HAProxy that they are nowhere."""
        self._processes.let_go(slots)

    def finish(self, slots: Sequence[str]) -> tuple[str, ...]:
        """End those that were let go: SIGTERM, and SIGKILL after the grace.

        Returns:
            Those that had to be killed.
        """
        return self._processes.finish(slots, self.settings.grace_s)

    def apply(self, state: State) -> State:
        """Let HAProxy be as is remembered, all in one call: where the instances are, and the weight of each.

        It is started where it does not run, and replaced without losing a connection where its settings have changed.

        Returns:
            What is to be remembered from now on, and has been written.

        Raises:
            EnvironmentFailedError: when HAProxy does not start, or refuses.
        """
        lines = self._lines(state)
        form = shape(self.settings, lines)
        servers = self._servers_if_running()
        if servers is None or state.shape != form:
            self._write_configuration(lines)
            self._start_haproxy() if servers is None else self._replace_haproxy()
            state = self._remember_shape(state, form)
            servers = self.servers()
        self._adjust(lines, servers)
        self._write_configuration(lines)
        return state

    def _end(self, names: Sequence[str], grace_s: float, asking: signal.Signals = signal.SIGTERM) -> tuple[Ended, ...]:
        self._processes.let_go(names)
        living = {name: found for name in names if (found := self._processes.ending(name)) is not None}
        killed = self._processes.finish(names, grace_s, asking)
        return tuple(
            Ended(name=name, pid=found.pid, version=found.version or None, killed=name in killed)
            for name, found in living.items()
        )

    def _servers_if_running(self) -> dict[str, Server] | None:
        try:
            return self.servers()
        except EngineAwayError:
            return None

    def _adjust(self, lines: Sequence[ServerLine], servers: Mapping[str, Server]) -> None:
        """All weights, and what else differs; who gets another instance is down until that has passed a check."""
        commands = [f"set weight {BACKEND}/{line.name} {line.weight}" for line in lines]
        for line in lines:
            name, found = f"{BACKEND}/{line.name}", servers[line.name]
            if found.is_held:
                commands.append(f"set server {name} state ready")
            if found.is_held or found.port != line.port:
                commands.append(f"set server {name} health down")
                commands.append(f"set server {name} addr 127.0.0.1 port {line.port}")
        self._socket.order(*commands)

    def _lines(self, state: State) -> list[ServerLine]:
        """A server for each slot that there may be."""
        slots = self.slots(state)
        return [ServerLine(name=slot, port=self._port(slot), weight=state.weights.get(slot, 0)) for slot in slots]

    def _port(self, slot: str) -> int:
        found = self.instance(slot)
        return found.port if found is not None else NOWHERE

    def _program(self, version: str) -> Program:
        port = free_port()
        return Program(
            command=self.settings.command_for(version, port),
            folder=self.settings.directory,
            environ=self.settings.environ_for(version, port),
            version=version,
            port=port,
        )

    def _start_haproxy(self) -> None:
        """None answers; one that does not answer any more makes room."""
        self._processes.end(_HAPROXIES, 0)
        self._launch_haproxy(_HAPROXIES[0])

    def _replace_haproxy(self) -> None:
        """A new one takes the listening sockets of the old one, which answers what it has and ends by itself."""
        old = self._haproxy_pid()
        present = next((name for name in _HAPROXIES if (one := self.instance(name)) and one.pid == old), _HAPROXIES[0])
        free = next(name for name in _HAPROXIES if name != present)
        self._processes.end([free], 0)
        self._launch_haproxy(free, "-x", "admin.sock", "-sf", str(old))

    def _launch_haproxy(self, name: str, *further: str) -> None:
        program = find_haproxy(self.settings.haproxy)
        command = (str(program), "-f", FILE, "-db", *further)
        environ = {"PATH": os.environ.get("PATH", "")}
        begun = self._processes.begin(name, Program(command=command, folder=self.settings.folder, environ=environ))
        deadline = self._clock() + _START_S
        while not self._answers(begun):
            if not begun.lives:
                self._processes.end([name], 0)
                raise EnvironmentFailedError(f"HAProxy does not start: {self._complaint(name)}")
            if self._clock() > deadline:
                raise EnvironmentFailedError(f"HAProxy does not answer {_START_S:g} s after its start")
            self._sleep(_POLL_S)

    def _answers(self, begun: Identity) -> bool:
        try:
            return self._haproxy_pid() == begun.pid
        except EngineAwayError:
            return False

    def _haproxy_pid(self) -> int:
        pairs = (line.partition(": ") for line in self._socket.ask("show info").splitlines())
        return int(next((value for name, _, value in pairs if name == "Pid"), "0"))

    def _complaint(self, name: str) -> str:
        """The line in which HAProxy says what keeps it from starting."""
        lines = self.log(name).read_text(errors="replace").splitlines()
        alerts = [line.partition("] ")[2].partition(" : ")[2] or line for line in lines if "ALERT" in line]
        return (alerts or lines or ["it says nothing"])[0]

    def _remember_shape(self, state: State, form: str) -> State:
        changed = replace(state, shape=form)
        self.memory.write(changed)
        return changed

    def _write_configuration(self, lines: Sequence[ServerLine]) -> None:
        write_private(self.settings.folder / FILE, configuration(self.settings, lines))


def free_port() -> int:
    """A port on this machine on which nobody listens now.

    Raises:
        EnvironmentFailedError: when there is none.
    """
    for port in random.SystemRandom().sample(_PORTS, len(_PORTS)):  # two that look at once are not to meet
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise EnvironmentFailedError(f"no port from {_PORTS.start} to {_PORTS.stop} is free")
