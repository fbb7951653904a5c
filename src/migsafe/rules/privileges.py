"""Who may see and do what: grants, roles, row-level security."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeGuard

from migsafe.model.finding import Category, Severity
from migsafe.model.names import QualifiedName, quote_identifier
from migsafe.model.operation import (
    AlterDefaultPrivileges,
    AlterFunction,
    AlterPolicy,
    AlterRole,
    AlterServerSetting,
    BaseOperation,
    CreatePolicy,
    CreateTable,
    CreateView,
    DropPolicy,
    Grant,
    Operation,
    Revoke,
    SetRowSecurity,
    TransactionControl,
)
from migsafe.rules.context import Context
from migsafe.rules.hazard import Hazard
from migsafe.rules.neighbours import is_same
from migsafe.rules.registry import rule
from migsafe.rules.wording import name_list, recipe

_SHUTS_OUT = frozenset({"nologin", "nosuperuser", "nobypassrls", "nocreatedb", "nocreaterole", "valid until"})


@rule(Category.COMPAT, BaseOperation, severity=Severity.INFO)
def privilege_change(op: BaseOperation, ctx: Context) -> Iterator[Hazard]:
    """A privilege, a role or a setting of the server is changed.

    Why it hurts: what the running release may do today can be refused after it (42501), and a setting of the server
        changes every application on it.
    Do instead: grant the new privileges first; revoke the old ones a release later.
    Fine when: it concerns only what the migration itself makes.
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/sql-revoke.html, sql-alterrole.html
    """
    message = _privilege_message(op, ctx)
    if message is not None:
        yield Hazard(message=message)


@rule(Category.COMPAT, BaseOperation)
def row_level_security(op: BaseOperation, ctx: Context) -> Iterator[Hazard]:
    """Row-level security is switched on, or its policies change.

    Why it hurts: a table with row-level security and no policy shows no rows to anybody but its owner: reads come back
        empty and writes fail, without an error that says why. FORCE does the same to the owner.
    Do instead: make the policies first, then enable row-level security, in one transaction.
    Fine when: the table has a policy already, or gets one in the same transaction; the migration itself makes the
        table.
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/ddl-rowsecurity.html
    """
    if not isinstance(op, SetRowSecurity | CreatePolicy | AlterPolicy | DropPolicy) or ctx.is_new(op.table):
        return
    match op:
        case SetRowSecurity(action="enable" | "force"):
            yield from _enabled(op, ctx)
        case SetRowSecurity():
            yield _note(op, f"{op.table} shows every row to every role that may read it")
        case DropPolicy():
            yield from _policy_dropped(op, ctx)
        case CreatePolicy() | AlterPolicy():
            yield _note(op, f"another set of rows of {op.table} can be seen and written")


@rule(Category.COMPAT, CreateTable, CreateView, severity=Severity.WARNING)
def new_object_without_grants(op: CreateTable | CreateView, ctx: Context) -> Iterator[Hazard]:
    """A table or view is made without a GRANT, in a project that grants on most of its tables.

    Why it hurts: the application's role cannot use it: "permission denied" (42501) as soon as the new release asks.
    Do instead: GRANT in the same migration, or ALTER DEFAULT PRIVILEGES once.
    Fine when: the project sets default privileges, leaves grants out for most of its tables, or grants later in the
        migration; a partition needs no grants of its own.
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/ddl-priv.html
    """
    name = op.view if isinstance(op, CreateView) else op.table
    if op.temporary or (isinstance(op, CreateTable) and op.partition_of is not None) or not _grants_usually(ctx):
        return
    if any(_grants_on(later, name, ctx) for later in ctx.later(op)):
        return
    yield Hazard(
        message=f"no role but its owner may use {name}, though the project grants on its other tables",
        instead=f"GRANT SELECT, INSERT, UPDATE, DELETE ON {name} TO <the application's role>;",
        objects=(str(name),),
    )


def _privilege_message(op: BaseOperation, ctx: Context) -> str | None:
    match op:
        case Revoke():
            if op.on and all(ctx.is_new(name) for name in op.on):
                return None
            target = f" on {name_list(op.on)}" if op.on else ""
            return f"{name_list(op.roles) or 'a role'} may no longer {name_list(op.privileges).upper()}{target}"
        case AlterRole() if any(option in _SHUTS_OUT for option in op.options):
            return f"the role {quote_identifier(op.role)} is shut out of something: {name_list(op.options)}"
        case AlterFunction(security_definer=bool(definer)):
            return f"{op.name} runs with the rights of its {'owner' if definer else 'caller'} from now on"
        case AlterServerSetting():
            where = "the whole server" if op.scope == "system" else f"the database {op.database or ''}".strip()
            return f"{op.parameter} changes for {where}"
        case _:
            return None


def _enabled(op: SetRowSecurity, ctx: Context) -> Iterator[Hazard]:
    if not _shuts_out(op, op.action, ctx):
        return
    tables = [op.table]
    if ctx.transaction is not None or ctx.code is not None:
        if any(_shuts_out(earlier, op.action, ctx) for earlier in ctx.earlier):
            return
        tables += [later.table for later in ctx.later(op) if _shuts_out(later, op.action, ctx)]
        tables = list(dict.fromkeys(tables))
    who = "the owner" if op.action == "force" else "every role but the owner"
    have, them = ("has", "it") if len(tables) == 1 else ("have", "them")
    yield Hazard(
        message=f"{name_list(tables)} {have} no policy that migsafe has seen: {who} finds no rows in {them}",
        severity=Severity.WARNING,
        instead=recipe(
            "BEGIN;",
            *(f"CREATE POLICY <name> ON {table} USING (<who sees which rows>);" for table in tables),
            *(f"ALTER TABLE {table} {op.action.upper()} ROW LEVEL SECURITY;" for table in tables),
            "COMMIT;",
        ),
        objects=tuple(str(table) for table in tables),
    )


def _shuts_out(op: Operation, action: str, ctx: Context) -> TypeGuard[SetRowSecurity]:
    """Whether an operation leaves a table in use without any row that others could see."""
    if not isinstance(op, SetRowSecurity) or op.action != action or ctx.is_new(op.table):
        return False
    table = ctx.table(op.table)
    return not (table is not None and table.policies) and not _gets_policy_before_commit(op, ctx)


def _policy_dropped(op: DropPolicy, ctx: Context) -> Iterator[Hazard]:
    table = ctx.table(op.table)
    last = table is not None and table.row_security and set(table.policies) <= {op.name}
    if not last or _gets_policy_before_commit(op, ctx):
        yield _note(op, f"another set of rows of {op.table} can be seen and written")
        return
    yield Hazard(
        message=f"{quote_identifier(op.name)} is the last policy of {op.table}: only its owner finds rows in it",
        instead=recipe(
            "BEGIN;",
            f"DROP POLICY {quote_identifier(op.name)} ON {op.table};",
            f"CREATE POLICY <its successor> ON {op.table} USING (<who sees which rows>);",
            "COMMIT;",
        ),
        objects=(str(op.table), op.name),
    )


def _note(op: SetRowSecurity | CreatePolicy | AlterPolicy | DropPolicy, message: str) -> Hazard:
    return Hazard(message=message, severity=Severity.INFO, objects=(str(op.table),))


def _gets_policy_before_commit(op: SetRowSecurity | DropPolicy, ctx: Context) -> bool:
    """Whether a policy follows before anybody can see the table without one; row-level security may go, too."""
    if ctx.transaction is None:
        return False
    for later in ctx.later(op):
        if isinstance(later, TransactionControl) and later.action in {"commit", "rollback"}:
            return False
        if isinstance(later, CreatePolicy) and is_same(ctx, later.table, op.table):
            return True
        if isinstance(later, SetRowSecurity) and later.action == "disable" and is_same(ctx, later.table, op.table):
            return True
    return False


def _grants_usually(ctx: Context) -> bool:
    """Whether earlier migrations granted on most tables, the newest among them, and set no default privileges."""
    catalogue = ctx.catalogue
    if not catalogue.granted or catalogue.default_privileges:
        return False
    if any(isinstance(op, AlterDefaultPrivileges) for op in ctx.earlier):
        return False
    before = [name for name in catalogue.tables if name not in ctx.created]
    granted = [name for name in before if name in catalogue.granted]
    return bool(granted) and before[-1] in catalogue.granted and 2 * len(granted) >= len(before)


def _grants_on(op: Operation, name: QualifiedName, ctx: Context) -> bool:
    if isinstance(op, AlterDefaultPrivileges):
        return True
    if not isinstance(op, Grant):
        return False
    schema = ctx.catalogue.creation_name(name).schema
    return any(is_same(ctx, other, name) for other in op.on) or schema in op.all_in_schemas
