"""Python classes of a project by their syntax trees: what each one's bases are, across files, without an import."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from migsafe.usage.files import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.usage.code import Code, CodeFile

_MODELS = re.compile(
    r"Column\(|_column\(|__tablename__|\b[Tt]able\(|ForeignKey|Mapped\[|SQLModel|(?:from|import)\s+django|\bdb\.Model"
)
_CLASS = re.compile(r"^[ \t]*class[ \t]+(\w+)", re.MULTILINE)


@dataclass(eq=False)
class Module:
    """A Python file.

    Attributes:
        classes: all that it defines, in functions and in other classes too.
        calls: all calls in it.
        constants: names of the module's own that are texts.
        imports: local name → the module that it comes from, and what it is called there.
    """

    path: str
    tree: ast.Module
    classes: list[PythonClass] = field(default_factory=list)
    calls: list[ast.Call] = field(default_factory=list)
    constants: dict[str, str] = field(default_factory=dict)
    imports: dict[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(eq=False)
class PythonClass:
    """A class, and where it stands."""

    node: ast.ClassDef
    module: Module

    @property
    def name(self) -> str:
        """Its name."""
        return self.node.name

    @property
    def bases(self) -> list[str]:
        """Its bases as they are written, dotted; those that are no names are left out."""
        return [name for base in self.node.bases if (name := dotted(base))]

    def assigned(self, name: str) -> ast.expr | None:
        """The value that its body gives a name, if it does."""
        return next((value for names, value, _ in assignments(self.node.body) if name in names and value), None)

    def inner(self, name: str) -> ast.ClassDef | None:
        """A class in its body, such as Django's `Meta`."""
        return next((node for node in self.node.body if isinstance(node, ast.ClassDef) and node.name == name), None)

    def method(self, name: str) -> ast.FunctionDef | None:
        """A function in its body."""
        return next((node for node in self.node.body if isinstance(node, ast.FunctionDef) and node.name == name), None)


class Classes:
    """The classes of the files in which a sought word stands, and of others where a base leads there."""

    def __init__(self, code: Code) -> None:
        self._code = code
        self._modules: dict[str, Module | None] = {}

    def modules(self) -> Iterator[Module]:
        """The modules in which a sought word stands, and that may declare models."""
        return iter(self._candidates)

    @cached_property
    def _candidates(self) -> tuple[Module, ...]:
        files = (file for file in self._code.files(Kind.PYTHON) if _may_declare(file))
        return tuple(module for file in files if (module := self.module(file.path)) is not None)

    def all(self) -> Iterator[PythonClass]:
        """The classes of those modules, nested ones too."""
        for module in self.modules():
            yield from module.classes

    def module(self, path: str) -> Module | None:
        """The module of a file; None where it cannot be read."""
        if path not in self._modules:
            tree = self._code.module(path)
            self._modules[path] = None if tree is None else _module(path, tree)
        return self._modules[path]

    def base(self, name: str, of: PythonClass) -> PythonClass | None:
        """The class that a base's name means; None where it is of another package, or no class."""
        first, _, _ = name.partition(".")
        last = name.rpartition(".")[2]
        source, original = of.module.imports.get(first, ("", first))
        if not source:
            found = next((each for each in of.module.classes if each.name == last and each is not of), None)
            if found is not None:
                return found
        elif not source.startswith(".") and not self._code.has_folder(source.partition(".")[0]):
            return None
        sought = original if first == name else last
        paths = [path for path in self._code.defining(sought) if path != of.module.path]
        best = max(paths, key=lambda path: _nearness(path, source, of.module.path), default=None)
        module = self.module(best) if best is not None else None
        return None if module is None else next((each for each in module.classes if each.name == sought), None)

    def ancestry(self, of: PythonClass) -> Iterator[tuple[str, PythonClass | None]]:
        """All bases, the nearest first: as written, and the class where it is the project's own."""
        seen = {id(of.node)}
        waiting = [(name, of) for name in of.bases]
        while waiting:
            name, child = waiting.pop(0)
            found = self.base(name, child)
            if found is not None and id(found.node) in seen:
                continue
            yield name, found
            if found is not None:
                seen.add(id(found.node))
                waiting += [(base, found) for base in found.bases]


def _may_declare(file: CodeFile) -> bool:
    """Whether a file has what models are made of, or a class with a sought name."""
    if _MODELS.search(file.text):
        return True
    return any(name.lower() in file.words for name in _CLASS.findall(file.text))


def dotted(node: ast.expr) -> str:
    """`a.b.c` of an expression, also of a generic `a.b[c]`; empty where it is none."""
    if isinstance(node, ast.Subscript):
        node = node.value
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return f"{before}.{node.attr}" if before else ""
    return node.id if isinstance(node, ast.Name) else ""


def called(node: ast.expr | None) -> str:
    """The last word of what a call calls: `Column` of `sa.Column(…)`; empty for anything else."""
    return dotted(node.func).rpartition(".")[2] if isinstance(node, ast.Call) else ""


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    """The value of a keyword argument."""
    return next((argument.value for argument in call.keywords if argument.arg == name), None)


def text_of(node: ast.expr | None, module: Module) -> str | None:
    """The text that an expression is, as far as constants of its module tell."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.Name):
        return module.constants.get(node.id)
    if isinstance(node, ast.JoinedStr):
        parts = [text_of(part.value if isinstance(part, ast.FormattedValue) else part, module) for part in node.values]
        return None if None in parts else "".join(part for part in parts if part is not None)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = text_of(node.left, module), text_of(node.right, module)
        return None if left is None or right is None else left + right
    if isinstance(node, ast.Call) and called(node) == "quoted_name" and node.args:
        return text_of(node.args[0], module)
    return None


def assignments(body: list[ast.stmt]) -> Iterator[tuple[list[str], ast.expr | None, ast.stmt]]:
    """`a = value` and `a: type = value`, those in `if` and `try` too: names, value, statement."""
    for node in body:
        if isinstance(node, ast.Assign):
            yield [target.id for target in node.targets if isinstance(target, ast.Name)], node.value, node
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield [node.target.id], node.value, node
        elif isinstance(node, ast.If | ast.Try):
            yield from assignments([*node.body, *node.orelse])


def _module(path: str, tree: ast.Module) -> Module:
    module = Module(path, tree)
    for names, value, _ in assignments(tree.body):
        if (text := text_of(value, module)) is not None:
            module.constants.update(dict.fromkeys(names, text))
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            module.classes.append(PythonClass(node, module))
        elif isinstance(node, ast.Call):
            module.calls.append(node)
        elif isinstance(node, ast.ImportFrom):
            source = "." * node.level + (node.module or "")
            module.imports.update({name.asname or name.name: (source, name.name) for name in node.names})
        elif isinstance(node, ast.Import):
            for name in node.names:
                local = name.asname or name.name.partition(".")[0]
                module.imports[local] = (name.name if name.asname else local, local)
    return module


def _nearness(path: str, source: str, importer: str) -> tuple[int, int]:
    """How well a path fits the module that an import names, and how near it is to the importer."""
    parts = path.removesuffix(".py").split("/")
    named = [part for part in source.split(".") if part]
    fit = sum(part in parts for part in named)
    folders = importer.split("/")[:-1]
    common = next((at for at, pair in enumerate(zip(parts, folders, strict=False)) if pair[0] != pair[1]), len(folders))
    return fit, common
