"""SQL text → operations. The only package that knows sqlglot, which it imports at the first script that it reads."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from migsafe.model.dialect import Dialect

if TYPE_CHECKING:
    from migsafe.model.script import Script
    from migsafe.model.statement import ReadScript


class _Reader(Protocol):
    def read(self, script: Script) -> ReadScript: ...


_READERS = {
    Dialect.POSTGRES: "migsafe.parse.postgres",
    Dialect.MYSQL: "migsafe.parse.mysql",
    Dialect.SQLITE: "migsafe.parse.sqlite",
}


def read_script(script: Script) -> ReadScript:
    """Read a script: its statements, what each does, and its comments.

    Args:
        script: the SQL, its dialect, and where in it a template fills in what nobody knows.

    Returns:
        All statements in order. A statement that is not understood has an `Unreadable` operation with place and
        reason; bad SQL raises nothing, and hides none of its neighbours.
    """
    reader = cast("_Reader", import_module(_READERS[script.dialect]))
    return reader.read(script)
