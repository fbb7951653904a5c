"""Whether a revision's way up does anything to the database, seen from its text alone.

Asked of revisions that rendered to nothing: one whose body does something has then not been understood. Only the text
is looked at, so that the answer does not come from what is being measured.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Of Alembic's operations, those that only make a name or a value.
_IDLE = frozenset({"f", "inline_literal"})
_CONNECTION_METHODS = frozenset({"execute", "exec_driver_sql", "scalar", "scalars", "query", "run_sync"})


@dataclass(frozen=True)
class Deed:
    """A call that speaks to the database."""

    line: int
    call: str


def deeds(text: str, function: str = "upgrade") -> list[Deed]:
    """The calls of `op`, of a connection, and of functions that the project imports from its own helpers.

    Functions of the same file are followed; what an imported helper does is not known and counts as a deed.
    """
    tree = ast.parse(text)
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    imported = set(_imported_helpers(tree))
    waiting, seen, found = [function], set[str](), list[Deed]()
    while waiting:
        name = waiting.pop()
        if name in seen or name not in functions:
            continue
        seen.add(name)
        for node in ast.walk(functions[name]):
            if isinstance(node, ast.Name):  # called, or given to somebody who calls it
                waiting.append(node.id)
            if isinstance(node, ast.Call) and _speaks(node.func, imported):
                found.append(Deed(node.lineno, ast.unparse(node.func)))
    return sorted(found, key=lambda deed: deed.line)


def _speaks(called: ast.expr, imported: set[str]) -> bool:
    if isinstance(called, ast.Name):
        return called.id in imported
    if not isinstance(called, ast.Attribute):
        return False
    if isinstance(called.value, ast.Name):
        if called.value.id == "op":
            return called.attr not in _IDLE
        if called.value.id in imported:
            return True
    return called.attr in _CONNECTION_METHODS


def _imported_helpers(tree: ast.Module) -> Iterator[str]:
    """Names that come from modules about migrations; libraries and the project's models do nothing by themselves."""
    for node in tree.body:
        match node:
            case ast.ImportFrom(module=str(module), names=names) if "migration" in module:
                yield from (name.asname or name.name for name in names)
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(args=[ast.Constant(value=str(module))])):
                if "migration" in module:  # module = import_module("project.migrations.versions.2016_...")
                    yield name
