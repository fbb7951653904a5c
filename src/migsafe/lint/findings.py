"""From a rule's hazard to a finding: place, lock, wording and fingerprint."""

from __future__ import annotations

import hashlib
from collections.abc import Container
from dataclasses import replace

from migsafe.model.dialect import Dialect
from migsafe.model.evidence import LockEvidence, normalised, statement_fingerprint
from migsafe.model.finding import Category, Finding, Severity
from migsafe.model.locks import LockClaim, LockMode, Work
from migsafe.model.names import QualifiedName
from migsafe.model.observation import Observation
from migsafe.model.operation import BaseOperation
from migsafe.model.operation.base import operation_name
from migsafe.model.script import Direction, Span
from migsafe.rules.context import Context
from migsafe.rules.hazard import Hazard
from migsafe.rules.knowledge.locks import locks
from migsafe.rules.knowledge.work import work
from migsafe.rules.registry import Rule
from migsafe.rules.tool_words import in_words_of

_NAMING_ATTRIBUTES = (
    "table", "index", "view", "type", "domain", "sequence", "name", "schema", "extension", "database", "target",
    "tablespace", "partition", "parameter", "publication",
)  # fmt: skip


def build(
    rule: Rule, hazard: Hazard, operation: BaseOperation, context: Context, observed: LockEvidence | None = None
) -> Finding:
    """A finding, complete but for its fingerprint's number among its equals.

    Args:
        observed: what was seen on a server; it wins over what is predicted.
    """
    span = hazard.at or operation.span
    claims = _as_observed(_claims(hazard, operation, context), context, observed)
    start, end = context.script.extent(span)
    finding = Finding(
        rule=rule.name,
        category=rule.category,
        severity=_severity(rule, hazard, context.direction),
        path=context.script.path,
        start=start,
        end=end,
        migration=context.migration,
        direction=context.direction,
        operation=operation_name(operation),
        objects=hazard.objects or named_objects(operation),
        message=hazard.message,
        why=hazard.why or rule.descriptor.why,
        instead=in_words_of(context.tool, hazard.instead or "") or rule.descriptor.instead,
        locks=claims,
        work=_work(hazard, operation, context) if claims else Work.NONE,
        sql=context.statement.text if context.script.rendered and context.statement is not None else None,
    )
    return replace(finding, fingerprint=_fingerprint(finding, _statement_text(context, span)))


def named_objects(operation: BaseOperation) -> tuple[str, ...]:
    """What the operation is about, as a person writes it: `users.email`, `users`, `users_email_idx`."""
    table, column = getattr(operation, "table", None), getattr(operation, "column", None)
    definition = getattr(operation, "definition", None)
    column = column or getattr(definition, "name", None)
    if table is not None and column is not None:
        return (f"{table}.{column}",)
    for attribute in _NAMING_ATTRIBUTES:
        value = getattr(operation, attribute, None)
        if value is not None:
            return (str(value),)
    return ()


def _claims(hazard: Hazard, operation: BaseOperation, context: Context) -> tuple[LockClaim, ...]:
    """Locks on tables that somebody uses: those that this migration made keep nobody waiting."""
    if hazard.locks is not None:
        return hazard.locks
    if context.dialect is not Dialect.POSTGRES:
        return ()
    claims = locks(operation, context.catalogue)
    return tuple(_as_written(claim, context) for claim in claims if not context.is_new(claim.table))


def _as_written(claim: LockClaim, context: Context) -> LockClaim:
    """With the table's name as people write it: without the schema where the search path finds it."""
    bare = QualifiedName(claim.table.name)
    return replace(claim, table=bare) if context.catalogue.resolve(bare) == claim.table else claim


def _as_observed(
    claims: tuple[LockClaim, ...], context: Context, observed: LockEvidence | None
) -> tuple[LockClaim, ...]:
    """Claims in the mode that was seen while the statement ran; one of which nothing was seen stays a prediction."""
    statement = context.statement
    if observed is None or statement is None or not claims or context.direction is not Direction.UP:
        return claims
    fingerprint = statement_fingerprint(statement.text, rendered=context.script.rendered)
    found = observed.find(context.migration, fingerprint, context.statement_index)
    if found is None or found[1].observation.error is not None:
        return claims
    migration, seen = found
    held = {(lock.table, lock.mode) for lock in migration.held_during(seen.index)}
    return tuple(_observed(claim, context, seen.observation, held) for claim in claims)


def _observed(
    claim: LockClaim, context: Context, seen: Observation, held: Container[tuple[QualifiedName, LockMode]]
) -> LockClaim:
    table = context.catalogue.resolve(claim.table)
    mode = seen.mode(table)
    if (table, claim.mode) in held and (mode is None or mode < claim.mode):
        # The transaction had that lock already when the statement came: it takes no other one.
        mode = claim.mode
    return claim if mode is None else replace(claim, mode=mode, source="observed")


def _work(hazard: Hazard, operation: BaseOperation, context: Context) -> Work:
    if hazard.work is not None:
        return hazard.work
    return work(operation, context.catalogue)


_LIGHTER = {Severity.ERROR: Severity.WARNING, Severity.WARNING: Severity.INFO, Severity.INFO: Severity.INFO}


def _severity(rule: Rule, hazard: Hazard, direction: Direction) -> Severity:
    """A way back runs when something is wrong already: what blocks there weighs one step less."""
    severity = hazard.severity or rule.severity
    return _LIGHTER[severity] if direction is Direction.DOWN and rule.category is Category.LOCK else severity


def _statement_text(context: Context, span: Span) -> str:
    """The statement, normalised."""
    statement = context.statement
    text = statement.text if statement is not None else context.script.text[span.start : span.end]
    return normalised(text, rendered=context.script.rendered)


def _fingerprint(finding: Finding, statement: str) -> str:
    """Stays when lines move, files are renamed or messages are reworded."""
    parts = (finding.rule, finding.migration, finding.direction, statement, *finding.objects)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]
