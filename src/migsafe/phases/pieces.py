"""Pieces of one migration that stand in files of their own: what one has made is nobody's yet in the next.

Fizz, converted to SQL, writes each statement into a file: SQLite's rebuild of a table becomes five of them.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

from migsafe.model.phase import Nature

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from migsafe.model.usage import Subject
    from migsafe.phases.act import Act, Chapter

_MAKING = frozenset({"create-table", "add-column"})


def seen_together(chapters: Iterable[Chapter]) -> tuple[Chapter, ...]:
    """The same chapters; in those that are pieces of one migration, what the whole has made is not missed."""
    groups = (list(group) for _, group in groupby(chapters, key=lambda chapter: chapter.piece_of or chapter.order))
    return tuple(chapter for group in groups for chapter in (_settled(group) if len(group) > 1 else group))


def _settled(pieces: Sequence[Chapter]) -> Iterator[Chapter]:
    new: set[Subject] = set()
    for place, piece in enumerate(pieces):
        coming = [act for later in pieces[place + 1 :] for act in later.acts]
        yield replace(piece, acts=tuple(_unless_new(act, new, coming) for act in piece.acts))
        new.update(made for act in piece.acts if act.operation in _MAKING for made in act.made)


def _unless_new(act: Act, new: set[Subject], coming: Sequence[Act]) -> Act:
    """The act; an expanding one where nobody can miss anything."""
    about = act.subjects
    if act.nature is Nature.CONTRACT and about and (all(one in new for one in about) or _comes_back(act, new, coming)):
        return replace(act, nature=Nature.EXPAND)
    if act.nature is Nature.MIGRATE and about and all(one.whole in new for one in about):
        return replace(act, nature=Nature.EXPAND)
    return act


def _comes_back(act: Act, new: set[Subject], coming: Sequence[Act]) -> bool:
    """Whether a table is dropped that the whole has made anew, and a later piece gives its name to the new one."""
    return act.operation == "drop-table" and any(
        later.operation == "rename-table" and act.subjects[0] in later.made and later.subjects[0] in new
        for later in coming
    )
