"""How each migration tool is told to run a migration outside a transaction."""

from __future__ import annotations

_WITHOUT_TRANSACTION = {
    "diesel": "metadata.toml beside it: run_in_transaction = false",
    "goose": "-- +goose NO TRANSACTION at the top of the file",
    "dbmate": "-- migrate:up transaction:false",
    "pop": "name the file ….autocommit.up.sql",
    "golang-migrate": "one statement per file: several in one file are one implicit transaction",
    "prisma": "one statement per migration: several in one file are one implicit transaction",
    "flyway": "executeInTransaction=false in the migration's .sql.conf file",
    "alembic": "with op.get_context().autocommit_block():",
    "alembic-sql": "with op.get_context().autocommit_block():",
    "django": "atomic = False on the Migration class",
    "sqitch": "no BEGIN and COMMIT in the deploy script",
}


def without_transaction(tool: str) -> str | None:
    """How to switch the transaction off for one migration, in the tool's own words; None where they are not known."""
    return _WITHOUT_TRANSACTION.get(tool)
