"""Writes down what migrations do while they are walked through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.model.operation.base import operation_name
from migsafe.model.phase import Nature
from migsafe.model.script import Direction
from migsafe.phases.act import Act, Chapter
from migsafe.phases.demands import demanded_by
from migsafe.phases.nature import nature_of
from migsafe.phases.subjects import made_by, mentioned_in, subjects_of, words_of
from migsafe.rules.events import EndOfScript

if TYPE_CHECKING:
    from migsafe.model.operation import BaseOperation
    from migsafe.model.script import Migration
    from migsafe.rules.context import Context


class Book:
    """The acts of all migrations of a layout, in their order."""

    def __init__(self) -> None:
        self._chapters: list[Chapter] = []
        self._acts: list[Act] = []
        self._reported = False

    def open(self, *, reported: bool) -> None:
        """Begin a migration.

        Args:
            reported: its findings count.
        """
        self._reported = reported

    def note(self, op: BaseOperation, ctx: Context) -> None:
        """Take one more operation, just before it runs; what nobody notices leaves no trace, save for constants."""
        if ctx.direction is not Direction.UP or isinstance(op, EndOfScript):
            return
        nature, words = nature_of(op, ctx), words_of(op, ctx)
        if nature is Nature.NEUTRAL and not words:
            return
        demands = demanded_by(op, ctx) if nature is Nature.CONSTRAIN else ()
        is_asked_about = self._reported and (nature is Nature.CONTRACT or bool(demands))
        self._acts.append(
            Act(
                nature=nature,
                operation=operation_name(op),
                subjects=subjects_of(op, ctx),
                statement=ctx.statement_index,
                place=ctx.position(op),
                made=made_by(op, ctx),
                words=words,
                mentions=mentioned_in(ctx) if nature is Nature.MIGRATE else frozenset(),
                demands=demands,
                before=ctx.catalogue.fork() if is_asked_about else None,
            )
        )

    def close(self, migration: Migration, *, has_way_back: bool) -> Chapter:
        """End a migration."""
        chapter = Chapter(
            migration=migration.id,
            path=migration.path,
            order=len(self._chapters),
            declaration=migration.declaration,
            acts=tuple(self._acts),
            has_way_back=has_way_back,
            reported=self._reported,
            needs=migration.needs,
            follows=migration.follows,
            labels=migration.labels,
            piece_of=migration.piece_of,
        )
        self._chapters.append(chapter)
        self._acts = []
        return chapter

    @property
    def chapters(self) -> tuple[Chapter, ...]:
        """All of them so far."""
        return tuple(self._chapters)
