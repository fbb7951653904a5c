"""Revisions that were written for SQLAlchemy 1.x."""

from __future__ import annotations

import pytest

from alembic_worker import Book, Conversation, table

BOOK = Book(tables={"users": table("users", {"id": "integer", "name": "text"})})
T = 't = sa.table("t", sa.column("id", sa.Integer), sa.column("name", sa.String))'

CASES = {
    "select_list": (
        f"{T}; op.execute(sa.select([t.c.id], t.c.id == 1))",
        ["SELECT t.id FROM t WHERE t.id = 1"],
    ),
    "case_list": (
        f"{T}; op.execute(t.update().values(name=sa.case([(t.c.id == 1, 'a')], else_='b')))",
        ["UPDATE t SET name=CASE WHEN (t.id = 1) THEN 'a' ELSE 'b' END"],
    ),
    "string": ("op.get_bind().execute('DELETE FROM t WHERE a LIKE \\'b%\\'')", ["DELETE FROM t WHERE a LIKE 'b%'"]),
    "string_with_values": (
        "op.get_bind().execute('UPDATE t SET a = %s, b = %s', (1, 'x'))",
        ["UPDATE t SET a = 1, b = 'x'"],
    ),
    "values_by_name": (
        "op.get_bind().execute(sa.text('UPDATE t SET a = :a'), a=[1, 2])",
        ["UPDATE t SET a = ARRAY[1, 2]"],
    ),
    "where_as_argument": (
        f"{T}; op.execute(t.update(t.c.id == 1, {{'name': 'a'}})); op.execute(t.delete(t.c.id == 2)); "
        "op.execute(t.select(t.c.id == 3)); op.execute(t.insert({'id': 4}))",
        [
            "UPDATE t SET name='a' WHERE t.id = 1",
            "DELETE FROM t WHERE t.id = 2",
            "SELECT t.id, t.name FROM t WHERE t.id = 3",
            "INSERT INTO t (id) VALUES (4)",
        ],
    ),
    "row_by_name": (
        f"{T}; row = op.get_bind().execute(sa.select(t)).first(); "
        "op.execute(f\"SELECT {row['id']}, {row[t.c.id]}, {row[0]}, {dict(row)['id']}\")",
        ["SELECT t.id, t.name FROM t", "SELECT 1, 1, 1, 1"],
    ),
    "engine": (
        "engine = op.get_bind().engine; engine.execute('SELECT 1') if engine.has_table('users') "
        "and engine.table_names() == ['users'] else None",
        ["SELECT 1"],
    ),
    "bound_metadata": (
        "users = sa.Table('users', sa.MetaData(bind=op.get_bind()), autoload=True); "
        "op.get_bind().execute(users.delete()); sa.Table('made', sa.MetaData(), sa.Column('a', sa.Integer)).create()",
        ["DELETE FROM users", "CREATE TABLE made ( a INTEGER )"],
    ),
    "nested_begin": (
        "with op.get_bind().begin() as t:\n        op.execute('SELECT 1'); t.commit()\n    op.execute('SELECT 2')",
        ["SELECT 1", "SELECT 2"],
    ),
    "drop_column": (
        "op.drop_column('t', sa.Column('a', sa.Integer)); sa.Column('b').copy()",
        ["ALTER TABLE t DROP COLUMN a"],
    ),
}
DECLARATIVE = """
    from typing import Optional
    from sqlalchemy.ext.declarative import declarative_base, declared_attr
    from sqlalchemy.orm import Session, load_only

    Base = declarative_base()

    class Mixin:
        @declared_attr
        def owner(self) -> sa.Column:
            return sa.Column(sa.Integer)

    class User(Base, Mixin):
        __tablename__ = "users"
        id: int = sa.Column(sa.Integer, primary_key=True)
        name: Optional[str] = sa.Column(sa.String)

    def upgrade():
        session = Session(bind=op.get_bind())
        query = session.query(User).options(load_only("id"))
        for (user,) in session.execute(query):
            user.name = session.query(User).get(user.id).name + "!"
        session.commit()
"""


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Conversation:
    for name, (body, _) in CASES.items():
        BOOK.revision(name, f"def upgrade():\n    {body}\n")
    BOOK.revision("declarative", DECLARATIVE)
    return BOOK.render(tmp_path_factory.mktemp("shims"))


@pytest.mark.parametrize("case", sorted(CASES))
def test_idioms_of_version_1_work(heard: Conversation, case: str) -> None:
    assert heard.up(case).gap is None
    assert heard.up(case).sql == CASES[case][1]


def test_declarative_classes_of_version_1_work(heard: Conversation) -> None:
    assert heard.up("declarative").gap is None
    assert heard.up("declarative").sql[-1] == "UPDATE users SET name='{}!' WHERE users.id = 1"
