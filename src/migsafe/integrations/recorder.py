"""Writes down each different query that any SQLAlchemy engine of this process sends."""

from __future__ import annotations

import json
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import FrameType
from typing import IO, Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

#: The version of the records (migsafe.shadow.compat.recording reads them).
SCHEMA = "migsafe.query/1"

_EVENT = "before_cursor_execute"

#: Folders of libraries, wherever their environment is.
_LIBRARY_FOLDERS = frozenset({"site-packages", "dist-packages"})


class Recorder:
    """Listens to all engines, and writes each query once, as soon as it is sent: a run that crashes keeps its records.

    Attributes:
        target: the file that holds all queries in the end.
    """

    def __init__(self, target: Path, root: Path, *, worker: str | None = None) -> None:
        """
        Args:
            target: the file.
            root: the project's folder; places in it are written relative to it.
            worker: the name of the process among several, which then writes a file of its own beside `target`.
        """
        self.target = target
        self._root = root
        self._file_path = target if worker is None else target.with_name(f"{target.name}.worker-{worker}")
        self._file: IO[str] | None = None
        self._seen: set[str] = set()

    def start(self) -> None:
        """Begin to listen; what the file held is gone.

        Raises:
            OSError: when the file cannot be written.
        """
        self._file_path.parent.mkdir(parents=True, exist_ok=True)
        # newline: one record is one line on every platform.
        self._file = self._file_path.open("w", encoding="utf-8", newline="\n")
        event.listen(Engine, _EVENT, self._before_cursor_execute)

    def stop(self) -> None:
        """Listen no more. Stopping twice is fine."""
        if self._file is not None:
            event.remove(Engine, _EVENT, self._before_cursor_execute)
            self._file.close()
            self._file = None

    def forget_workers(self) -> None:
        """Remove what workers of a run before have left, because it was killed."""
        for file in self._worker_files():
            file.unlink(missing_ok=True)

    def merge_workers(self) -> None:
        """Put the records of all workers into the file, each once, in the order of their text: the same each run."""
        files = self._worker_files()
        if not files:
            return
        records = {_identity(line): line for line in self._lines((*reversed(files), self.target))}
        with self.target.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(records[identity] + "\n" for identity in sorted(records))
        for worker_file in files:
            worker_file.unlink()

    def count_with_workers(self) -> int:
        """How many different queries there are so far."""
        if self._file is not None:
            self._file.flush()
        return len({_identity(line) for line in self._lines((self.target, *self._worker_files()))})

    def _before_cursor_execute(
        self, connection: Any, cursor: object, statement: str, parameters: Any, context: object, executemany: bool
    ) -> None:
        """What SQLAlchemy calls; it must not change or fail anything."""
        types = parameter_types(parameters, executemany=executemany)
        record: dict[str, object] = {
            "schema": SCHEMA,
            "dialect": connection.dialect.name,
            "paramstyle": connection.dialect.paramstyle,
            "statement": statement,
            "types": types,
        }
        identity = _identity_of(record)
        if identity in self._seen or self._file is None:
            return
        self._seen.add(identity)
        place = calling_place(sys._getframe(1), self._root)
        record["file"], record["line"] = place if place is not None else (None, None)
        self._file.write(json.dumps(record) + "\n")
        self._file.flush()

    def _worker_files(self) -> list[Path]:
        if not self.target.parent.is_dir():
            return []
        prefix = f"{self.target.name}.worker-"
        return sorted(file for file in self.target.parent.iterdir() if file.name.startswith(prefix))

    def _lines(self, files: Iterable[Path]) -> Iterable[str]:
        for file in files:
            yield from (line for line in file.read_text(encoding="utf-8").split("\n") if _is_whole(line))


def parameter_types(parameters: Any, *, executemany: bool) -> list[str] | dict[str, str]:
    """The names of the types of parameters: by name where they have names, else in order; of the first of many sets."""
    if executemany and isinstance(parameters, Sequence):
        parameters = parameters[0] if parameters else ()
    if isinstance(parameters, Mapping):
        return {str(name): _type_name(value) for name, value in parameters.items()}
    if isinstance(parameters, Sequence) and not isinstance(parameters, (str, bytes)):
        return [_type_name(value) for value in parameters]
    return []


def calling_place(frame: FrameType | None, root: Path) -> tuple[str, int] | None:
    """The innermost code that is no library's and not migsafe's own.

    Args:
        frame: where to begin.
        root: places in this folder are written relative to it.

    Returns:
        Its file and line; None when there is none, for example in a thread of a library.
    """
    for outer in _outwards(frame):
        shown = _shown(outer.f_code.co_filename, root)
        if shown is not None:
            return shown, outer.f_lineno
    return None


def _outwards(frame: FrameType | None) -> Iterator[FrameType]:
    """A frame and all that called it.

    SQLAlchemy's asyncio runs in a greenlet, whose first frame nobody has called: the code awaits in its parent.
    """
    library = sys.modules.get("greenlet")
    current = library.getcurrent() if library is not None else None
    while frame is not None:
        yield frame
        frame = frame.f_back
        while frame is None and current is not None:
            current = current.parent
            frame = current.gr_frame if current is not None else None


@cache
def _shown(filename: str, root: Path) -> str | None:
    """A file of the project's as people see it; None for libraries, migsafe, and code without a file."""
    if filename.startswith("<"):
        return None
    path = Path(filename)
    if _LIBRARY_FOLDERS.intersection(path.parts) or any(path.is_relative_to(folder) for folder in _library_roots()):
        return None
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()


@cache
def _library_roots() -> tuple[Path, ...]:
    import sqlalchemy

    own = Path(__file__).parents[1]
    library = Path(sysconfig.get_paths()["stdlib"])
    return own, library, Path(sqlalchemy.__file__).parent


def _type_name(value: object) -> str:
    kind = type(value).__name__
    if isinstance(value, (list, tuple)) and value:
        return f"{kind}[{type(value[0]).__name__}]"
    return kind


def _identity_of(record: Mapping[str, object]) -> str:
    return json.dumps([record.get(key) for key in ("dialect", "paramstyle", "statement", "types")])


def _identity(line: str) -> str:
    return _identity_of(json.loads(line))


def _is_whole(line: str) -> bool:
    """Whether a line was written to its end: a worker that was killed may leave half of one."""
    return line.endswith("}") and line.startswith("{")
