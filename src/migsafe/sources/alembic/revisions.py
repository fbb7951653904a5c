"""One revision file, read by its syntax tree: nothing of it runs here.

Alembic takes the module's globals (Alembic 1.20, `alembic/script/base.py`): `revision`, `down_revision`, `depends_on`,
`branch_labels`. A file without `revision` bears it in its name where that is hexadecimal (Alembic 0.1). A file that
this Python cannot parse keeps its place in the graph by what its lines say, so that its children are read.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.model.script import SourceText, UnreadableFile
from migsafe.sources.alembic.literals import ComputedError, NotPythonError, assigned, parse, top_level, value_of
from migsafe.sources.files import read_source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: The files that Alembic loads from a version location (`_only_source_rev_file`, which matches from the start).
_TAKEN = re.compile(r"(?!\.#|__init__).*\.py\Z", re.DOTALL)
_LEGACY = re.compile(r"([a-f0-9]+)\.py\Z")
_MARK = re.compile(r"^(?:down_)?revision[ \t]*(?::[^=\n]*)?=", re.MULTILINE)
_UPGRADE = re.compile(r"^(?:async[ \t]+)?def[ \t]+upgrade[ \t]*\(", re.MULTILINE)
_WRITTEN = re.compile(
    r"^(?P<name>revision|down_revision|depends_on)[ \t]*(?::[^=\n]*)?=[ \t]*"
    r"(?P<value>\([^)]{0,1000}\)|\[[^\]]{0,1000}\]|[^\n]*)",
    re.MULTILINE,
)
_QUOTED = re.compile(r"""(["'])([^"'\n]+)\1""")
_FORBIDDEN = re.compile(r"[@\-+:]")


@dataclass(frozen=True)
class Function:
    """`upgrade` or `downgrade` of a revision.

    Attributes:
        takes_engine: whether it is called with the name of a database, as in Alembic's multidb template.
    """

    takes_engine: bool


@dataclass(frozen=True)
class Revision:
    """What a revision's file says of itself.

    Attributes:
        path: the file, absolute.
        shown: the file as people see it.
        down: the revisions that it comes after, as written.
        depends_on: revisions or branch labels that it needs besides, as written.
        engines: the names that `upgrade_NAME` functions bear.
        faults: what is wrong with the file, in words; the rest of it holds all the same.
        usable: whether it can be run; one that cannot only keeps its place in the graph.
    """

    path: Path
    shown: str
    id: str
    down: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    upgrade: Function | None = None
    downgrade: Function | None = None
    engines: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    usable: bool = True


def is_taken(name: str) -> bool:
    """Whether Alembic loads a file of that name from a version location."""
    return _TAKEN.match(name) is not None


def bears_marks(text: str) -> bool:
    """Whether a text looks like a revision's: one of the globals that name it is set."""
    return _MARK.search(text) is not None


def is_helper(path: Path) -> bool:
    """Whether a Python file is none that Alembic could mean as a revision."""
    if not is_taken(path.name):
        return True
    source = read_source(path)
    return isinstance(source, SourceText) and not bears_marks(source.text) and not _UPGRADE.search(source.text)


def read_revision(path: Path, source: SourceText | UnreadableFile) -> Revision | UnreadableFile | None:
    """What one file says of itself.

    Args:
        path: the file, absolute.
        source: its text, or why there is none.

    Returns:
        The revision; why there is none in a file that Alembic loads; None for a helper that is nobody's migration.
    """
    if isinstance(source, UnreadableFile):
        return source
    try:
        tree = parse(source.text)
    except NotPythonError as error:
        return _from_lines(path, source, f"is not Python that can be read: {error}")
    names = assigned(tree)
    functions = dict(_functions(tree))
    if "upgrade" not in functions and not names.keys() & {"revision", "down_revision"}:
        return None
    return _from_tree(path, source, names, functions)


class _Reader:
    """Reads the globals of one module and keeps what is wrong with them."""

    def __init__(self, names: Mapping[str, ast.expr]) -> None:
        self._names = names
        self.faults: list[str] = []

    def text(self, name: str) -> str | None:
        """A global that must be a text."""
        value = self._value(name)
        if value is None or isinstance(value, str):
            return value
        self.faults.append(f"sets `{name}` to {value!r}, which is no text")
        return None

    def texts(self, name: str) -> tuple[str, ...]:
        """A global that is a text, several, or None."""
        value = self._value(name)
        parts = value if isinstance(value, tuple) else () if value is None else (value,)
        if not all(isinstance(part, str) for part in parts):
            self.faults.append(f"sets `{name}` to {value!r}, which is neither a text nor a list of texts")
        return tuple(part for part in parts if isinstance(part, str))

    def _value(self, name: str) -> object:
        try:
            return value_of(self._names[name], self._names) if name in self._names else None
        except ComputedError:
            self.faults.append(f"computes its `{name}`: only a value that is written down can be read")
            return None


def _from_tree(
    path: Path, source: SourceText, names: Mapping[str, ast.expr], functions: Mapping[str, Function]
) -> Revision | UnreadableFile:
    reader = _Reader(names)
    written = reader.text("revision") if "revision" in names else _legacy_id(path.name)
    reason = _unusable(written, reader.faults)
    if reason is not None:
        return UnreadableFile(source.path, reason)
    assert written is not None
    down, depends_on, labels = (reader.texts(name) for name in ("down_revision", "depends_on", "branch_labels"))
    if "upgrade" not in functions:
        reader.faults.append("has no `upgrade` function: Alembic cannot run it")
    forbidden = sorted(set(_FORBIDDEN.findall(written)))
    if forbidden:
        reader.faults.append(f"is the revision {written!r}: Alembic allows no {' '.join(forbidden)} in the name of one")
    return Revision(
        path=path,
        shown=source.path,
        id=written,
        down=down,
        depends_on=depends_on,
        labels=labels,
        upgrade=functions.get("upgrade"),
        downgrade=functions.get("downgrade"),
        engines=tuple(name.removeprefix("upgrade_") for name in functions if name.startswith("upgrade_")),
        faults=tuple(reader.faults),
        usable="upgrade" in functions and not forbidden,
    )


def _unusable(written: str | None, faults: list[str]) -> str | None:
    """Why a file has no place in the graph; None where it has one."""
    if written:
        return None
    return faults[0] if faults else "has no `revision`: Alembic cannot tell which one it is"


def _legacy_id(name: str) -> str | None:
    match = _LEGACY.match(name)
    return match[1] if match else None


def _functions(tree: ast.Module) -> Iterator[tuple[str, Function]]:
    """What the module binds that may be called: functions of its own, and names that it imports or assigns."""
    for statement in top_level(tree):
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            yield statement.name, Function(_takes_engine(statement.args))
        elif isinstance(statement, ast.ImportFrom):
            yield from ((alias.asname or alias.name, Function(takes_engine=False)) for alias in statement.names)
        elif isinstance(statement, ast.Assign):
            targets = (target for target in statement.targets if isinstance(target, ast.Name))
            yield from ((target.id, Function(takes_engine=False)) for target in targets)


def _takes_engine(arguments: ast.arguments) -> bool:
    return bool(arguments.posonlyargs or arguments.args or arguments.kwonlyargs or arguments.kwarg)


def _from_lines(path: Path, source: SourceText, fault: str) -> Revision | UnreadableFile:
    """A revision out of a file that cannot be parsed: only its place in the graph."""
    written = {
        match["name"]: [text for _, text in _QUOTED.findall(match["value"])] for match in _WRITTEN.finditer(source.text)
    }
    if not written.get("revision"):
        return UnreadableFile(source.path, fault)
    return Revision(
        path=path,
        shown=source.path,
        id=written["revision"][0],
        down=tuple(written.get("down_revision", ())),
        depends_on=tuple(written.get("depends_on", ())),
        faults=(fault,),
        usable=False,
    )
