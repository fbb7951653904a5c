"""YAML as nodes with places: nothing is constructed, and what stands where is known.

The only module that knows PyYAML; it is imported when there is YAML to read. Only its parser is used: its composers
follow nested text by recursion, and the faster one of them ends the process where that is too deep.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from migsafe.model.script import Span

if TYPE_CHECKING:
    import yaml

#: Deeper than anything that people write; rendered manifests have about 20 levels.
_DEEPEST = 200
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


class NotYamlError(Exception):
    """A text is no YAML.

    Attributes:
        reason: what is wrong with it, with its line.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(slots=True)
class Node:
    """A mapping, a list, or a scalar; asking one for what it has not gives nothing.

    Attributes:
        span: where it stands in the text.
        scalar: as it is written, without its quotes.
        plain: a scalar without quotes and signs.
        pairs: keys and values, as they stand there.
        members: what is in a list.
    """

    kind: Literal["mapping", "list", "scalar"]
    span: Span
    scalar: str = ""
    plain: bool = False
    pairs: list[tuple[Node, Node]] = field(default_factory=list)
    members: list[Node] = field(default_factory=list)

    @property
    def is_mapping(self) -> bool:
        """Whether it has keys."""
        return self.kind == "mapping"

    @property
    def text(self) -> str | None:
        """What a scalar says; None for null, and for what is no scalar."""
        return None if self.kind != "scalar" or (self.plain and self.scalar in _NULLS) else self.scalar

    @property
    def number(self) -> int | None:
        """A scalar that is a whole number."""
        text = self.text or ""
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None

    def items(self) -> Iterator[tuple[Node, Node]]:
        """Keys and values of a mapping, those of anchors that are merged into it behind its own."""
        yield from self._items(set())

    def texts(self) -> tuple[str, ...]:
        """The scalars of a list."""
        return tuple(text for member in self.members if (text := member.text) is not None)

    def get(self, *path: str) -> Node | None:
        """The value under keys, one below the other; None where there is none, or null."""
        found: Node | None = self
        for key in path:
            found = None if found is None else found._get(key)
        return found

    def value(self, *path: str) -> str:
        """The scalar under keys; the empty text where there is none."""
        found = self.get(*path)
        return "" if found is None else found.text or ""

    def list_at(self, *path: str) -> list[Node]:
        """The members of the list under keys."""
        found = self.get(*path)
        return [] if found is None else found.members

    def span_of(self, *path: str) -> Span:
        """From a key to the end of its value, to show; the node's own where there is no such key."""
        holder = self.get(*path[:-1])
        pair = next((pair for pair in holder.items() if pair[0].text == path[-1]), None) if holder else None
        return self.span if pair is None else Span(pair[0].span.start, pair[1].span.end)

    def _get(self, name: str) -> Node | None:
        found = next((value for key, value in self.items() if key.text == name), None)
        return None if found is None or (found.kind == "scalar" and found.text is None) else found

    def _items(self, merged: set[int]) -> Iterator[tuple[Node, Node]]:
        """
        Args:
            merged: what is merged already, by identity: once more it says nothing new, and of anchors that merge each
                other several times over there would be more than anybody can wait for.
        """
        merged.add(id(self))
        inner: list[Node] = []
        for key, value in self.pairs:
            if key.plain and key.scalar == "<<":
                inner += [value] if value.is_mapping else value.members
            else:
                yield key, value
        for one in inner:
            if id(one) not in merged:
                yield from one._items(merged)


def read_yaml(text: str) -> tuple[Node, ...]:
    """The documents of a text, empty ones left out.

    Raises:
        NotYamlError: when it is none, or nested deeper than anybody writes.
    """
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return tuple(_Composer().compose(yaml.parse(text, Loader=loader)))
    except yaml.YAMLError as error:
        raise NotYamlError(_reason(error)) from None


class _Composer:
    """Puts nodes together from the parser's events."""

    def __init__(self) -> None:
        self._open: list[Node] = []
        self._keys: list[Node | None] = []
        self._anchors: dict[str, Node] = {}
        self._documents: list[Node] = []

    def compose(self, events: Iterator[yaml.Event]) -> list[Node]:
        for event in events:
            self._take(event)
        return self._documents

    def _take(self, event: yaml.Event) -> None:
        import yaml

        start, end = event.start_mark, event.end_mark
        assert start is not None, "events of a text have marks"
        assert end is not None, "events of a text have marks"
        span = Span(start.index, end.index)
        if isinstance(event, yaml.DocumentStartEvent):
            self._anchors = {}
        elif isinstance(event, yaml.ScalarEvent):
            plain = event.style in {None, ""}
            self._add(Node("scalar", span, scalar=event.value, plain=plain), event.anchor)
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                raise NotYamlError(f"is not YAML in line {start.line + 1}: no anchor {event.anchor}")
            self._add(self._anchors[event.anchor], None)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._begin("mapping" if isinstance(event, yaml.MappingStartEvent) else "list", span, event.anchor)
        elif isinstance(event, yaml.CollectionEndEvent):
            ended = self._open.pop()
            self._keys.pop()
            ended.span = Span(ended.span.start, span.end)

    def _begin(self, kind: Literal["mapping", "list"], span: Span, anchor: str | None) -> None:
        if len(self._open) >= _DEEPEST:
            raise NotYamlError("is nested too deeply to be read")
        node = Node(kind, span)
        self._add(node, anchor)
        self._open.append(node)
        self._keys.append(None)

    def _add(self, node: Node, anchor: str | None) -> None:
        if anchor is not None:
            self._anchors[anchor] = node
        if not self._open:
            if node.kind != "scalar" or node.text is not None:
                self._documents.append(node)
        elif self._open[-1].kind == "list":
            self._open[-1].members.append(node)
        elif (key := self._keys[-1]) is None:
            self._keys[-1] = node
        else:
            self._open[-1].pairs.append((key, node))
            self._keys[-1] = None


def _reason(error: yaml.YAMLError) -> str:
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
    where = f" in line {mark.line + 1}" if mark is not None else ""
    return f"is not YAML{where}: {problem or str(error).splitlines()[0]}"
