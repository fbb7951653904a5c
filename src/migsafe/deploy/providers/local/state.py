"""What the local engine remembers, in one file of its folder: what was ordered last, and who is promoted.

What runs and who has traffic is not in it: that is asked of the processes and of HAProxy.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from migsafe.atomic import write_beside
from migsafe.errors import EnvironmentFailedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

_FORMAT = 1
_POLL_S = 0.01
_TURN_S = 15.0
_FILE = "state.json"


class Color(StrEnum):
    """The two places that a version can have."""

    BLUE = "blue"
    GREEN = "green"

    @property
    def other(self) -> Color:
        """The one beside it."""
        return Color.GREEN if self is Color.BLUE else Color.BLUE

    def slot(self, number: int) -> str:
        """The name of an instance of it, and of its server in HAProxy: `blue-1`."""
        return f"{self.value}-{number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """A version in one of the two places.

    Attributes:
        slots: the numbers of the instances that are to run.
        resting: it is not on its way to traffic: given up, or replaced and kept warm.
    """

    version: str
    slots: tuple[int, ...] = ()
    resting: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """All that is remembered; what is to be so, written before it is done.

    Attributes:
        order: grows with every verb; one that sees a later order than its own stops.
        fence: the highest mark of a coordinator that was here.
        promoted: where the stable version is; None before the first one.
        weights: of each server; 0 where it is not named.
        shape: of HAProxy's configuration, without what can be changed while it runs.
        gap_began: when traffic stopped because all instances were replaced, in seconds since 1970.
        gap_s: how long nobody had traffic at the last time all instances were replaced.
    """

    order: int = 0
    fence: int = 0
    promoted: Color | None = None
    pools: Mapping[Color, Pool] = field(default_factory=dict)
    weights: Mapping[str, int] = field(default_factory=dict)
    shape: str = ""
    gap_began: float | None = None
    gap_s: float | None = None

    @property
    def stable(self) -> Pool | None:
        """The promoted version."""
        return self.pools.get(self.promoted) if self.promoted is not None else None

    @property
    def candidate(self) -> Color | None:
        """Where the other version is; where the only one is, while none is promoted."""
        return next((color for color in self.pools if color is not self.promoted), None)

    def place_of(self, version: str) -> Color | None:
        """Where a version is."""
        return next((color for color, pool in self.pools.items() if pool.version == version), None)


class StateFile:
    """The file, and the lock that whoever changes it holds for a moment."""

    def __init__(
        self,
        folder: Path,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """
        Args:
            folder: which may not exist yet as long as nothing is written.
            clock: in seconds.
            sleep: wait for so many seconds.
        """
        self._folder = folder
        self._clock = clock
        self._sleep = sleep

    def read(self) -> State:
        """What is remembered; nothing, where there is no file.

        Raises:
            EnvironmentFailedError: when it cannot be read, or is of a later migsafe.
        """
        try:
            return _from_document(json.loads((self._folder / _FILE).read_text("utf-8")))
        except FileNotFoundError:
            return State()
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            raise EnvironmentFailedError(
                f"{self._folder / _FILE} cannot be read, which is the local engine's memory",
                hint="end what runs there, remove the folder, and deploy anew",
            ) from None

    def write(self, state: State) -> None:
        """Remember; only while the lock is held.

        Raises:
            EnvironmentFailedError: when the file cannot be written.
        """
        write_private(self._folder / _FILE, json.dumps({"format": _FORMAT, **asdict(state)}, indent=1) + "\n")

    @contextmanager
    def held(self) -> Iterator[None]:
        """Nobody else changes anything meanwhile.

        Raises:
            EnvironmentFailedError: when somebody else does, for longer than any step takes.
        """
        import fcntl  # not there on Windows, where this module is imported but never used

        lock = os.open(self._folder / "state.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            deadline = self._clock() + _TURN_S
            while not _taken(lock, fcntl.flock, fcntl.LOCK_EX | fcntl.LOCK_NB):
                if self._clock() > deadline:
                    raise EnvironmentFailedError(f"somebody else is changing the local engine in {self._folder}")
                self._sleep(_POLL_S)
            yield
        finally:
            os.close(lock)


def write_private(file: Path, text: str) -> None:
    """Replace a file, at once, by one that only its owner can read.

    Raises:
        EnvironmentFailedError: when it cannot be written.
    """
    try:
        new = write_beside(file, text.encode())
        new.chmod(0o600)
        new.replace(file)
    except OSError as error:
        raise EnvironmentFailedError(f"{file} cannot be written: {error.strerror}") from None


def make_private(folder: Path) -> None:
    """A folder that only its owner can enter.

    Raises:
        EnvironmentFailedError: when it cannot be made, or belongs to somebody else.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.stat().st_uid != os.getuid():
            raise EnvironmentFailedError(f"{folder} belongs to another account", hint="name another [provider] folder")
        folder.chmod(0o700)
    except OSError as error:
        raise EnvironmentFailedError(f"{folder} cannot be used: {error.strerror}") from None


def _taken(lock: int, flock: Callable[[int, int], None], how: int) -> bool:
    try:
        flock(lock, how)
    except BlockingIOError:
        return False
    return True


def _from_document(document: dict[str, object]) -> State:
    if document.pop("format") != _FORMAT:
        raise ValueError("of a later version")
    pools, promoted = document.pop("pools"), document.pop("promoted")
    assert isinstance(pools, dict)
    return State(
        promoted=Color(promoted) if isinstance(promoted, str) else None,
        pools={Color(color): _pool(**said) for color, said in pools.items()},
        **document,  # type: ignore[arg-type]  # unknown names are refused by the class
    )


def _pool(version: str, slots: list[int], resting: bool) -> Pool:
    return Pool(version=version, slots=tuple(slots), resting=resting)
