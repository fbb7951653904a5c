"""What hurts on a real system: lossy ways up beside writers, hidden rows, locks, bad rows, poolers, pauses."""

from __future__ import annotations

import random
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from backfill_sites import COMPLETE, FULL_NAME, QUICK, STEADY, USERS, Field
from migsafe.backfill.rehearsal import rehearse
from migsafe.backfill.task import BackfillFailedError, BackfillRefusedError, Options, Progress
from migsafe.backfill.throttle import Limits
from migsafe.errors import UsageError
from migsafe.model.names import QualifiedName
from migsafe.model.plan import Backfill, Check
from migsafe.model.state import TargetName
from migsafe.postgres.connection import StatementFailedError, connect, make_dsn
from migsafe.postgres.poolers import PoolerError
from migsafe.postgres.queries import query
from migsafe.tracker.backfills import BackfillRows, find_step, put_pause, read_pause
from plan_projects import plan_of
from pooler_stand_in import PoolerStandIn
from tracker_books import MAIN

if TYPE_CHECKING:
    from collections.abc import Callable

    from migsafe.shadow.server import ThrowawayServer

    MakeField = Callable[[str], Field]

pytestmark = [pytest.mark.server, pytest.mark.long]


@pytest.fixture
def users(make_field: MakeField) -> Field:
    return make_field(USERS)


_PRICES = "CREATE TABLE prices (id bigint PRIMARY KEY, price integer NOT NULL);"


def test_a_lossy_way_up_beside_new_code_loses_nothing(make_field: MakeField) -> None:
    """New code writes 19.99, the trigger sets the old column to 20: no batch may bring 20.00 back."""
    plan = plan_of(
        _PRICES, "change-type", column="prices.price", type="numeric(10,2)", up="price::numeric(10,2)",
        down="round({new})::integer".format(new="price_new"), lossy=True,
    )  # fmt: skip
    field = make_field(_PRICES + "INSERT INTO prices SELECT g, g FROM generate_series(1, 2000) AS g;")
    step = next(step for step in plan.steps if step.backfill is not None)
    for earlier in plan.steps[: plan.steps.index(step)]:
        for statement in earlier.forward:
            field.say(statement)
    assert step.backfill is not None
    new = step.backfill.assignments[0][0]
    chance, stop = random.Random(5), threading.Event()
    wrote: dict[int, str] = {}

    def new_code() -> None:
        with connect(field.dsn, autocommit=True) as session:
            while not stop.is_set():
                row = chance.randrange(1, 2001)
                price = f"{chance.randrange(1000)}.{chance.randrange(1, 100):02d}"
                session.query_all(f"UPDATE prices SET {new} = {price} WHERE id = {row}")
                wrote[row] = price

    writer = threading.Thread(target=new_code)
    writer.start()
    try:
        result = field.doing(step.backfill, before=step.before, verify=step.verify).run(
            Options(pace=replace(STEADY, first=20, most=20), look_s=0.05)
        )
    finally:
        stop.set()
        writer.join()
    assert result.finished
    assert wrote, "nobody wrote beside it"
    with connect(field.dsn, autocommit=True) as session:
        found = dict(session.query(f"SELECT id, {new}::text FROM prices"))
    assert {row: found[row] for row in wrote} == wrote
    assert all(found[row] == f"{row}.00" for row in found if row not in wrote)


_POLICED = (
    USERS
    + """
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
ALTER TABLE users FORCE ROW LEVEL SECURITY;
CREATE POLICY visible ON users USING (id < 100);
"""
)


def test_hidden_rows_are_refused_and_not_called_done(make_field: MakeField) -> None:
    field = make_field(_POLICED)
    field.say(
        "DO $$ BEGIN CREATE ROLE shop_owner LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;"
        "GRANT USAGE ON SCHEMA migsafe TO shop_owner;"
        "GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA migsafe TO shop_owner;"
        "ALTER TABLE users OWNER TO shop_owner"
    )
    owner = replace(field, site=replace(field.site, dsn=f"{field.dsn} user=shop_owner"))
    with pytest.raises(BackfillRefusedError, match="row-level security hides rows of users") as refused:
        owner.run()
    assert refused.value.hint == "a role with BYPASSRLS"
    assert field.run().ok, "a role that sees them all may"


