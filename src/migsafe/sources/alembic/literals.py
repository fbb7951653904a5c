"""What the syntax tree of a Python file says without being run: values that are written down.

A value counts as written down when it is a constant, a tuple, list or dictionary of such values, texts put together
with `+`, or a name that the module gives such a value.
"""

from __future__ import annotations

import ast
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

#: How many parts a value may have, names followed; a longer one is taken as computed.
_MOST_NODES = 10_000


class ComputedError(Exception):
    """A value that only running the module gives."""


class NotPythonError(Exception):
    """A text that this Python cannot parse; the message says why, and where."""


def parse(text: str) -> ast.Module:
    """The syntax tree of a module, without the warnings that its author has seen already.

    Raises:
        NotPythonError: it is none.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except SyntaxError as error:
        raise NotPythonError(f"{error.msg} (line {error.lineno})") from error
    except (ValueError, RecursionError, MemoryError) as error:  # nested too deeply, or a character nobody allows
        raise NotPythonError(str(error) or type(error).__name__) from error


def top_level(tree: ast.Module) -> Iterator[ast.stmt]:
    """The statements that run when the module is loaded, in their order; those of both ways of an `if` or a `try`."""
    waiting = list(reversed(tree.body))
    while waiting:
        statement = waiting.pop()
        yield statement
        if isinstance(statement, ast.If | ast.Try | ast.With):
            waiting += reversed(list(_inside(statement)))


def _inside(statement: ast.stmt) -> Iterator[ast.stmt]:
    for name in ("body", "handlers", "orelse", "finalbody"):
        for part in getattr(statement, name, []):
            yield from part.body if isinstance(part, ast.ExceptHandler) else [part]


def assigned(tree: ast.Module) -> dict[str, ast.expr]:
    """What the module's names are given last, by an assignment with or without annotation."""
    found: dict[str, ast.expr] = {}
    for statement in top_level(tree):
        for target, value in _pairs(statement):
            found[target] = value
    return found


def _pairs(statement: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    if isinstance(statement, ast.AnnAssign) and statement.value is not None:
        targets = [statement.target]
    for target in targets:
        value = statement.value  # type: ignore[attr-defined]  # both kinds that have targets have a value
        if isinstance(target, ast.Name):
            yield target.id, value
        elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
            pairs = zip(target.elts, value.elts, strict=True)
            yield from ((name.id, part) for name, part in pairs if isinstance(name, ast.Name))


def value_of(node: ast.expr, names: Mapping[str, ast.expr]) -> object:
    """The value of an expression; lists and sets come as tuples.

    Args:
        names: what the module's names are given.

    Raises:
        ComputedError: only running the module gives it.
    """
    try:
        return _Evaluation(names).value(node)
    except RecursionError:  # a name that stands for itself, or a sum of a thousand parts
        raise ComputedError from None


class _Evaluation:
    """One expression's value; names that multiply one another end it."""

    def __init__(self, names: Mapping[str, ast.expr]) -> None:
        self._names = names
        self._left = _MOST_NODES

    def value(self, node: ast.expr) -> object:
        """The value of one part."""
        self._left -= 1
        if self._left < 0:
            raise ComputedError
        match node:
            case ast.Constant(value):
                return value
            case ast.Tuple(elts) | ast.List(elts) | ast.Set(elts):
                return tuple(map(self.value, elts))
            case ast.Dict(keys, values):
                return self._dictionary(zip(keys, values, strict=True))
            case ast.Call(ast.Name("dict"), [], keywords):
                return self._dictionary((_key(word), word.value) for word in keywords)
            case ast.Name(name) if name in self._names:
                return self.value(self._names[name])
            case ast.BinOp(left, ast.Add(), right):
                return _sum(self.value(left), self.value(right))
        raise ComputedError

    def _dictionary(self, entries: Iterable[tuple[ast.expr | None, ast.expr]]) -> dict[object, object]:
        """A dictionary, with those that are unpacked into it: they have no key."""
        found: dict[object, object] = {}
        for key, node in entries:
            value = self.value(node)
            if key is not None:
                found[_hashable(self.value(key))] = value
            elif isinstance(value, dict):
                found |= value
            else:
                raise ComputedError
        return found


def _sum(left: object, right: object) -> object:
    if isinstance(left, str) and isinstance(right, str):
        return left + right
    if isinstance(left, tuple) and isinstance(right, tuple):
        return left + right
    raise ComputedError


def _key(keyword: ast.keyword) -> ast.expr | None:
    return None if keyword.arg is None else ast.Constant(keyword.arg)


def _hashable(key: object) -> object:
    if isinstance(key, dict | tuple):
        raise ComputedError
    return key
