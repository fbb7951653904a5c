"""Ties steps over migrations and releases: by what they declare, else by the objects that they are about."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from migsafe.model.phase import Nature, Phase
from migsafe.model.plan import ChangeKind
from migsafe.phases.words import listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from migsafe.model.usage import Subject
    from migsafe.phases.act import Act, Chapter

#: What each destructive operation ends, where nothing was put in the place of what it takes away.
_KINDS = {
    "drop-column": ChangeKind.DROP_COLUMN,
    "rename-column": ChangeKind.RENAME_COLUMN,
    "alter-column-type": ChangeKind.CHANGE_TYPE,
    "drop-table": ChangeKind.DROP_TABLE,
    "rename-table": ChangeKind.RENAME_TABLE,
    "drop-view": ChangeKind.RENAME_TABLE,
    "rename-enum-value": ChangeKind.CHANGE_ENUM,
}
#: Kinds whose new place has to be filled before the old one goes.
NEEDS_MIGRATE = frozenset(
    {
        ChangeKind.RENAME_COLUMN,
        ChangeKind.SPLIT_COLUMN,
        ChangeKind.CHANGE_TYPE,
        ChangeKind.MOVE_COLUMN,
        ChangeKind.WIDEN_KEY,
    }
)
#: Kinds whose expand promises a contract.
NEEDS_CONTRACT = NEEDS_MIGRATE | {ChangeKind.DROP_COLUMN, ChangeKind.DROP_TABLE, ChangeKind.RENAME_TABLE}


@dataclass(frozen=True, slots=True)
class Change:
    """One intent, and the migrations that are its steps.

    Attributes:
        name: as it is declared; made of its objects where it is not.
        declared: whether a migration names it.
        objects: what its contract takes away; what its expand is about where there is no contract.
    """

    name: str
    kind: ChangeKind | None
    declared: bool
    objects: tuple[Subject, ...]
    expand: tuple[Chapter, ...] = ()
    migrate: tuple[Chapter, ...] = ()
    contract: tuple[Chapter, ...] = ()

    @property
    def chapters(self) -> tuple[Chapter, ...]:
        """All of its migrations, in their order."""
        return tuple(sorted((*self.expand, *self.migrate, *self.contract), key=lambda chapter: chapter.order))

    @property
    def is_open(self) -> bool:
        """Whether its contract is still to come: something stands beside what it will replace."""
        return not self.contract and self.kind in NEEDS_CONTRACT


def find_changes(chapters: Sequence[Chapter], kinds: Mapping[str, ChangeKind] | None = None) -> tuple[Change, ...]:
    """All changes: those that are declared first, then one for each object that is taken away undeclared.

    Args:
        kinds: change → what it is about, where somebody has said so.
    """
    said = kinds or {}
    declared = [replace(change, kind=said.get(change.name, change.kind)) for change in _declared(chapters)]
    known = {
        (chapter.migration, subject)
        for change in declared
        for chapter in change.contract
        for subject in _taken(chapter)
    }
    found = list(declared)
    past = _Past(chapters)
    for chapter in chapters:
        for act in chapter.of(Nature.CONTRACT):
            if act.operation in _KINDS and not any((chapter.migration, subject) in known for subject in act.subjects):
                found.append(_by_object(chapter, act, past))
    return tuple(found)


def change_of(chapter: Chapter, act: Act, changes: Sequence[Change]) -> Change | None:
    """The change whose contract an act is."""
    ending = [change for change in changes if chapter in change.contract]
    exact = [change for change in ending if set(act.subjects) & set(change.objects)]
    return next(iter(exact or [change for change in ending if change.declared]), None)


def _declared(chapters: Sequence[Chapter]) -> tuple[Change, ...]:
    names: dict[str, list[Chapter]] = {}
    for chapter in chapters:
        name = chapter.declaration.change or _of(chapter, chapters)
        if name is not None:
            names.setdefault(name, []).append(chapter)
    return tuple(_made_of(name, steps) for name, steps in names.items())


def _of(chapter: Chapter, chapters: Sequence[Chapter]) -> str | None:
    """The change that a contract says it ends, by the name of the change or of a migration of it."""
    of = chapter.declaration.of
    if of is None:
        return None
    named = next((other for other in chapters if other.migration == of), None)
    return (named.declaration.change if named is not None else None) or of


def _made_of(name: str, steps: Sequence[Chapter]) -> Change:
    by_phase = {phase: tuple(step for step in steps if step.phase is phase) for phase in Phase}
    contract, expand = by_phase[Phase.CONTRACT], by_phase[Phase.EXPAND]
    taken = tuple(dict.fromkeys(subject for step in contract for subject in _taken(step)))
    made = tuple(dict.fromkeys(subject for step in expand for act in step.acts for subject in act.made))
    return Change(
        name=name,
        kind=_kind(steps, made),
        declared=True,
        objects=taken or made,
        expand=expand,
        migrate=by_phase[Phase.MIGRATE],
        contract=contract,
    )


def _kind(steps: Sequence[Chapter], made: Sequence[Subject]) -> ChangeKind | None:
    """What a change is about, seen from what its steps do."""
    acts = [act for step in steps for act in step.acts]
    taken = next((act for act in acts if act.nature is Nature.CONTRACT and act.operation in _KINDS), None)
    columns = [subject for subject in made if subject.column is not None]
    synced = any(act.operation == "create-trigger" for act in acts)
    written = any(act.nature is Nature.MIGRATE and set(act.subjects) & set(columns) for act in acts)
    if columns and (synced or written) and (taken is None or taken.operation == "drop-column"):
        return ChangeKind.RENAME_COLUMN
    if taken is not None:
        return _KINDS.get(taken.operation)
    return ChangeKind.ADD_COLUMN if columns else None


def _taken(chapter: Chapter) -> Iterator[Subject]:
    for act in chapter.of(Nature.CONTRACT):
        yield from act.subjects


def _by_object(chapter: Chapter, act: Act, past: _Past) -> Change:
    """The change that an undeclared contract ends."""
    single = Change(
        name=_named_after(act),
        kind=_KINDS.get(act.operation),
        declared=False,
        objects=act.subjects,
        contract=(chapter,),
    )
    if act.operation != "drop-column":
        return single
    expand, migrate = past.successor(act, chapter)
    if expand is None or migrate is None:
        return single
    return replace(single, kind=ChangeKind.RENAME_COLUMN, expand=(expand,), migrate=(migrate,))


class _Past:
    """Which migrations made, and which filled, each table's columns; in their order."""

    def __init__(self, chapters: Sequence[Chapter]) -> None:
        self._made: dict[Subject, list[Chapter]] = {}
        self._filled: dict[Subject, list[tuple[Chapter, Act, Subject]]] = {}
        for chapter in chapters:
            for act in chapter.acts:
                if act.nature is Nature.EXPAND:
                    for made in act.made:
                        self._made.setdefault(made, []).append(chapter)
                elif act.nature is Nature.MIGRATE:
                    for filled in act.subjects:
                        if filled.column is not None:
                            self._filled.setdefault(filled.whole, []).append((chapter, act, filled))

    def successor(self, act: Act, chapter: Chapter) -> tuple[Chapter | None, Chapter | None]:
        """The last migrations before a drop: one added a column to the table, one filled it from what is dropped."""
        old = {subject.column.lower() for subject in act.subjects if subject.column is not None}
        for filling, write, column in reversed(self._filled.get(act.subjects[0].whole, [])):
            if filling.order > chapter.order or column in act.subjects or not old & write.mentions:
                continue
            for adding in reversed(self._made.get(column, [])):
                if adding.order <= filling.order:
                    return adding, filling
        return None, None


def _named_after(act: Act) -> str:
    return f"{act.operation} {listed(act.subjects)}"
