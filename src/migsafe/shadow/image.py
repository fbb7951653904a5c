"""The data folder of a fresh server: made by initdb once, copied from a cache ever after."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

from migsafe.errors import EnvironmentFailedError
from migsafe.shadow.binaries import cache_folder, unfinished

if TYPE_CHECKING:
    from pathlib import Path

    from migsafe.shadow.account import Account
    from migsafe.shadow.binaries import Binaries

SUPERUSER = "postgres"

#: Raise it when `_initdb_options` changes: older images are not used then.
_FORMAT = 1

#: The first major whose own C.UTF-8 needs no locale of the operating system.
_BUILTIN_LOCALE_SINCE = 17


def provide_data(account: Account, binaries: Binaries, data: Path) -> bool:
    """Fill a data folder that does not exist yet.

    Args:
        account: who will own it.
        binaries: whose initdb makes it.
        data: where; its parent belongs to migsafe alone.

    Returns:
        Whether it came out of the cache.

    Raises:
        EnvironmentFailedError: when initdb fails.
    """
    image = cache_folder() / f"image-{_FORMAT}-{binaries.version}-{binaries.fingerprint}"
    if image.is_dir():
        _copy(image, data)
        _give(account, data)
        return True
    _initdb(account, binaries, data)
    # A cache that cannot be written to costs half a second on the next run, and is no reason to stop this one.
    with contextlib.suppress(OSError):
        _keep(data, image)
    return False


def _initdb(account: Account, binaries: Binaries, data: Path) -> None:
    data.mkdir(mode=0o700)
    account.own(data)
    try:
        answer = account.run([binaries.initdb, "-D", data, *_initdb_options(binaries.major)])
    except (OSError, subprocess.SubprocessError) as error:
        raise EnvironmentFailedError(f"initdb of Postgres {binaries.version} cannot be run: {error}") from error
    if answer.returncode != 0:
        said = answer.stderr.strip().splitlines()
        raise EnvironmentFailedError(
            f"initdb of Postgres {binaries.version} failed: {said[-1] if said else f'status {answer.returncode}'}",
            hint="it needs about 50 MB in a folder that it can write to",
        )


def _initdb_options(major: int) -> list[str]:
    options = ["-U", SUPERUSER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--wal-segsize=1"]
    if major >= _BUILTIN_LOCALE_SINCE:
        options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return options


def _keep(data: Path, image: Path) -> None:
    """Put a copy into the cache as one step, so that nobody ever starts from half an image."""
    image.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with unfinished(image.parent) as work:
        shutil.copytree(data, work / "data")
        (work / "data").rename(image)


def _copy(image: Path, data: Path) -> None:
    # Never by hard links: the server writes into these files in place.
    shutil.copytree(image, data)
    data.chmod(0o700)


def _give(account: Account, data: Path) -> None:
    if not account.switched:
        return
    for folder, _, files in os.walk(data):
        os.chown(folder, account.uid, account.gid)
        for name in files:
            os.chown(os.path.join(folder, name), account.uid, account.gid, follow_symlinks=False)
