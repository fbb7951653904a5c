"""What migrations do, as far as phases are concerned: an act for each operation that somebody may notice."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from migsafe.model.phase import Nature, Phase

if TYPE_CHECKING:
    from migsafe.model.catalogue import Catalogue
    from migsafe.model.declaration import Declaration
    from migsafe.model.script import Position
    from migsafe.model.usage import Subject


@dataclass(frozen=True, slots=True)
class Act:
    """One operation of a way up.

    Attributes:
        operation: the operation's name, kebab-case: `drop-column`.
        subjects: what it is about, by full names.
        made: what exists after it and did not before: the new column, the new name.
        statement: its statement's place in the script, from 0.
        place: where it stands in the file.
        words: values that it adds to an enum, or writes.
        mentions: the words of its statement, in lower case, where it writes rows.
        demands: columns that every new row must have a value for, from here on.
        before: what exists just before it, where it takes something away or demands something, and its findings count.
    """

    nature: Nature
    operation: str
    subjects: tuple[Subject, ...]
    statement: int
    place: Position
    made: tuple[Subject, ...] = ()
    words: frozenset[str] = frozenset()
    mentions: frozenset[str] = frozenset()
    demands: tuple[Subject, ...] = ()
    before: Catalogue | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Chapter:
    """One migration's acts.

    Attributes:
        acts: in the order in which they run.
        order: its place in the history, from 0.
        has_way_back: whether there is a script for it that does something.
        reported: whether its findings count.
        needs: the migrations that must run before it, where the tool keeps a graph.
        follows: those of them that lie on its own line: several where it merges branches, none where it begins one.
        labels: the names of the branch that begins with it.
        piece_of: the migration that it is a piece of, where a tool has written one into several.
    """

    migration: str
    path: str
    order: int
    declaration: Declaration
    acts: tuple[Act, ...]
    has_way_back: bool
    reported: bool
    needs: tuple[str, ...] = ()
    follows: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    piece_of: str | None = None

    def of(self, *natures: Nature) -> tuple[Act, ...]:
        """The acts of some natures."""
        return tuple(act for act in self.acts if act.nature in natures)

    @property
    def depends_on(self) -> tuple[str, ...]:
        """The migrations of other lines that must run before it."""
        return tuple(name for name in self.needs if name not in self.follows)

    @property
    def inferred(self) -> Phase:
        """The phase that its acts ask for: the latest of theirs; expand where none asks for any."""
        phases = [phase for act in self.acts if (phase := act.nature.phase) is not None]
        return max(phases, key=lambda phase: phase.order, default=Phase.EXPAND)

    @property
    def phase(self) -> Phase:
        """The phase that it says it belongs to, else the inferred one."""
        return self.declaration.phase or self.inferred
