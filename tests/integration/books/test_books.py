"""Every tool's table: read as the tool left it, made as the tool makes it, and written as the tool writes it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from migsafe.books import book_of, history_of
from migsafe.books.base import BookError, Outcome
from migsafe.postgres.connection import StatementFailedError, connect
from tool_tables import BOOKS, TOOLS, project_of, spelt, table_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from migsafe.books import Book
    from migsafe.model.script import MigrationSet
    from migsafe.postgres.connection import Session

WRITTEN = [tool for tool in TOOLS if tool != "sqitch"]
_SHAPE = """
    select a.attname::text, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity::text,
           pg_get_expr(d.adbin, d.adrelid)
    from pg_attribute a left join pg_attrdef d on (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
    where a.attrelid = %s::regclass and a.attnum > 0
    """
_INDEXES = "select c.relname::text, i.indisprimary, i.indisunique, pg_get_indexdef(c.oid, 1, true) " + (
    "from pg_index i join pg_class c on c.oid = i.indexrelid where i.indrelid = %s::regclass order by 1"
)


@pytest.fixture
def session(database: str) -> Iterator[Session]:
    with connect(database, autocommit=True) as opened:
        opened.execute("set timezone = 'UTC'")
        yield opened


def the_book(layout: MigrationSet, table: str | None = None) -> Book:
    book = book_of(layout, table=table, environ={})
    assert book is not None
    return book


@pytest.mark.parametrize("tool", TOOLS)
def test_a_table_is_read_as_its_tool_left_it(tool: str, session: Session) -> None:
    history = history_of(project_of(tool), environ={})
    assert history is not None
    assert not history.exists(session)
    session.execute(table_of(tool))
    assert history.exists(session)
    expected = (BOOKS / tool / "expected.txt").read_text(encoding="utf-8")
    assert spelt(history, history.applied(session)) == expected


@pytest.mark.parametrize("tool", WRITTEN)
def test_a_table_is_made_as_its_tool_makes_it(tool: str, session: Session) -> None:
    book = the_book(project_of(tool))
    session.execute(table_of(tool))
    theirs = shape(session, book.table)
    session.execute(f"alter table {book.table} rename to theirs; drop table {re.sub('[^.]+$', 'theirs', book.table)}")
    book.make(session)
    assert shape(session, book.table) == theirs
    assert book.applied(session) == ()


def shape(session: Session, table: str) -> object:
    """Columns and indexes; pop's table has two unique indexes on one column, of which one is enough."""
    indexes = session.query(_INDEXES, (table,))
    if table == "schema_migration":
        indexes = [index for index in indexes if index[1]]
    return session.query(_SHAPE, (table,)), indexes


@pytest.mark.parametrize("tool", WRITTEN)
def test_what_is_written_is_read_again(tool: str, session: Session) -> None:
    layout = project_of(tool)
    book = the_book(layout, f"{'app.' if tool == 'flyway' else ''}kept")
    session.execute("create schema app")
    book.make(session)
    names = []
    for migration in layout.migrations:
        book.mark_applied(session, migration, ran_ms=12)
        names.append(migration.id)
        assert [one.id for one in book.applied(session)] == names
    assert not any(one.failed or one.changed for one in book.applied(session))


@pytest.mark.parametrize("tool", [tool for tool in WRITTEN if tool != "flyway"])
def test_what_is_taken_back_is_gone(tool: str, session: Session) -> None:
    layout = project_of(tool)
    book = the_book(layout)
    book.make(session)
    for migration in layout.migrations:
        book.mark_applied(session, migration, ran_ms=1)
    for migration in reversed(layout.migrations):
        book.mark_reverted(session, migration)
        assert migration.id not in [one.id for one in book.applied(session)]
        with pytest.raises(BookError, match=re.escape(migration.id) if not book.is_a_line else "only its last"):
            book.mark_reverted(session, migration)
    assert book.applied(session) == ()


def test_flyway_takes_back_by_an_undo_migration(session: Session) -> None:
    layout = project_of("flyway")
    first, *_, orders = (one for one in layout.migrations if one.id in {"1", "2"})
    book = the_book(layout, "flyway_schema_history")
    book.make(session)
    for migration in (first, orders):
        book.mark_applied(session, migration, ran_ms=7)
    book.mark_reverted(session, orders)
    assert [one.id for one in book.applied(session)] == ["1"]
    rows = session.query(
        "select installed_rank, version, description, type, script, checksum, installed_by = current_user,"
        " execution_time, success from flyway_schema_history order by 1"
    )
    assert rows == [
        (1, "1", "users", "SQL", "V1__users.sql", 1812668543, True, 7, True),
        (2, "2", "orders", "SQL", "V2__orders.sql", -1927402203, True, 7, True),
        (3, "2", "orders", "UNDO_SQL", "U2__orders.sql", 392885628, True, 0, True),
    ]
    book.mark_applied(session, orders, ran_ms=7)
    assert [one.id for one in book.applied(session)] == ["1", "2"]


def test_flyway_is_told_that_a_migration_without_an_undo_is_gone(session: Session) -> None:
    layout = project_of("flyway")
    book = the_book(layout, "flyway_schema_history")
    book.make(session)
    for migration in (layout.migrations[0], layout.migrations[-1]):
        book.mark_applied(session, migration, ran_ms=7)
        book.mark_reverted(session, migration)
        assert book.applied(session) == ()
        with pytest.raises(BookError, match="does not say that"):
            book.mark_reverted(session, migration)
    rows = session.query("select version, type, script, checksum from flyway_schema_history where type = 'DELETE'")
    assert rows == [("1", "DELETE", "V1__users.sql", 1812668543), (None, "DELETE", "R__totals.sql", 565996652)]


def test_flyway_failed_row_gives_way_to_one_with_success(session: Session) -> None:
    layout = project_of("flyway")
    session.execute(table_of("flyway"))
    book = the_book(layout)
    index = next(one for one in layout.migrations if one.id == "3")
    book.mark_applied(session, index, ran_ms=900)
    (row,) = session.query("select script, success, execution_time from app.history where version = '3'")
    assert row == ("late/V3__items_index.sql", True, 900)


def test_prisma_attempts_that_failed_are_rolled_back(session: Session) -> None:
    layout = project_of("prisma")
    session.execute(table_of("prisma"))
    book = the_book(layout)
    items = next(one for one in layout.migrations if one.id.endswith("_items"))
    book.mark_applied(session, items, ran_ms=1500)
    rows = session.query(
        "select rolled_back_at is not null, finished_at is not null, applied_steps_count, logs is null,"
        " extract(epoch from finished_at - started_at)::numeric(5,1)::text, length(id)"
        " from _prisma_migrations where migration_name = %s order by started_at",
        (items.id,),
    )
    assert rows == [(True, False, 0, False, None, 36), (False, True, 1, True, "1.5", 36)]
    (told,) = (one for one in book.applied(session) if one.id == items.id)
    assert (told.outcome, told.changed) == (Outcome.DONE, False)


def test_golang_migrate_keeps_one_row(session: Session) -> None:
    layout = project_of("golang-migrate")
    book = the_book(layout)
    book.make(session)
    for migration in layout.migrations:
        book.mark_applied(session, migration, ran_ms=1)
    rows = "select version, dirty from schema_migrations"
    assert session.query(rows) == [(10, False)]
    book.mark_reverted(session, layout.migrations[-1])
    assert session.query(rows) == [(2, False)]
    session.execute("delete from schema_migrations")
    assert book.applied(session) == ()


def test_golang_migrate_may_be_ahead_of_the_project(session: Session) -> None:
    book = the_book(project_of("golang-migrate"))
    book.make(session)
    session.execute("insert into schema_migrations values (57, true)")
    assert [(one.id, one.known, one.failed) for one in book.applied(session)] == [
        ("000001_users", True, False),
        ("000002_orders", True, False),
        ("000010_items", True, False),
        ("57", False, True),
    ]


@pytest.mark.parametrize(
    ("tool", "other", "reason"),
    [
        ("dbmate", "golang-migrate", "it has a column dirty"),
        ("dbmate", "diesel", "it has a column run_on"),
        ("golang-migrate", "dbmate", "it has no column dirty"),
        ("goose", "pop", "it has no column is_applied, tstamp, version_id"),
    ],
)
def test_a_table_of_another_tool_is_refused(tool: str, other: str, reason: str, session: Session) -> None:
    session.execute(table_of(other))
    theirs = the_book(project_of(other)).table
    with pytest.raises(BookError, match=f"{theirs} is not the table of {tool}: {reason}"):
        the_book(project_of(tool), theirs).applied(session)


def test_writing_is_a_part_of_the_callers_transaction(database: str) -> None:
    layout = project_of("goose")
    book = the_book(layout)
    with connect(database, autocommit=False) as session:
        book.make(session)
        book.mark_applied(session, layout.migrations[0], ran_ms=1)
        assert [one.id for one in book.applied(session)] == ["00001_users"]
        session.execute("rollback")
        assert not book.exists(session)


def test_what_the_table_says_already_is_refused_by_its_key(session: Session) -> None:
    layout = project_of("dbmate")
    book = the_book(layout)
    book.make(session)
    book.mark_applied(session, layout.migrations[0], ran_ms=1)
    with pytest.raises(StatementFailedError, match="duplicate key"):
        book.mark_applied(session, layout.migrations[0], ran_ms=1)


@pytest.mark.parametrize("named", ['app."odd.name"', '"we""ird".kept', "kept"])
def test_a_table_may_have_any_name(named: str, make_database: Callable[[str], str]) -> None:
    layout = project_of("diesel")
    book = the_book(layout, named)
    with connect(make_database(""), autocommit=True) as session:
        session.execute('create schema app; create schema "we""ird"')
        assert not book.exists(session)
        book.make(session)
        book.mark_applied(session, layout.migrations[0], ran_ms=1)
        assert book.exists(session)
        assert [one.id for one in book.applied(session)] == [layout.migrations[0].id]
