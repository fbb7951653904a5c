"""Objects that are made when they are first needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from migsafe.sources.alembic.worker.stub import make_stub

if TYPE_CHECKING:
    from collections.abc import Callable


class Lazy:
    """`lazy_object_proxy.Proxy`: an object that is made when it is first needed."""

    def __init__(self, make: Callable[[], Any], *_: object, **__: object) -> None:
        object.__setattr__(self, "_make", make)

    def _made(self) -> Any:
        if "_object" not in self.__dict__:
            object.__setattr__(self, "_object", self.__dict__["_make"]())
        return self.__dict__["_object"]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._made(), name)

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        return self._made()(*arguments, **keywords)

    def __str__(self) -> str:
        return str(self._made())


class Local(Lazy):
    """`werkzeug.local.LocalProxy`: an object of the request or the application, of which there is none."""

    def _made(self) -> Any:
        try:
            made = super()._made()
        except Exception:  # what the project's function raises outside of a request is its own affair
            made = None
        return make_stub("LocalProxy()") if made is None else made
