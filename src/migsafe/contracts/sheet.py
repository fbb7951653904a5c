"""A contract plan as what a person reads in two minutes, before any format: sections of lines, tables and SQL.

In this order: the verdict; what will be gone; the evidence; the SQL with its locks; the way back; who must approve.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from migsafe.contracts.around import spell_size
from migsafe.contracts.clearance import is_author
from migsafe.contracts.values import Verdict
from migsafe.plan.migrations import LOCK_TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.contracts.clearance import SignedPlan
    from migsafe.contracts.values import ContractPlan, ContractStep, Gate, PlannedStatement, Radius, TakenObject
    from migsafe.model.plan import Check

_SIGNS = {"pass": "pass", "fail": "FAIL", "unknown": "UNKNOWN", "acknowledge": "ACCEPT?", "note": "note"}
_ORDER = ("fail", "unknown", "acknowledge", "pass", "note")


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells below headings."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Block:
    """SQL, with what is said of it in one line before it."""

    title: str
    sql: str


@dataclass(frozen=True, slots=True)
class Section:
    """A part with a heading; its lines come first, then its tables, then its SQL."""

    title: str
    lines: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True, slots=True)
class Sheet:
    """The whole of it.

    Attributes:
        verdict: one word.
        lead: what the verdict means, one line each.
        facts: what identifies it, name and value.
    """

    title: str
    verdict: Verdict
    lead: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...] = field(default=())


def sheet_of(plan: ContractPlan, signed: SignedPlan | None = None) -> Sheet:
    """What to show of a plan.

    Args:
        signed: as the tracker keeps it, with what people have decided; None where it is not kept.
    """
    part = f"the {plan.part} of " if plan.part else ""
    gone = "goes for good" if plan.loses_data else "is put out of reach, and can be brought back"
    objects = ", ".join(one.label for one in plan.objects) or plan.change
    return Sheet(
        title=f"Contract plan: {part}{plan.change}",
        verdict=plan.verdict,
        lead=tuple(_lead(plan, f"{objects} {gone} on {plan.where}.")),
        facts=tuple(_facts(plan)),
        sections=(
            _gone(plan),
            _evidence("Eligibility", plan.gates),
            _evidence("Who uses it", plan.usage, confidence=True),
            _statements(plan),
            _way_back(plan),
            _approval(plan, signed),
        ),
    )


def spell_moment(moment: datetime | None) -> str:
    """For people, in UTC."""
    return "nobody has said" if moment is None else f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def title_of(statement: PlannedStatement, number: int, *, planned: bool = False) -> str:
    """What one statement does to others, in one line.

    Args:
        planned: the change's plan has written it, so that its code is nobody's surprise.
    """
    locks = "; ".join(f"{one.mode} on {one.table} ({_waits(one.blocks)})" for one in statement.locks)
    work = {"none": "no rewrite", "scan": "reads the table", "index-build": "builds an index", "rewrite": "REWRITES"}
    long = f"about {statement.seconds} s: {statement.how}" if statement.seconds else "catalogue only, milliseconds"
    said = "code of the plan itself" if planned else "code that only a run could tell of"
    opaque = f"; {said}" if statement.opaque else ""
    return f"{number}. {locks or 'no lock that matters'}; {work[statement.work]}; {long}{opaque}"


def _waits(blocks: str) -> str:
    return "nobody waits" if blocks == "nobody" else f"{blocks} wait"


def _lead(plan: ContractPlan, gone: str) -> Iterator[str]:
    if plan.verdict is Verdict.BLOCKED:
        yield "BLOCKED: it must not run."
        yield gone
        yield from (f"{one.name}: {one.text}." for one in plan.blockers)
    elif plan.verdict is Verdict.NEEDS_ACK:
        yield "NEEDS-ACK: it may run when whoever approves accepts what stands below."
        yield gone
        yield from (f"To be accepted: {one.text}." for one in plan.acknowledgements)
    else:
        yield "ELIGIBLE: every gate is open."
        yield gone


def _facts(plan: ContractPlan) -> Iterator[tuple[str, str]]:
    yield "Plan", plan.plan_id
    yield "Change", f"{plan.change} ({plan.kind})" if plan.kind else plan.change
    yield "Database", f"{plan.database} ({plan.where})"
    yield "Oldest release that works after it", plan.floor or "nobody can tell"
    yield "Made", f"{spell_moment(plan.made_at)} by {plan.author or 'nobody'}"
    yield "Fingerprint", plan.fingerprint
    yield "Point of no return", plan.point_of_no_return
    if plan.hold is not None:
        yield "In quarantine", f"since {spell_moment(plan.hold.since)}, until {spell_moment(plan.hold.until)} at least"
    if plan.follows:
        yield "After it", plan.follows


def _gone(plan: ContractPlan) -> Section:
    lines = [
        ", ".join(filter(None, (f"{one.label}: {one.type}", f"column {one.number}" if one.number else "", _now(one))))
        for one in plan.objects
    ]
    sizes = Table(
        ("object", "rows (estimated)", "table", "indexes", "has a value"),
        tuple(_size(one) for one in plan.radius),
    )
    around = [(one.object, fact.kind, fact.name, fact.text) for one in plan.radius for fact in one.facts]
    tables = [sizes] if plan.radius else []
    if around:
        tables.append(Table(("object", "what", "name", ""), tuple(around)))
    else:
        lines.append("Nothing else is bound to it: no view, index, key, trigger, function, publication or grant.")
    return Section("What goes, and what is around it", tuple(lines), tuple(tables))


def _now(one: TakenObject) -> str:
    return f"now {one.now}" if one.now else ""


def _size(one: Radius) -> tuple[str, ...]:
    rows = "not analysed" if one.rows is None else f"{one.rows:,}"
    filled = "not analysed" if one.filled is None else f"{one.filled / 10:g} % of rows"
    return one.object, rows, spell_size(one.size), spell_size(one.index_size), filled


def _evidence(title: str, gates: Sequence[Gate], *, confidence: bool = False) -> Section:
    ordered = sorted(gates, key=lambda one: _ORDER.index(one.result))
    if confidence:
        headings: tuple[str, ...] = ("result", "confidence", "source", "evidence")
        rows = [(_SIGNS[one.result], one.confidence, one.source, one.text) for one in ordered]
        if not rows:
            return Section(title, ("Nobody has looked.",))
        return Section(title, tables=(Table(headings, tuple(rows)),))
    checks = tuple((_SIGNS[one.result], one.name, one.source, one.text) for one in ordered)
    return Section(title, tables=(Table(("result", "gate", "source", "evidence"), checks),))


def _statements(plan: ContractPlan) -> Section:
    lines = [
        f"Each attempt waits {LOCK_TIMEOUT} for a lock at most, and is tried again from its beginning: "
        "1 s to 60 s apart, for 30 minutes, at most 5 % of that in the queue.",
    ]
    if plan.unwritten:
        lines.append(
            f"Not written as migrations yet: {', '.join(step.name for step in plan.unwritten)}. "
            f"migsafe contract plan {plan.change} --write writes them; migsafe run contract runs migrations only."
        )
    blocks, number = [], 0
    for step in plan.steps:
        head = f"{step.name}: {step.title}" + ("" if step.transaction else " (each statement commits by itself)")
        said = f" [{step.status}]" if step.status is not None else ""
        for at, statement in enumerate(step.statements):
            number += 1
            before = f"{head}{said}. " if at == 0 else ""
            title = title_of(statement, number, planned=step.planned is not None)
            blocks.append(Block(f"{before}{title}", f"{statement.sql};"))
    checks = [(step.name, when, check.name, check.expected) for step in plan.steps for when, check in _checks(step)]
    tables = (Table(("step", "when", "must hold", "gives"), tuple(checks)),) if checks else ()
    return Section("What runs", tuple(lines), tables, tuple(blocks))


def _checks(step: ContractStep) -> list[tuple[str, Check]]:
    return [*(("before", check) for check in step.before), *(("after", check) for check in step.verify)]


def _way_back(plan: ContractPlan) -> Section:
    lines, blocks = [f"Point of no return: {plan.point_of_no_return}."], []
    for step in reversed(plan.steps):
        if step.backward:
            rows = [f"-- {step.back_rows}"] if step.back_rows else []
            sql = "\n".join([*(f"{one};" for one in step.backward), *rows])
            blocks.append(Block(f"back from {step.name} ({step.back})", sql))
        else:
            lines.append(f"{step.name}: no way back: {step.no_way_back or 'nobody has written one'}.")
    return Section("The way back", tuple(lines), (), tuple(blocks))


def _approval(plan: ContractPlan, signed: SignedPlan | None) -> Section:
    people = "One person" if plan.approvals_needed == 1 else "Two people, because data is lost,"
    hours = plan.thresholds.approval // 3_600
    lines = [f"{people} must approve it, and not {plan.author or 'its author'}. An approval counts for {hours} hours."]
    if plan.verdict is Verdict.BLOCKED:
        lines.append("A blocked plan is not kept, and cannot be approved.")
    elif signed is None:
        lines.append(f"migsafe contract approve {plan.short_id} --by NAME")
    else:
        return Section("Who approves", tuple(lines), (_decisions(signed),) if signed.decisions else ())
    return Section("Who approves", tuple(lines))


def _decisions(signed: SignedPlan) -> Table:
    rows = []
    for one in signed.decisions:
        void = " (its author)" if is_author(signed, one.approver, one.role) else ""
        until = spell_moment(one.expires_at) if one.decision == "approve" else ""
        rows.append((f"{one.approver}{void}", one.decision, spell_moment(one.at), until, one.reason or ""))
    return Table(("who", "said", "when", "counts until", "reason"), tuple(rows))
