"""What goes wrong because of the transaction around a statement."""

from __future__ import annotations

from collections.abc import Iterator

from migsafe.model.catalogue import Table
from migsafe.model.finding import Category, Severity
from migsafe.model.locks import LockMode
from migsafe.model.names import QualifiedName
from migsafe.model.operation import (
    AddColumn,
    BaseOperation,
    Delete,
    ForeignKey,
    Insert,
    LockTable,
    OtherStatement,
    RefreshMaterializedView,
    TableOperation,
    TransactionControl,
    Update,
    ValidateConstraint,
)
from migsafe.model.operation.columns import ColumnOperation
from migsafe.model.operation.constraints import AddConstraint, DropConstraint
from migsafe.rules.context import Context, OpenTransaction
from migsafe.rules.events import EndOfScript
from migsafe.rules.hazard import Hazard
from migsafe.rules.knowledge.locks import locks
from migsafe.rules.knowledge.tools import without_transaction
from migsafe.rules.knowledge.transaction_block import refused_in_transaction
from migsafe.rules.registry import rule
from migsafe.rules.wording import recipe, shown


@rule(Category.TXN, BaseOperation)
def concurrently_in_transaction(op: BaseOperation, ctx: Context) -> Iterator[Hazard]:
    """A statement that cannot run in a transaction stands in one.

    Why it hurts: the server refuses it (SQLSTATE 25001), and the deployment stops here.
    Do instead: put it alone into a migration that runs without a transaction.
    Fine when: the tool runs the script without a transaction; several statements that a client sends in one string are
        an implicit one.
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY
        and https://www.postgresql.org/docs/18/protocol-flow.html#PROTOCOL-FLOW-MULTI-STATEMENT
    """
    words = refused_in_transaction(op)
    if words is None or (ctx.transaction is None and ctx.code is None):
        return
    opener = {"tool": "the tool opens around this script", "server": "several statements in one string make"}
    around = opener.get(ctx.transaction.opened_by, "BEGIN opened") if ctx.transaction else "a DO block runs in"
    yield Hazard(
        message=f"{words} cannot run inside the transaction that {around}",
        instead=recipe("a migration of its own, which runs outside a transaction", without_transaction(ctx.tool) or ""),
        locks=(),
    )


#: What Alembic renders says the tool's own BEGIN and COMMIT, around an autocommit_block at least.
_SAY_THEIR_OWN_TRANSACTIONS = frozenset({"alembic", "alembic-sql"})


@rule(Category.TXN, TransactionControl)
def transaction_nesting(op: TransactionControl, ctx: Context) -> Iterator[Hazard]:
    """BEGIN or COMMIT inside a transaction that somebody else opened.

    Why it hurts: Postgres does not nest: BEGIN does nothing but warn, and the first COMMIT ends the tool's own
        transaction; what follows commits by itself, and a failure leaves half a migration behind.
    Do instead: leave BEGIN and COMMIT to the tool, or switch its transaction off for this migration; use SAVEPOINT to
        nest.
    Fine when: the tool opens no transaction, or these are its own, rendered.
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/sql-begin.html#id-1.9.3.8.7
    """
    transaction = ctx.transaction
    if ctx.tool in _SAY_THEIR_OWN_TRANSACTIONS:
        return
    if op.action == "begin" and transaction is not None and transaction.opened_by != "server":
        whose = "the tool has already opened one" if transaction.opened_by == "tool" else "one is already open"
        yield Hazard(
            message=f"BEGIN does nothing here: {whose}", instead=_own_transaction(ctx), severity=Severity.WARNING
        )
    elif op.action in {"commit", "rollback"} and transaction is not None and _ends_unannounced(transaction):
        yield Hazard(message=f"{op.action.upper()} ends the tool's own transaction", instead=_own_transaction(ctx))


def _ends_unannounced(transaction: OpenTransaction) -> bool:
    """The tool's transaction ends, and no BEGIN before has been reported already."""
    begun = any(isinstance(done, TransactionControl) and done.action == "begin" for done in transaction.operations)
    return transaction.opened_by == "tool" and not begun


def _own_transaction(ctx: Context) -> str:
    how = without_transaction(ctx.tool) or ""
    return recipe("remove BEGIN and COMMIT, or switch the tool's own transaction off", how)


@rule(Category.TXN, EndOfScript)
def transaction_uncommitted(op: EndOfScript, ctx: Context) -> Iterator[Hazard]:
    """A script opens a transaction and does not end it.

    Why it hurts: when the connection closes, everything since BEGIN is rolled back without an error; until then its
        locks are held.
    Do instead: end the script with COMMIT.
    Fine when: never.
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/tutorial-transactions.html
    """
    transaction = ctx.transaction
    if ctx.tool in _SAY_THEIR_OWN_TRANSACTIONS:
        return
    if transaction is not None and transaction.opened_by == "script" and transaction.begin is not None:
        yield Hazard(
            message="this transaction is never committed: its work is lost when the connection closes",
            instead="COMMIT;",
            at=transaction.begin.span,
        )


