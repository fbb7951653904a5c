"""The program mariadbd, and the SQL of its system tables, where an operating system keeps them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.errors import EnvironmentFailedError
from migsafe.mysql.connection import ServerVersion, parse_version

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.shadow.account import Account

_NAME = "mariadbd"
_HINT = "install the package mariadb-server (it need not run), or name a server with --shadow-url mysql://user@host"

#: Where Debian and its like keep servers, which is not on the PATH of most people.
_BEYOND_PATH = ("/usr/sbin", "/usr/local/sbin", "/usr/libexec")

#: Folders of a build's data, from the folder above that of its programs.
_DATA_PLACES = ("share/mysql", "share/mariadb", "share")

#: The SQL of the system tables; MariaDB 11.0 has given the files other names.
_SYSTEM_TABLES = (
    ("mariadb_system_tables.sql", "mariadb_system_tables_data.sql"),
    ("mysql_system_tables.sql", "mysql_system_tables_data.sql"),
)
_VERSION = re.compile(r"\bVer (\S+)")


@dataclass(frozen=True, slots=True)
class Programs:
    """A build of MariaDB.

    Attributes:
        server: the program mariadbd.
        system_tables: files of SQL that make the system tables, in order.
    """

    server: Path
    version: ServerVersion
    system_tables: tuple[Path, ...]


def find_programs(account: Account, *, path: str | None = None) -> Programs:
    """The first mariadbd on the PATH, or where servers are, that works.

    Args:
        account: who will run it.
        path: folders with colons between; the PATH of the process and places beyond it when None.

    Raises:
        EnvironmentFailedError: when there is none.
    """
    problem = f"there is no {_NAME} on the PATH, and so no throw-away MariaDB"
    for program in _candidates(path):
        tables = _system_tables(program)
        version = _version(account, program)
        if version is None:
            problem = f"{program} does not run"
        elif tables is None:
            problem = f"the SQL of the system tables of {program} is not beside it"
        else:
            return Programs(program, version, tables)
    raise EnvironmentFailedError(problem, hint=_HINT)


def _candidates(path: str | None) -> Iterator[Path]:
    if path is None:
        path = os.pathsep.join([os.environ.get("PATH", os.defpath), *_BEYOND_PATH])
    found = (shutil.which(_NAME, path=folder) for folder in path.split(os.pathsep) if folder)
    yield from dict.fromkeys(Path(os.path.realpath(program)) for program in found if program)


def _system_tables(program: Path) -> tuple[Path, ...] | None:
    prefix = program.parent.parent
    for place in _DATA_PLACES:
        for names in _SYSTEM_TABLES:
            files = tuple(prefix / place / name for name in names)
            if all(file.is_file() for file in files):
                return files
    return None


def _version(account: Account, program: Path) -> ServerVersion | None:
    try:
        answer = account.run([program, "--no-defaults", "--version"], timeout_s=20)
    except (OSError, subprocess.SubprocessError):
        return None
    match = _VERSION.search(answer.stdout)
    return parse_version(match[1]) if answer.returncode == 0 and match else None
