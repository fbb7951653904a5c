"""The way back of a step: what was kept of it when it ran, or what the plan that wrote it says; pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from migsafe.evidence.plan import document_path
from migsafe.model.dialect import Dialect
from migsafe.model.operation import (
    AddColumn,
    Analyze,
    CreateTable,
    DropColumn,
    DropTable,
    DropTrigger,
    Insert,
    LockTable,
    Query,
    RefreshMaterializedView,
    Reindex,
    RenameColumn,
    RunCode,
    SetParameter,
    TransactionControl,
    TruncateTable,
    Update,
    VacuumTable,
    ValidateConstraint,
)
from migsafe.model.phase import Phase
from migsafe.model.script import Direction, Script, SourceText, TransactionRule
from migsafe.parse import read_script
from migsafe.runner.planned import Planned, planned_step

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from migsafe.model.operation import BaseOperation, Operation
    from migsafe.model.plan import Backfill, ChangePlan, PlanStep
    from migsafe.model.statement import ReadScript
    from migsafe.tracker.kept import Kept, StandingStep

#: What leaves nothing behind that a way back would have to take away.
_HARMLESS = (
    Analyze, LockTable, Query, RefreshMaterializedView, Reindex, SetParameter, TransactionControl, VacuumTable,
    ValidateConstraint,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class WayBack:
    """How a step is taken back.

    Attributes:
        forward: what ran; None where nothing was kept.
        backward: what takes it back; None where there is nothing to run.
        rows: what is copied back in batches after `backward`.
        stale: why what comes back is not what it would be had it never gone; None where nothing is known against it.
        planned: the step of a plan that it is; None where it is none, or the plan is not at hand.
        nothing: why there is nothing to take back.
        stays: why it is left as it is.
        no_way: why there is no way back.
    """

    forward: ReadScript | None = None
    backward: ReadScript | None = None
    rows: Backfill | None = None
    stale: str | None = None
    planned: Planned | None = None
    nothing: str | None = None
    stays: str | None = None
    no_way: str | None = None


def way_back(step: StandingStep, plans: Iterable[ChangePlan], made: Collection[str]) -> WayBack:
    """The way back of a step that stands.

    Args:
        plans: of the project at hand. One counts only where it says of the step what was kept when it ran.
        made: tables, and columns with their tables, that go away with the other steps that are taken back.
    """
    if step.kept is None:
        return WayBack(no_way=_never_kept(step))
    forward = _read(step.kept.forward, step.kept.forward_rule, Direction.UP, step.label)
    planned = planned_step(forward, step.change, plans)
    text, rule = step.kept.backward, step.kept.backward_rule
    if planned is not None and planned.step.backward and not (text or "").strip():
        text, rule = _as_planned(planned.step)
    if text is not None and text.strip():
        return WayBack(
            forward=forward,
            backward=_read(text, rule or TransactionRule.TOOL, Direction.DOWN, step.label),
            rows=planned.step.backward_backfill if planned is not None else None,
            stale=_stale(step, forward) if planned is None else None,
            planned=planned,
        )
    nothing, stays, no_way = _without_text(step, step.kept, forward, planned, made)
    return WayBack(forward=forward, planned=planned, nothing=nothing, stays=stays, no_way=no_way)


def made_by(read: ReadScript) -> Iterator[str]:
    """Tables, and columns with their tables, that a script makes."""
    for one in operations_of(read):
        if isinstance(one, CreateTable):
            yield one.table.name
        elif isinstance(one, AddColumn):
            yield f"{one.table.name}.{one.definition.name}"


def destroyed_by(read: ReadScript) -> tuple[str, ...]:
    """What a script takes away for good, and does not make itself."""
    operations = list(operations_of(read))
    own = {one.table for one in operations if isinstance(one, CreateTable)}
    gone: dict[str, None] = {}
    for one in operations:
        if isinstance(one, DropColumn) and one.table not in own:
            gone[f"{one.table}.{one.column}"] = None
        elif isinstance(one, DropTable | TruncateTable) and one.table not in own:
            gone[str(one.table)] = None
    return tuple(gone)


def tables_of(read: ReadScript) -> frozenset[str]:
    """The tables that a script speaks of, by their bare names."""
    tables = (getattr(one, "table", None) for one in operations_of(read))
    return frozenset(table.name for table in tables if table is not None)


def operations_of(read: ReadScript) -> Iterator[Operation]:
    """What a script does, with what could be read of its blocks of code."""
    for statement in read.statements:
        yield from _inner(statement.operations)


def _inner(operations: Iterable[Operation]) -> Iterator[Operation]:
    for one in operations:
        yield one
        if isinstance(one, RunCode):
            yield from _inner(one.operations)


def read_kept(kept: Kept, label: str) -> ReadScript:
    """The text that ran."""
    return _read(kept.forward, kept.forward_rule, Direction.UP, label)


@lru_cache(maxsize=512)  # the same texts are looked at again before each step
def _read(text: str, rule: TransactionRule, direction: Direction, label: str) -> ReadScript:
    source = SourceText(f"{label} (as it was kept, {direction})", text)
    return read_script(Script(direction, text, source, rule, Dialect.POSTGRES))


def _never_kept(step: StandingStep) -> str:
    return (
        f"no text of it was kept, because {_BY.get(step.source, 'another tool')} brought it: let its own tool take it "
        f"back, then migsafe record {step.label} --status reverted"
    )


_BY = {"adopt": "adopt", "record": "migsafe record", "import": "state import"}


def _as_planned(step: PlanStep) -> tuple[str, TransactionRule]:
    """The plan's own statements, where a file cannot hold them: several transactions."""
    text = "\n".join(one if one.rstrip().endswith(";") else f"{one};" for one in step.backward)
    return text, TransactionRule.TOOL if step.backward_transaction else TransactionRule.NONE


def _stale(step: StandingStep, forward: ReadScript) -> str | None:
    """Of a quarantine that no plan at hand describes: new code has written beside what was put away."""
    if step.phase is not Phase.CONTRACT:
        return None
    if not any(isinstance(one, RenameColumn | DropTrigger) for one in operations_of(forward)):
        return None
    return (
        "what comes back lacks all that was written since it was put away, and no plan is here that says how to copy "
        f"that back: put {document_path(step.change or 'CHANGE').as_posix()} back"
    )


def _without_text(
    step: StandingStep, kept: Kept, forward: ReadScript, planned: Planned | None, made: Collection[str]
) -> tuple[str | None, str | None, str | None]:
    """Why nothing is run: nothing to take back, it stays, or there is no way; one of the three."""
    reason = kept.no_way_back
    if planned is not None and planned.step.back == "nothing to do":
        return planned.step.no_way_back or reason or "there is nothing to take back", None, None
    if all(_leaves_nothing(one, made) for one in operations_of(forward)):
        return reason or "what it did goes with the steps before it, or may stay", None, None
    if reason is not None and step.phase is Phase.EXPAND and not destroyed_by(forward):
        return None, f"it stays, and older code works beside it: {reason}", None
    return None, None, reason or "nobody has written a way back for it"


def _leaves_nothing(operation: BaseOperation, made: Collection[str]) -> bool:
    if isinstance(operation, RunCode):
        return not operation.opaque
    if isinstance(operation, Insert):
        return operation.table.name in made
    if isinstance(operation, Update):
        table = operation.table.name
        return table in made or (
            bool(operation.columns) and all(f"{table}.{column}" in made for column in operation.columns)
        )
    return isinstance(operation, _HARMLESS)
