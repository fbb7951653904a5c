"""What a revision sends, as it would send it to a server."""

from __future__ import annotations

import pytest

from alembic_worker import Book, Conversation, table

BOOK = Book(
    tables={"orders": table("orders", {"id": "integer", "status": "character varying(20)", "total": "numeric(10,2)"})},
    modules={
        "helpers.py": """
            from alembic import op
            import sqlalchemy as sa

            def add_stamp(table):
                op.add_column(table, sa.Column("created_at", sa.DateTime))
        """
    },
)

PLAIN = BOOK.revision(
    "plain",
    """
    def upgrade():
        op.create_table(
            "users",
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("mood", sa.Enum("sad", "glad", name="mood")),
        )

    def downgrade():
        op.drop_table("users")
    """,
)
HELPERS = BOOK.revision(
    "helpers_and_loops",
    """
    from helpers import add_stamp

    def upgrade():
        for name in ("a", "b"):
            add_stamp(name)
    """,
)
TEXT = BOOK.revision(
    "text",
    """
    def upgrade():
        op.execute("UPDATE users SET note = '50%' WHERE name LIKE 'a%';")
        op.execute(sa.text("DELETE FROM users WHERE id = :id").bindparams(id=7))
        users = sa.table("users", sa.column("name"))
        op.execute(users.update().values(name="O'Hara"))
        op.get_bind().execute(users.insert(), [{"name": "a"}, {"name": "b"}])
    """,
)
BULK = BOOK.revision(
    "bulk",
    """
    import datetime

    def upgrade():
        moods = sa.table("moods", sa.column("id", sa.Integer), sa.column("at", sa.Date), sa.column("ok", sa.Boolean))
        first = {"id": 1, "at": datetime.date(2026, 1, 2), "ok": True}
        op.bulk_insert(moods, [first, {"id": 2, "at": None, "ok": None}])
    """,
)
CUSTOM = BOOK.revision(
    "custom_operation",
    """
    from alembic.operations import MigrateOperation, Operations

    @Operations.register_operation("create_shadow")
    class CreateShadow(MigrateOperation):
        def __init__(self, name):
            self.name = name

        @classmethod
        def create_shadow(cls, operations, name):
            return operations.invoke(cls(name))

    @Operations.implementation_for(CreateShadow)
    def create_shadow(operations, operation):
        operations.execute(f"CREATE SHADOW {operation.name}")

    def upgrade():
        op.create_shadow("users")
        op.create_table_comment("users", "who pays")
    """,
)
CONCURRENT = BOOK.revision(
    "concurrently",
    """
    def upgrade():
        op.add_column("users", sa.Column("a", sa.Integer))
        with op.get_context().autocommit_block():
            op.create_index(op.f("ix_a"), "users", ["a"], postgresql_concurrently=True)
        op.drop_column("users", "b")
    """,
)
SESSION = BOOK.revision(
    "session",
    """
    from sqlalchemy import orm

    Base = orm.declarative_base()

    class Order(Base):
        __tablename__ = "orders"
        id = sa.Column(sa.Integer, primary_key=True)
        status = sa.Column(sa.String)

    def upgrade():
        session = orm.Session(bind=op.get_bind())
        for order in session.query(Order):
            order.status = "open"
        session.commit()
        with op.get_bind().begin_nested():
            op.execute("SELECT 1")
    """,
)
OFTEN = BOOK.revision(
    "in_a_loop",
    """
    def upgrade():
        for row in op.get_bind().execute(sa.text("SELECT id, name FROM users")):
            for part in range(3):
                op.execute(sa.text("UPDATE users SET part = 1 WHERE id = :id").bindparams(id=row.id))
    """,
)
REALLY_COMMITS = BOOK.revision(
    "really_commits",
    """
    def upgrade():
        op.execute("SELECT 1")
        op.get_bind().commit()
        op.execute("SELECT 2")
    """,
)
SIDE_DOOR = BOOK.revision(
    "second_connection",
    """
    def upgrade():
        engine = op.get_bind().engine
        with engine.begin() as connection:
            connection.execute(sa.text("VACUUM"))
        cursor = engine.raw_connection().cursor()
        cursor.execute("UPDATE t SET a = %s WHERE b = %s", (1, "x"))
    """,
)
ONLINE = BOOK.revision(
    "asks_about_itself",
    """
    from alembic import context
    from sqlalchemy.dialects import postgresql
    from sqlalchemy.dialects.postgresql.base import PGDialect

    def upgrade():
        dialect = op.get_bind().dialect
        assert isinstance(dialect, PGDialect) and isinstance(dialect, postgresql.dialect)
        assert dialect.name == "postgresql" and dialect.server_version_info >= (15,)
        assert not context.is_offline_mode() and not op.get_context().as_sql
        assert context.get_context() is op.get_context() and context.get_bind() is op.get_bind()
        op.execute("SELECT 'true'")
    """,
)
PASS = BOOK.revision("does_nothing", "def upgrade(): pass\n\ndef downgrade(): pass\n")


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Conversation:
    return BOOK.render(tmp_path_factory.mktemp("statements"))