def test_policies_that_do_not_bind_the_owner(make_field: MakeField) -> None:
    assert make_field(_POLICED.replace("FORCE", "NO FORCE")).run().ok


_STRICT = USERS + "ALTER TABLE users ADD CONSTRAINT short CHECK (full_name <> 'U333' AND full_name <> 'U334');"


def test_a_row_that_cannot_be_written_stops_it(make_field: MakeField) -> None:
    field = make_field(_STRICT)
    with pytest.raises(BackfillFailedError, match="the row behind 332 cannot be written: new row"):
        field.run()
    assert field.ask("SELECT count(*) FROM users WHERE full_name IS NOT NULL") == 332, "what comes before it is written"


def test_bad_rows_are_set_aside_up_to_a_number(make_field: MakeField) -> None:
    field = make_field(_STRICT)
    with pytest.raises(BackfillFailedError, match="the row behind 333 cannot be written"):
        field.run(replace(QUICK, max_bad_rows=1))
    result = field.run(replace(QUICK, max_bad_rows=2))
    assert result.finished
    assert [row.key for row in result.bad_rows] == ['["333"]', '["334"]']
    assert {row.sqlstate for row in result.bad_rows} == {"23514"}
    assert result.progress.rows_bad == 2
    assert not result.ok, "the check sees them"
    assert field.ask("SELECT count(*) FROM users WHERE full_name IS NOT NULL") == 998


def test_a_constraint_that_is_checked_at_the_commit(make_field: MakeField) -> None:
    deferred = USERS + "ALTER TABLE users ADD CONSTRAINT one UNIQUE (full_name) DEFERRABLE INITIALLY DEFERRED;"
    field = make_field(deferred + "UPDATE users SET name = 'u1' WHERE id = 700;")
    result = field.run(replace(QUICK, max_bad_rows=1))
    assert [row.key for row in result.bad_rows] == ['["700"]']


def test_a_lock_that_passes_is_waited_out(users: Field) -> None:
    """Somebody has row 120; the batch is tried again with fewer rows, until they are gone."""
    waits: list[float] = []
    with connect(users.dsn, autocommit=False) as other:
        other.execute("UPDATE users SET name = name WHERE id = 120")

        def wait(seconds: float) -> None:
            if seconds:
                waits.append(seconds)
            if len(waits) == 3:
                other.rollback()

        result = users.run(sleep=wait)
    assert result.ok
    assert len(waits) == 3
    assert result.progress.batches > 20, "it went on in smaller batches"


def test_a_lock_that_does_not_pass_stops_it(users: Field) -> None:
    with connect(users.dsn, autocommit=False) as other:
        other.execute("UPDATE users SET name = name WHERE id = 120")
        with pytest.raises(BackfillFailedError, match="failed 6 times: canceling statement due to lock timeout"):
            users.run(replace(QUICK, pace=replace(STEADY, lock_ms=20)))
    (shard,) = users.shards()
    assert shard.place == ("119",), "smaller batches have come up to that row"
    assert users.run().ok


def test_a_deadlock(users: Field) -> None:
    """Whoever the server chooses: if it is the batch, it is tried again."""
    users.say("CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
              " IF NEW.id = 210 THEN PERFORM pg_advisory_xact_lock(7); END IF; RETURN NEW; END $$;"
              " CREATE TRIGGER slow BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION slow()")  # fmt: skip
    met: list[str] = []

    def stand_in_the_way() -> None:
        with connect(users.dsn, autocommit=False) as other:
            other.execute("SELECT pg_advisory_xact_lock(7); SET lock_timeout = 0; SET deadlock_timeout = '10s'")
            ready.set()
            assert waiting(users)
            try:
                other.execute("UPDATE users SET name = name WHERE id = 201")
                met.append("got it")
            except StatementFailedError as error:
                met.append(str(error.sqlstate))

    ready = threading.Event()
    other = threading.Thread(target=stand_in_the_way)
    other.start()
    assert ready.wait(20)
    settings = (*FULL_NAME.settings, ("deadlock_timeout", "50ms"))
    patient = replace(QUICK, pace=replace(STEADY, lock_ms=10_000))
    result = users.doing(replace(FULL_NAME, settings=settings)).run(patient)
    other.join()
    assert met == ["got it"]
    assert result.ok


