"""Four roles in a real Postgres: what each may do, and what it may not, whatever it tries."""

from __future__ import annotations

import shlex
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from psycopg.conninfo import make_conninfo

from migsafe.postgres.connection import StatementFailedError, connect
from migsafe.tracker import tables as t
from migsafe.tracker.address import read_address
from migsafe.tracker.approving import keep_decision
from migsafe.tracker.columns import spell_moment
from migsafe.tracker.errors import TrackerBrokenError, TrackerRefusedError
from migsafe.tracker.events import GENESIS, prove
from migsafe.tracker.facts import Author
from migsafe.tracker.opening import Tracker
from migsafe.tracker.rights import become_owner, rewriters
from migsafe.tracker.roles import Roles, roles_sql
from migsafe.tracker.upgrade import rebind_tracker, upgrade_tracker
from migsafe.tracker.versions import VERSION
from tracker_books import MAIN, ME, NOW, Book, ran, step

if TYPE_CHECKING:
    from collections.abc import Callable

    from migsafe.tracker.events import Event

pytestmark = [pytest.mark.server, pytest.mark.long]

ROLES = Roles(owner="t_owner", runner="t runner's", approver="t_approver", reader="t_reader")
LOGINS = (ROLES.runner, ROLES.approver, ROLES.reader)
#: What makes each of them a login, so that a test can be one.
LOG_IN = "".join(f'alter role "{name}" login;' for name in LOGINS)
ADA = Author(actor="ada", host="desk")
PLAN = "a" * 64


def run(dsn: str, text: str) -> None:
    with connect(dsn, autocommit=True) as session:
        session.execute(text)


def as_role(dsn: str, name: str) -> str:
    return make_conninfo(dsn, user=name)


def open_as(dsn: str) -> Tracker:
    """A tracker that is there already: no role but the owner may upgrade it."""
    return Tracker(read_address("env:T", environ={"T": dsn}), clock=lambda: NOW)


def events_of(dsn: str) -> list[Event]:
    with open_as(dsn).reading() as ledger:
        return list(ledger.events())


@pytest.fixture
def database(database: str) -> str:
    """A database with a furnished tracker, whose roles are apart."""
    Book("env:T", environ={"T": database}).furnish()
    run(database, roles_sql(ROLES))
    run(database, LOG_IN)
    return database


@pytest.fixture
def runner(database: str) -> str:
    return as_role(database, ROLES.runner)


def put_plan(dsn: str) -> None:
    plan = {"change_id": "users", "env": "production", "target": "main", "body": "{}", "fingerprint": "f" * 64}
    more = {"approvals_needed": 1, "author": "mira", "made_at": NOW}
    with open_as(dsn).writing(ME) as store:
        store.put(t.contract, {"plan_id": PLAN}, {**plan, **more}, kind="contract", env="production")


def test_the_script_can_be_given_again(database: str, runner: str) -> None:
    run(database, roles_sql(ROLES))
    run(database, LOG_IN)
    with open_as(runner).writing(ME) as store:
        store.add_release("2.0.0")


def test_the_runner_records_and_the_server_says_who_when_and_from_where(runner: str) -> None:
    before = datetime.now(UTC)
    with open_as(runner).writing(ME) as store:
        store.record(step('002_é"\\\n\x01'), ran())
    events = events_of(runner)
    proof = prove(events)
    last = events[-1]
    assert proof.events == len(events)
    assert (last.actor, last.role, last.client) == ("mira", ROLES.runner, "local")
    assert before - timedelta(minutes=1) < last.at < datetime.now(UTC) + timedelta(minutes=1)
    assert last.at != NOW, "the clock of the machine that records is not asked"


INTO_EVENTS = (
    "insert into migsafe.migsafe_event (seq, at, actor, db_role, kind, subject, detail, prev_sha, sha) "
    "values (999, now(), 'x', 'x', 'x', 'x', '{}', 'x', 'x')"
)
FORBIDDEN = {
    "insert an event": INTO_EVENTS,
    "change one": "update migsafe.migsafe_event set actor = 'x'",
    "delete one": "delete from migsafe.migsafe_event",
    "empty them": "truncate migsafe.migsafe_event",
    "switch the triggers off": "alter table migsafe.migsafe_event disable trigger all",
    "take them away": "drop table migsafe.migsafe_event",
    "seal what it likes": "select migsafe.migsafe_seal('x', 'run', 'x', null, '{}')",
    "replace the function": "create or replace function migsafe.migsafe_turn() returns void language sql as ''",
    "make something there": "create table migsafe.x (id int primary key)",
    "say what the tracker is": "update migsafe.migsafe_meta set v = 'x'",
    "be the owner": "set role t_owner",
    "say who has approved": "insert into migsafe.migsafe_approval (plan_id, approver, decision, at, expires_at) "
    "values ('x', 'ada', 'approve', now(), now())",
    "approve by the function": "select migsafe.migsafe_approve('x', 'ada', 'approve', null, '1 day', null, '1')",
    "record that somebody has": "select migsafe.migsafe_append('ada', '{approval}', '{x}', '{production}', '{\"{}\"}')",
    "change a plan": "update migsafe.migsafe_contract set body = 'x'",
    "say who made one": "insert into migsafe.migsafe_contract (plan_id, db_role) values ('x', 'ada')",
    "forget a run": "delete from migsafe.migsafe_run",
}


