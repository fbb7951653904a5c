"""The tracker in the database that it keeps a book of."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from migsafe.errors import EnvironmentFailedError, MigsafeError
from migsafe.evidence.state import read_state_file
from migsafe.model.phase import Phase
from migsafe.model.state import RolloutStatus, StepStatus
from migsafe.postgres.address import on_database
from migsafe.postgres.connection import connect
from migsafe.tracker import engines
from migsafe.tracker.address import read_address
from migsafe.tracker.columns import spell_moment
from migsafe.tracker.errors import TrackerBrokenError, TrackerBusyError, TrackerRefusedError
from migsafe.tracker.events import GENESIS, event_hash, prove
from migsafe.tracker.facts import RunFacts, StepFacts
from migsafe.tracker.importing import import_state
from migsafe.tracker.opening import NoTrackerError, Tracker
from migsafe.tracker.store import Store
from migsafe.tracker.tables import metadata
from migsafe.tracker.upgrade import rebind_tracker, upgrade_tracker
from migsafe.tracker.versions import VERSION, upgrades
from state_documents import FIXTURES
from tracker_books import MAIN, ME, NOW, Book, ran, step

if TYPE_CHECKING:
    from collections.abc import Callable

    from migsafe.postgres.connection import Session
    from migsafe.shadow.server import ThrowawayServer

pytestmark = [pytest.mark.server, pytest.mark.long]


def book_at(dsn: str) -> Book:
    return Book("env:T", environ={"T": dsn})


@pytest.fixture
def book(database: str) -> Book:
    return book_at(database).furnish()


def sql(dsn: str, text: str) -> None:
    with connect(dsn, autocommit=True) as session:
        session.execute(text)


def refusal(dsn: str, *, upgrading: bool = False) -> MigsafeError:
    address = read_address("env:T", environ={"T": dsn})

    def use() -> None:
        if upgrading:
            upgrade_tracker(address, ME)
        else:
            with Tracker(address).writing(ME):
                pytest.fail("it was opened")

    with pytest.raises(MigsafeError) as refused:
        use()
    assert "\n" not in f"{refused.value.message}{refused.value.hint}"
    return refused.value


def test_it_stands_in_a_schema_of_its_own_and_every_table_has_a_key(book: Book, database: str) -> None:
    with connect(database, autocommit=True) as session:
        rows = session.query(
            "select c.relname::text, exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary) "
            "from pg_class c join pg_namespace n on n.oid = c.relnamespace "
            "where n.nspname = 'migsafe' and c.relkind = 'r'"
        )
        public = session.query("select count(*) from pg_class where relnamespace = 'public'::regnamespace")
    assert len(rows) == len(metadata.tables)
    assert all(has_key for _, has_key in rows)
    assert public == [(0,)]
    assert upgrade_tracker(book.address, ME).before == VERSION


def test_a_document_comes_out_as_it_went_in(database: str) -> None:
    book, document = book_at(database), read_state_file(FIXTURES / "full.json")
    with book.writing() as store:
        import_state(store, document, NOW)
    known = book.known().state
    assert (known.environments, known.changes, known.steps, known.checks) == (
        document.environments, document.changes, document.steps, document.checks,
    )  # fmt: skip
    with book.tracker.reading() as ledger:
        assert prove(ledger.events()).events == len(book.kinds())
        assert {event.role for event in ledger.events()} == {"postgres"}


def test_events_are_only_ever_added(book: Book, database: str) -> None:
    for text in ("delete from", "truncate", "update"):
        change = "set actor = 'x'" if text == "update" else ""
        with pytest.raises(EnvironmentFailedError, match="only ever added"):
            sql(database, f"{text} migsafe.migsafe_event {change}")


def test_events_of_an_older_version_stay_in_the_chain(database: str) -> None:
    """Sealed by migsafe itself, without a client; the server goes on from the last of them."""
    facts = {
        "seq": 1, "at": spell_moment(NOW), "actor": "mira", "role": "app", "kind": "upgrade", "subject": "version",
        "environment": None, "detail": "{}", "previous": GENESIS,
    }  # fmt: skip
    with connect(database, autocommit=True) as session:
        session.execute("create schema migsafe; set search_path = migsafe")
        for upgrade in upgrades("postgres"):
            for statement in upgrade.statements if upgrade.number < 4 else ():
                session.execute(statement)
        session.execute("insert into migsafe_meta values ('version', '3')")
        session.query(
            "insert into migsafe_event (seq, at, actor, db_role, kind, subject, detail, prev_sha, sha) "
            "values (1, %s, 'mira', 'app', 'upgrade', 'version', '{}', %s, %s) returning 1",
            (NOW, GENESIS, event_hash(**facts)),
        )
    book = book_at(database)
    with book.tracker.reading() as ledger:
        events = list(ledger.events())
    assert [(event.role, event.client) for event in events] == [("app", None), ("postgres", "local")]
    prove(events)
    with pytest.raises(TrackerBrokenError, match=r"event 1 .* was changed"):
        prove([replace(events[0], client="local"), *events[1:]])


def test_ddl_and_its_record_commit_together_or_not_at_all(book: Book) -> None:
    """What the runner will do: its own connection, its statements, and the store's, in one transaction."""
    engine = engines.make_engine(book.address, writing=True)
    for fails in (True, False):
        try:
            with engines.transaction(engine, book.address) as connection:
                from migsafe.tracker.opening import checked_ledger

                connection.exec_driver_sql("create table users (id bigint primary key)")
                store = Store(checked_ledger(connection, "shop", None, writing=True), ME, NOW, waiting=False)
                store.record(step("002"), ran())
                store.finish()
                if fails:
                    raise RuntimeError("killed")
        except RuntimeError:
            assert book.known().state.steps == ()
    assert [one.label for one in book.known().state.steps] == ["002"]


