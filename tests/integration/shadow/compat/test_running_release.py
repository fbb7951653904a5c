"""The queries of a release, followed from migration to migration."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from migsafe.postgres.connection import connect
from migsafe.shadow.compat.query import Layer, Origin, Query
from migsafe.shadow.compat.running_release import RunningRelease, check, generated_queries
from migsafe.shadow.compat.sources import read_queries
from migsafe.shadow.compat.touched import touched_by
from migsafe.shadow.snapshot import take_snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from migsafe.postgres.connection import Session

FIXTURES = Path(__file__).parents[4] / "fixtures" / "queries"
SCHEMA = (FIXTURES / "schema.sql").read_text(encoding="utf-8")


@pytest.fixture
def session(make_database: Callable[[str], str]) -> Iterator[Session]:
    with connect(make_database(SCHEMA), autocommit=True) as session:
        yield session


def query(sql: str) -> Query:
    return Query(sql, Origin.FILE)


class TestFollowing:
    def test_a_query_is_broken_by_the_first_migration_that_does(self, session: Session) -> None:
        release = RunningRelease([query("SELECT bio, age FROM users"), query("SELECT age FROM users")])
        assert release.begin(session) == ()
        session.execute("ALTER TABLE users DROP COLUMN bio")
        assert [b.query.sql for b in release.after(session).breakages] == ["SELECT bio, age FROM users"]
        session.execute("ALTER TABLE users DROP COLUMN age")
        assert [b.query.sql for b in release.after(session).breakages] == ["SELECT age FROM users"]
        assert release.after(session).breakages == ()

    def test_a_changed_result_is_said_once_for_each_change(self, session: Session) -> None:
        release = RunningRelease([query("SELECT * FROM audited")])
        release.begin(session)
        for column in ("a", "b"):
            session.execute(f"ALTER TABLE audited ADD COLUMN {column} int")
            assert [b.message for b in release.after(session).breakages] == [f'its result has a new column: "{column}"']
        assert release.after(session).breakages == ()

    def test_only_what_names_something_touched_is_asked(self, session: Session) -> None:
        sqls = (
            "SELECT 1 FROM users",
            "SELECT 1 FROM grown",
            "SELECT 1 FROM orders",
            "SELECT 1 FROM people",
            "SELECT 1",
        )
        release = RunningRelease([query(sql) for sql in sqls])
        release.begin(session)
        before = take_snapshot(session)
        session.execute("ALTER TABLE people ADD COLUMN x int")
        touched = touched_by(before, take_snapshot(session))
        assert touched == {"people"}
        assert release.after(session, touched).asked == 2  # the view reads the table
        assert release.after(session, frozenset()).asked == 0
        assert release.after(session).asked == 5

    def test_a_function_that_reads_what_is_touched_is_followed(self, session: Session) -> None:
        release = RunningRelease([query("SELECT age_of($1)"), query("SELECT 1 FROM orders")])
        release.begin(session)
        session.execute("UPDATE users SET age = NULL; ALTER TABLE users ALTER COLUMN age TYPE text")
        assert release.after(session, frozenset({"users"})).asked == 1

    def test_a_trigger_in_the_way_is_followed(self, session: Session) -> None:
        """The query names the table with the trigger; the migration changes what the trigger writes to."""
        session.execute("""
            CREATE TABLE log (what text);
            CREATE FUNCTION write_log() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN INSERT INTO log DEFAULT VALUES; RETURN NEW; END $$;
            CREATE TRIGGER log AFTER UPDATE ON orders FOR EACH STATEMENT EXECUTE FUNCTION write_log()""")
        release = RunningRelease([query("UPDATE orders SET total = 1 WHERE id = 1")])
        release.begin(session)
        before = take_snapshot(session)
        session.execute("ALTER TABLE log ALTER COLUMN what SET NOT NULL")
        verdict = release.after(session, touched_by(before, take_snapshot(session)))
        assert [(b.kind, b.layer, b.sqlstate) for b in verdict.breakages] == [("breaks", Layer.EXECUTE, "23502")]

    def test_inside_a_transaction_all_is_left_as_it_was(self, session: Session) -> None:
        session.execute("begin; INSERT INTO orders VALUES (9, 9, 9)")
        release = RunningRelease([query("DELETE FROM orders"), query("SELECT nothing"), query("SELECT 1/0")])
        release.begin(session)
        release.after(session)
        assert session.query("SELECT count(*) FROM orders") == [(3,)]
        session.execute("rollback")
        assert session.query("SELECT count(*) FROM orders") == [(2,)]


class TestTwoDatabases:
    def test_types_are_compared_by_name(self, make_database: Callable[[str], str]) -> None:
        """The same schema in another database has other oids."""
        later = "CREATE TABLE first (id int); CREATE TYPE other AS ENUM ('x');" + SCHEMA
        queries = [query("SELECT mood, tags FROM users WHERE mood = $1"), query("UPDATE users SET mail = $1")]
        with (
            connect(make_database(SCHEMA), autocommit=True) as before,
            connect(make_database(later), autocommit=True) as after,
        ):
            verdict = check(before, after, queries)
        assert (verdict.breakages, verdict.unchecked, verdict.asked) == ((), (), 2)

    def test_a_difference_is_found(self, make_database: Callable[[str], str]) -> None:
        later = SCHEMA + "; ALTER TABLE users DROP COLUMN bio"
        with (
            connect(make_database(SCHEMA), autocommit=True) as before,
            connect(make_database(later), autocommit=True) as after,
        ):
            verdict = check(before, after, [query("SELECT bio FROM users"), query("SELECT nothing")])
        assert [b.sqlstate for b in verdict.breakages] == ["42703"]
        assert [gap.query.sql for gap in verdict.unchecked] == ["SELECT nothing"]


class TestGenerated:
    def test_what_code_on_a_schema_runs(self, session: Session) -> None:
        made = {made.name: made.sql for made in generated_queries(session)}
        assert made["select on public.orders"] == "SELECT id, user_id, total, twice, note FROM public.orders"
        assert made["insert on public.orders"] == (
            "INSERT INTO public.orders (id, user_id, total, note) VALUES ($1, $2, $3, $4)"
        )
        assert made["insert of what is needed on public.orders"] == (
            "INSERT INTO public.orders (id, user_id, total) VALUES ($1, $2, $3)"
        )
        assert made["update on public.orders"] == (
            "UPDATE public.orders SET id = $1, user_id = $2, total = $3, note = $4 WHERE id = $5"
        )
        assert made["delete on public.orders"] == "DELETE FROM public.orders WHERE id = $1"
        assert "insert of what is needed on public.audited" not in made
        assert "delete on public.audited" not in made
        assert not any("events_all" in name for name in made if name)

    def test_odd_names_and_tables(self, database: str) -> None:
        with connect(database, autocommit=True) as session:
            session.execute("""
                CREATE SCHEMA "Odd";
                CREATE TABLE "Odd"."a %s "" b" ("x %" int, "select" int, PRIMARY KEY ("select", "x %"));
                CREATE TABLE empty (); CREATE TABLE only_generated (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY)""")
            release = RunningRelease(generate=True)
            assert release.begin(session) == ()
            verdict = release.after(session)
            assert (verdict.breakages, verdict.unchecked, verdict.asked) == ((), (), 6)

    def test_all_of_a_schema_can_be_asked(self, session: Session) -> None:
        release = RunningRelease(generate=True)
        assert release.begin(session) == ()
        session.execute("ALTER TABLE orders DROP COLUMN note")
        verdict = release.after(session)
        assert {b.query.name for b in verdict.breakages} == {
            "select on public.orders",
            "insert on public.orders",
            "update on public.orders",
        }
        assert {b.query.origin for b in verdict.breakages} == {Origin.GENERATED}

    def test_only_for_tables_that_are_touched(self, session: Session) -> None:
        names = {made.name for made in generated_queries(session, frozenset({"audited"}))}
        assert names == {"select on public.audited", "insert on public.audited"}
        assert generated_queries(session, frozenset()) == []


class TestSources:
    """What the readers make of files is understood by a server."""

    @pytest.mark.parametrize("name", ["sqlc.sql", "drivers.sql", "recorded.jsonl"])
    def test_everything_is_understood(self, name: str, session: Session) -> None:
        queries = read_queries([FIXTURES / "sources" / name]).queries
        assert queries
        assert RunningRelease(queries).begin(session) == ()

    def test_counted_statements(self, session: Session) -> None:
        """Literals that became parameters are repaired; what cannot be is not checkable."""
        queries = read_queries([FIXTURES / "sources" / "statements.csv"]).queries
        unchecked = RunningRelease(queries).begin(session)
        assert [(gap.layer, gap.query.sql) for gap in unchecked] == [
            (Layer.PARSE, "SELECT extract($1 from created) FROM users"),
            (Layer.PARSE, "SELECT * FROM a_table_of_a_session"),
        ]

    def test_unchecked_statements_stay_unchecked_when_everything_is_gone(self, session: Session) -> None:
        release = RunningRelease(read_queries([FIXTURES / "sources" / "statements.csv"]).queries)
        unchecked = {gap.query for gap in release.begin(session)}
        session.execute("DROP TABLE users CASCADE")
        broken = release.after(session).breakages
        assert not unchecked & {breakage.query for breakage in broken}
        assert len(broken) == 8
        # A guess at the types of parameters is no proof.
        assert {b.kind for b in broken if "$1 + $2" in b.query.sql} == {"maybe"}

    def test_the_other_reading_of_a_file_is_tried(self, session: Session) -> None:
        """A slice that looks like a parameter."""
        sliced = Query(
            "SELECT tags[age $1] FROM users", Origin.FILE, alternatives=("SELECT tags[age :age] FROM users",)
        )
        assert RunningRelease([sliced]).begin(session) == ()
        nonsense = Query("SELECT tags[age $1] FROM users", Origin.FILE, alternatives=("SELECT tags[:] FROM nothing",))
        assert [gap.layer for gap in RunningRelease([nonsense]).begin(session)] == [Layer.PARSE]


def test_recorded_types_say_what_the_server_cannot_tell(session: Session) -> None:
    plus = Query("SELECT $1 + $2", Origin.RECORDED, types=("int", "int"))
    release = RunningRelease([plus, Query("SELECT $1 + $2 AS n", Origin.RECORDED)])
    (gap,) = release.begin(session)
    assert gap.query.sql == "SELECT $1 + $2 AS n"
    assert release.after(session).asked == 1
