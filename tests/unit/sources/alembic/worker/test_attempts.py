"""Rows, empty tables, tables that somebody else has made; and what remains a gap."""

from __future__ import annotations

import pytest

from alembic_worker import Book, Conversation, table

BOOK = Book(
    tables={
        "users": table("users", {"id": "integer", "name": "text"}),
        # some migration has changed its column `email`, and none has made it
        "ab_user": table("ab_user", {"email": "text"}, complete=False),
    },
    modules={
        "app.py": """
            class Factory:
                def make(self):
                    raise RuntimeError("the application is not running")

            factory = Factory()
        """
    },
)

COUNTS = BOOK.revision(
    "counts",
    """
    import json

    def upgrade():
        bind = op.get_bind()
        if bind.execute(sa.text("SELECT count(*) FROM users")).scalar():
            op.execute("UPDATE users SET counted = true")
        for row in bind.execute(sa.text("SELECT u.id AS user_id, (SELECT 1) AS n, settings FROM users u")):
            json.loads(row.settings)
            op.execute(f"UPDATE users SET a = {row.user_id + row.n}")
        for row in bind.execute(sa.text("SELECT * FROM users")):
            op.execute(f"UPDATE users SET star = {len(row)}")
    """,
)
TYPED = BOOK.revision(
    "typed_rows",
    """
    def upgrade():
        t = sa.table("t", sa.column("id", sa.Integer), sa.column("ok", sa.Boolean), sa.column("at", sa.DateTime),
                     sa.column("price", sa.Numeric), sa.column("kind", sa.Enum("x", "y", name="kind")),
                     sa.column("data", sa.JSON))
        for row in op.get_bind().execute(sa.select(t)):
            assert row.ok is True and row.at.year and row.price == 1 and row.kind == "x" and row.data == {}
            op.execute(t.update().where(t.c.id == row.id).values(ok=False))
    """,
)
REFUSES_ROWS = BOOK.revision(
    "refuses_rows",
    """
    def upgrade():
        op.execute("SELECT 'before'")
        if op.get_bind().execute(sa.text("SELECT count(*) FROM duplicates")).scalar() > 0:
            raise RuntimeError("mend the duplicates first")
        op.execute("SELECT 'after'")
    """,
)
ENDLESS = BOOK.revision(
    "works_off",
    """
    def upgrade():
        while op.get_bind().execute(sa.text("SELECT id FROM jobs LIMIT 100")).fetchall():
            op.execute("DELETE FROM jobs")
        while op.get_bind().execute(sa.text("DELETE FROM jobs")).rowcount:
            pass
        op.execute("SELECT 'done'")
    """,
)
RUNAWAY = BOOK.revision(
    "runaway",
    """
    import itertools

    def upgrade():
        for number in itertools.count():
            op.execute(f"SELECT {number}")
    """,
)
BASE_TABLE = BOOK.revision(
    "base_table",
    """
    def upgrade():
        if "spawners" in sa.inspect(op.get_bind()).get_table_names():
            op.add_column("spawners", sa.Column("note", sa.Text))
    """,
)
_LOOKS = """
    def has(table, name):
        return any(column["name"] == name for column in sa.inspect(op.get_bind()).get_columns(table))
"""
THEIR_COLUMN = BOOK.revision(
    "their_column",
    _LOOKS
    + """
    def upgrade():
        if has("ab_user", "username"):
            op.alter_column("ab_user", "username", type_=sa.String(128))
    """,
)
OUR_COLUMN = BOOK.revision(
    "our_column",
    _LOOKS
    + """
    def upgrade():
        if has("users", "nick"):
            op.drop_column("users", "nick")
    """,
)
ADDED_COLUMN = BOOK.revision(
    "added_column",
    _LOOKS
    + """
    def upgrade():
        if not has("ab_role", "note"):
            op.add_column("ab_role", sa.Column("note", sa.Text))
    """,
)
ALL_COLUMNS = BOOK.revision(
    "all_columns",
    """
    def upgrade():
        for column in sa.inspect(op.get_bind()).get_columns("ab_view"):
            op.drop_column("ab_view", column["name"])
    """,
)
ADDRESS = BOOK.revision(
    "address",
    """
    def upgrade():
        raise ValueError(f"{object()} is not it")
    """,
)
GUARDED = BOOK.revision(
    "guarded",
    """
    def upgrade():
        if not sa.inspect(op.get_bind()).has_table("logs"):
            op.create_table("logs", sa.Column("id", sa.Integer))
    """,
)
FAILS = BOOK.revision(
    "fails",
    """
    def upgrade():
        op.execute("SELECT 1")
        helper()

    def helper():
        raise ValueError("no\\nsuch luck")
    """,
)
LEAVES = BOOK.revision("leaves", "def upgrade():\n    print('bye')\n    raise SystemExit(3)\n")
DEEP = BOOK.revision("deep", "def upgrade():\n    upgrade()\n")
BROKEN = BOOK.revision("broken", "def upgrade(:\n")
UNIMPORTABLE = BOOK.revision("unimportable", "raise RuntimeError('at import')\n")
NO_WAY_BACK = BOOK.revision(
    "no_way_back",
    """
    def upgrade(): pass

    def downgrade():
        raise NotImplementedError("there is no way back")
    """,
)
IRREVERSIBLE = BOOK.revision(
    "irreversible",
    """
    def upgrade(): pass

    def downgrade():
        raise Exception("Irreversible migration")
    """,
)
BAD_DOWN = BOOK.revision(
    "bad_down",
    """
    def upgrade(): pass

    def downgrade():
        op.drop_table("a")
        raise Exception("half-way")
    """,
)
OUTSIDE = BOOK.revision(
    "outside",
    """
    from app import factory

    def upgrade():
        op.add_column("users", sa.Column("secret", factory.make()))
        op.drop_column("users", "name")
    """,
)


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Conversation:
    return BOOK.render(tmp_path_factory.mktemp("attempts"))