@pytest.mark.parametrize("who", ["runner", "approver", "reader"])
def test_none_of_them_can_write_what_is_not_theirs(database: str, who: str) -> None:
    put_plan(as_role(database, ROLES.runner))
    tried = {
        words: text for words, text in FORBIDDEN.items() if (who, words) != ("approver", "approve by the function")
    }
    outcomes = {}
    with connect(as_role(database, getattr(ROLES, who)), autocommit=True) as session:
        for words, text in tried.items():
            try:
                session.execute(text)
            except StatementFailedError as error:
                outcomes[words] = error.sqlstate
            else:
                outcomes[words] = "done"
    assert outcomes == dict.fromkeys(tried, "42501")
    prove(events_of(as_role(database, ROLES.reader)))


def test_a_temporary_table_does_not_stand_before_the_real_one(runner: str) -> None:
    """What a function with the owner's rights would write into, if the caller's names came first."""
    with connect(runner, autocommit=True) as session:
        session.execute("create temp table migsafe_event (like migsafe.migsafe_event including all)")
        session.execute("create temp table migsafe_meta (k text, v text)")
        session.execute("set search_path = pg_temp, migsafe")
        session.execute("select migsafe.migsafe_append('x', '{run}', '{y}', array[null], '{\"{}\"}')")
        assert session.query("select count(*) from pg_temp.migsafe_event") == [(0,)]
    assert events_of(runner)[-1].subject == "y"


def test_an_approver_decides_and_does_nothing_else(database: str, runner: str) -> None:
    put_plan(runner)
    approver = as_role(database, ROLES.approver)
    with open_as(approver).approving(ADA) as store:
        decided = keep_decision(store, ADA, PLAN, "approve", lasts=timedelta(hours=72), reason='looked "well"')
    assert (decided.role, decided.client) == (ROLES.approver, "local")
    assert decided.expires_at - decided.at == timedelta(hours=72)
    with open_as(approver).reading() as ledger:
        (kept,) = ledger.rows(sa.select(t.approval))
        (plan,) = ledger.rows(sa.select(t.contract))
    assert (kept.approver, kept.decision, kept.db_role, kept.at) == ("ada", "approve", ROLES.approver, decided.at)
    assert plan.db_role == ROLES.runner, "who made the plan is the server's word too"
    event = events_of(approver)[-1]
    assert (event.kind, event.actor, event.role, event.environment) == ("approval", "ada", ROLES.approver, "production")
    expires = spell_moment(decided.expires_at)
    assert event.subject == f"users {PLAN[:12]}"
    assert event.facts["to"] == {"approver": "ada", "decision": "approve", "expires_at": expires, "plan": PLAN}
    assert event.facts["host"] == "desk"
    assert event.facts["reason"] == 'looked "well"'
    prove(events_of(approver))
    with (
        pytest.raises(TrackerRefusedError, match="this role may not write the tracker"),
        open_as(approver).writing(ADA),
    ):
        pass
    refusing = pytest.raises(TrackerRefusedError, match="this role may not approve plans")
    with refusing as refused, open_as(runner).approving(ADA):
        pass
    assert shlex.split(str(refused.value.hint))[:5] == ["migsafe", "tracker", "roles", "--approver", ROLES.runner]


def test_a_decision_is_replaced_by_whoever_made_it_only(database: str, runner: str) -> None:
    put_plan(runner)
    run(database, f"grant {ROLES.approver} to {ROLES.reader}")
    second = as_role(database, ROLES.reader)
    for answer in ("approve", "reject"):
        with open_as(as_role(database, ROLES.approver)).approving(ADA) as store:
            keep_decision(store, ADA, PLAN, answer, lasts=timedelta(hours=1))
    refusing = pytest.raises(TrackerRefusedError, match="another role has decided under this name")
    with refusing, open_as(second).approving(ADA) as store:
        keep_decision(store, ADA, PLAN, "approve", lasts=timedelta(hours=1))
    run(database, f"revoke {ROLES.approver} from {ROLES.reader}")
    with open_as(runner).reading() as ledger:
        assert [row.decision for row in ledger.rows(sa.select(t.approval))] == ["reject"]


