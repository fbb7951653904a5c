"""Rename a table while old code goes on under the old name: a view stands in for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.errors import UsageError
from migsafe.model.phase import Part, Phase
from migsafe.model.plan import ChangeKind, ChangePlan, Check, PlanStep
from migsafe.plan.privileges import copy_access, same_access
from migsafe.plan.published import SUBSCRIBERS_HELP, not_published, published_promises
from migsafe.plan.readers import is_free, no_function_names, no_view_reads
from migsafe.plan.recipe import Known, PlanRefusedError, argument, recipe, recorded
from migsafe.plan.sql import quoted, regclass, split_name
from migsafe.plan.targets import find_table
from migsafe.plan.wording import BOTH, NEW_ONLY, TABLE_HOLD_DAYS, exclusive, quarantined

if TYPE_CHECKING:
    from migsafe.model.names import QualifiedName
    from migsafe.plan.targets import TableTarget

#: The first version whose views can check the caller's rights (PostgreSQL 15, CREATE VIEW, "security_invoker").
_SECURITY_INVOKER = 15

#: What does not work through the old name (PostgreSQL 15–18: CREATE VIEW "Updatable Views", COPY, TRUNCATE, MERGE).
_LIMITS = (
    "through the old name there is no COPY FROM, no TRUNCATE, no LOCK of its rows by ctid or xmin, no foreign key, no"
    " ON CONFLICT ON CONSTRAINT, no pg_get_serial_sequence, and before Postgres 17 no MERGE: old code does none of it"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class RenameTable:
    """Give a table another name while old code goes on with the old one."""

    table: str = argument("The table.")
    to: str = argument("Its new name, without a schema.")
    owner_rights: bool = argument(
        "The view answers with its owner's rights: for roles that may read some columns only; not with row security.",
        default=False,
    )
    subscribers_ready: bool = argument(SUBSCRIBERS_HELP, default=False)


@dataclass(frozen=True, slots=True)
class _Renaming:
    old: QualifiedName
    new: QualifiedName
    invoker: bool

    @property
    def hidden(self) -> QualifiedName:
        return self.old.renamed(quarantined(self.old.name))

    def view(self, name: QualifiedName) -> str:
        """The server writes the columns of `*` into the view when it is made; later ones are not in it."""
        option = " WITH (security_invoker = true)" if self.invoker else ""
        return f"CREATE VIEW {name}{option} AS SELECT * FROM {self.new};"


@recipe(ChangeKind.RENAME_TABLE, examples=("clients customers",))
def rename_table(arguments: RenameTable, known: Known) -> ChangePlan:
    """Rename and view in one transaction, so that nobody sees neither or only one of the names.

    The view answers with the caller's rights, so that policies and privileges of the table hold through it; the caller
    needs privileges on both, and gets them in the same transaction (PostgreSQL 15–18 manual, CREATE VIEW,
    "security_invoker"; "Row Security Policies"). Whoever reads one column of such a view needs the right to read all of
    them (run on 18.6): a role that may read some columns only is refused by it, and served by a view with its owner's
    rights.
    """
    on = find_table(arguments.table, known.catalogue)
    names = _Renaming(on.name, on.beside(_new_name(arguments.to)), _has_invoker(arguments, known))
    _refuse(on, names, known)
    ready = arguments.subscribers_ready
    published = published_promises(on, known.catalogue, f"rename {on.name} to {names.new.name}", ready=ready)
    return ChangePlan(
        change=known.change,
        kind=ChangeKind.RENAME_TABLE,
        objects=(str(on.name),),
        arguments=recorded(arguments),
        steps=(
            _rename_step(names, not_published(on, ready=ready)),
            _quarantine_step(names),
            _purge_step(names),
        ),
        code=(f"after the rename: deploy code that names {names.new} only",),
        promises=(_LIMITS, f"no column is added to {names.new} for code that reads {names.old}", *published),
    )


def _rename_step(names: _Renaming, before: tuple[Check, ...]) -> PlanStep:
    rights = _no_column_readers(names.old) if names.invoker else _no_row_security(names.old)
    return PlanStep(
        name=f"rename-{names.old.name}",
        title=f"Rename {names.old} to {names.new}; a view goes on under the old name",
        phase=Phase.EXPAND,
        forward=(
            f"ALTER TABLE {names.old} RENAME TO {quoted(names.new.name)};",
            names.view(names.old),
            copy_access(names.new, names.old, kind="VIEW"),
        ),
        backward=(
            f"DROP VIEW {names.old};",
            f"ALTER TABLE {names.new} RENAME TO {quoted(names.old.name)};",
        ),
        before=(*before, is_free(names.new), rights),
        verify=(
            same_access(names.new, names.old),
            same_access(names.old, names.new),
            _same_rows(names),
        ),
        releases=BOTH,
        locks=exclusive(names.old),
    )


def _quarantine_step(names: _Renaming) -> PlanStep:
    return PlanStep(
        name=f"quarantine-{names.old.name}",
        title=f"Put the view {names.old} out of reach",
        phase=Phase.CONTRACT,
        part=Part.QUARANTINE,
        forward=(f"ALTER VIEW {names.old} RENAME TO {quoted(names.hidden.name)};",),
        backward=(f"ALTER VIEW {names.hidden} RENAME TO {quoted(names.old.name)};",),
        before=(no_view_reads(names.old), no_function_names(names.old)),
        verify=(is_free(names.old),),
        releases=NEW_ONLY,
        locks=exclusive(names.old),
    )


def _purge_step(names: _Renaming) -> PlanStep:
    return PlanStep(
        name=f"purge-{names.old.name}",
        title=f"Drop the view that was {names.old}",
        phase=Phase.CONTRACT,
        part=Part.PURGE,
        forward=(f"DROP VIEW {names.hidden};",),
        backward=(names.view(names.hidden), copy_access(names.new, names.hidden, kind="VIEW", ignored=False)),
        before=(no_view_reads(names.hidden),),
        verify=(is_free(names.hidden),),
        releases=NEW_ONLY,
        locks=exclusive(names.hidden),
        hold_days=TABLE_HOLD_DAYS,
    )


def _same_rows(names: _Renaming) -> Check:
    """Asked as the application's role: its policies and privileges hold under both names."""
    return Check(
        name=f"the application sees the same rows as {names.old} and as {names.new}",
        sql=f"SELECT (SELECT count(*) FROM (SELECT FROM {names.old} LIMIT 1000) AS one)"
        f" = (SELECT count(*) FROM (SELECT FROM {names.new} LIMIT 1000) AS other)",
        expected="true",
        as_role=True,
    )


