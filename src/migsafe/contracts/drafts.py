"""The steps of a contract: migrations that are written, tied to what the change's plan says of them; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.model.declaration import Declaration
from migsafe.model.dialect import Dialect
from migsafe.model.phase import Part, Phase
from migsafe.model.script import Direction, Migration, Script, SourceText, TransactionRule
from migsafe.parse import read_script
from migsafe.plan.recognition import essential, is_wrapped, recognise

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from migsafe.model.plan import ChangePlan, PlanStep
    from migsafe.model.statement import ReadScript, Statement


@dataclass(frozen=True)
class Draft:
    """One step, before anything is known of a database.

    Attributes:
        migration: as the project has it, or as it would be written.
        written: whether the project has it.
        planned: what the change's plan says; None where its statements are not in that plan.
        read: its way up.
        statements: what it does, without the settings and guards that a writer puts before it.
        begins, ends: whether it has the first, and the last, statement of the planned step; tools that run each file
            in a transaction have several migrations for a step without one.
    """

    migration: Migration
    written: bool
    planned: PlanStep | None
    read: ReadScript
    statements: tuple[Statement, ...]
    begins: bool = True
    ends: bool = True

    @property
    def name(self) -> str:
        """What a person calls it."""
        return self.migration.id if self.written or self.planned is None else self.planned.name

    @property
    def part(self) -> Part | None:
        """Which half of the contract it is."""
        return self.migration.declaration.part or (self.planned.part if self.planned else None)

    @property
    def transaction(self) -> bool:
        """Whether it is one transaction."""
        if self.planned is not None:
            return self.planned.transaction
        return self.read.script.transaction is not TransactionRule.NONE or is_wrapped(self.read.statements)

    @property
    def backward(self) -> tuple[str, ...]:
        """The exact way back; the plan's own where it has one, since few tools can keep several transactions."""
        if self.planned is not None and self.begins and self.ends:
            return tuple(text.strip().removesuffix(";") for text in self.planned.backward)
        down = self.migration.down
        return () if down is None else tuple(one.text for one in essential(read_script(down).statements))


def drafts_of(migrations: Iterable[Migration], plan: ChangePlan | None, root: str) -> tuple[Draft, ...]:
    """The contract's steps in the order in which they run: what is written, then what is still to be written.

    Args:
        migrations: the contract migrations of the change, in their tool's order.
        plan: the change's plan; None where the project keeps none.
        root: the folder of the migrations, for paths of those that are not written.
    """
    steps = plan.of_phase(Phase.CONTRACT) if plan is not None else ()
    written = tuple(_written(one, one.up, steps) for one in migrations if one.up is not None)
    if plan is None:
        return written
    done = {draft.planned.name for draft in written if draft.planned is not None and draft.ends}
    return (*written, *(_unwritten(plan, step, root) for step in steps if step.name not in done))


def current_part(drafts: Sequence[Draft], over: Iterable[bool]) -> tuple[Draft, ...]:
    """All steps of the half that is due, those that are over included: what is signed does not change while it runs.

    Args:
        over: for each draft, whether it has come to its end here.

    Returns:
        Empty where nothing is left to do.
    """
    waiting = next((draft for draft, done in zip(drafts, over, strict=True) if not done), None)
    return () if waiting is None else tuple(draft for draft in drafts if draft.part is waiting.part)


def _written(migration: Migration, up: Script, steps: Sequence[PlanStep]) -> Draft:
    read = read_script(up)
    for step in steps:
        if (found := recognise(read.statements, step, essential)) is not None:
            return Draft(migration, True, step, read, found.statements, begins=found.begins, ends=found.ends)
    return Draft(migration, True, None, read, essential(read.statements))


def _unwritten(plan: ChangePlan, step: PlanStep, root: str) -> Draft:
    name = f"{plan.change}-{step.name}"
    up = _script(Direction.UP, f"{root}/{name}.sql", step.forward, together=step.transaction)
    down = _script(Direction.DOWN, f"{root}/{name}.down.sql", step.backward, together=step.backward_transaction)
    migration = Migration(
        id=name,
        path=up.path,
        up=up,
        down=down if step.backward else None,
        declaration=Declaration(
            phase=Phase.CONTRACT,
            change=plan.change,
            part=step.part,
            irreversible=None if step.backward else step.no_way_back,
        ),
    )
    read = read_script(up)
    return Draft(migration, False, step, read, essential(read.statements))


def _script(direction: Direction, path: str, statements: Sequence[str], *, together: bool) -> Script:
    text = "".join(f"{one.strip().removesuffix(';')};\n" for one in statements)
    rule = TransactionRule.TOOL if together else TransactionRule.NONE
    return Script(direction, text, SourceText(path, text), rule, Dialect.POSTGRES)
