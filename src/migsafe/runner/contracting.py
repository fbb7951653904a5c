"""Whether a step of a contract may run: by the plan that was signed, judged again at this moment.

What has happened already is not judged again: where a process was killed before it could say so, what the plan is about
is gone, and only the record is left to be made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.contracts.keeping import clear_contract
from migsafe.model.phase import Phase
from migsafe.postgres.connection import connect
from migsafe.runner.behind import is_behind_us
from migsafe.runner.outcome import StepRefusedError
from migsafe.runner.pieces import pieces_of
from migsafe.tracker.journal import unfinished
from migsafe.tracker.reading import read_known

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from migsafe.bookkeeping.project import ProjectStep
    from migsafe.config import Config
    from migsafe.contracts.clearance import Clearance
    from migsafe.model.phase import Part
    from migsafe.model.statement import ReadScript
    from migsafe.runner.target import OpenTarget


class NotClearedError(StepRefusedError):
    """A contract may not run now."""


class Contracting:
    """Asks once for each half of a contract; what it has run itself does not void what it was asked."""

    def __init__(
        self,
        target: OpenTarget,
        config: Config,
        say: Callable[[str], None],
        *,
        applied: Callable[[], Collection[str]] = frozenset,
    ) -> None:
        """
        Args:
            applied: asks for the migrations that the project's own tool has run.
        """
        self._target = target
        self._config = config
        self._say = say
        self._applied = applied
        self._cleared: dict[tuple[str, Part | None], Clearance] = {}

    def plan_for(self, step: ProjectStep, read: ReadScript, *, protected: bool) -> str | None:
        """The hash of the plan by which a step may run; None where it needs none.

        Args:
            read: its way up.
            protected: the environment is one in which a contract needs a plan.

        Raises:
            NotClearedError: when no plan clears it.
        """
        if step.facts.phase is not Phase.CONTRACT or not protected:
            return None
        if step.facts.change is None:
            raise NotClearedError(
                f"{step.facts.label} takes something away and belongs to no change: nobody could have approved it",
                hint="declare it in its header: -- migsafe: phase=contract change=NAME",
            )
        if (over := self._plan_of_what_is_over(step, read)) is not None:
            return over
        key = (step.facts.change, step.facts.part)
        if key not in self._cleared:
            self._cleared[key] = self._clear(step.facts.change)
        clearance = self._cleared[key]
        if step.migration.id not in {one.migration for one in clearance.steps}:
            raise NotClearedError(
                f"{step.facts.label} is not in the plan that was approved for {step.facts.change}",
                hint=f"migsafe contract plan {step.facts.change} --env {self._target.where.environment} makes it anew",
            )
        return clearance.plan.plan_id

    def _plan_of_what_is_over(self, step: ProjectStep, read: ReadScript) -> str | None:
        """The plan by which a step was begun that has happened, and of which nobody has said so."""
        with self._target.access.reading() as ledger:
            before = unfinished(ledger, step.facts, self._target.where)
        if before is None or before.plan is None or before.backward:
            return None
        is_over = step.migration.id in self._applied() or is_behind_us(
            self._target.session, pieces_of(read), before.entries
        )
        if not is_over:
            return None
        self._say(f"{step.facts.label} has happened, by plan {before.plan[:12]}: only its record is left")
        return before.plan

    def _clear(self, change: str) -> Clearance:
        with self._target.access.reading() as ledger, connect(self._target.dsn, autocommit=True) as session:
            state = read_known(ledger, self._target.clock()).state
            clearance = clear_contract(
                self._config, change, self._target.where, session, ledger, state, self._target.clock()
            )
        if not clearance.cleared:
            raise NotClearedError(f"the contract of {change}: {clearance.why}", hint=clearance.hint)
        for note in clearance.notes:
            self._say(note)
        self._say(f"approved by {', '.join(clearance.approved_by)}: plan {clearance.plan.plan_id[:12]}")
        return clearance
