"""Stand-ins for what cannot be imported: they take part in everything and know nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_MARK = re.compile("\u27e6(?P<name>[^\u27e7]*)\u27e7")

# what `configparser` promises to give, of a configuration that is not known
_CONFIGURED: dict[str, Any] = {"getint": 1, "getfloat": 1.0, "getboolean": False}


class Stub:
    """Something whose real value is unknown.

    Its text carries a mark, so that SQL that depends on it is recognised.
    """

    def __init__(self, name: str) -> None:
        object.__setattr__(self, "_stub_name", name)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"{self._stub_name} could not be imported: nothing is known of {name}")
        return make_stub(f"{self._stub_name}.{name}")

    def __setattr__(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        if _decorates(arguments, keywords):
            return arguments[0]
        for default in ("fallback", "default"):
            # what a program itself falls back to is a better guess than none
            if default in keywords and not callable(keywords[default]):
                return keywords[default]
        last_word = self._stub_name.rpartition(".")[2]
        if last_word in _CONFIGURED:
            return _CONFIGURED[last_word]
        if (bound := keywords.get("bind")) is not None and not isinstance(bound, Stub):
            return _session(bound)
        return Stub(f"{self._stub_name}()")

    def __getitem__(self, key: object) -> Stub:
        return Stub(f"{self._stub_name}[{key!r}]")

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def __bool__(self) -> bool:
        return True

    def __contains__(self, item: object) -> bool:
        return False

    def __enter__(self) -> Stub:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def __mro_entries__(self, bases: tuple[object, ...]) -> tuple[type, ...]:
        return ()

    def __instancecheck__(self, instance: object) -> bool:
        return False

    def __subclasscheck__(self, subclass: type) -> bool:
        return False

    def __str__(self) -> str:
        return f"\u27e6{self._stub_name}\u27e7"

    def __repr__(self) -> str:
        return str(self)

    def __format__(self, spec: str) -> str:
        return str(self)

    def __hash__(self) -> int:
        return hash(self._stub_name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Stub) and other._stub_name == self._stub_name

    def _operator(self, *_: object) -> Stub:
        return self

    def _comparison(self, _: object) -> bool:
        return False

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _operator
    __floordiv__ = __mod__ = __rmod__ = __pow__ = __neg__ = __pos__ = __abs__ = __invert__ = _operator
    __or__ = __ror__ = __and__ = __rand__ = __xor__ = __lshift__ = __rshift__ = _operator
    __lt__ = __le__ = __gt__ = __ge__ = _comparison


def make_stub(name: str) -> Any:
    """A stub; an exception class where the name is that of one, so that it can be raised and caught."""
    last = name.rpartition(".")[2]
    if last.endswith(("Error", "Exception")) and last[0].isupper():
        return type(last, (Exception,), {"__module__": name.rpartition(".")[0]})
    return Stub(name)


def stub_name(stub: Stub) -> str:
    """What it stands for, with dots."""
    name: str = stub._stub_name
    return name


def marked_names(text: str) -> list[str]:
    """What the stubs stand for whose text is part of this one, each once."""
    return list(dict.fromkeys(match["name"] for match in _MARK.finditer(text)))


def _decorates(arguments: tuple[Any, ...], keywords: dict[str, Any]) -> bool:
    """Whether a call looks like that of a decorator: a single function or class."""
    if len(arguments) != 1 or keywords:
        return False
    [only] = arguments
    return isinstance(only, type) or (hasattr(only, "__code__") and hasattr(only, "__name__"))


def _session(bound: Any) -> Any:
    """A session on a connection of ours: what takes a `bind=` and is unknown is most often a factory of sessions."""
    from sqlalchemy.orm import Session

    return Session(bind=bound)