def waiting(field: Field) -> bool:
    """Waits until a batch waits for the advisory lock."""
    query = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database ="
    for _ in range(2_000):
        if field.ask(f"{query} (SELECT oid FROM pg_database WHERE datname = current_database())"):
            return True
    return False


def test_it_is_refused_behind_a_pooler(users: Field, postgres_server: ThrowawayServer) -> None:
    assert postgres_server is not None
    parameters = dict(part.split("=", 1) for part in users.dsn.split())
    with PoolerStandIn(Path(parameters["host"]) / ".s.PGSQL.5432") as pooler:
        dsn = make_dsn(**{**parameters, "host": str(pooler.folder)})
        with pytest.raises(PoolerError, match="there is a pooler in between"):
            replace(users, site=replace(users.site, dsn=dsn)).run()
    assert users.shards() == ()


def put(field: Field, reason: str | None) -> None:
    with field.book.writing() as store:
        put_pause(store, MAIN, reason, "mira")


def test_a_pause_holds_and_is_heard_while_it_runs(users: Field) -> None:
    put(users, "a sale until six")
    seen: list[str | None] = []

    def on_progress(progress: Progress) -> None:
        seen.append(progress.held_by)
        if len(seen) == 3:
            assert users.shards()[0].batches == 0
            put(users, None)

    result = users.run(on_progress=on_progress, sleep=threading.Event().wait)
    assert result.ok
    assert seen[:3] == ["paused: a sale until six (mira)"] * 3
    assert result.progress.held_s > 0
    assert result.reasons[0][0] == "paused: a sale until six (mira)"
    assert users.book.kinds().count("pause") == 2


def test_what_is_so_already_is_not_written_again(users: Field) -> None:
    for reason in ("late", "late", None, None):
        put(users, reason)
    assert users.book.kinds().count("pause") == 2
    with users.book.tracker.reading() as ledger:
        assert read_pause(ledger, MAIN) is None


def test_a_question_of_the_users_own(users: Field) -> None:
    users.say("CREATE TABLE jobs (late bool); INSERT INTO jobs VALUES (true)")
    question = "SELECT count(*) FROM jobs WHERE late"
    stop = threading.Event()
    held: list[str | None] = []

    def on_progress(progress: Progress) -> None:
        held.append(progress.held_by)
        users.say("TRUNCATE jobs")

    options = replace(QUICK, hold_if=(question,))
    result = users.run(options, on_progress=on_progress, stop=stop, sleep=stop.wait)
    assert held[0] == f"--hold-if gave 1: {question}"
    assert result.ok


