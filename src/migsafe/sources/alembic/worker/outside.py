"""Functions of the project that cannot do without the running application, and how to get on without them."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from migsafe.sources.alembic.worker.stub import make_stub

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import CodeType, ModuleType

_NO_PROJECT = {"site-packages", "dist-packages"}


def is_inside(path: str, folders: Sequence[str]) -> bool:
    """Whether a file is the project's own: inside one of its folders, and not installed there."""
    resolved = Path(path).resolve()
    return any(resolved.is_relative_to(folder) for folder in folders) and not _NO_PROJECT & set(resolved.parts)


@dataclass(frozen=True)
class ProjectFunction:
    """A function or method of a module of the project."""

    module: ModuleType
    code: CodeType

    @contextmanager
    def unknown(self) -> Iterator[None]:
        """Inside of it, a call of the function gives something unknown."""
        *owners, name = self.code.co_qualname.split(".")
        owner: Any = self.module
        for each in owners:
            owner = getattr(owner, each)
        original = vars(owner)[name]
        setattr(owner, name, _unknown_function(f"{self.module.__name__}.{self.code.co_qualname}", original))
        try:
            yield
        finally:
            setattr(owner, name, original)


def failed_function(error: BaseException, folders: Sequence[str]) -> ProjectFunction | None:
    """The function that an exception was raised in, where it is one of an imported module of the project."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    if traceback is None:
        return None
    code = traceback.tb_frame.f_code
    module = sys.modules.get(traceback.tb_frame.f_globals.get("__name__", ""))
    if module is None or "<" in code.co_qualname or not is_inside(code.co_filename, folders):
        return None
    return ProjectFunction(module, code) if module.__file__ == code.co_filename else None


def _unknown_function(name: str, original: object) -> Any:
    def unknown(*_: object, **__: object) -> Any:
        return make_stub(f"{name}()")

    return staticmethod(unknown) if isinstance(original, staticmethod | classmethod) else unknown
