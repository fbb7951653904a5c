"""The account that runs the server: oneself, or nobody when one is root, because Postgres refuses to run as root."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

from migsafe.errors import EnvironmentFailedError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_UNPRIVILEGED = "nobody"


class _PopenIdentity(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class Account:
    """Who runs the server.

    Attributes:
        uid: its user id.
        gid: its group id.
        switched: it is another account than the one that runs migsafe.
    """

    uid: int
    gid: int
    switched: bool

    @classmethod
    def current(cls) -> Account:
        """Oneself; for root the existing account nobody. Makes no account.

        Raises:
            EnvironmentFailedError: when one is root and there is no account nobody.
        """
        if os.geteuid() != 0:
            return cls(os.geteuid(), os.getegid(), switched=False)
        import pwd

        try:
            entry = pwd.getpwnam(_UNPRIVILEGED)
        except KeyError:
            raise EnvironmentFailedError(
                f"Postgres does not run as root, and there is no account {_UNPRIVILEGED} to run it as",
                hint="run migsafe as an ordinary user",
            ) from None
        return cls(entry.pw_uid, entry.pw_gid, switched=True)

    def popen_identity(self) -> _PopenIdentity:
        """What `subprocess` needs to start a program as this account."""
        if not self.switched:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def run(self, command: Sequence[str | Path], *, timeout_s: float = 60) -> subprocess.CompletedProcess[str]:
        """Run a program of Postgres as this account, and wait for it.

        Raises:
            OSError: when it cannot be started, for example because the account cannot reach it.
            subprocess.TimeoutExpired: when it takes longer.
        """
        return subprocess.run(  # noqa: S603  # a list of arguments and no shell; the program is one that we located
            [str(part) for part in command],
            capture_output=True,
            text=True,
            errors="replace",
            cwd="/",
            env=child_environment(),
            stdin=subprocess.DEVNULL,
            timeout=timeout_s,
            check=False,
            **self.popen_identity(),
        )

    def can_enter(self, folder: Path) -> bool:
        """Whether this account may pass through a folder, and all above it; those yet to be made are migsafe's own."""
        if not self.switched:
            return True
        existing = (place for place in (folder, *folder.parents) if place.is_dir())
        return all(place.stat().st_mode & 0o001 for place in existing)

    def own(self, path: Path) -> None:
        """Give a file or folder that migsafe has just made to this account."""
        if self.switched:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)


def child_environment() -> dict[str, str]:
    """The whole environment of the server's programs: none of the caller's PG*, locale or loader variables."""
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
