"""Directives and revision files as SQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.operations import ops
from alembic.runtime.migration import MigrationContext

from migsafe.integrations.alembic_sql import comings_and_goings, render, revision_operations
from migsafe.model.dialect import Dialect
from migsafe.model.operation import AddColumn, CreateTable, DropColumn


def context(dialect: str = "postgresql", **opts: object) -> MigrationContext:
    return MigrationContext.configure(dialect_name=dialect, opts={"as_sql": True, **opts})


@pytest.fixture
def sqlite() -> Iterator[sa.Connection]:
    """A database with a table of users."""
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        connection.execute(sa.text("CREATE TABLE users (id INTEGER PRIMARY KEY, name VARCHAR(50))"))
        yield connection
    engine.dispose()


def altered(*operations: ops.MigrateOperation) -> ops.UpgradeOps:
    return ops.UpgradeOps([ops.ModifyTableOps("users", list(operations))])


ADD = ops.AddColumnOp("users", sa.Column("full_name", sa.String(50)))
DROP = ops.DropColumnOp("users", "name")


def test_directives_are_rendered_in_the_dialect_of_the_context() -> None:
    assert render(altered(ADD, DROP), context()).sql == (
        "ALTER TABLE users ADD COLUMN full_name VARCHAR(50);\n\nALTER TABLE users DROP COLUMN name;\n\n"
    )
    assert "`order`" in render(ops.UpgradeOps([ops.DropTableOp("order")]), context("mysql")).sql


def test_operations_outside_of_a_table_are_rendered_too() -> None:
    index = ops.CreateIndexOp("ix", "users", ["name"])
    assert render(ops.UpgradeOps([index, ops.ExecuteSQLOp("SELECT 1")]), context()).sql == (
        "CREATE INDEX ix ON users (name);\n\nSELECT 1;\n\n"
    )


def test_a_percent_sign_stays_single() -> None:
    check = ops.CreateCheckConstraintOp("ck", "users", "name LIKE '%a'")
    assert "LIKE '%a'" in render(altered(check), context()).sql


def test_the_naming_convention_of_the_metadata_holds() -> None:
    metadata = sa.MetaData(naming_convention={"uq": "unique_%(table_name)s_%(column_0_name)s"})
    unique = ops.CreateUniqueConstraintOp(None, "users", ["name"])
    rendered = render(altered(unique), context(target_metadata=metadata))
    assert "ADD CONSTRAINT unique_users_name UNIQUE (name)" in rendered.sql


def test_what_cannot_be_rendered_is_named_and_hides_nothing() -> None:
    class Strange(ops.MigrateOperation):
        """An operation that nobody has registered."""

    rendered = render(ops.UpgradeOps([Strange(), DROP]), context())
    assert rendered.sql == "ALTER TABLE users DROP COLUMN name;\n\n"
    assert [line.split(":")[0] for line in rendered.unrendered] == ["Strange"]


def test_in_batch_mode_sqlite_copies_the_table_that_there_is(sqlite: sa.Connection) -> None:
    live = MigrationContext.configure(sqlite, opts={"render_as_batch": True})
    not_null = ops.AlterColumnOp("users", "name", modify_nullable=False)
    rendered = render(altered(not_null), live)
    assert rendered.unrendered == ()
    assert "CREATE TABLE _alembic_tmp_users" in rendered.sql
    assert "name VARCHAR(50) NOT NULL" in rendered.sql


def test_in_batch_mode_other_databases_alter_in_place() -> None:
    not_null = ops.AlterColumnOp("users", "name", modify_nullable=False)
    rendered = render(altered(not_null), context(render_as_batch=True))
    assert rendered.sql == "ALTER TABLE users ALTER COLUMN name SET NOT NULL;\n\n"


def test_rendering_does_not_touch_the_database(sqlite: sa.Connection) -> None:
    render(altered(ADD, DROP), MigrationContext.configure(sqlite))
    assert [column["name"] for column in sa.inspect(sqlite).get_columns("users")] == ["id", "name"]


def test_comings_and_goings_are_the_same_where_batch_mode_copies(sqlite: sa.Connection) -> None:
    live = MigrationContext.configure(sqlite, opts={"render_as_batch": True})
    not_null = ops.AlterColumnOp("users", "id", modify_nullable=False)
    found = comings_and_goings(altered(not_null, ADD, DROP), live)
    assert [type(operation) for operation in found] == [AddColumn, DropColumn]


def revision(folder: Path, body: str) -> Path:
    file = folder / "0002_change.py"
    file.write_text(f"import sqlalchemy as sa\nfrom alembic import op\n{body}", encoding="utf-8")
    return file


BOTH_WAYS = """
def upgrade():
    with op.batch_alter_table("users") as batch:
        batch.add_column(sa.Column("full_name", sa.String(50)))
        batch.drop_column("name")
        batch.create_unique_constraint("users_full_name_key", ["full_name"])
        batch.drop_constraint("users_name_key", type_="unique")

def downgrade():
    op.create_table("old", sa.Column("id", sa.Integer, primary_key=True))
"""


@pytest.mark.parametrize("dialect", list(Dialect))
def test_a_file_is_run_both_ways(tmp_path: Path, dialect: Dialect) -> None:
    up, down = revision_operations(revision(tmp_path, BOTH_WAYS), dialect)
    assert [type(operation) for operation in up][:2] == [AddColumn, DropColumn]
    assert [type(operation) for operation in down] == [CreateTable]


def test_functions_of_several_databases_are_all_run(tmp_path: Path) -> None:
    body = """
def upgrade(engine_name):
    globals()[f"upgrade_{engine_name}"]()

def upgrade_one():
    op.drop_column("users", "name")

def upgrade_two():
    op.drop_column("orders", "note")
"""
    up, down = revision_operations(revision(tmp_path, body), Dialect.POSTGRES)
    assert [str(operation.table) for operation in up if isinstance(operation, DropColumn)] == ["users", "orders"]
    assert down == ()


def test_what_the_file_raises_is_raised(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        revision_operations(revision(tmp_path, "def upgrade():\n    1 / 0\n"), Dialect.POSTGRES)
