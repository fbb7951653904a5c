"""One release's code: each file is read once, and looked at closely only where a word that is sought stands in it."""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from migsafe.config.usage import UsageSettings
from migsafe.usage.files import Kind, Scope, is_built, kind_of
from migsafe.usage.subjects import words_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from migsafe.history.tree import FileTree

#: Levels of a syntax tree, at most: a person's code has some thirty.
DEEPEST = 300
#: What nests without parentheses, of which Python itself allows 200; a file that has fewer of it is never too deep.
_NESTING = ("+", "-", "*", "/", "%", "|", "&", "@", "<<", ">>", "elif", "else", ").", ")(", ")[", "](", "][", "].",
            "lambda", "not ", "~", "await")  # fmt: skip

_CLASS = re.compile(r"^[ \t]*class[ \t]+(\w+)", re.MULTILINE)


@dataclass(frozen=True)
class CodeFile:
    """A file in which a sought word stands.

    Attributes:
        words: the sought words that stand in it, in lower case.
    """

    path: str
    kind: Kind
    text: str
    words: frozenset[str]


@dataclass
class _Index:
    files: dict[str, CodeFile] = field(default_factory=dict)
    classes: dict[str, list[str]] = field(default_factory=dict)
    counts: dict[Kind, int] = field(default_factory=lambda: dict.fromkeys(Kind, 0))
    built: int = 0
    declarative: int = 0
    django: int = 0


class Code:
    """The application's code in one tree, for all subjects at once; nothing is read before it is asked for."""

    def __init__(
        self,
        tree: FileTree,
        words: Collection[str],
        settings: UsageSettings | None = None,
        *,
        migrations: Collection[str] = (),
    ) -> None:
        """
        Args:
            tree: all files.
            words: the words of all subjects, in lower case.
            settings: where the code stands.
            migrations: the migrations' files and folders, as the tree names them.
        """
        self._tree = tree
        self._words = frozenset(words)
        self._scope = Scope(settings or UsageSettings(), migrations)
        self._modules: dict[str, ast.Module | None] = {}
        self.unread: dict[str, str] = {}

    def files(self, *kinds: Kind) -> Iterator[CodeFile]:
        """The files of these kinds in which a sought word stands."""
        return (file for file in self._index.files.values() if file.kind in kinds)

    def count(self, *kinds: Kind) -> int:
        """How many files of these kinds were searched."""
        return sum(self._index.counts[kind] for kind in kinds)

    @property
    def declarative_files(self) -> int:
        """How many files declare SQLAlchemy models."""
        return self._index.declarative

    @property
    def django_files(self) -> int:
        """How many files declare Django models."""
        return self._index.django

    @property
    def built(self) -> int:
        """How many files were left out because tools have written them."""
        return self._index.built

    def defining(self, name: str) -> list[str]:
        """The Python files that define a class of that name."""
        return self._index.classes.get(name, [])

    def text(self, path: str) -> str:
        """A file's text; empty where there is none."""
        known = self._index.files.get(path)
        return known.text if known is not None else self._tree.read(path) or ""

    def module(self, path: str) -> ast.Module | None:
        """A Python file's syntax tree; None where it has none, which `unread` then says."""
        if path not in self._modules:
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # about the code's escapes, which are its authors' concern
                    self._modules[path] = _parsed(self.text(path))
            except (SyntaxError, ValueError, RecursionError) as error:
                self._modules[path] = None
                self.unread[path] = f"it is no Python that can be read ({type(error).__name__})"
        return self._modules[path]

    def has_folder(self, name: str) -> bool:
        """Whether a folder or Python file of that name stands anywhere in the tree."""
        return name in self._names

    @cached_property
    def _names(self) -> frozenset[str]:
        parts = {part for path in self._tree.paths() for part in path.split("/")}
        return frozenset(part.removesuffix(".py") for part in parts)

    @cached_property
    def _index(self) -> _Index:
        """The one pass over all files."""
        index = _Index()
        for path in self._tree.paths():
            kind = kind_of(path)
            if kind is None or not self._scope.holds(path):
                continue
            text = self._tree.read(path)
            if text is None:
                self._leave_out(index, path, kind)
            elif kind is Kind.CODE and is_built(text):
                index.built += 1
            else:
                self._add(index, path, kind, text)
        return index

    def _leave_out(self, index: _Index, path: str, kind: Kind) -> None:
        """What is too large is nobody's source code, and is counted; what cannot be read may be anything."""
        reason = self._tree.skipped.get(path, "it cannot be read")
        if reason.startswith("larger"):
            index.built += 1
        elif reason != "binary" and kind is not Kind.TEXT:
            self.unread[path] = reason

    def _add(self, index: _Index, path: str, kind: Kind, text: str) -> None:
        index.counts[kind] += 1
        if kind is Kind.PYTHON:
            for name in _CLASS.findall(text):
                index.classes.setdefault(name, []).append(path)
            index.declarative += "__tablename__" in text or "mapped_column(" in text
            index.django += "django" in text and "models" in text
        words = self._words & words_of(text)
        if words:
            index.files[path] = CodeFile(path, kind, text, words)


def _parsed(text: str) -> ast.Module:
    """The syntax tree of a Python file.

    Raises:
        RecursionError: when it is nested too deeply to be gone through.
    """
    tree = ast.parse(text)
    if sum(map(text.count, _NESTING)) < DEEPEST:
        return tree
    level: list[ast.AST] = [tree]
    for _ in range(DEEPEST):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        if not level:
            return tree
    raise RecursionError
