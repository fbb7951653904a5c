"""Domains, other types and sequences."""

from __future__ import annotations

from collections.abc import Iterator

from migsafe.model.finding import Category, Severity
from migsafe.model.locks import Work
from migsafe.model.names import QualifiedName, quote_identifier
from migsafe.model.operation import (
    AlterColumnType,
    AlterDomain,
    AlterSequence,
    BaseOperation,
    CreateDomain,
    CreateSequence,
    DropColumn,
    DropDefault,
    DropSequence,
    DropTable,
    DropType,
    RenameObject,
)
from migsafe.rules.context import Context
from migsafe.rules.hazard import Hazard
from migsafe.rules.knowledge.dependents import of_type
from migsafe.rules.neighbours import comes_back, in_one_statement, is_made_here
from migsafe.rules.registry import rule
from migsafe.rules.wording import LATER_MIGRATION, name_list, recipe


@rule(Category.COMPAT, CreateDomain, severity=Severity.INFO)
def create_domain_with_constraint(op: CreateDomain, ctx: Context) -> Iterator[Hazard]:
    """A domain is made with constraints.

    Why it hurts: each later change of its constraints scans every table that uses the domain, and a column of the
        domain cannot be added without a rewrite.
    Do instead: a plain type, and a CHECK on each table, which can be added as NOT VALID and changed one by one.
    Fine when: the constraints are known never to change.
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/sql-alterdomain.html; observed on 18.6
    """
    if op.not_null or op.checks:
        yield Hazard(
            message=f"a change of the constraints of {op.domain} will scan every table that uses it",
            objects=(str(op.domain),),
        )


@rule(Category.LOCK, AlterDomain)
def domain_add_constraint(op: AlterDomain, ctx: Context) -> Iterator[Hazard]:
    """A domain gets a constraint that existing rows are held against.

    Why it hurts: SHARE on every table with a column of the domain while all of them are scanned, one after the other:
        writes to all of them wait until the last is done.
    Do instead: ADD CONSTRAINT … NOT VALID, and VALIDATE CONSTRAINT in a later migration; also in the place of SET NOT
        NULL.
    Fine when: no column has the domain, or the migration itself makes it.
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/sql-alterdomain.html; observed on 18.6
    """
    adds = op.action == "add constraint" and (op.constraint is None or not op.constraint.not_valid)
    if not (adds or op.action == "set not null") or is_made_here(ctx, op.domain, CreateDomain):
        return
    users = [dependent.label.removeprefix("column ") for dependent in of_type(ctx.catalogue, op.domain)]
    if not users and ctx.catalogue.resolve(op.domain) in ctx.catalogue.domains:
        return
    where = f"the tables of {name_list(users)}" if users else f"every table that uses {op.domain}"
    yield Hazard(
        message=f"writes to {where} wait while all their rows are checked",
        severity=None if users else Severity.WARNING,
        work=Work.SCAN,
        instead=_not_valid_form(op),
        objects=(str(op.domain), *users),
    )


@rule(Category.COMPAT, DropType, severity=Severity.WARNING)
def drop_type(op: DropType, ctx: Context) -> Iterator[Hazard]:
    """A type or domain is dropped.

    Why it hurts: code of the running release that casts to the type, or whose driver looks it up by name, fails.
    Do instead: release code that does not name it, and drop it a release later.
    Fine when: the migration made it, makes it again, or has just taken it away from its last column.
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/sql-droptype.html
    """
    gone = [
        str(other.type)
        for other in in_one_statement(op, ctx)
        if not (
            is_made_here(ctx, other.type) or comes_back(ctx, other, other.type) or _is_renamed_away(ctx, other.type)
        )
    ]
    if not gone:
        return
    kind = "DOMAIN" if op.domain else "TYPE"
    yield Hazard(
        message=f"code that names the {kind.lower()} {name_list(gone)} fails from now on",
        severity=Severity.INFO if _has_cleared(ctx, DropColumn, DropTable, AlterColumnType) else None,
        instead=recipe(
            f"-- first release code that no longer names {name_list(gone)}",
            LATER_MIGRATION,
            f"DROP {kind} {', '.join(gone)};",
        ),
        objects=tuple(gone),
    )


@rule(Category.COMPAT, DropSequence, AlterSequence, severity=Severity.WARNING)
def drop_sequence(op: DropSequence | AlterSequence, ctx: Context) -> Iterator[Hazard]:
    """A sequence is dropped, or starts again.

    Why it hurts: code that calls nextval() fails, ORMs that fetch their keys in advance among it; after a RESTART the
        numbers that come can exist already (23505).
    Do instead: release code that does not use it, and drop it a release later; never restart below the highest key.
    Fine when: the migration made it, makes it again, or has just taken it away from its column.
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/sql-dropsequence.html, sql-altersequence.html
    """
    if isinstance(op, AlterSequence):
        if op.restart and not is_made_here(ctx, op.sequence, CreateSequence):
            yield Hazard(
                message=f"{op.sequence} can give numbers again that rows have already",
                severity=Severity.INFO,
                objects=(str(op.sequence),),
            )
        return
    gone = [
        str(other.sequence)
        for other in in_one_statement(op, ctx)
        if not (is_made_here(ctx, other.sequence) or comes_back(ctx, other, other.sequence))
    ]
    if gone:
        yield Hazard(
            message=f"code that takes numbers from {name_list(gone)} fails from now on",
            severity=Severity.INFO if _has_cleared(ctx, DropColumn, DropTable, DropDefault) else None,
            instead=recipe(
                f"-- first release code that no longer uses {name_list(gone)}",
                LATER_MIGRATION,
                f"DROP SEQUENCE {', '.join(gone)};",
            ),
            objects=tuple(gone),
        )


def _not_valid_form(op: AlterDomain) -> str:
    definition = op.constraint
    expression = getattr(definition, "expression", None)
    check = expression.text if expression is not None else "VALUE IS NOT NULL"
    given = definition.name if definition is not None else None
    fallback = f"{op.domain.name}_{'not_null' if op.action == 'set not null' else 'check'}"
    name = quote_identifier(given or fallback)
    return recipe(
        f"ALTER DOMAIN {op.domain} ADD CONSTRAINT {name} CHECK ({check}) NOT VALID;",
        LATER_MIGRATION,
        f"ALTER DOMAIN {op.domain} VALIDATE CONSTRAINT {name};",
    )


def _is_renamed_away(ctx: Context, name: QualifiedName) -> bool:
    """Whether the migration itself gave the type this name, to make room for its successor."""
    return any(isinstance(op, RenameObject) and op.new_name == name.name for op in ctx.earlier)


def _has_cleared(ctx: Context, *ways: type[BaseOperation]) -> bool:
    """Whether the migration has just done what leaves a type or sequence without use, and said so on its own."""
    return any(isinstance(op, ways) for op in ctx.earlier)
