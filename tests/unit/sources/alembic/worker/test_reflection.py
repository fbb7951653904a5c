"""What a revision learns of the database: the parent's answers, as SQLAlchemy's inspector tells them."""

from __future__ import annotations

import pytest

from alembic_worker import Book, Conversation, table

BOOK = Book(
    tables={
        "users": table(
            "users",
            {
                "id": "bigint",
                "email": "character varying(80)",
                "at": "timestamp(3) with time zone",
                "tags": "text[]",
                "price": "numeric(10,2)",
                "mood": "mood",
                "where": "geography(Point,4326)",
                "team_id": "INT",
            },
            primary_key={"name": "users_pkey", "columns": ["id"]},
            unique=[{"name": "users_email_key", "columns": ["email"]}],
            checks=[{"name": "short", "sqltext": "length(email) < 50"}],
            foreign_keys=[
                {
                    "name": "users_team_fkey",
                    "columns": ["team_id"],
                    "referred_schema": None,
                    "referred_table": "teams",
                    "referred_columns": ["id"],
                    "on_delete": "CASCADE",
                    "on_update": None,
                    "deferrable": True,
                    "initially_deferred": True,
                }
            ],
            indexes=[
                {
                    "name": "ix_lower",
                    "columns": [None],
                    "expressions": ["lower(email)"],
                    "unique": False,
                    "primary": False,
                    "method": "gin",
                    "where": "id > 7",
                    "include": [],
                    "constraint": None,
                }
            ],
        )
    },
    relations={
        "schemas": ["public", "audit"],
        "views": ["names"],
        "sequences": ["numbers"],
        "enums": [{"name": "mood", "values": ["sad", "glad"]}],
    },
)

NAMES = BOOK.revision(
    "names",
    """
    def upgrade():
        inspector = sa.inspect(op.get_bind())
        assert inspector.get_table_names() == ["users"] and inspector.get_view_names() == ["names"]
        assert inspector.get_schema_names() == ["public", "audit"]
        assert inspector.has_table("users") and inspector.has_table("names") and not inspector.has_table("people")
        assert inspector.has_sequence("numbers") and not inspector.has_sequence("letters")
        assert inspector.has_index("users", "ix_lower") and not inspector.has_index("users", "ix")
        assert op.get_bind().dialect.has_table(op.get_bind(), "users")
        assert [enum["name"] for enum in inspector.get_enums()] == ["mood"]
        op.execute("SELECT 'all true'")
    """,
)
CONSTRAINTS = BOOK.revision(
    "constraints",
    """
    from sqlalchemy.engine.reflection import Inspector

    def upgrade():
        inspector = Inspector.from_engine(op.get_bind().engine)
        assert inspector.get_pk_constraint("users")["constrained_columns"] == ["id"]
        assert inspector.get_unique_constraints("users")[0]["column_names"] == ["email"]
        assert inspector.get_check_constraints("users")[0]["sqltext"] == "length(email) < 50"
        (key,) = inspector.get_foreign_keys("users")
        assert key["options"] == {"ondelete": "CASCADE", "deferrable": True, "initially": "DEFERRED"}
        (index,) = inspector.get_indexes("users")
        assert index["expressions"] == ["lower(email)"]
        assert index["dialect_options"] == {"postgresql_where": "id > 7", "postgresql_using": "gin"}
        assert inspector.get_table_comment("users") == {"text": None}
        op.execute("SELECT 'all true'")
    """,
)
WHOLE = BOOK.revision(
    "whole_table",
    """
    def upgrade():
        users = sa.Table("users", sa.MetaData(), autoload_with=op.get_bind())
        users.name = "copies"
        op.get_bind().execute(sa.schema.CreateTable(users))
    """,
)
CREATES_ENUM = BOOK.revision(
    "enum_that_is_there",
    """
    def upgrade():
        sa.Enum("sad", "glad", name="mood").create(op.get_bind(), checkfirst=True)
        sa.Enum("a", name="letter").create(op.get_bind(), checkfirst=True)
    """,
)
RAW = BOOK.revision(
    "raw_catalogue",
    """
    def upgrade():
        found = op.get_bind().execute(sa.text("SELECT table_name FROM information_schema.tables")).fetchall()
        op.execute("SELECT 'none'" if not found else "SELECT 'some'")
    """,
)
SETTING = BOOK.revision(
    "setting",
    """
    def upgrade():
        limit = op.get_bind().execute(sa.text("SELECT setting FROM pg_settings WHERE name = 'x'")).scalar_one()
        op.execute(f"SELECT {int(limit)}")
    """,
)
TELLS = BOOK.revision(
    "tells_what_it_did",
    """
    def upgrade():
        op.execute("CREATE TABLE one ()")
        sa.inspect(op.get_bind()).has_table("one")
        sa.inspect(op.get_bind()).get_columns("users")
        op.execute("CREATE TABLE two ()")
        sa.inspect(op.get_bind()).get_columns("users")
        sa.inspect(op.get_bind()).get_columns("users")
    """,
)


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Conversation:
    return BOOK.render(tmp_path_factory.mktemp("reflection"))


@pytest.mark.parametrize("revision", [NAMES, CONSTRAINTS])
def test_the_inspector_tells_what_the_parent_answers(heard: Conversation, revision: str) -> None:
    assert heard.up(revision).gap is None
    assert heard.up(revision).sql == ["SELECT 'all true'"]


def test_a_table_is_loaded_with_its_types_and_what_its_keys_point_at(heard: Conversation) -> None:
    (sql,) = heard.up(WHOLE).sql
    assert sql == (
        "CREATE TABLE copies ( id BIGSERIAL NOT NULL, email VARCHAR(80), at TIMESTAMP(3) WITH TIME ZONE, tags TEXT[], "
        'price NUMERIC(10, 2), mood mood, "where" geography(Point,4326), team_id INTEGER, '
        "CONSTRAINT users_pkey PRIMARY KEY (id), CONSTRAINT users_team_fkey FOREIGN KEY(team_id) REFERENCES teams (id) "
        "ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED, CONSTRAINT users_email_key UNIQUE (email), "
        "CONSTRAINT short CHECK (length(email) < 50) )"
    )


def test_only_enums_that_are_not_there_are_made(heard: Conversation) -> None:
    assert heard.up(CREATES_ENUM).sql == ["CREATE TYPE letter AS ENUM ('a')"]


def test_catalogue_queries_of_a_revision_s_own_find_nothing(heard: Conversation) -> None:
    assert heard.up(RAW).sql == ["SELECT table_name FROM information_schema.tables", "SELECT 'none'"]


def test_settings_have_a_value(heard: Conversation) -> None:
    assert heard.up(SETTING).sql[-1] == "SELECT 0"


def test_sqlalchemy_s_own_questions_are_no_statements(heard: Conversation) -> None:
    sent = [sql for message in heard.says("script") for sql in (each["sql"] for each in message["statements"])]
    assert not [sql for sql in sent if "pg_catalog" in sql]


def test_the_parent_is_told_what_ran_since_the_last_question_and_asked_once(heard: Conversation) -> None:
    start = next(at for at, message in enumerate(heard.messages) if message.get("migration") == TELLS)
    asked = [message for message in heard.messages[start:] if message["say"] == "ask"]
    told = [(message["about"], message["name"], message["ran"]) for message in asked]
    assert told[0] == ("table", "one", ["CREATE TABLE one ()"])
    assert [ran for _, _, ran in told if ran] == [["CREATE TABLE one ()"], ["CREATE TABLE two ()"]]
    assert len([name for _, name, _ in told if name == "users"]) == 2
