"""Stand-ins, in plain SQL, for extensions that a server's build lacks.

They let migrations that say CREATE EXTENSION run. They are not the real thing, so whoever uses them says so: a server
lists those that it offers in `ThrowawayServer.shims`.
"""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable
    from pathlib import Path

    from migsafe.shadow.account import Account
    from migsafe.shadow.binaries import Binaries

#: extension_control_path came with Postgres 18.
_SINCE_MAJOR = 18


def provide_shims(account: Account, binaries: Binaries, folder: Path) -> tuple[str, ...]:
    """Put the stand-ins where a server can read them.

    Args:
        account: who must be able to read them.
        binaries: the server's programs.
        folder: where to put them; made here.

    Returns:
        The extensions that the build lacks and that are now stood in for, by name; none before Postgres 18.
    """
    if binaries.major < _SINCE_MAJOR:
        return ()
    extension = folder / "extension"
    extension.mkdir(mode=0o755, parents=True)
    names = []
    for file in _shipped():
        copy = extension / file.name
        copy.write_bytes(file.read_bytes())
        account.own(copy)
        if copy.suffix == ".control" and not _has_extension(binaries, file.name):
            names.append(copy.stem)
    account.own(extension)
    account.own(folder)
    return tuple(sorted(names))


def _shipped() -> list[Traversable]:
    folder = resources.files("migsafe.shadow").joinpath("shims", "extension")
    return [file for file in folder.iterdir() if file.name.endswith((".control", ".sql"))]


def _has_extension(binaries: Binaries, control_file: str) -> bool:
    """Whether the build has the real one, wherever its share folder is."""
    share = binaries.bin_dir.parent / "share"
    return any((share / place / "extension" / control_file).is_file() for place in (".", "postgresql"))
