"""What a run of migsafe may leave on a machine, as a set of words that a person can read; Linux only."""

from __future__ import annotations

import os
from pathlib import Path

PROC = Path("/proc")
_COMPLETE = ("image-", "programs-")


def programs_on(folder: Path) -> set[str]:
    """Programs, whoever they are, that work in a folder or whose command line names it."""
    found = set()
    for process in PROC.iterdir():
        if process.name.isdigit() and int(process.name) != os.getpid():
            try:
                command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                place = os.readlink(process / "cwd") if command else ""
            except OSError:  # it has just ended
                continue
            if f"{folder}/" in command or f"{place}/".startswith(f"{folder}/"):
                found.add(f"process {process.name} in {place}: {command[:200]}")
    return found


def entries_of(*folders: Path) -> set[str]:
    """All that is in some folders, sockets too."""
    return {f"folder {path}" for folder in folders if folder.is_dir() for path in folder.iterdir()}


def unfinished_in(cache: Path) -> set[str]:
    """What is in a cache and is no complete image or copy."""
    if not cache.is_dir():
        return set()
    return {f"in the cache {path}" for path in cache.iterdir() if not path.name.startswith(_COMPLETE)}


def unused_shared_memory() -> set[str]:
    """Segments of the system's shared memory to which nobody is attached: SIGKILL of a server leaves one."""
    header, *lines = (PROC / "sysvipc" / "shm").read_text().splitlines()
    names = header.split()
    segments = [dict(zip(names, line.split(), strict=True)) for line in lines]
    return {f"shared memory {one['shmid']}" for one in segments if one["nattch"] == "0"}
