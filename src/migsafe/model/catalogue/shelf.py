"""A dictionary of catalogue objects that also finds them by bare name and by what they point at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, MutableMapping
from typing import Generic, TypeVar

from migsafe.model.names import QualifiedName

V = TypeVar("V")

#: What an object points at: a word for the kind of relation, and the name of the other end.
Link = tuple[str, QualifiedName]

_Names = tuple[QualifiedName, ...]


class Shelf(MutableMapping[QualifiedName, V], Generic[V]):
    """Objects by full name, with two reverse look-ups that every write keeps up to date.

    The look-ups hold tuples, never mutable containers, so that `copy` costs four shallow copies and shares the rest.
    """

    __slots__ = ("_by_link", "_by_name", "_items", "_links", "_links_of")

    def __init__(self, links_of: Callable[[V], Iterable[Link]]) -> None:
        """Start empty; `links_of` says what an object points at."""
        self._links_of = links_of
        self._items: dict[QualifiedName, V] = {}
        self._links: dict[QualifiedName, frozenset[Link]] = {}
        self._by_name: dict[str, _Names] = {}
        self._by_link: dict[Link, _Names] = {}

    def copy(self) -> Shelf[V]:
        """A shelf with the same objects that can go its own way."""
        other = Shelf(self._links_of)
        other._items = self._items.copy()
        other._links = self._links.copy()
        other._by_name = self._by_name.copy()
        other._by_link = self._by_link.copy()
        return other

    def spelt(self, name: str) -> _Names:
        """Full names of the objects with that bare name, whatever their schema."""
        return self._by_name.get(name, ())

    def linked(self, kind: str, target: QualifiedName) -> _Names:
        """Full names of the objects that point at `target`, in the order in which they came to do so."""
        return self._by_link.get((kind, target), ())

    def __getitem__(self, name: QualifiedName) -> V:
        return self._items[name]

    def __setitem__(self, name: QualifiedName, value: V) -> None:
        if name not in self._items:
            _add(self._by_name, name.name, name)
        self._items[name] = value
        self._relink(name, frozenset(self._links_of(value)))

    def __delitem__(self, name: QualifiedName) -> None:
        del self._items[name]
        _discard(self._by_name, name.name, name)
        self._relink(name, frozenset())

    def __iter__(self) -> Iterator[QualifiedName]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __contains__(self, name: object) -> bool:
        return name in self._items

    def __repr__(self) -> str:
        return f"Shelf({self._items!r})"

    def _relink(self, name: QualifiedName, links: frozenset[Link]) -> None:
        before = self._links.get(name, frozenset())
        if links == before:
            return
        for gone in before - links:
            _discard(self._by_link, gone, name)
        for new in links - before:
            _add(self._by_link, new, name)
        if links:
            self._links[name] = links
        else:
            del self._links[name]


K = TypeVar("K")


def _add(index: dict[K, _Names], key: K, name: QualifiedName) -> None:
    index[key] = (*index.get(key, ()), name)


def _discard(index: dict[K, _Names], key: K, name: QualifiedName) -> None:
    rest = tuple(other for other in index[key] if other != name)
    if rest:
        index[key] = rest
    else:
        del index[key]