def test_what_a_superuser_writes_anew_is_found_by_the_anchor(database: str, runner: str) -> None:
    with open_as(runner).writing(ME) as store:
        store.record(step("002"), ran())
    anchor = prove(events_of(runner)).head
    with connect(database, autocommit=True) as session:
        session.execute("alter table migsafe.migsafe_event disable trigger all")
        head = GENESIS
        for event in events_of(runner):
            forged = replace(event, actor="nobody", previous=head)
            head = forged.computed()
            session.query(
                "update migsafe.migsafe_event set actor = 'nobody', prev_sha = %s, sha = %s where seq = %s returning 1",
                (forged.previous, head, event.seq),
            )
    prove(events_of(runner))  # by itself it is a good chain
    with pytest.raises(TrackerBrokenError, match="no event has the hash"):
        prove(events_of(runner), anchor)
    with open_as(runner).reading() as ledger:
        assert rewriters(ledger) == ("the triggers that refuse to change events are switched off, or gone",)


def test_check_says_who_could_write_it_anew(database: str, make_database: Callable[[str], str], runner: str) -> None:
    with open_as(runner).reading() as ledger:
        assert rewriters(ledger) == ()
    run(database, f'grant t_owner to t_reader; grant insert on migsafe.migsafe_event to "{ROLES.runner}"')
    with open_as(runner).reading() as ledger:
        assert rewriters(ledger) == (
            "can become t_owner, and write the chain anew: t_reader",
            "may write events past the function that seals them: t runner's",
        )
    run(database, "revoke t_owner from t_reader")
    alone = make_database("")
    Book("env:T", environ={"T": alone})
    with open_as(alone).reading() as ledger:
        assert rewriters(ledger) == ("the tables belong to postgres, which can log in, and can write the chain anew",)


def test_what_would_make_it_worthless_is_refused(database: str) -> None:
    run(database, "drop role if exists t_login; create role t_login login; grant t_owner to t_login")
    for roles, words in (
        (replace(ROLES, owner="t_login"), "t_login can log in"),
        (replace(ROLES, runner="postgres"), "postgres is a superuser"),
        (replace(ROLES, runner="t_login"), "t_login is a superuser, or may become t_owner"),
    ):
        with pytest.raises(StatementFailedError, match=words):
            run(database, roles_sql(roles))
    run(database, "drop role t_login")


def test_a_member_of_the_owner_upgrades_as_the_owner(database: str) -> None:
    run(database, "drop role if exists t_dba; create role t_dba login; grant t_owner to t_dba")
    dba = open_as(as_role(database, "t_dba"))
    assert upgrade_tracker(dba.address, ME, environment="production").environment == "production"
    assert events_of(database)[-1].role == "t_dba", "as whom one has logged in, not whom one has become"
    rebind_tracker(dba.address, ME, reason="said again")
    assert upgrade_tracker(open_as(as_role(database, ROLES.runner)).address, ME).before == VERSION, "nothing to do"
    run(database, "update migsafe.migsafe_meta set v = '3' where k = 'version'")
    with pytest.raises(TrackerRefusedError, match="belong to t_owner: only this role may upgrade them"):
        upgrade_tracker(open_as(as_role(database, ROLES.runner)).address, ME)
    run(database, f"update migsafe.migsafe_meta set v = '{VERSION}' where k = 'version'")
    with dba.reading() as ledger:
        become_owner(ledger)
        assert ledger.connection.scalar(sa.text("select current_user::text")) == "t_owner"
    with open_as(as_role(database, ROLES.reader)).reading() as ledger:
        become_owner(ledger)
        assert ledger.connection.scalar(sa.text("select current_user::text")) == ROLES.reader
    run(database, "drop role t_dba")


def test_postgres_seals_every_text_as_python_does(runner: str) -> None:
    """Control characters, quotes, what other encoders escape, and what lies beyond 16 bits."""
    odd = [*map(chr, range(1, 0x250)), "\u2028", "\u2029", "\ufeff", "\uffff", "\U0001f512", "\U0010ffff"]
    with open_as(runner).writing(Author(actor='m"\\\x7f\u2028', host="\x0b")) as store:
        for place, letter in enumerate(odd):
            store.note("import", f"{letter}{place}", after={"letter": letter, letter: place}, reason=letter)
    events = events_of(runner)
    assert [event.subject for event in events[-len(odd) :]] == [f"{letter}{place}" for place, letter in enumerate(odd)]
    prove(events)


def test_tables_beside_others_in_a_schema_with_an_odd_name(make_database: Callable[[str], str]) -> None:
    dsn = make_database('create schema "My App"')
    run(dsn, "drop role if exists t_app; create role t_app login")
    run(dsn, "grant all on schema \"My App\" to t_app; alter role t_app set search_path = 'My App'")
    book = Book("env:T", environ={"T": as_role(dsn, "t_app")}).furnish()
    assert upgrade_tracker(book.address, ME).place == "My App"
    run(dsn, roles_sql(ROLES, "My App"))
    run(dsn, LOG_IN + "alter role \"t runner's\" set search_path = 'My App'")
    with open_as(as_role(dsn, ROLES.runner)).writing(ME) as store:
        store.record(step("002"), ran(where=MAIN))
    prove(events_of(as_role(dsn, ROLES.runner)))
    run(dsn, 'alter role "t runner\'s" reset search_path')
