"""Each guard of a plan for tables and keys holds what it is there for; and without it, that is lost."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from migsafe.model.names import QualifiedName
from migsafe.model.phase import Part, Phase
from migsafe.plan.smoke import smoke
from migsafe.postgres.connection import StatementFailedError
from plan_driver import Driver
from plan_projects import plan_of
from plan_stories import MAKE_ROLE, ROLE, STORIES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from conftest import MakeDatabase
    from migsafe.model.plan import ChangePlan, PlanStep
    from plan_stories import Story

pytestmark = pytest.mark.long

_WIDE = 2**31


def _driver(make_database: MakeDatabase, story: Story, *, more: str = "", plan: ChangePlan | None = None) -> Driver:
    driver = Driver(make_database(story.setup), plan or story.plan(), story.workload)
    if more:
        with driver.owner() as session:
            session.execute(more)
    return driver


def _step(plan: ChangePlan, name: str) -> PlanStep:
    return next(step for step in plan.steps if step.name == name)


def _until_purge(plan: ChangePlan) -> list[PlanStep]:
    return [step for step in plan.steps if step.part is not Part.PURGE]


def _without(step: PlanStep, unwanted: Callable[[str], bool]) -> PlanStep:
    """A step that lacks some of its statements, and does not look whether that is right."""
    kept = tuple(one for one in step.forward if not unwanted(one))
    assert len(kept) < len(step.forward)
    return replace(step, forward=kept, verify=())


# -- wide keys --------------------------------------------------------------------------------------------------------


def _widened(make_database: MakeDatabase, change: Callable[[PlanStep], PlanStep] = lambda step: step) -> Driver:
    story = STORIES["widen-key"]
    driver = _driver(make_database, story)
    driver.forward([change(step) for step in _until_purge(driver.plan)])
    return driver


def _insert_wide(driver: Driver) -> None:
    with driver.client() as session:
        session.execute(
            f"INSERT INTO events (id, kind) OVERRIDING SYSTEM VALUE VALUES ({_WIDE}, 'wide');"
            f"INSERT INTO details (event_id) VALUES ({_WIDE});"
            f"INSERT INTO marks (event_id, team_id) VALUES ({_WIDE}, 1)"
        )


def test_the_first_wide_key(make_database: MakeDatabase) -> None:
    driver = _widened(make_database)
    with driver.client() as session:
        assert session.query("INSERT INTO events (kind) VALUES ('x') RETURNING id") == [(201,)]  # the sequence goes on
        with pytest.raises(StatementFailedError, match="without a list of columns"):  # its value would be lost
            session.execute("INSERT INTO marks VALUES (1, 1)")
    _insert_wide(driver)
    with driver.owner() as session:
        assert session.query(f"SELECT id_old FROM events WHERE id = {_WIDE}") == [(None,)]
        with pytest.raises(StatementFailedError, match="values above 2147483647"):
            session.execute("BEGIN;" + "\n".join(_step(driver.plan, "swap-id").backward))
        session.execute("ROLLBACK")
        session.execute(f"DELETE FROM marks WHERE event_id = {_WIDE}; DELETE FROM events WHERE id = {_WIDE}")
        assert session.query(f"SELECT count(*) FROM details WHERE event_id = {_WIDE}") == [(0,)]
    driver.forward([step for step in driver.plan.steps if step.part is Part.PURGE])
    _insert_wide(driver)


def test_a_narrow_column_that_stays_not_null_refuses_the_first_wide_key(make_database: MakeDatabase) -> None:
    driver = _widened(make_database, _keeping_not_null)
    with pytest.raises(StatementFailedError, match="_old"):
        _insert_wide(driver)


def _keeping_not_null(step: PlanStep) -> PlanStep:
    return _without(step, lambda one: "DROP NOT NULL" in one) if step.name == "swap-id" else step


def test_children_are_followed_before_their_backfill(make_database: MakeDatabase) -> None:
    story = STORIES["widen-key"]
    for guarded in (True, False):
        driver = _driver(make_database, story)
        for step in driver.plan.steps:
            if step.name.startswith("details-"):
                break
            if step.name == "widen-details" and not guarded:
                step = _without(step, lambda one: "CREATE TRIGGER" in one)
            if step.name == "backfill-details":
                step = replace(step, before=step.before if guarded else ())
            driver.forward([step])
        with driver.client() as session:
            session.execute("INSERT INTO details (event_id) VALUES (1)")
        with driver.owner() as session:
            unfilled = session.query("SELECT count(*) FROM details WHERE event_id_new IS NULL")
        assert unfilled == [(0 if guarded else 1,)]


def test_the_way_back_has_what_was_written_after_the_swap(make_database: MakeDatabase) -> None:
    for table, guarded in (("details", True), ("details", False)):
        driver = _widened(make_database)
        with driver.owner() as session:
            if not guarded:
                session.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            session.execute("INSERT INTO events (kind) VALUES ('late'); INSERT INTO details (event_id) VALUES (201)")
        contract = [step for step in driver.plan.of_phase(Phase.CONTRACT) if step.part is not Part.PURGE]
        if guarded:
            driver.backward(contract)
            with driver.owner() as session:
                assert session.query("SELECT max(event_id) FROM details") == [(201,)]
        else:
            with pytest.raises(StatementFailedError, match="_not_null"):
                driver.backward(contract)


@pytest.mark.parametrize(
    "bound",
    [
        "CREATE VIEW seen AS SELECT event_id FROM details;",
        "CREATE POLICY seen ON details USING (event_id > 0);",
        "CREATE TRIGGER seen AFTER UPDATE OF event_id ON details FOR EACH ROW EXECUTE FUNCTION touch();",
        "CREATE STATISTICS seen ON event_id, body FROM details;",
    ],
)
def test_what_is_bound_to_a_narrow_column_holds_the_swap(make_database: MakeDatabase, bound: str) -> None:
    driver = _driver(make_database, STORIES["widen-key"], more=bound)
    with pytest.raises(AssertionError, match=r"uses details\.event_id"):
        driver.forward(_until_purge(driver.plan))


# -- publications -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("rename-table", "TABLE clients"),
        ("drop-table", "ALL TABLES"),
        ("widen-key", "TABLE details"),
        ("partition-table", "TABLE visits"),
        ("move-column", "TABLES IN SCHEMA public"),
    ],
)
def test_a_publication_that_no_migration_shows_holds(make_database: MakeDatabase, name: str, what: str) -> None:
    driver = _driver(make_database, STORIES[name], more=f"CREATE PUBLICATION p FOR {what};")
    with pytest.raises(AssertionError, match="is in no publication"):
        driver.forward(_until_purge(driver.plan))


def test_a_published_table_goes_on_when_its_subscribers_are_ready(make_database: MakeDatabase) -> None:
    story = STORIES["rename-table"]
    driver = _driver(
        make_database, story, more="CREATE PUBLICATION p FOR TABLE clients;", plan=story.plan(subscribers_ready=True)
    )
    driver.whole(20).assert_clean()


# -- privileges and policies ------------------------------------------------------------------------------------------


def _sees(driver: Driver, table: str) -> int:
    with driver.client() as session:
        return int(session.query(f"SELECT count(*) FROM {table}")[0][0])  # a name of this file


def test_the_application_may_do_under_the_old_name_what_it_may_do_under_the_new_one(
    make_database: MakeDatabase,
) -> None:
    driver = _driver(make_database, STORIES["rename-table"])
    step = _step(driver.plan, "rename-clients")
    driver.forward([step])
    assert _sees(driver, "clients") == _sees(driver, "customers") == 200
    unguarded = _driver(make_database, STORIES["rename-table"])
    unguarded.forward([_without(step, lambda one: "GRANT" in one)])
    with pytest.raises(StatementFailedError, match="permission denied for view clients"):
        _sees(unguarded, "clients")


def test_a_view_with_its_owners_rights_goes_around_policies(make_database: MakeDatabase) -> None:
    driver = _driver(make_database, STORIES["rename-table"])
    step = _step(driver.plan, "rename-clients")
    open_view = tuple(one.replace(" WITH (security_invoker = true)", "") for one in step.forward)
    with pytest.raises(AssertionError, match="the application sees the same rows"):
        driver.forward([replace(step, forward=open_view)])
    assert _sees(driver, "clients") == 209


def test_who_may_read_some_columns_only_holds_the_rename(make_database: MakeDatabase) -> None:
    grant = f"REVOKE SELECT ON clients FROM {ROLE}; GRANT SELECT (id, email) ON clients TO {ROLE};"
    driver = _driver(make_database, STORIES["rename-table"], more=grant)
    step = _step(driver.plan, "rename-clients")
    with pytest.raises(AssertionError, match="may read only some columns"):
        driver.forward([step])
    driver.forward([replace(step, before=(), verify=())])
    with driver.client() as session, pytest.raises(StatementFailedError, match="permission denied"):
        session.query("SELECT id FROM clients")


def test_columns_of_a_view_with_its_owners_rights(make_database: MakeDatabase) -> None:
    sql = "CREATE TABLE clients (id int, secret text);"
    plan = plan_of(sql, "rename-table", table="clients", to="customers", owner_rights=True)
    grant = MAKE_ROLE + f"GRANT SELECT (id) ON clients TO {ROLE};"
    driver = Driver(make_database(sql + grant), plan, STORIES["rename-table"].workload)
    driver.forward([replace(plan.steps[0], verify=plan.steps[0].verify[:2])])
    with driver.client() as session:
        assert session.query("SELECT id FROM clients") == []
        with pytest.raises(StatementFailedError, match="permission denied for view clients"):
            session.query("SELECT secret FROM clients")


def test_default_privileges_give_nothing_to_a_view(make_database: MakeDatabase) -> None:
    more = f"ALTER DEFAULT PRIVILEGES GRANT TRUNCATE ON TABLES TO {ROLE};"
    driver = _driver(make_database, STORIES["rename-table"], more=more)
    driver.forward([_step(driver.plan, "rename-clients")])
    with driver.owner() as session:
        assert session.query(f"SELECT has_table_privilege('{ROLE}', 'clients', 'TRUNCATE')") == [(False,)]


# -- partitions -------------------------------------------------------------------------------------------------------


def test_policies_hold_for_a_partitioned_table(make_database: MakeDatabase) -> None:
    driver = _driver(make_database, STORIES["partition-table"])
    assert _sees(driver, "visits") == 200
    driver.forward(_until_purge(driver.plan))
    assert _sees(driver, "visits") == 200
    unguarded = _driver(make_database, STORIES["partition-table"])
    swap = _without(_step(unguarded.plan, "swap-visits"), lambda one: "CREATE POLICY" in one)
    unguarded.forward([*unguarded.plan.of_phase(Phase.MIGRATE), swap])
    assert _sees(unguarded, "visits") == 209


def test_no_partition_is_a_way_around_policies(make_database: MakeDatabase) -> None:
    more = f"ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {ROLE};"
    driver = _driver(make_database, STORIES["partition-table"], more=more)
    driver.forward(_until_purge(driver.plan))
    with driver.owner() as session:
        session.execute("INSERT INTO visits (day, body) VALUES ('2032-01-09', 'hidden')")
    assert _sees(driver, "visits_2032_01") == 0


@pytest.mark.parametrize("without_default", [False, True])
def test_a_day_past_the_last_partition(make_database: MakeDatabase, *, without_default: bool) -> None:
    story = STORIES["partition-table"]
    driver = _driver(make_database, story, plan=story.plan(without_default=without_default))
    driver.forward(_until_purge(driver.plan))
    insert = "INSERT INTO visits (day) VALUES ('{}')"
    with driver.client() as session:
        session.execute(insert.format("2032-06-30"))
        if without_default:
            with pytest.raises(StatementFailedError, match="no partition of relation"):
                session.execute(insert.format("2032-07-01"))
        else:
            session.execute(insert.format("2032-07-01"))


def test_no_way_back_from_the_first_row_of_a_new_partition(make_database: MakeDatabase) -> None:
    driver = _driver(make_database, STORIES["partition-table"])
    driver.forward(_until_purge(driver.plan))
    with driver.client() as session:
        session.execute("INSERT INTO visits (day) VALUES ('2032-01-09')")
    with driver.owner() as session, pytest.raises(StatementFailedError, match="no way back to a plain table"):
        session.execute("BEGIN;" + "\n".join(_step(driver.plan, "swap-visits").backward))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("CREATE VIEW days AS SELECT day FROM visits;", "no view reads visits"),
        ("CREATE TABLE uses (id bigint, day timestamptz, FOREIGN KEY (id, day) REFERENCES visits);", "no foreign key"),
    ],
)
def test_what_would_stay_with_the_first_partition_holds(make_database: MakeDatabase, more: str, message: str) -> None:
    driver = _driver(make_database, STORIES["partition-table"], more=more)
    with pytest.raises(AssertionError, match=message):
        driver.forward(_until_purge(driver.plan))


def test_rows_after_the_bound_hold(make_database: MakeDatabase) -> None:
    driver = _driver(make_database, STORIES["partition-table"], more="INSERT INTO visits (day) VALUES ('2033-01-01');")
    with pytest.raises(AssertionError, match="no row of visits is from 2032-01-01"):
        driver.forward(driver.plan.steps[:1])


# -- tables in quarantine ---------------------------------------------------------------------------------------------


def test_a_cascade_does_not_empty_a_table_in_quarantine(make_database: MakeDatabase) -> None:
    for guarded, left in ((True, 200), (False, 199)):
        driver = _driver(make_database, STORIES["drop-table"])
        steps = [step for step in _until_purge(driver.plan) if guarded or step.name != "drop-legacy_customer_id_fkey"]
        driver.forward([step if guarded else replace(step, before=()) for step in steps])
        with driver.owner() as session:
            session.execute("DELETE FROM customers WHERE id = 1")
            assert session.query("SELECT count(*) FROM migsafe_trash.legacy") == [(left,)]


def test_without_a_look_into_the_schema_a_parent_cannot_go(make_database: MakeDatabase) -> None:
    own = "DO $$ BEGIN CREATE ROLE plan_owner; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;"
    own += "ALTER TABLE legacy OWNER TO plan_owner; GRANT SELECT, DELETE ON customers TO plan_owner;"
    for guarded in (True, False):
        driver = _driver(make_database, STORIES["drop-table"], more=own)
        steps = [step for step in _until_purge(driver.plan) if step.name != "drop-legacy_customer_id_fkey"]
        for step in steps:
            if step.name == "make-room" and not guarded:
                step = _without(step, lambda one: "GRANT" in one)
            driver.forward([replace(step, before=(), forward=tuple(s for s in step.forward if "MSAFE" not in s))])
        with driver.owner() as session:
            if guarded:
                session.execute("DELETE FROM customers WHERE id = 1")
            else:
                with pytest.raises(StatementFailedError, match="permission denied for schema migsafe_trash"):
                    session.execute("DELETE FROM customers WHERE id = 1")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("CREATE VIEW old AS SELECT id FROM legacy;", "no view reads legacy"),
        ("CREATE FUNCTION f() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT max(id) FROM Legacy); END $$;",
         "no function names legacy"),
        ("CREATE TABLE other (legacy_id bigint REFERENCES legacy);", "no foreign key goes from or to legacy"),
    ],
)  # fmt: skip
def test_who_needs_a_table_holds_its_quarantine(make_database: MakeDatabase, more: str, message: str) -> None:
    driver = _driver(make_database, STORIES["drop-table"], more=more)
    with pytest.raises(AssertionError, match=message):
        driver.forward(_until_purge(driver.plan))


@pytest.mark.parametrize(
    ("body", "error"),
    [("NEW.gone := 1; RETURN NEW;", 'has no field "gone"'), ("RETURN NEW;", None), ("RETURN OLD;", None)],
)
def test_smoke_finds_a_trigger_that_breaks_writes(make_database: MakeDatabase, body: str, error: str | None) -> None:
    sql = (
        "CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, c text, up text"
        " GENERATED ALWAYS AS (upper(c)) STORED); INSERT INTO t (c) VALUES ('x');"
        f"CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$;"
        "CREATE TRIGGER f BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f();"
    ) + (MAKE_ROLE + f"GRANT SELECT, INSERT, UPDATE, DELETE ON t TO {ROLE};")
    driver = Driver(make_database(sql), STORIES["drop-table"].plan(), STORIES["drop-table"].workload)
    with driver.owner() as session:
        _try_all(session.execute, smoke(QualifiedName("t"), ROLE), error)
        assert error or session.query("SELECT current_setting('role')") == [("none",)]
        session.execute("ROLLBACK")
        assert session.query("SELECT count(*), min(c) FROM t") == [(1, "x")]


def _try_all(execute: Callable[[str], None], statements: Sequence[str], error: str | None) -> None:
    script = "BEGIN;" + "\n".join(statements)
    if error is None:
        execute(script)
        return
    with pytest.raises(StatementFailedError, match=error):
        execute(script)


# -- keys, values, moved columns --------------------------------------------------------------------------------------


def test_duplicates_hold_a_unique_index(make_database: MakeDatabase) -> None:
    driver = _driver(make_database, STORIES["add-unique"], more="INSERT INTO users (email) VALUES ('e1');")
    with pytest.raises(AssertionError, match="no two rows of users have the same email"):
        driver.forward(driver.plan.steps)


def test_orphans_hold_a_foreign_key(make_database: MakeDatabase) -> None:
    driver = _driver(make_database, STORIES["add-foreign-key"], more="INSERT INTO orders (customer_id) VALUES (0);")
    with pytest.raises(AssertionError, match=r"every orders.customer_id is in customers.id"):
        driver.forward(driver.plan.steps)


def test_row_security_that_no_migration_shows_holds_a_move(make_database: MakeDatabase) -> None:
    driver = _driver(make_database, STORIES["move-column"], more="ALTER TABLE accounts ENABLE ROW LEVEL SECURITY;")
    with pytest.raises(AssertionError, match="accounts has no row security"):
        driver.forward(driver.plan.steps[:1])


@pytest.mark.parametrize("turns", [True, False])
def test_old_and_new_code_take_turns(make_database: MakeDatabase, *, turns: bool) -> None:
    story = STORIES["move-column"]
    driver = _driver(make_database, story, plan=story.plan(without_turns=not turns))
    driver.forward(driver.plan.of_phase(Phase.EXPAND) + driver.plan.of_phase(Phase.MIGRATE))
    with driver.client() as one, driver.client() as other:
        one.execute("BEGIN; UPDATE accounts SET address = 'a' WHERE id = 1")
        other.execute("SET lock_timeout = '20ms'; UPDATE accounts SET address = 'b' WHERE id = 2")
        new = "UPDATE addresses SET address = 'c' WHERE account_id = 3"
        if turns:
            with pytest.raises(StatementFailedError, match="lock timeout"):
                other.execute(new)
            one.execute("COMMIT")
        other.execute(new)


def test_what_new_code_wrote_before_the_backfill_stays(make_database: MakeDatabase) -> None:
    driver = _driver(make_database, STORIES["move-column"])
    driver.forward(driver.plan.of_phase(Phase.EXPAND))
    with driver.client() as session:
        session.execute("INSERT INTO addresses (account_id, address) VALUES (1, 'new')")
    driver.forward(driver.plan.of_phase(Phase.MIGRATE))
    with driver.owner() as session:
        assert session.query("SELECT a.address, b.address FROM accounts a JOIN addresses b ON b.account_id = a.id"
                             " WHERE a.id IN (1, 2) ORDER BY a.id") == [("new", "new"), ("a2", "a2")]  # fmt: skip
