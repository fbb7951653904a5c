"""`migsafe backward`: takes steps back one at a time, the newest first; each is looked at again before it is run."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from migsafe.books import book_of, history_of
from migsafe.errors import MigsafeError
from migsafe.runner.backward.decide import BackwardRefusedError, permit
from migsafe.runner.backward.taking import Taker, TakingOptions
from migsafe.runner.backward.view import View, look, project_at_hand
from migsafe.runner.pace import PaceOptions
from migsafe.runner.target import open_target
from migsafe.runner.turn import Waiting, take_turn
from migsafe.tracker.opening import now

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from migsafe.bookkeeping.project import Project
    from migsafe.bookkeeping.steps import Where
    from migsafe.config import Config
    from migsafe.model.script import MigrationSet
    from migsafe.model.state import TargetName
    from migsafe.runner.backward.view import StepView
    from migsafe.runner.target import OpenTarget
    from migsafe.runner.turn import Turn
    from migsafe.tracker.facts import Author

    #: Takes one line for a person.
    Say = Callable[[str], None]

#: Tools whose migrations are programs: only they can take them back, and keep their own table in step.
_PROGRAMS = frozenset({"alembic", "django"})


@dataclass(frozen=True, slots=True, kw_only=True)
class BackwardOptions:
    """What going back is told.

    Attributes:
        to: the release whose schema is wanted.
        url: the database: `env:NAME`, the name of a service, or an address without a password.
        only: the one change that is taken back; all when None.
        accept_data_loss: what is lost is given up.
        reason: why; for the record.
        replicas: standbys of the database, said like `url`.
        wait: seconds for which to wait for a go, before each step.
        wait_for_turn: seconds for which to wait while somebody else runs.
    """

    to: str
    url: str
    where: Where
    only: str | None = None
    accept_data_loss: bool = False
    reason: str | None = None
    replicas: tuple[str, ...] = ()
    wait: float = 0.0
    wait_for_turn: float = 0.0
    pace: PaceOptions = field(default_factory=PaceOptions)


@dataclass(frozen=True, slots=True, kw_only=True)
class BackwardOutcome:
    """What came of it.

    Attributes:
        view: as it was looked at before anything was done.
        taken: the steps that were taken back, in order.
        problem: what stopped it; None where nothing did.
    """

    where: TargetName
    view: View
    taken: tuple[str, ...] = ()
    problem: MigsafeError | None = None


def rehearse_backward(
    options: BackwardOptions, config: Config, author: Author, *, clock: Callable[[], datetime] = now
) -> BackwardOutcome:
    """What `go_back` would do now, and what stands against it; nothing is written.

    Raises:
        MigsafeError: when the database, the tracker, the release or the change is not there.
    """
    project = project_at_hand(config)
    with open_target(options.url, options.where, config, author, recording=False, clock=clock) as target:
        view = _look(target, options, project)
        return BackwardOutcome(where=target.where, view=view)


def go_back(
    options: BackwardOptions, config: Config, author: Author, *, say: Say, clock: Callable[[], datetime] = now
) -> BackwardOutcome:
    """Take back every step that is newer than a release, one at a time.

    Args:
        say: takes what happens, a line at a time.

    Returns:
        What was taken back; `problem` where a step failed, and can be gone on with.

    Raises:
        BackwardRefusedError: when the way is not free; nothing was changed.
        MigsafeError: when nothing was begun for another reason.
    """
    project = project_at_hand(config)
    with ExitStack() as stack:
        target = stack.enter_context(open_target(options.url, options.where, config, author, clock=clock))
        waiting = Waiting(options.wait_for_turn, lambda why, left: say(f"{why.message}; {left:.0f} s left"))
        purpose = f"backward to {options.to}"
        turn = stack.enter_context(
            take_turn(target.dsn, target.tracker, target.where, author, purpose, waiting=waiting)
        )
        stack.enter_context(turn.on(target.session))
        return _Return(target, options, project, say).run(turn, config)


def _look(target: OpenTarget, options: BackwardOptions, project: Project | None) -> View:
    book = book_of(project.layout) if project is not None else None
    is_program = project is not None and project.layout.tool in _PROGRAMS
    in_a_line = is_program or (book is not None and book.is_a_line)
    return look(target, options.to, only=options.only, project=project, in_a_line=in_a_line)


class _Return:
    """The way back on one database, whose turn is ours."""

    def __init__(self, target: OpenTarget, options: BackwardOptions, project: Project | None, say: Say) -> None:
        self._target = target
        self._options = options
        self._project = project
        self._say = say

    def run(self, turn: Turn, config: Config) -> BackwardOutcome:
        """Step after step; what one leaves is looked at before the next."""
        first = self._permitted()
        if not _to_take(first):
            return BackwardOutcome(where=self._target.where, view=first)
        layout = self._layout()
        with Taker(self._target, turn, layout, _taking(self._options), config, self._say) as taker:
            return self._take(first, taker)

    def _take(self, first: View, taker: Taker) -> BackwardOutcome:
        view, taken, total = first, list[str](), len(_to_take(first))
        while waiting := _to_take(view):
            step = waiting[0]
            self._say(f"{len(taken) + 1}/{total} {step.standing.label} ({step.judged.verdict})")
            try:
                taker.take_back(step)
                taken.append(step.standing.label)
                view = self._permitted()
            except MigsafeError as error:
                return BackwardOutcome(where=self._target.where, view=first, taken=tuple(taken), problem=error)
            assert step.standing.step_id not in {one.standing.step_id for one in _to_take(view)}, "it was taken back"
        return BackwardOutcome(where=self._target.where, view=first, taken=tuple(taken))

    def _permitted(self) -> View:
        view = _look(self._target, self._options, self._project)
        permit(view.decision, accepted=self._options.accept_data_loss, reason=self._options.reason)
        return view

    def _layout(self) -> MigrationSet:
        """The project's own migrations: they say which table of which tool has to go along."""
        if self._project is None:
            raise BackwardRefusedError(
                "there are no migrations here, and so nobody knows which table of their tool has to go along",
                hint="give the command in the project's folder, whichever of its releases is checked out",
            )
        layout = self._project.layout
        if layout.tool not in _PROGRAMS and book_of(layout) is None and history_of(layout) is not None:
            raise BackwardRefusedError(
                f"migsafe only reads the table that {layout.tool} keeps, and it would go on telling of these steps",
                hint=f"take them back with {layout.tool}, then migsafe record STEP --status reverted",
            )
        return layout


def _taking(options: BackwardOptions) -> TakingOptions:
    return TakingOptions(
        url=options.url, reason=options.reason, replicas=options.replicas, wait=options.wait, pace=options.pace
    )


def _to_take(view: View) -> list[StepView]:
    """Steps that are to be marked as taken back; those that stay, stay."""
    return [one for one in view.steps if one.judged.step.stays is None and one.way.no_way is None]
