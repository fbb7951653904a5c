"""Names of objects: changed under running code, or longer than the server keeps."""

from __future__ import annotations

from collections.abc import Iterator

from migsafe.model.finding import Category, Severity
from migsafe.model.names import POSTGRES_NAME_BYTES, quote_identifier, truncate_identifier
from migsafe.model.operation import BaseOperation, ObjectKind, RenameConstraint, RenameObject
from migsafe.rules.context import Context
from migsafe.rules.hazard import Hazard
from migsafe.rules.neighbours import comes_back, is_freed_here, is_made_here
from migsafe.rules.registry import rule
from migsafe.rules.wording import LATER_MIGRATION, recipe

_READ_BY_NAME = {ObjectKind.VIEW, ObjectKind.MATERIALIZED_VIEW, ObjectKind.FOREIGN_TABLE}
_PERHAPS_USED_BY_NAME = {
    ObjectKind.SEQUENCE,
    ObjectKind.TYPE,
    ObjectKind.DOMAIN,
    ObjectKind.FUNCTION,
    ObjectKind.PROCEDURE,
    ObjectKind.ROUTINE,
    ObjectKind.AGGREGATE,
}
#: Kinds that have a rule of their own.
_ELSEWHERE = {ObjectKind.SCHEMA, ObjectKind.TABLE, ObjectKind.COLUMN}


@rule(Category.COMPAT, RenameObject, RenameConstraint)
def rename_object(op: RenameObject | RenameConstraint, ctx: Context) -> Iterator[Hazard]:
    """A view, sequence, type, function, index or constraint gets another name.

    Why it hurts: queries of the running release that read a view, call a function, take numbers from a sequence or
        cast to a type by its old name fail. The name of an index or constraint matters to code that reads error
        messages, and to ON CONFLICT ON CONSTRAINT.
    Do instead: keep an alias for a release: a view on the renamed view, a function that calls the new one.
    Fine when: the migration itself makes the object, or gives the old name to another one (a swap).
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/sql-alterview.html and its like
    """
    if isinstance(op, RenameConstraint):
        if not ctx.is_new(op.table):
            yield Hazard(
                message=f"errors and ON CONFLICT name {quote_identifier(op.new_name)} of {op.table} from now on",
                severity=Severity.INFO,
                objects=(str(op.table), op.name, op.new_name),
            )
        return
    if op.kind in _ELSEWHERE or _is_unused(op, ctx):
        return
    yield Hazard(
        message=f"code that uses the {op.kind} {op.name} fails as soon as it is called {quote_identifier(op.new_name)}",
        severity=_weight(op, ctx),
        instead=_alias(op),
        objects=(str(op.name), op.new_name),
    )


@rule(Category.FAIL, BaseOperation)
def identifier_too_long(op: BaseOperation, ctx: Context) -> Iterator[Hazard]:
    """A name is longer than Postgres keeps.

    Why it hurts: Postgres cuts it after 63 bytes, with a mere notice. Two names that are equal up to there are one:
        the second statement fails, or hits the wrong object; and tools that know the object by its full name miss it.
    Do instead: a name of 63 bytes at most.
    Fine when: every use of the name is cut in the same way, and no other name is equal up to there (info).
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS
    """
    if ctx.statement is None or ctx.code is not None or op is not ctx.statement.operations[0]:
        return
    for name in ctx.statement.truncated:
        cut = truncate_identifier(name)
        rival = _rival(name, cut, ctx)
        yield Hazard(
            message=f"{quote_identifier(name)} is cut to {quote_identifier(cut)}"
            + (f", which is also what is left of {quote_identifier(rival)}" if rival else ""),
            severity=None if rival else Severity.INFO,
            instead=f"-- choose a name of at most {POSTGRES_NAME_BYTES} bytes; this one has {len(name.encode())}",
            objects=(name,),
        )


def _is_unused(op: RenameObject, ctx: Context) -> bool:
    """Whether no running code uses the old name alone: made here, given back, or half of a swap."""
    made_here = ctx.is_new(op.table or op.name) or is_made_here(ctx, op.name)
    return made_here or comes_back(ctx, op, op.name) or is_freed_here(ctx, op.name.renamed(op.new_name))


def _weight(op: RenameObject, ctx: Context) -> Severity | None:
    if op.kind in _READ_BY_NAME:
        return None
    if op.kind is ObjectKind.SEQUENCE:
        sequence = ctx.catalogue.sequences.get(ctx.catalogue.resolve(op.name))
        return Severity.INFO if sequence is not None and sequence.owned_by is not None else Severity.WARNING
    return Severity.WARNING if op.kind in _PERHAPS_USED_BY_NAME else Severity.INFO


def _alias(op: RenameObject) -> str | None:
    if op.kind not in _READ_BY_NAME:
        return None
    new = op.name.renamed(op.new_name)
    return recipe(
        "BEGIN;",
        f"ALTER {op.kind.upper()} {op.name} RENAME TO {quote_identifier(op.new_name)};",
        f"CREATE VIEW {op.name} AS SELECT * FROM {new};  -- with its grants",
        "COMMIT;",
        f"{LATER_MIGRATION[:-1]}, when no release reads {op.name}:",
        f"DROP VIEW {op.name};",
    )


def _rival(name: str, cut: str, ctx: Context) -> str | None:
    """A long name in an earlier statement of the script of which the same is left."""
    for statement in ctx.statements[: ctx.statement_index]:
        for other in statement.truncated:
            if other != name and truncate_identifier(other) == cut:
                return other
    return None