def test_tables_with_their_enums_are_made_and_dropped(heard: Conversation) -> None:
    kind, users = heard.up(PLAIN).sql
    assert kind == "CREATE TYPE mood AS ENUM ('sad', 'glad')"
    assert users == "CREATE TABLE users ( id SERIAL NOT NULL, mood mood, PRIMARY KEY (id) )"
    assert heard.down(PLAIN).sql == ["DROP TABLE users"]
    assert heard.up(PLAIN).message["transaction"] == "tool"


def test_helper_modules_and_loops_are_run(heard: Conversation) -> None:
    stamp = "ADD COLUMN created_at TIMESTAMP WITHOUT TIME ZONE"
    assert heard.up(HELPERS).sql == [f"ALTER TABLE a {stamp}", f"ALTER TABLE b {stamp}"]
    assert [sent.source for sent in heard.up(HELPERS).sent] == ["add_stamp(name)"] * 2


def test_text_and_constructs_carry_their_values(heard: Conversation) -> None:
    assert heard.up(TEXT).sql == [
        "UPDATE users SET note = '50%' WHERE name LIKE 'a%'",
        "DELETE FROM users WHERE id = 7",
        "UPDATE users SET name='O''Hara'",
        "INSERT INTO users (name) VALUES ('a')",
        "INSERT INTO users (name) VALUES ('b')",
    ]


def test_bulk_inserts_are_one_statement_a_row(heard: Conversation) -> None:
    assert heard.up(BULK).sql == [
        "INSERT INTO moods (id, at, ok) VALUES (1, '2026-01-02', true)",
        "INSERT INTO moods (id, at, ok) VALUES (2, NULL, NULL)",
    ]


def test_operations_of_a_project_s_own_work(heard: Conversation) -> None:
    assert heard.up(CUSTOM).sql == ["CREATE SHADOW users", "COMMENT ON TABLE users IS 'who pays'"]


def test_an_autocommit_block_says_commit_and_begin(heard: Conversation) -> None:
    sent = heard.up(CONCURRENT).sent
    assert [each.sql for each in sent] == [
        "ALTER TABLE users ADD COLUMN a INTEGER",
        "COMMIT",
        "CREATE INDEX CONCURRENTLY ix_a ON users (a)",
        "BEGIN",
        "ALTER TABLE users DROP COLUMN b",
    ]
    # Python 3.13 gives the place of the expression, and those before it that of the whole head.
    assert {sent[at].source.removeprefix("with ") for at in (1, 3)} == {"op.get_context().autocommit_block()"}
    assert heard.up(CONCURRENT).message["transaction"] == "tool"


def test_a_session_shows_its_changes_and_commits_nothing_of_the_migration(heard: Conversation) -> None:
    select, update, *nested = heard.up(SESSION).sql
    assert select.startswith("SELECT orders.id")
    assert update == "UPDATE orders SET status='open' WHERE orders.id = 1"
    assert nested == ["SAVEPOINT sa_savepoint_1", "SELECT 1", "RELEASE SAVEPOINT sa_savepoint_1"]


def test_each_turn_of_a_loop_is_recorded(heard: Conversation) -> None:
    assert heard.up(OFTEN).sql == ["SELECT id, name FROM users", *["UPDATE users SET part = 1 WHERE id = 1"] * 3]


def test_a_commit_of_the_migration_s_own_transaction_is_said(heard: Conversation) -> None:
    assert heard.up(REALLY_COMMITS).sql == ["SELECT 1", "COMMIT", "BEGIN", "SELECT 2"]


def test_other_connections_of_the_engine_are_heard_without_their_transactions(heard: Conversation) -> None:
    assert heard.up(SIDE_DOOR).sql == ["VACUUM", "UPDATE t SET a = 1 WHERE b = 'x'"]


def test_a_revision_sees_a_connected_server(heard: Conversation) -> None:
    assert heard.up(ONLINE).sql == ["SELECT 'true'"]


def test_a_revision_that_does_nothing_is_sent_empty_and_one_without_a_way_back_not_at_all(heard: Conversation) -> None:
    assert (heard.up(PASS).sql, heard.down(PASS).sql) == ([], [])
    assert heard.script(HELPERS, "down") is None


def test_ups_come_before_downs_and_each_is_announced(heard: Conversation) -> None:
    scripts = [(message["migration"], message["direction"]) for message in heard.says("script")]
    assert scripts[:2] == [(PLAIN, "up"), (PLAIN, "down")]
    assert scripts[-2:] == [(PASS, "up"), (PASS, "down")]
    assert heard.messages[0]["say"] == "begin"
    assert heard.messages[-1] == {"say": "end"}
    assert heard.exit_code == 0
