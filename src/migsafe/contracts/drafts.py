"""The steps of a contract: migrations that are written, tied to what the change's plan says of them; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.model.declaration import Declaration
from migsafe.model.dialect import Dialect
from migsafe.model.operation import SetParameter, TransactionControl
from migsafe.model.phase import Part, Phase
from migsafe.model.script import Direction, Migration, Script, SourceText, TransactionRule
from migsafe.parse import read_script
from migsafe.plan.batches import guard_block

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
        return self.read.script.transaction is not TransactionRule.NONE or _is_wrapped(self.read.statements)

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
    planned = [_unwritten(plan, step, root) for step in plan.of_phase(Phase.CONTRACT)] if plan is not None else []
    written = [_written(one, planned) for one in migrations if one.up is not None]
    done = {draft.planned.name for draft in written if draft.planned is not None and draft.ends}
    return (*written, *(draft for draft in planned if draft.planned and draft.planned.name not in done))


def essential(statements: Iterable[Statement], guards: Sequence[str] = ()) -> tuple[Statement, ...]:
    """Statements without what does nothing to what is there: settings of timeouts, guards, the BEGIN and COMMIT of a
    whole script."""
    found = [one for one in statements if not _only_settings(one) and _normal(one.text) not in guards]
    return tuple(found[1:-1] if _is_wrapped(found) else found)


def current_part(drafts: Sequence[Draft], over: Iterable[bool]) -> tuple[Draft, ...]:
    """All steps of the half that is due, those that are over included: what is signed does not change while it runs.

    Args:
        over: for each draft, whether it has come to its end here.

    Returns:
        Empty where nothing is left to do.
    """
    waiting = next((draft for draft, done in zip(drafts, over, strict=True) if not done), None)
    return () if waiting is None else tuple(draft for draft in drafts if draft.part is waiting.part)


def _written(migration: Migration, planned: Sequence[Draft]) -> Draft:
    assert migration.up is not None, "asked for before"
    read = read_script(migration.up)
    for draft in planned:
        assert draft.planned is not None, "made of the plan"
        found = essential(read.statements, _guards(draft.planned))
        at = _place(_texts(found), _texts(draft.statements))
        whole = len(found) == len(draft.statements)
        if at is not None and (whole or not draft.planned.transaction):
            ends = at + len(found) == len(draft.statements)
            return Draft(migration, True, draft.planned, read, found, begins=at == 0, ends=ends)
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


def _guards(step: PlanStep) -> list[str]:
    """The statements by which a writer may have made the step wait for what must hold before it."""
    asked = [check for check in step.before if not check.as_role]
    return [_normal(guard_block(asked))] if asked else []


def _texts(statements: Iterable[Statement]) -> list[str]:
    return [_normal(one.text) for one in statements]


def _place(piece: Sequence[str], whole: Sequence[str]) -> int | None:
    """Where in a step some of its statements stand, one behind the other; None where they do not."""
    places = range(len(whole) - len(piece) + 1) if piece else ()
    return next((at for at in places if list(whole[at : at + len(piece)]) == list(piece)), None)


def _only_settings(statement: Statement) -> bool:
    return all(isinstance(one, SetParameter) and one.name.endswith("_timeout") for one in statement.operations)


def _is_wrapped(statements: Sequence[Statement]) -> bool:
    """Whether the script opens its one transaction itself, and ends it at its end."""
    actions = [
        operation.action
        for statement in statements
        for operation in statement.operations
        if isinstance(operation, TransactionControl)
    ]
    return actions == ["begin", "commit"] and _controls(statements[0]) and _controls(statements[-1])


def _controls(statement: Statement) -> bool:
    return any(isinstance(operation, TransactionControl) for operation in statement.operations)


def _normal(text: str) -> str:
    """For comparison with what a plan says: layouts break and indent lines in their own ways."""
    return " ".join(text.strip().removesuffix(";").split())
