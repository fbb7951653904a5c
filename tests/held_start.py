"""Start a throw-away server, and wait for ever at a named moment of its life, so that a test can end it there.

    python held_start.py BASE MOMENT

The word `here` on the standard output says that the moment has come.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from migsafe.shadow import owned, server
from migsafe.shadow.server import ThrowawayServer

#: Moments that only come where no image is cached.
COLD = frozenset({"initdb is at work", "the image is not whole yet"})

Function = Callable[..., Any]

#: Moment → the function whose call is the moment, and whether that call is done before the wait.
MOMENTS: dict[str, tuple[object, str, bool]] = {
    "the folder is nobody's yet": (owned, "_own", False),
    "the owner's file has no name yet": (Path, "rename", False),
    "initdb is at work": (subprocess.Popen, "communicate", False),
    "the image is not whole yet": (shutil, "copytree", True),
    "the server has just been started": (server, "_wait_until_ready", False),
    "the server is at work": (ThrowawayServer, "connect", True),
    "the folder is half removed": (shutil, "rmtree", False),
}


def hold(place: Any, name: str, *, done: bool) -> None:
    """Have the first call of a function wait for ever."""
    original: Function = getattr(place, name)

    def held(*arguments: Any, **options: Any) -> Any:
        if not is_meant(arguments):
            return original(*arguments, **options)
        setattr(place, name, original)
        if done:
            original(*arguments, **options)
        print("here", flush=True)
        sys.stdin.read()
        return original(*arguments, **options)

    setattr(place, name, held)


def is_meant(arguments: tuple[Any, ...]) -> bool:
    """Whether a call is the one: programs that only say their version are not."""
    first = arguments[0] if arguments else None
    return not (isinstance(first, subprocess.Popen) and isinstance(first.args, list) and "-V" in first.args)


if __name__ == "__main__":
    place, name, done = MOMENTS[sys.argv[2]]
    if name == "rmtree":
        with ThrowawayServer.start(base=Path(sys.argv[1])):
            hold(place, name, done=done)
    else:
        hold(place, name, done=done)
        with ThrowawayServer.start(base=Path(sys.argv[1])) as running, running.connect():
            print("the moment never came")
