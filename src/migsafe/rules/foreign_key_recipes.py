"""Foreign keys without blocking: the safe forms, with the project's own names."""

from __future__ import annotations

from migsafe.model.names import QualifiedName
from migsafe.model.operation import AddConstraint, ForeignKey
from migsafe.rules.context import Context
from migsafe.rules.wording import LATER_MIGRATION, column_list, constraint_name, recipe

#: Since this version a foreign key of a partitioned table may be NOT VALID (release notes of PostgreSQL 18).
_NOT_VALID_PARTITIONED_SINCE = 18


def not_valid_recipe(table: QualifiedName, keys: list[ForeignKey], ctx: Context) -> str:
    """NOT VALID now, VALIDATE later; by way of the partitions where a partitioned table cannot be NOT VALID."""
    partitioned = ctx.is_partitioned(table) and ctx.server.major < _NOT_VALID_PARTITIONED_SINCE
    if partitioned:
        leaves = [leaf.moved(table.schema) for leaf in ctx.catalogue.leaves(table)] or [QualifiedName("each_partition")]
        per_leaf = [_add_and_validate(leaf, key) for leaf in leaves for key in keys]
        whole = [f"ALTER TABLE {table} ADD {_key_sql(table, key)};" for key in keys]
        return recipe(
            *(add for add, _ in per_leaf),
            LATER_MIGRATION,
            *(validate for _, validate in per_leaf),
            f"{LATER_MIGRATION} takes over the keys of the partitions, and checks no row",
            *whole,
        )
    steps = [_add_and_validate(table, key) for key in keys]
    return recipe(*(add for add, _ in steps), LATER_MIGRATION, *(validate for _, validate in steps))


def _add_and_validate(table: QualifiedName, key: ForeignKey) -> tuple[str, str]:
    name = _key_name(table, key)
    return (
        f"ALTER TABLE {table} ADD {_key_sql(table, key)} NOT VALID;",
        f"ALTER TABLE {table} VALIDATE CONSTRAINT {name};",
    )


def _key_name(table: QualifiedName, key: ForeignKey) -> str:
    return constraint_name(key.name, table.name, key.columns, "fkey")


def _key_sql(table: QualifiedName, key: ForeignKey) -> str:
    referenced = f" ({column_list(key.referenced_columns)})" if key.referenced_columns else ""
    actions = "".join(
        f" ON {event} {action.value.upper()}"
        for event, action in (("DELETE", key.on_delete), ("UPDATE", key.on_update))
        if action.value != "no action"
    )
    deferred = " DEFERRABLE" * key.deferrable + " INITIALLY DEFERRED" * key.initially_deferred
    return (
        f"CONSTRAINT {_key_name(table, key)} FOREIGN KEY ({column_list(key.columns)}) "
        f"REFERENCES {key.referenced_table}{referenced}{actions}{deferred}"
    )


def mysql_recipe(table: QualifiedName) -> str:
    """The way that does not copy the table, and checks nothing."""
    return recipe(
        "-- in the session of the migration, when a query has shown that no row breaks it:",
        "SET SESSION foreign_key_checks = 0;",
        f"ALTER TABLE {table} ADD CONSTRAINT …, ALGORITHM=INPLACE, LOCK=NONE;",
        "SET SESSION foreign_key_checks = 1;",
    )


def one_by_one(adding: tuple[AddConstraint, ...]) -> str:
    """Each key in a migration of its own, and its validation in another."""
    keys = [(each.table, each.constraint) for each in adding if isinstance(each.constraint, ForeignKey)]
    steps = [step for table, key in keys for step in _add_and_validate(table, key)]
    return f"\n{LATER_MIGRATION}\n".join(steps)
