"""The operations of a Python migration as pieces of its text that can be moved to another one.

A piece is a statement of `upgrade()`, or an element of Django's `operations`, with the comments directly above it. Only
code that stands for itself can be moved: calls, and `with` blocks around calls, which use what the file imports.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.errors import UsageError
from migsafe.sources.alembic.literals import NotPythonError, parse, top_level

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from migsafe.model.script import SourceText

#: The only indentation that the templates of migrations have.
_INDENTATION = {"upgrade": 4, "downgrade": 4, "operations": 8}


class CannotSplitError(UsageError):
    """The migration cannot be split without changing what it does."""


@dataclass(frozen=True)
class Piece:
    """One operation.

    Attributes:
        first: its first line, that of its comments, from 1.
        last: its last line.
        text: its lines.
        names: the names that it uses.
    """

    first: int
    last: int
    text: str
    names: frozenset[str]

    def has(self, line: int) -> bool:
        """Whether a line of the file is one of its."""
        return self.first <= line <= self.last


class Code:
    """A migration's file."""

    def __init__(self, source: SourceText) -> None:
        """
        Raises:
            CannotSplitError: the file is no Python.
        """
        self._lines = source.text.splitlines(keepends=True)
        try:
            self._tree = parse(source.text)
        except NotPythonError as error:
            raise CannotSplitError(f"it is no Python that can be read: {error}") from None

    def function(self, name: str) -> list[Piece]:
        """The operations of `upgrade()` or `downgrade()`; none where it does nothing.

        Raises:
            CannotSplitError: it has other code.
        """
        found = (node for node in self._tree.body if isinstance(node, ast.FunctionDef) and node.name == name)
        function = next(found, None)
        body = [] if function is None else [one for one in function.body if not _is_idle(one)]
        if not all(_stands_alone(one) for one in body):
            raise CannotSplitError(f"{name}() has more in it than operations, one after the other")
        return self._pieces(body, name)

    def operations(self) -> list[Piece]:
        """The elements of `operations` of Django's class.

        Raises:
            CannotSplitError: they are not a written list.
        """
        classes = (
            node for node in top_level(self._tree) if isinstance(node, ast.ClassDef) and node.name == "Migration"
        )
        body = next((node.body for node in classes), [])
        lists = [node.value for node in body if isinstance(node, ast.Assign) and _names(node) == ["operations"]]
        if len(lists) != 1 or not isinstance(lists[0], ast.List):
            raise CannotSplitError("its operations are not a list that is written down")
        return self._pieces(lists[0].elts, "operations")

    def imports_of(self, pieces: Iterable[Piece]) -> tuple[str, ...]:
        """The import lines that some pieces need.

        Raises:
            CannotSplitError: they use something that the file defines itself.
        """
        used = frozenset(name for piece in pieces for name in piece.names)
        own = used & set(self._defined())
        if own:
            raise CannotSplitError(f"an operation uses {min(own)}, which the file defines")
        imports = (node for node in self._tree.body if isinstance(node, ast.Import | ast.ImportFrom))
        return tuple(ast.unparse(node) for node in imports if used & {_bound(alias) for alias in node.names})

    def _defined(self) -> Iterator[str]:
        for node in top_level(self._tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield node.name
            elif isinstance(node, ast.Assign):
                yield from _names(node)

    def without(self, pieces: Iterable[Piece], idle: Sequence[Piece] = ()) -> str:
        """The file's text without some pieces.

        Args:
            idle: of a function that is left with nothing to do: `pass` takes their place.
        """
        gone = {line for piece in pieces for line in range(piece.first, piece.last + 1)}
        lines = {number: line for number, line in enumerate(self._lines, 1) if number not in gone}
        if idle:
            lines[idle[0].first] = " " * _INDENTATION["downgrade"] + "pass" + self._newline
        return "".join(lines[number] for number in sorted(lines))

    @property
    def _newline(self) -> str:
        return "\r\n" if self._lines and self._lines[0].endswith("\r\n") else "\n"

    def _pieces(self, nodes: Sequence[ast.stmt | ast.expr], where: str) -> list[Piece]:
        found: list[Piece] = []
        for node in nodes:
            last = node.end_lineno or node.lineno
            before, behind = self._lines[node.lineno - 1][: node.col_offset], self._behind(node, last)
            if before.strip() or behind or len(before) != _INDENTATION[where] or "\t" in before:
                raise CannotSplitError(f"line {node.lineno} has more on it than one operation")
            first = self._first(node.lineno, found[-1].last if found else 0)
            text = "".join(self._lines[first - 1 : last])
            if where == "operations" and "," not in self._lines[last - 1].encode()[node.end_col_offset or 0 :].decode():
                text = text.rstrip() + ",\n"
            found.append(Piece(first, last, text, _used(node)))
        return found

    def _behind(self, node: ast.stmt | ast.expr, last: int) -> str:
        """What stands behind a node on its last line, besides a comma and a comment; columns are those of UTF-8."""
        rest = self._lines[last - 1].encode()[node.end_col_offset or 0 :].decode().strip().removeprefix(",").strip()
        return "" if rest.startswith("#") else rest

    def _first(self, line: int, previous: int) -> int:
        """The first of the comment lines directly above a line."""
        while line - 1 > previous and self._lines[line - 2].lstrip().startswith("#"):
            line -= 1
        return line


def _is_idle(node: ast.stmt) -> bool:
    """`pass`, and a text that stands for itself."""
    return isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def _stands_alone(node: ast.stmt) -> bool:
    if isinstance(node, ast.With):
        return all(_stands_alone(one) for one in node.body)
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)


def _names(node: ast.Assign) -> list[str]:
    return [target.id for target in node.targets if isinstance(target, ast.Name)]


def _used(node: ast.AST) -> frozenset[str]:
    return frozenset(one.id for one in ast.walk(node) if isinstance(one, ast.Name))


def _bound(alias: ast.alias) -> str:
    return alias.asname or alias.name.split(".", 1)[0]
