"""`migsafe run repair`: what became of a step, proved by the database, and then written into the journal."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from migsafe.bookkeeping.project import read_project
from migsafe.catalogue.following import Following, ReadScripts
from migsafe.config.nearest import did_you_mean
from migsafe.model.catalogue import Catalogue
from migsafe.model.catalogue.replay import apply
from migsafe.model.state import StepStatus
from migsafe.runner.methods import Methods
from migsafe.runner.outcome import StepRefusedError
from migsafe.runner.pieces import pieces_of
from migsafe.runner.probes import Answer, probe_piece, probe_statement
from migsafe.runner.step import REPAIR, end_of
from migsafe.runner.target import open_target
from migsafe.runner.turn import Waiting, take_turn
from migsafe.tracker.errors import UnknownNameError
from migsafe.tracker.facts import RunFacts
from migsafe.tracker.journal import last_run
from migsafe.tracker.opening import now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from migsafe.bookkeeping.project import Project, ProjectStep
    from migsafe.bookkeeping.steps import Where
    from migsafe.config import Config
    from migsafe.runner.pieces import Piece
    from migsafe.runner.probes import Probe
    from migsafe.runner.target import OpenTarget
    from migsafe.tracker.facts import Author


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairOptions:
    """What is to be repaired.

    Attributes:
        step: the migration, as the tool calls it.
        wanted: `done` or `undone`: what a person has seen, where the database cannot tell; None where nobody has.
    """

    step: str
    url: str
    where: Where
    reason: str
    wait_for_turn: float = 0.0
    wanted: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaired:
    """What a step was found to be.

    Attributes:
        found: what the database says of each of its pieces, one line each.
    """

    label: str
    status: StepStatus
    found: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """For programs."""
        return {"step": self.label, "status": self.status.value, "found": list(self.found)}


@dataclass(frozen=True, slots=True)
class _Seen:
    """One piece, and what the database says of it."""

    piece: Piece
    probe: Probe


def repair_step(
    options: RepairOptions, config: Config, author: Author, *, clock: Callable[[], datetime] = now
) -> Repaired:
    """Prove what became of a step, and record it.

    Raises:
        UnknownNameError: when the project has no such migration.
        StepRefusedError: when the database cannot tell and nobody says, or it tells otherwise.
        MigsafeError: when the project, the database or the tracker cannot be used.
    """
    project = read_project(config)
    step = _step(project, options.step)
    with ExitStack() as stack:
        target = stack.enter_context(open_target(options.url, options.where, config, author, clock=clock))
        waiting = Waiting(options.wait_for_turn)
        turn = take_turn(target.dsn, target.tracker, target.where, author, f"repair {options.step}", waiting=waiting)
        stack.enter_context(turn)
        methods = Methods(project.layout, target, config)
        stack.callback(methods.close)
        return _Repair(project, step, target, methods, options, turn.fence).run()


class _Repair:
    """Looks, decides, records."""

    def __init__(
        self,
        project: Project,
        step: ProjectStep,
        target: OpenTarget,
        methods: Methods,
        options: RepairOptions,
        fence: int,
    ) -> None:
        self._project = project
        self._step = step
        self._target = target
        self._methods = methods
        self._options = options
        self._fence = fence
        self._scripts = ReadScripts()

    def run(self) -> Repaired:
        """See `repair_step`."""
        seen = tuple(self._look())
        status = self._judge(seen)
        self._record(status)
        return Repaired(label=self._step.facts.label, status=status, found=tuple(map(_line, seen)))

    def _look(self) -> Iterator[_Seen]:
        if self._step.migration.up is None:
            raise StepRefusedError(f"{self._step.facts.label} has no way up")
        catalogue = self._before()
        session = self._target.session
        try:
            for piece in pieces_of(self._scripts.take(self._step.migration.up)):
                operations = [operation for one in piece.statements for operation in one.operations]
                if piece.alone:
                    found = probe_statement(session, piece.statements[0])
                else:
                    found = probe_piece(session, operations, catalogue)
                yield _Seen(piece, found)
                for operation in operations:
                    apply(catalogue, operation)
        finally:
            session.rollback()

    def _before(self) -> Catalogue:
        """What the migrations before the step have built."""
        following = Following(Catalogue(dialect=self._project.layout.dialect), self._scripts.take)
        for step in self._project.steps[: self._project.steps.index(self._step)]:
            if step.migration.up is not None:
                following.follow(step.migration.up)
        return following.catalogue

    def _judge(self, seen: tuple[_Seen, ...]) -> StepStatus:
        """What all pieces come to; what the tool's own table has counts as one that has happened."""
        answers = {one.probe.answer for one in seen}
        if self._in_book() and not answers & {Answer.MISSING, Answer.INVALID}:
            answers = {Answer.DONE}
        proved = _proved(answers)
        if proved is None:
            return self._as_wanted(seen)
        if self._options.wanted is not None and (proved is StepStatus.DONE) is not (self._options.wanted == "done"):
            told = next(one for one in seen if one.probe.answer is not Answer.UNKNOWN)
            raise StepRefusedError(
                f"{self._step.facts.label} is not {self._options.wanted}: “{told.piece.title}”: {told.probe.text}"
            )
        return end_of(self._step) if proved is StepStatus.DONE else proved

    def _in_book(self) -> bool:
        return any(one.id == self._step.migration.id and not one.failed for one in self._methods.applied() or ())

    def _as_wanted(self, seen: tuple[_Seen, ...]) -> StepStatus:
        unclear = next((one for one in seen if one.probe.answer is Answer.UNKNOWN), None)
        if self._options.wanted is None:
            what = f"“{unclear.piece.title}”: {unclear.probe.text}" if unclear else "it has no statements"
            raise StepRefusedError(
                f"the database cannot tell what became of {self._step.facts.label}: {what}",
                hint="look for yourself, then say --as done or --as undone",
            )
        return end_of(self._step) if self._options.wanted == "done" else StepStatus.FAILED

    def _record(self, status: StepStatus) -> None:
        """A step that ran has the tool's row, too."""
        work = self._methods
        with self._target.access.together(lambda store, xid: None) as together:
            if status is end_of(self._step) and work.book is not None:
                work.mark(self._step.migration, 0)
            together.record(self._say(status))

    def _say(self, status: StepStatus) -> Callable[[Any], None]:
        def say(store: Any) -> None:
            row = last_run(store.ledger, self._step.facts, self._target.where)
            facts = RunFacts(
                where=self._target.where,
                status=status,
                at=store.now,
                checksum=self._step.checksum,
                source=REPAIR,
                reason=self._options.reason,
                fence=self._fence,
            )
            if row is None and status is StepStatus.FAILED:
                return  # it never ran, and nobody has said that it did
            if row is not None and StepStatus(str(row.status)) is StepStatus.DONE and status is StepStatus.FAILED:
                store.record(self._step.facts, replace(facts, status=StepStatus.REVERTED))
            else:
                store.record(self._step.facts, facts)

        return say


def _proved(answers: set[Answer]) -> StepStatus | None:
    """What is certain: all of it, none of it, or a part of it; None where it is not."""
    if not answers or Answer.UNKNOWN in answers:
        return None
    if answers == {Answer.DONE}:
        return StepStatus.DONE
    return StepStatus.FAILED if answers == {Answer.MISSING} else StepStatus.PARTIAL


def _step(project: Project, name: str) -> ProjectStep:
    known = {step.migration.id: step for step in project.steps}
    if name not in known:
        raise UnknownNameError(f'no migration "{name}" in this project', hint=did_you_mean(name, known))
    return known[name]


def _line(seen: _Seen) -> str:
    return f"{seen.probe.answer}: {seen.piece.title}: {seen.probe.text}"
