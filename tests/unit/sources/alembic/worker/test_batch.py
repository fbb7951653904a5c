"""Batch mode: ALTER where the database can, "move and copy" where it cannot; both at the place of the operation."""

from __future__ import annotations

from pathlib import Path

import pytest

from alembic_worker import Book, Conversation, table

REVISION = """
def upgrade():
    with op.batch_alter_table("users") as batch:
        batch.add_column(sa.Column("é", sa.Integer)); batch.drop_column("nick")
        batch.alter_column("email", nullable=False,
                           existing_type=sa.String(80))
    op.execute("SELECT 'ä'"); op.execute("SELECT 2")
"""


def _render(dialect: str, folder: Path) -> Conversation:
    columns = {"id": "INTEGER", "email": "VARCHAR(80)", "nick": "TEXT"}
    index = {"name": "ix", "columns": ["email"], "expressions": ["email"], "unique": False, "constraint": None}
    users = table(
        "users",
        columns,
        primary_key={"name": None, "columns": ["id"]},
        unique=[{"name": "(unique 1)", "columns": ["email"]}],
        indexes=[{**index, "method": "btree", "where": "id > 7", "include": []}],
    )
    book = Book(dialect=dialect, tables={"users": users})
    book.revision("batch", REVISION)
    return book.render(folder)


def test_each_alter_stands_at_its_operation(tmp_path: Path) -> None:
    add, drop, alter, *rest = _render("postgres", tmp_path).up("batch").sent
    assert add == ('ALTER TABLE users ADD COLUMN "é" INTEGER', 6, 'batch.add_column(sa.Column("é", sa.Integer))')
    assert drop == ("ALTER TABLE users DROP COLUMN nick", 6, 'batch.drop_column("nick")')
    assert alter.sql == "ALTER TABLE users ALTER COLUMN email SET NOT NULL"
    assert alter.source.splitlines()[-1].strip() == "existing_type=sa.String(80))"
    assert [each.source for each in rest] == ["op.execute(\"SELECT 'ä'\")", 'op.execute("SELECT 2")']


def test_a_recreated_table_stands_at_the_first_operation(tmp_path: Path) -> None:
    heard = _render("sqlite", tmp_path).up("batch")
    create, insert, drop, rename, index, *_ = heard.sent
    assert create.sql == (
        'CREATE TABLE _alembic_tmp_users ( id INTEGER NOT NULL, "é" INTEGER, email VARCHAR(80) NOT NULL, '
        "PRIMARY KEY (id), UNIQUE (email) )"
    )
    assert insert.sql.startswith("INSERT INTO _alembic_tmp_users (id, email) SELECT")
    assert (drop.sql, rename.sql) == ("DROP TABLE users", "ALTER TABLE _alembic_tmp_users RENAME TO users")
    assert index.sql == "CREATE INDEX ix ON users (email) WHERE id > 7"
    assert {each.line for each in (create, insert, drop, rename)} == {6}
    assert heard.message["transaction"] == "none"


@pytest.mark.parametrize(("dialect", "quoted"), [("mysql", "`order`"), ("postgres", '"order"')])
def test_each_dialect_writes_as_it_does(dialect: str, quoted: str, tmp_path: Path) -> None:
    book = Book(dialect=dialect)
    book.revision("drop", "def upgrade(): op.drop_table('order')\n")
    rendered = book.render(tmp_path).up("drop")
    assert rendered.sql == [f"DROP TABLE {quoted}"]
    assert rendered.message["transaction"] == ("none" if dialect == "mysql" else "tool")
