"""Where an operating system keeps Postgres' programs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.errors import EnvironmentFailedError
from migsafe.shadow.binaries import Binaries, find_binaries

if TYPE_CHECKING:
    from migsafe.shadow.account import Account

#: Folders of programs, `*` for a major version: Debian and Ubuntu, the packages of postgresql.org for Red Hat and SUSE,
#: Alpine, Homebrew on both kinds of Mac and on Linux, Postgres.app, the installer of EDB.
_PLACES = (
    "usr/lib/postgresql/*/bin",
    "usr/pgsql-*/bin",
    "usr/lib/postgresql*/bin",
    "usr/libexec/postgresql*",
    "opt/homebrew/opt/postgresql@*/bin",
    "usr/local/opt/postgresql@*/bin",
    "home/linuxbrew/.linuxbrew/opt/postgresql@*/bin",
    "Applications/Postgres.app/Contents/Versions/*/bin",
    "Library/PostgreSQL/*/bin",
)
_NUMBER = re.compile(r"\d+")


def system_binaries(account: Account, root: Path = Path("/")) -> Iterator[Binaries]:
    """Programs of the system that an account can run, each once: the newest first, then those on PATH.

    Args:
        account: who will run them.
        root: the top of the file system.
    """
    seen: set[Path] = set()
    for folder in _folders(account, root):
        resolved = folder.resolve()
        if resolved in seen or not (folder / "postgres").is_file():
            continue
        seen.add(resolved)
        try:
            yield find_binaries(account, folder)
        except EnvironmentFailedError:
            # Without initdb, too old, or for another platform: none that can be used, and others may be.
            continue


def _folders(account: Account, root: Path) -> Iterator[Path]:
    found = [folder for place in _PLACES for folder in root.glob(place)]
    yield from sorted(found, key=_major, reverse=True)
    on_path = shutil.which("postgres")
    if on_path is not None:
        yield Path(os.path.realpath(on_path)).parent
    yield from _told_by_pg_config(account)


def _major(folder: Path) -> int:
    numbers = _NUMBER.findall(str(folder))
    return int(numbers[-1]) if numbers else 0


def _told_by_pg_config(account: Account) -> Iterator[Path]:
    program = shutil.which("pg_config")
    if program is None:
        return
    try:
        answer = account.run([program, "--bindir"], timeout_s=20)
    except (OSError, subprocess.SubprocessError):
        return
    if answer.returncode == 0 and answer.stdout.strip():
        yield Path(answer.stdout.strip())
