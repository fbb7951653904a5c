"""Breakages → findings of the migration that causes them; one finding for what has one cause."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from migsafe.model.finding import Evidence, Finding, Severity
from migsafe.model.names import QualifiedName
from migsafe.rules.proofs import CHECKS, RESULT_SHAPE_CHANGES, RUNNING_RELEASE_BREAKS
from migsafe.shadow.compat.classify import FOREIGN_KEY_VIOLATION
from migsafe.shadow.compat.query import Breakage, Layer, Origin, Query
from migsafe.shadow.seen import finding_of

if TYPE_CHECKING:
    from migsafe.model.statement import ReadScript, Statement

_SEVERITY = {"breaks": Severity.ERROR, "maybe": Severity.WARNING, "shape": Severity.WARNING}
_LIGHTER = {Severity.ERROR: Severity.WARNING, Severity.WARNING: Severity.INFO, Severity.INFO: Severity.INFO}
_VERBS = {
    "breaks": ("fails", "fail"),
    "maybe": ("may fail", "may fail"),
    "shape": ("returns other columns", "return other columns"),
}
_DOUBTS = {
    Layer.EXECUTE: "It worked before with the same made-up values; whether such values are ever sent is not known.",
    Layer.PARSE: "Drivers that bind or read with types of their own fail; others convert.",
}
_NOBODY_SAID = "No code is known to send it: it is what code that maps every column sends."

#: How many queries a message names.
_NAMED = 3

_QUOTED = re.compile(r'"((?:[^"]|"")+)"')
_WORD = re.compile(r"\w+")


def findings_of(breakages: Iterable[Breakage], migration: str, up: ReadScript) -> tuple[Finding, ...]:
    """The findings of one migration.

    Args:
        breakages: what it breaks.
        migration: what its tool calls it.
        up: its way up, in which the statement is looked for that is the likeliest cause.

    Returns:
        One finding for all queries that break in the same way by the same statement, in the order of the breakages.
    """
    groups: dict[tuple[object, ...], list[Breakage]] = {}
    for breakage in breakages:
        statement = _likely_cause(breakage, up.statements)
        place = statement.span if statement is not None else None
        cause = (breakage.kind, severity_of(breakage), breakage.sqlstate, place)
        groups.setdefault(cause, []).append(breakage)
    return tuple(_finding(group, migration, up) for group in groups.values())


def severity_of(breakage: Breakage) -> Severity:
    """How much a breakage weighs: one step less for a query of which nobody has said that it is sent."""
    severity = _SEVERITY[breakage.kind]
    if breakage.sqlstate == FOREIGN_KEY_VIOLATION and breakage.layer is Layer.EXECUTE:
        severity = Severity.INFO  # made-up values violate any new foreign key
    return _LIGHTER[severity] if breakage.query.origin is Origin.GENERATED else severity


def _finding(group: Sequence[Breakage], migration: str, up: ReadScript) -> Finding:
    first = group[0]
    check = CHECKS[RESULT_SHAPE_CHANGES if first.kind == "shape" else RUNNING_RELEASE_BREAKS]
    statement = _likely_cause(first, up.statements)
    objects = tuple(dict.fromkeys(breakage.query.called for breakage in group))
    found = finding_of(
        check.name,
        migration,
        up,
        severity=severity_of(first),
        message=_message(group),
        statement=statement,
        objects=objects,
        why=_why(first, check.why),
    )
    return replace(found, evidence=tuple(_evidence(breakage, check.name) for breakage in group))


def _message(group: Sequence[Breakage]) -> str:
    queries = [breakage.query.label for breakage in group]
    named = ", ".join(queries[:_NAMED])
    if len(queries) > _NAMED:
        named += f" and {len(queries) - _NAMED} more"
    one, many = _VERBS[group[0].kind]
    state = f" ({group[0].sqlstate})" if group[0].sqlstate else ""
    return f"{named} {one if len(queries) == 1 else many}: {group[0].message}{state}"


def _why(breakage: Breakage, why: str) -> str:
    sentences = [why]
    if breakage.kind == "maybe":
        sentences.append(_DOUBTS.get(breakage.layer, ""))
    if breakage.query.origin is Origin.GENERATED:
        sentences.append(_NOBODY_SAID)
    return " ".join(filter(None, sentences))


def _evidence(breakage: Breakage, rule: str) -> Evidence:
    query = breakage.query
    return Evidence(rule, "fail", query.origin.value, query.place or "", f"{breakage.message}: {query.sql}")


def _likely_cause(breakage: Breakage, statements: Sequence[Statement]) -> Statement | None:
    """The first statement that has most of the names that the breakage says, then one on a table that the query names,
    then the one that shares most words with it."""
    names = {name.lower() for name in _QUOTED.findall(breakage.message)}
    words = _words(breakage.query)

    def likeness(statement: Statement) -> tuple[int, int, int]:
        found = set(_WORD.findall(statement.text.lower()))
        return len(names & found), len(words & _tables(statement)), len(words & found)

    return max(statements, key=likeness, default=None)


def _tables(statement: Statement) -> set[str]:
    tables = (getattr(operation, "table", None) for operation in statement.operations)
    return {table.name.lower() for table in tables if isinstance(table, QualifiedName)}


def _words(query: Query) -> set[str]:
    return set(_WORD.findall(query.sql.lower()))
