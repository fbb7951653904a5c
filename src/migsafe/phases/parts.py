"""Which statements of a migration that mixes phases go together; pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from migsafe.model.operation import SetParameter, TransactionControl
from migsafe.model.phase import Nature, Phase
from migsafe.phases.mixture import mixture_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from migsafe.model.statement import Statement
    from migsafe.model.usage import Subject
    from migsafe.phases.act import Act, Chapter

_ROWS = frozenset({"update", "delete", "insert", "merge"})


class InseparableError(Exception):
    """A migration's steps cannot be told apart; the message says why."""


class _Turn(IntEnum):
    """The order in which parts run: what constrains rows comes behind what fills them."""

    ADDING = 0
    FILLING = 1
    CONSTRAINING = 2
    TAKING_AWAY = 3


_PHASES = {
    _Turn.ADDING: Phase.EXPAND,
    _Turn.FILLING: Phase.MIGRATE,
    _Turn.CONSTRAINING: Phase.MIGRATE,
    _Turn.TAKING_AWAY: Phase.CONTRACT,
}


_WORDS = {
    _Turn.ADDING: "expand",
    _Turn.FILLING: "fill",
    _Turn.CONSTRAINING: "constrain",
    _Turn.TAKING_AWAY: "contract",
}


@dataclass(frozen=True, slots=True)
class PhasePart:
    """Statements that may stand in one migration.

    Attributes:
        word: for its name.
        statements: their places in the way up, in order. A setting of the session is in every part.
    """

    word: str
    phase: Phase
    statements: tuple[int, ...]


def parts_of(chapter: Chapter, statements: Sequence[Statement]) -> tuple[PhasePart, ...]:
    """The parts of a migration that mixes phases, in the order in which they run; empty where it mixes none.

    Args:
        statements: all statements of its way up.

    Raises:
        InseparableError: when one statement does the work of two phases, or a later one needs an earlier one that
            would come after it.
    """
    if not mixture_of(chapter):
        return ()
    turns = _turns(chapter)
    _refuse_swaps(chapter, turns)
    settings = [at for at, one in enumerate(statements) if _is_setting(one)]
    places = dict(_placed(turns, statements))
    parts = []
    for turn in sorted(set(places.values())):
        own = [at for at, where in places.items() if where is turn]
        phase = _PHASES[turn]
        if turn is _Turn.ADDING and any(act.nature is Nature.CONSTRAIN for act in _acts_on(chapter, own)):
            phase = Phase.MIGRATE
        parts.append(PhasePart(_WORDS[turn], phase, tuple(sorted({*own, *settings}))))
    return tuple(parts)


def _turns(chapter: Chapter) -> dict[int, _Turn]:
    """Statement → its turn, of those that have one."""
    filling = [act for act in chapter.acts if _is_rows(act)]
    turns: dict[int, _Turn] = {}
    for act in chapter.acts:
        turn = _turn_of(act, filling)
        if turn is None:
            continue
        known = turns.setdefault(act.statement, turn)
        if known is not turn:
            raise InseparableError(
                f"one statement does the work of two phases ({act.operation} in line {act.place.line}, and what stands "
                "beside it)"
            )
    return turns


def _turn_of(act: Act, filling: Sequence[Act]) -> _Turn | None:
    if act.nature is Nature.CONTRACT:
        return _Turn.TAKING_AWAY
    if _is_rows(act):
        return _Turn.FILLING
    if act.nature is Nature.NEUTRAL:
        return None
    needs_rows = any(rows.statement < act.statement and _are_about_the_same(rows, act) for rows in filling)
    return _Turn.CONSTRAINING if needs_rows else _Turn.ADDING


def _is_rows(act: Act) -> bool:
    return act.nature is Nature.MIGRATE and act.operation in _ROWS


def _refuse_swaps(chapter: Chapter, turns: Mapping[int, _Turn]) -> None:
    """A statement may move behind another one only where neither is about what the other is about."""
    acts = [act for act in chapter.acts if act.statement in turns]
    for earlier in acts:
        for later in acts:
            swapped = earlier.statement < later.statement and turns[earlier.statement] > turns[later.statement]
            if swapped and _are_about_the_same(earlier, later):
                raise InseparableError(
                    f"{later.operation} in line {later.place.line} stands behind {earlier.operation} in line "
                    f"{earlier.place.line} and is about the same: it would have to come first"
                )


def _are_about_the_same(one: Act, other: Act) -> bool:
    return any(_meet(first, second) for first in _touched(one) for second in _touched(other))


def _touched(act: Act) -> tuple[Subject, ...]:
    return (*act.subjects, *act.made)


def _meet(one: Subject, other: Subject) -> bool:
    return one.table == other.table and (one.column is None or other.column is None or one.column == other.column)


def _placed(turns: Mapping[int, _Turn], statements: Sequence[Statement]) -> Iterator[tuple[int, _Turn]]:
    """What nobody notices goes with what follows it, at the end with what stands before it."""
    for at, statement in enumerate(statements):
        if not (_is_setting(statement) or _is_control(statement)):
            following = [turns[later] for later in range(at, len(statements)) if later in turns]
            yield at, following[0] if following else turns[max(turns)]


def _is_setting(statement: Statement) -> bool:
    return bool(statement.operations) and all(isinstance(one, SetParameter) for one in statement.operations)


def _is_control(statement: Statement) -> bool:
    return bool(statement.operations) and all(isinstance(one, TransactionControl) for one in statement.operations)


def _acts_on(chapter: Chapter, statements: Sequence[int]) -> Iterator[Act]:
    return (act for act in chapter.acts if act.statement in statements)
