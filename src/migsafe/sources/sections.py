"""Files that hold both directions, parted by comment lines (`-- +goose Down`, `-- migrate:down`)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from migsafe.model.script import Direction, Span
from migsafe.sources.masking import is_only_comments

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable


@dataclass(frozen=True)
class Sections:
    """Where the directions of one file stand.

    Attributes:
        prelude: what stands before the first of them.
    """

    prelude: Span
    up: Span | None
    down: Span | None

    def kept(self, direction: Direction, text: str) -> list[Span] | None:
        """The spans of one direction; None where the file has no such section.

        A prelude of comments (a file header) belongs to both; one with statements belongs to the way up, so that
        nothing in the file stays unread.
        """
        section = self.up if direction is Direction.UP else self.down
        if section is None:
            return None
        shared = direction is Direction.UP or is_only_comments(text[self.prelude.start : self.prelude.end])
        return [self.prelude, section] if shared else [section]


def split_sections(text: str, marks: Iterable[re.Match[str]]) -> Sections:
    """Part a text at its marks; a mark's group `direction` says what follows it, and a second one of a kind is ignored.

    The marks stay in their sections: they are SQL comments.
    """
    found: dict[str, int] = {}
    for mark in marks:
        found.setdefault(mark["direction"].lower(), mark.start())
    starts = sorted(found.values())
    spans = {start: Span(start, end) for start, end in pairwise([*starts, len(text)])}
    up, down = found.get("up"), found.get("down")
    return Sections(
        prelude=Span(0, starts[0] if starts else 0),
        up=None if up is None else spans[up],
        down=None if down is None else spans[down],
    )