def _no_row_security(table: QualifiedName) -> Check:
    return Check(
        name=f"{table} has no row security, which a view of this version would go around",
        sql=f"SELECT count(*) FROM pg_class WHERE oid = {regclass(table)} AND relrowsecurity",
    )


def _no_column_readers(table: QualifiedName) -> Check:
    return Check(
        name=f"no role may read only some columns of {table}; else say --owner-rights",
        sql="SELECT count(*) FROM pg_attribute AS a, aclexplode(a.attacl) AS p"
        f" WHERE a.attrelid = {regclass(table)} AND p.privilege_type = 'SELECT'",
    )


def _has_invoker(arguments: RenameTable, known: Known) -> bool:
    return known.server_major >= _SECURITY_INVOKER and not arguments.owner_rights


def _new_name(text: str) -> str:
    parts = split_name(text)
    if parts is None or len(parts) != 1:
        raise UsageError(f'"{text}" is no bare name of a table', hint="write the new name without a schema")
    return parts[0]


def _refuse(on: TableTarget, names: _Renaming, known: Known) -> None:
    if known.catalogue.exists(on.table.name.renamed(names.new.name)):
        raise PlanRefusedError(f"{names.new} exists already", hint="choose another name")
    if on.table.row_security and not names.invoker:
        raise PlanRefusedError(
            f"{on.name} has row security, and a view with its owner's rights goes around it",
            hint="views with the caller's rights come with Postgres 15: leave --owner-rights out, or upgrade first",
        )