def test_a_role_that_may_make_no_schema_gets_its_tables_beside_others(
    make_database: Callable[[str], str], postgres_server: ThrowawayServer
) -> None:
    dsn = make_database("create schema app; revoke create on schema public from public")
    role = with_role(
        dsn, "tracker_plain", "grant all on schema app to tracker_plain; alter role tracker_plain set search_path = app"
    )
    book = book_at(role)
    assert upgrade_tracker(book.address, ME).place == "app"
    book.furnish()
    assert book.known().state.environments[0].name == "production"


def test_a_role_that_may_make_nothing(make_database: Callable[[str], str]) -> None:
    dsn = make_database("revoke create on schema public from public")
    error = refusal(with_role(dsn, "tracker_nobody", ""), upgrading=True)
    assert "may not make the tracker's tables" in error.message
    assert "GRANT CREATE ON DATABASE" in str(error.hint)


def test_a_role_that_may_not_read_is_told_the_grant(book: Book, database: str) -> None:
    address = read_address("env:T", environ={"T": with_role(database, "tracker_reader", "")})
    refusing = pytest.raises(TrackerRefusedError, match="this role may not read the tracker")
    with refusing as refused, Tracker(address).reading():
        pytest.fail("it was opened")
    assert refused.value.hint == (
        "GRANT USAGE ON SCHEMA migsafe TO tracker_reader; "
        "GRANT SELECT ON ALL TABLES IN SCHEMA migsafe TO tracker_reader;"
    )
    sql(database, str(refused.value.hint))
    with Tracker(address).reading() as ledger:
        assert ledger.meta()["version"] == str(VERSION)
    error = refusal(with_role(database, "tracker_reader", ""))
    assert "this role may not write the tracker" in error.message
    assert error.hint == "migsafe tracker roles --runner tracker_reader prints what a DBA grants it"