@pytest.mark.parametrize(
    ("question", "why"),
    [
        ("SELECT count(*) FROM nowhere", "--hold-if fails: relation"),
        ("SELECT 'x'", "--hold-if gives no number"),
        ("UPDATE users SET name = '' RETURNING 1", "--hold-if fails: cannot execute UPDATE in a read-only"),
    ],
)
def test_a_question_that_cannot_be_asked(users: Field, question: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        users.run(replace(QUICK, hold_if=(question,)))


def test_a_replica_that_is_none(users: Field) -> None:
    alone = replace(users, site=replace(users.site, replicas=(users.dsn,)))
    with pytest.raises(UsageError, match="is no standby"):
        alone.run()


def test_an_old_transaction_and_a_queue_for_the_table(users: Field) -> None:
    limits = Limits(transaction_s=0.0, queue_s=0.0)
    with connect(users.dsn, autocommit=False) as reader:
        reader.query("SELECT count(*), pg_current_xact_id() FROM users")
        held: list[str | None] = []

        def on_progress(progress: Progress) -> None:
            held.append(progress.held_by)
            reader.rollback()

        result = users.run(replace(QUICK, limits=limits), on_progress=on_progress, sleep=threading.Event().wait)
    assert held[0] is not None
    assert f"process {reader_pid(held[0])} of postgres has a transaction open" in held[0]
    assert result.ok


def reader_pid(text: str) -> str:
    return text.split()[1]


def test_a_rehearsal_writes_nothing(users: Field) -> None:
    users.say(
        "ANALYZE users; CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;"
        "CREATE TRIGGER audit AFTER UPDATE ON users FOR EACH ROW EXECUTE FUNCTION audit();"
        "CREATE TRIGGER asleep AFTER UPDATE ON users FOR EACH ROW EXECUTE FUNCTION audit();"
        "ALTER TABLE users DISABLE TRIGGER asleep;"
        "CREATE TRIGGER whole AFTER UPDATE ON users FOR EACH STATEMENT EXECUTE FUNCTION audit();"
        "CREATE TRIGGER zzz_migsafe_users_full_name BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION audit();"
        "CREATE PUBLICATION changes FOR TABLE users; CREATE PUBLICATION others"
    )
    events = len(users.book.kinds())
    found = rehearse(users.task, users.site, QUICK)
    assert found.refusal is None
    assert found.triggers == ("audit (audit)",)
    assert found.publications == ("changes",)
    assert [(shard.low, shard.high) for shard in found.shards] == [(("1",), ("1000",))]
    assert any("users_pkey" in line for line in found.plan)
    assert len(users.book.kinds()) == events
    assert users.ask("SELECT count(full_name) FROM users") == 0
    refused = rehearse(users.doing(before=(replace(COMPLETE, expected="5"),)).task, users.site, QUICK)
    assert refused.refusal is not None
    assert [check.observed for check in refused.checks] == ["1000"]


def test_where_it_has_come_to_is_kept_by_step_and_database(users: Field) -> None:
    users.run()
    with users.book.tracker.reading() as ledger:
        step = find_step(ledger, users.task.step)
        assert step is not None
        other = TargetName("production", "other")
        assert BackfillRows(ledger, step, other).shards() == ()
        assert find_step(ledger, replace(users.task.step, name="another")) is None


def test_a_batch_has_the_settings_of_its_plan(make_field: MakeField) -> None:
    """Triggers that ask are told that a backfill writes."""
    field = make_field(
        USERS + "CREATE FUNCTION mark() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " NEW.full_name := NEW.full_name || coalesce(current_setting('migsafe.backfill', true), '?');"
        " RETURN NEW; END $$;"
        "CREATE TRIGGER mark BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION mark();"
    )
    check = Check("all are marked", "SELECT count(*) FROM users WHERE full_name !~ 'on$'")
    backfill = Backfill(QualifiedName("users"), ("id",), FULL_NAME.assignments, FULL_NAME.needs_work)
    assert field.doing(backfill, verify=(check,)).run().ok


def test_when_autovacuum_comes_is_read_as_it_reckons_itself(make_field: MakeField) -> None:
    field = make_field(USERS + "ANALYZE users;")
    ours = [field.ask("SELECT 'users'::regclass::oid::bigint")]

    def bloat() -> list[tuple[object, ...]]:
        with connect(field.dsn, autocommit=True) as session:
            return [row[2:] for row in session.query(query("dead_rows", "backfill.sql"), (ours,))]

    assert bloat() == [(0, 250.0, False)], "50 and a fifth of 1,000 rows; it is off on this server"
    field.say(
        "ALTER TABLE users SET (autovacuum_vacuum_threshold = 7, autovacuum_vacuum_scale_factor = 0.5, fillfactor = 90)"
    )
    assert bloat() == [(0, 507.0, False)]