def test_tables_seem_to_hold_one_row(heard: Conversation) -> None:
    updates = [sql for sql in heard.up(COUNTS).sql if sql.startswith("UPDATE")]
    assert updates == ["UPDATE users SET counted = true", "UPDATE users SET a = 2", "UPDATE users SET star = 2"]


def test_values_fit_their_types(heard: Conversation) -> None:
    assert heard.up(TYPED).sql[1:] == ["UPDATE t SET ok=false WHERE t.id = 1"]


def test_a_revision_that_fails_with_rows_is_rendered_with_empty_tables(heard: Conversation) -> None:
    assert heard.up(REFUSES_ROWS).gap is None
    assert heard.up(REFUSES_ROWS).sql[-1] == "SELECT 'after'"
    begins = [message for message in heard.says("begin") if message["migration"] == REFUSES_ROWS]
    assert [message["direction"] for message in begins] == ["up", "up", "down"]


def test_rows_are_worked_off(heard: Conversation) -> None:
    assert heard.up(ENDLESS).sql[-1] == "SELECT 'done'"


def test_a_runaway_loop_ends_in_a_gap(heard: Conversation) -> None:
    assert heard.up(RUNAWAY).gap == "it sends more than 5000 statements"


def test_a_revision_that_would_do_nothing_is_shown_the_tables_that_it_looks_for(heard: Conversation) -> None:
    assert heard.up(BASE_TABLE).sql == ["ALTER TABLE spawners ADD COLUMN note TEXT"]


def test_a_column_that_is_looked_for_in_a_table_of_somebody_else_is_there(heard: Conversation) -> None:
    assert heard.up(THEIR_COLUMN).sql == ["ALTER TABLE ab_user ALTER COLUMN username TYPE VARCHAR(128)"]


def test_a_column_that_a_table_of_migrations_lacks_is_absent(heard: Conversation) -> None:
    assert heard.up(OUR_COLUMN).sql == []


def test_a_column_that_a_table_of_somebody_else_may_lack_is_added(heard: Conversation) -> None:
    assert heard.up(ADDED_COLUMN).sql == ["ALTER TABLE ab_role ADD COLUMN note TEXT"]


def test_no_sql_is_made_of_a_column_whose_name_is_unknown(heard: Conversation) -> None:
    assert heard.up(ALL_COLUMNS).sql == []


def test_an_address_in_memory_is_no_part_of_a_reason(heard: Conversation) -> None:
    assert heard.up(ADDRESS).gap == "ValueError: <object object> is not it"


def test_no_table_is_supposed_where_something_is_done_without(heard: Conversation) -> None:
    assert heard.up(GUARDED).sql == ["CREATE TABLE logs ( id INTEGER )"]


def test_a_failure_is_a_gap_at_its_line_after_the_statements_before(heard: Conversation) -> None:
    failed = heard.up(FAILS)
    assert (failed.sql, failed.gap) == (["SELECT 1"], "ValueError: no such luck")
    assert failed.message["gap"]["line"] == 9


@pytest.mark.parametrize(
    ("revision", "reason"),
    [
        (LEAVES, "SystemExit: 3"),
        (DEEP, "RecursionError: maximum recursion depth exceeded"),
        (BROKEN, "SyntaxError: invalid syntax"),
        (UNIMPORTABLE, "RuntimeError: at import"),
    ],
)
def test_nothing_ends_the_worker(heard: Conversation, revision: str, reason: str) -> None:
    gap = heard.up(revision).gap
    assert gap is not None
    assert gap.startswith(reason)
    assert heard.script(NO_WAY_BACK, "up") is not None
    assert "bye" in heard.errors


@pytest.mark.parametrize("revision", [NO_WAY_BACK, IRREVERSIBLE])
def test_a_downgrade_that_only_says_no_is_none(heard: Conversation, revision: str) -> None:
    assert heard.script(revision, "down") is None


def test_a_downgrade_that_fails_half_way_is_a_gap(heard: Conversation) -> None:
    assert (heard.down(BAD_DOWN).sql, heard.down(BAD_DOWN).gap) == (["DROP TABLE a"], "Exception: half-way")


def test_a_function_that_needs_the_application_is_done_without(heard: Conversation) -> None:
    assert heard.up(OUTSIDE).sql == [
        "ALTER TABLE users ADD COLUMN secret FACTORY",
        "ALTER TABLE users DROP COLUMN name",
    ]