def test_a_publication_of_all_tables_is_refused(make_database: Callable[[str], str]) -> None:
    dsn = make_database("create publication everything for all tables")
    error = refusal(dsn, upgrading=True)
    assert "the publication everything" in error.message
    assert "--tracker sqlite:FILE" in str(error.hint)
    with connect(dsn, autocommit=True) as session:
        assert session.query("select 1 from pg_namespace where nspname = 'migsafe'") == []


def test_a_publication_of_some_tables_is_none_of_its_business(make_database: Callable[[str], str]) -> None:
    book_at(make_database("create table t (id int primary key); create publication chosen for table t"))


def test_a_copy_is_not_the_database_that_it_was_copied_from(
    postgres_server: ThrowawayServer, make_database: Callable[[str], str], book: Book, database: str
) -> None:
    copy = make_database("")
    sql(on_database(copy, "postgres"), "")
    sql(database, "update migsafe.migsafe_meta set v = '1/elsewhere' where k = 'identity'")
    error = refusal(database)
    assert "was made in another database (1/elsewhere), and this is" in error.message
    before, after = rebind_tracker(book.address, ME, reason="pg_upgrade from 16")
    assert before == "1/elsewhere"
    assert after is not None
    assert book.kinds()[-1] == "rebind"


def test_no_tracker_and_no_server(database: str) -> None:
    assert isinstance(refusal(database), NoTrackerError)
    error = refusal("host=127.0.0.1 port=1 dbname=shop password=s3cret")
    assert (error.exit_code, "s3cret" in error.message) == (5, False)


def test_nobody_waits_for_somebody_who_upgrades(database: str) -> None:
    from migsafe.tracker.upgrade import _LOCK

    with connect(database, autocommit=False) as session:
        session.query("select pg_advisory_xact_lock(%s)", (_LOCK,))
        assert "somebody else upgrades the tracker" in refusal(database, upgrading=True).message


def test_a_writer_does_not_wait_for_ever(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "PATIENCE", 100)
    with book.writing() as store:
        store.add_release("2.0.0")
        with pytest.raises(TrackerBusyError, match="is being written by somebody else"), book.writing():
            pass


def test_many_writers_at_once_lose_nothing(book: Book) -> None:
    before, failed = len(book.kinds()), []

    def write(number: int) -> None:
        try:
            with book.writing() as store:
                store.record(step(f"{number}", change=None), ran())
                store.mark("production", "1.8.0", RolloutStatus.DEPLOYED)
        except MigsafeError as error:
            failed.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(book.kinds()) == before + 5 * 2 + 1, "the release was marked once"
    with book.tracker.reading() as ledger:
        prove(ledger.events())


def test_of_two_that_say_different_things_the_second_follows_the_first_or_is_refused(book: Book) -> None:
    drop = StepFacts(migration="004", phase=Phase.CONTRACT, change="users")
    outcomes = []

    def write(status: StepStatus) -> None:
        try:
            with book.writing() as store:
                store.record(drop, RunFacts(where=MAIN, status=status, at=NOW))
            outcomes.append(status)
        except TrackerRefusedError:
            outcomes.append(None)

    threads = [threading.Thread(target=write, args=(status,)) for status in (StepStatus.DONE, StepStatus.SKIPPED)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    won = [one for one in outcomes if one is not None]
    (run,) = book.known().state.steps[0].runs
    assert run.status is won[-1]
    assert len(won) in {1, 2}


def with_role(dsn: str, name: str, grants: str) -> str:
    """The address as another role, which is made where there is none."""
    with connect(dsn, autocommit=True) as session:
        if not session.query("select 1 from pg_roles where rolname = %s", (name,)):
            session.execute(f"create role {name} login")
        session.execute(grants or "select 1")
        database = _name(session)
    from psycopg.conninfo import make_conninfo

    return make_conninfo(dsn, user=name, dbname=database)


def _name(session: Session) -> str:
    ((name,),) = session.query("select current_database()::text")
    return str(name)