@rule(Category.TXN, ValidateConstraint, RefreshMaterializedView, severity=Severity.WARNING)
def statement_after_access_exclusive(
    op: ValidateConstraint | RefreshMaterializedView, ctx: Context
) -> Iterator[Hazard]:
    """A statement that is harmless alone runs for long while the transaction locks another table for everybody.

    Why it hurts: locks are held to the end of the transaction: every query on the locked table waits for work that has
        nothing to do with it.
    Do instead: a migration, so a transaction, of its own for each; the strong lock last.
    Fine when: what follows only changes metadata, or works on the table that is locked anyway. What blocks by itself is
        named by its own rule.
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/explicit-locking.html#LOCKING-TABLES
    """
    read = _read_through(op, ctx)
    if ctx.transaction is None or not read:
        return
    held = ctx.transaction.strongest_on_others(read)
    if held is None or held.claim.mode is not LockMode.ACCESS_EXCLUSIVE:
        return
    if any(_read_through(done, ctx) for done in ctx.transaction.since(held)):
        return
    locked, target = shown(held.claim.table, ctx.catalogue), shown(min(read), ctx.catalogue)
    yield Hazard(
        message=f"{locked}, locked for everybody since line {held.position.line}, waits until {target} has been read",
        instead=f"split: one migration for {locked}, another for {target}",
    )


def _read_through(op: BaseOperation, ctx: Context) -> set[QualifiedName]:
    """Tables in use that the statement reads from end to end."""
    match op:
        case ValidateConstraint():
            read = {ctx.catalogue.resolve(op.table)}
        case RefreshMaterializedView(with_data=True):
            view = ctx.catalogue.view(op.view)
            read = set(view.reads) if view is not None else {ctx.catalogue.resolve(op.view)}
        case _:
            read = set()
    return {table for table in read if not ctx.is_new(table)}


@rule(Category.TXN, TableOperation, severity=Severity.INFO)
def multiple_tables_locked(op: TableOperation, ctx: Context) -> Iterator[Hazard]:
    """One transaction takes strong locks on several tables.

    Why it hurts: it holds the first while it waits for the second: a deadlock with any transaction that goes the other
        way round, and a longer wait for everybody.
    Do instead: one migration per table, or take the tables in the order in which the application does.
    Fine when: the tables are new, or nobody uses them at that time.
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/explicit-locking.html#LOCKING-DEADLOCKS
    """
    if ctx.transaction is None:
        return
    before = {held.claim.table for held in ctx.transaction.blocking()}
    wanted = {
        claim.table
        for claim in locks(op, ctx.catalogue)
        if claim.mode.blocks_writes and not ctx.is_new(claim.table) and claim.table not in before
    }
    if len(before) == 1 and wanted:
        first, second = shown(next(iter(before)), ctx.catalogue), shown(min(wanted), ctx.catalogue)
        yield Hazard(message=f"this transaction locks {second} while it holds {first}")


@rule(Category.LOCK, LockTable)
def explicit_lock_table(op: LockTable, ctx: Context) -> Iterator[Hazard]:
    """LOCK TABLE on a table that is in use.

    Why it hurts: everything that conflicts with the mode waits until the transaction ends.
    Do instead: find a form that needs no lock; if there is none, SET LOCAL lock_timeout before it, and keep the
        transaction as short as can be.
    Fine when: the mode blocks neither reads nor writes, or the migration itself makes the table.
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/sql-lock.html
    """
    if ctx.is_new(op.table) or not op.mode.blocks_writes:
        return
    yield Hazard(
        message=f"{op.table} is locked in {op.mode} mode until the transaction ends: {op.mode.blocks} wait",
        instead=recipe(
            "SET LOCAL lock_timeout = '2s';",
            f"LOCK TABLE {op.table} IN {op.mode} MODE;  -- last, just before COMMIT",
        ),
    )


_PENDING_SENSITIVE = (ColumnOperation, AddConstraint, DropConstraint)


@rule(Category.FAIL, TableOperation)
def ddl_after_dml_pending_trigger_events(op: TableOperation, ctx: Context) -> Iterator[Hazard]:
    """ALTER TABLE after rows were changed, while deferred checks of those rows are still to come.

    Why it hurts: the server refuses it: "cannot ALTER TABLE because it has pending trigger events" (SQLSTATE 55006).
    Do instead: two migrations, or SET CONSTRAINTS ALL IMMEDIATE between the two.
    Fine when: the table has no deferred constraint and no deferred trigger.
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/sql-set-constraints.html
    """
    table = ctx.table(op.table)
    if table is None or ctx.transaction is None or not _rewrites_or_checks(op) or not _has_deferred(table, ctx):
        return
    for done in reversed(ctx.transaction.operations):
        if isinstance(done, OtherStatement) and done.command.startswith("set constraints"):
            return
        if isinstance(done, Insert | Update | Delete) and ctx.catalogue.resolve(done.table) == table.name:
            line = ctx.position(done).line
            yield Hazard(
                message=f"{op.table} still has deferred checks pending from line {line}: this ALTER TABLE fails",
                instead="SET CONSTRAINTS ALL IMMEDIATE;  -- before the ALTER TABLE",
            )
            return


def _rewrites_or_checks(op: TableOperation) -> bool:
    return isinstance(op, (*_PENDING_SENSITIVE, AddColumn))


def _has_deferred(table: Table, ctx: Context) -> bool:
    """Events wait on the table that changed: for its own deferred keys, and for those that point at it."""
    if any(trigger.deferred for trigger in table.triggers.values()):
        return True
    if any(constraint.definition.initially_deferred for constraint in table.constraints.values()):
        return True
    return any(_defers_on(other, table.name, ctx) for other in ctx.catalogue.referencing(table.name))


def _defers_on(other: Table, target: QualifiedName, ctx: Context) -> bool:
    keys = (constraint.definition for constraint in other.constraints.values())
    return any(
        isinstance(key, ForeignKey) and key.initially_deferred and ctx.catalogue.resolve(key.referenced_table) == target
        for key in keys
    )
