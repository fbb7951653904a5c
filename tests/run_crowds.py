"""Many commands of migsafe at the same moment, each in a process of its own: one imports everything, and forks.

python run_crowds.py JOB     # JSON: the command's words, how many, the folder, variables, where reports go
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: What a command imports when it needs it.
_LATE = ("cli.run", "runner.run", "tracker.upgrade")


@dataclass(frozen=True, slots=True)
class Ended:
    """How one of them ended.

    Attributes:
        said: on the standard output and on the standard error, each by its lines.
    """

    code: int
    out: tuple[str, ...]
    said: tuple[str, ...]


def at_once(
    number: int, words: Sequence[str], folder: Path, variables: Mapping[str, str], *, patience: float = 120
) -> list[Ended]:
    """Start a command so many times at once, and wait for all of them."""
    reports = folder / "crowd"
    reports.mkdir(exist_ok=True)
    job = {"words": list(words), "number": number, "folder": str(folder), "variables": dict(variables)}
    command = [sys.executable, str(Path(__file__)), json.dumps(job | {"reports": str(reports)})]
    subprocess.run(command, check=True, timeout=patience, stdin=subprocess.DEVNULL)
    return [_ended(reports / str(place)) for place in range(number)]


def _ended(report: Path) -> Ended:
    out, said = (tuple(Path(f"{report}.{kind}").read_text().splitlines()) for kind in ("out", "err"))
    return Ended(int(Path(f"{report}.code").read_text()), out, said)


def _serve(job: Mapping[str, Any]) -> None:
    from importlib import import_module

    from migsafe.cli.main import run

    for late in _LATE:
        import_module(f"migsafe.{late}")
    os.environ.update(job["variables"])
    os.chdir(job["folder"])
    gate, opener = os.pipe()
    children = [_child(f"{job['reports']}/{place}", run, job["words"], gate, opener) for place in range(job["number"])]
    os.close(opener)  # for all at once
    for child in children:
        os.waitpid(child, 0)


def _child(report: str, run: Any, words: Sequence[str], gate: int, opener: int) -> int:
    child = os.fork()
    if child != 0:
        return child
    for stream, kind in ((1, "out"), (2, "err")):
        file = os.open(f"{report}.{kind}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(file, stream)
    os.close(opener)
    os.read(gate, 1)  # its other end is closed when everybody is there
    code = run(words)
    sys.stdout.flush()
    sys.stderr.flush()
    Path(f"{report}.code").write_text(str(int(code)))
    os._exit(0)


if __name__ == "__main__":
    _serve(json.loads(sys.argv[1]))
