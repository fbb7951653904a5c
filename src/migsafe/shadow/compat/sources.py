"""Files and folders that a person names → the queries in them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from migsafe.errors import PathNotFoundError, UsageError
from migsafe.shadow.compat.query import Queries
from migsafe.shadow.compat.recording import read_recording
from migsafe.shadow.compat.sql_files import read_sql_file
from migsafe.shadow.compat.statistics_export import read_statistics

_READERS = {
    ".sql": read_sql_file,
    ".jsonl": read_recording,
    ".csv": read_statistics,
    ".json": read_statistics,
}


def read_queries(paths: Iterable[Path]) -> Queries:
    """The queries of the running release, from where its project keeps them.

    Args:
        paths: `.sql` files, recordings (`.jsonl`), exports of pg_stat_statements (`.csv`, `.json`), or folders, in
            which all `.sql` and `.jsonl` files at any depth are read.

    Raises:
        PathNotFoundError: when a path does not exist.
        UsageError: when nobody knows how to read a file.
    """
    files = [file for path in paths for file in _files(path)]
    return Queries.joined(_READERS[file.suffix.lower()](file, file.as_posix()) for file in files)


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(file for pattern in ("*.sql", "*.jsonl") for file in path.rglob(pattern) if file.is_file())
    if not path.is_file():
        raise PathNotFoundError(f"{path} does not exist", hint="name files or folders that hold queries")
    if path.suffix.lower() not in _READERS:
        raise UsageError(
            f"{path} is no kind of file that queries are read from",
            hint=f"known are {', '.join(_READERS)}",
        )
    return [path]
