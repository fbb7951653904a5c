"""Migrations held against real databases: exactly, and by replay alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from migsafe.catalogue.project import Project, read_project
from migsafe.config import Config
from migsafe.errors import EnvironmentFailedError, UsageError
from migsafe.model.finding import Severity
from migsafe.model.script import TransactionRule
from migsafe.postgres.catalogue import read_catalogue
from migsafe.postgres.connection import connect
from migsafe.shadow.drift.built import apply_all, build
from migsafe.shadow.drift.database import compare_database
from migsafe.shadow.drift.findings import Places, build_findings
from migsafe.shadow.drift.fold import Drift, find_drift
from migsafe.shadow.drift.scope import narrow
from migsafe.shadow.drift.static import static_snapshot
from migsafe.shadow.drift.words import Sides
from migsafe.shadow.given import GivenServer
from migsafe.shadow.options import ServerChoice
from migsafe.shadow.snapshot import Snapshot, take_snapshot

if TYPE_CHECKING:
    from collections.abc import Callable

    from migsafe.model.finding import Finding
    from migsafe.shadow.server import ThrowawayServer

    Compare = Callable[..., dict[str, Severity]]

pytestmark = pytest.mark.long

FIXTURES = Path(__file__).parents[4] / "fixtures"
MIGRATIONS = FIXTURES / "drift" / "migrations"

#: What somebody did by hand, and what is said of it, exactly and by replay (None: nothing can be said of it there).
CHANGES: list[tuple[str, dict[str, Severity], dict[str, Severity] | None]] = [
    ("DROP INDEX users_org_id_idx", {"missing-index public.users_org_id_idx": Severity.WARNING}, None),
    ("DROP INDEX orders_open_idx", {"missing-index public.orders_open_idx": Severity.WARNING}, None),
    ("CREATE INDEX by_hand ON users (role)", {"extra-index public.by_hand": Severity.WARNING}, None),
    ("ALTER TABLE users DROP COLUMN full_name", {"missing-column public.users.full_name": Severity.ERROR}, None),
    ("ALTER TABLE users ADD nick text", {"extra-column public.users.nick": Severity.WARNING}, None),
    ("ALTER TABLE users ADD nick text NOT NULL", {"extra-column public.users.nick": Severity.ERROR}, None),
    ("ALTER TABLE users ALTER email TYPE text", {"changed-column public.users.email": Severity.ERROR}, None),
    ("ALTER TABLE users ALTER org_id DROP NOT NULL", {"changed-column public.users.org_id": Severity.ERROR}, None),
    ("ALTER TABLE users ALTER role DROP DEFAULT", {"changed-column public.users.role": Severity.WARNING}, None),
    ("ALTER TABLE users ALTER role SET DEFAULT 'writer'", {"changed-column public.users.role": Severity.WARNING}, {}),
    (
        "ALTER TABLE users DROP CONSTRAINT users_email_key",
        {"missing-constraint public.users.users_email_key": Severity.ERROR},
        None,
    ),
    (
        "ALTER TABLE users RENAME CONSTRAINT users_email_key TO k",
        {"renamed-constraint public.users.users_email_key": Severity.WARNING},
        None,
    ),
    (
        "ALTER TABLE users DROP CONSTRAINT users_org_id_fkey; "
        "ALTER TABLE users ADD CONSTRAINT users_org_id_fkey FOREIGN KEY (org_id) REFERENCES orgs",
        {"changed-constraint public.users.users_org_id_fkey": Severity.ERROR},
        None,
    ),
    (
        "ALTER TABLE orders DROP CONSTRAINT orders_total_check, ADD CONSTRAINT orders_total_check CHECK (total > 0)",
        {"changed-constraint public.orders.orders_total_check": Severity.ERROR},
        {},
    ),
    ("DROP TRIGGER touch_orders ON orders", {"missing-trigger public.orders.touch_orders": Severity.ERROR}, None),
    (
        "ALTER TABLE orders DISABLE TRIGGER touch_orders",
        {"changed-trigger public.orders.touch_orders": Severity.ERROR},
        None,
    ),
    ("ALTER TYPE role ADD VALUE 'owner'", {"changed-type public.role": Severity.ERROR}, None),
    ("DROP VIEW big_orders", {"missing-relation public.big_orders": Severity.ERROR}, None),
    (
        "CREATE OR REPLACE VIEW big_orders AS SELECT id, user_id, total FROM orders WHERE total > 1",
        {"changed-relation public.big_orders": Severity.ERROR},
        {},
    ),
    ("CREATE TABLE by_hand (id serial PRIMARY KEY)", {"extra-relation public.by_hand": Severity.WARNING}, None),
    (
        "DROP TABLE orders CASCADE",
        {"missing-relation public.big_orders": Severity.ERROR, "missing-relation public.orders": Severity.ERROR},
        None,
    ),
    (
        "CREATE FUNCTION by_hand() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        {"extra-function public.by_hand()": Severity.WARNING},
        None,
    ),
    ("CREATE EXTENSION hstore", {"extra-extension hstore": Severity.INFO}, None),
    ("COMMENT ON TABLE users IS 'people'", {"changed-relation public.users": Severity.INFO}, {}),
    ("ALTER TABLE users SET (fillfactor = 70)", {"changed-relation public.users": Severity.INFO}, {}),
    # Not drift at all.
    ("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)", {}, None),
    ("CREATE SCHEMA sqitch; CREATE TABLE sqitch.changes (id int PRIMARY KEY)", {}, None),
    ("GRANT SELECT ON users TO public", {}, None),
    ("ALTER TABLE users OWNER TO pg_monitor", {}, None),
    ("INSERT INTO orgs (name) VALUES ('x')", {}, None),
    ("ANALYZE", {}, None),
    ("DROP INDEX users_org_id_idx; CREATE INDEX users_org_id_idx ON users (org_id)", {}, None),
]


def told(findings: tuple[Finding, ...]) -> dict[str, Severity]:
    return {f"{finding.operation} {finding.objects[0]}": finding.severity for finding in findings}


@pytest.fixture(scope="module")
def project() -> Project:
    return read_project([MIGRATIONS], Config())


@pytest.fixture
def shop(make_database: Callable[[str], str]) -> str:
    """A database that the migrations built."""
    return make_database("\n".join(file.read_text() for file in sorted(MIGRATIONS.iterdir())))


@pytest.fixture
def compare(project: Project, shop: str, postgres_server: ThrowawayServer, monkeypatch: pytest.MonkeyPatch) -> Compare:
    monkeypatch.setenv("DB", shop)
    monkeypatch.setenv("SHADOW", postgres_server.dsn())

    def run(**how: object) -> dict[str, Severity]:
        choice = ServerChoice(url="env:SHADOW")
        return told(compare_database(project, "env:DB", choice=choice, **how).findings)  # type: ignore[arg-type]  # passed on

    return run


@pytest.fixture(scope="module")
def built(project: Project, postgres_server: ThrowawayServer) -> Snapshot:
    """What the migrations build, for tests that need not build it anew."""
    with GivenServer.open(postgres_server.dsn()) as server:
        return narrow(build(server, "built", project.ups))


@pytest.mark.parametrize(("statement", "exactly", "replayed"), CHANGES, ids=[statement for statement, _, _ in CHANGES])
def test_each_change_by_hand(
    statement: str,
    exactly: dict[str, Severity],
    replayed: dict[str, Severity] | None,
    shop: str,
    built: Snapshot,
    project: Project,
) -> None:
    with connect(shop, autocommit=True) as session:
        session.execute(statement)
        drifts = find_drift(built, narrow(take_snapshot(session)))
        again = find_drift(narrow(static_snapshot(project.catalogue)), narrow(static_snapshot(read_catalogue(session))))
    assert judged(drifts, project) == exactly
    assert judged(again, project) == (exactly if replayed is None else replayed)


def judged(drifts: tuple[Drift, ...], project: Project) -> dict[str, Severity]:
    return told(build_findings(drifts, Places(project), Sides("shop", is_database=True), "database"))


def test_the_database_stays_as_it_is(shop: str, compare: Compare) -> None:
    with connect(shop, autocommit=True) as session:
        before = take_snapshot(session)
        assert compare() == compare(static=True) == {}
        assert take_snapshot(session) == before


def test_what_is_ignored_is_not_told(shop: str, compare: Compare) -> None:
    with connect(shop, autocommit=True) as session:
        session.execute("CREATE TABLE tmp_a (id serial PRIMARY KEY, u int UNIQUE)")
        session.execute("CREATE SCHEMA audit; CREATE TABLE audit.log (i int)")
    assert len(compare(static=True)) == len(compare()) == 2
    assert compare(ignore=("tmp_*", "audit", "audit.*")) == {}
    assert compare(static=True, ignore=("tmp_*", "audit", "audit.*")) == {}


def test_findings_point_at_the_last_migration_of_the_object(
    project: Project, shop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DB", shop)
    with connect(shop, autocommit=True) as session:
        session.execute("ALTER TABLE users DROP COLUMN full_name, ADD nick text")
        session.execute("ALTER TABLE orders DROP COLUMN changed_at; CREATE TABLE x (i int)")
    found = compare_database(project, "env:DB", static=True).findings
    places = {finding.objects[0]: (Path(finding.path).name, finding.start.line, finding.migration) for finding in found}
    assert places["public.users.full_name"] == ("0003_names.sql", 1, "0003_names")
    assert places["public.users.nick"] == ("0003_names.sql", 1, "0003_names")
    assert places["public.orders.changed_at"] == ("0002_orders.sql", 12, "0002_orders")
    assert places["public.x"] == ("migrations", 1, "")


def test_fingerprints_are_told_apart_and_stay(shop: str, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB", shop)
    with connect(shop, autocommit=True) as session:
        session.execute("ALTER TABLE users ALTER role DROP DEFAULT, ALTER role DROP NOT NULL, DROP COLUMN full_name")
    first = [finding.fingerprint for finding in compare_database(project, "env:DB", static=True).findings]
    assert len(set(first)) == 3
    assert first == [finding.fingerprint for finding in compare_database(project, "env:DB", static=True).findings]


def test_a_history_up_to_a_migration(shop: str, compare: Compare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB", shop)
    older = read_project([MIGRATIONS], Config(), at="0002")
    found = told(compare_database(older, "env:DB", static=True).findings)
    assert found == {"extra-column public.users.full_name": Severity.WARNING}


def test_one_of_everything_does_not_drift_from_itself(
    make_database: Callable[[str], str], postgres_server: ThrowawayServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = FIXTURES / "catalogue" / "one_of_everything.sql"
    monkeypatch.setenv("DB", make_database(everything.read_text(encoding="utf-8")))
    monkeypatch.setenv("SHADOW", postgres_server.dsn())
    project = read_project([everything], Config())
    assert compare_database(project, "env:DB", choice=ServerChoice(url="env:SHADOW")).findings == ()
    assert compare_database(project, "env:DB", static=True).findings == ()


def test_a_migration_that_the_shadow_refuses_is_named(
    tmp_path: Path, database: str, postgres_server: ThrowawayServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "1.sql").write_text("CREATE TABLE a (i int);\nALTER TABLE nowhere ADD b int;\n")
    monkeypatch.setenv("DB", database)
    monkeypatch.setenv("SHADOW", postgres_server.dsn())
    with pytest.raises(EnvironmentFailedError, match=r"1\.sql:2:1: .* relation \"nowhere\" does not exist") as caught:
        compare_database(read_project([tmp_path], Config()), "env:DB", choice=ServerChoice(url="env:SHADOW"))
    assert "--static" in (caught.value.hint or "")


def test_settings_of_one_migration_do_not_reach_the_next(tmp_path: Path, database: str) -> None:
    (tmp_path / "1.sql").write_text("CREATE SCHEMA shop; SET search_path TO shop; CREATE TEMPORARY TABLE a (i int);")
    (tmp_path / "2.sql").write_text("CREATE TABLE a (i int);")
    with connect(database, autocommit=True) as session:
        apply_all(session, read_project([tmp_path], Config()).ups)
        assert session.query("select to_regclass('public.a')::text") == [("a",)]


ROLES = "CREATE TABLE a (i int);\nGRANT SELECT ON a TO nobody_made_me;\nALTER TABLE a OWNER TO nor_me;\n"


@pytest.mark.parametrize("transaction", list(TransactionRule))
def test_roles_that_nobody_makes_are_stood_in_for_on_a_server_of_ones_own(
    transaction: TransactionRule, tmp_path: Path, database: str
) -> None:
    (tmp_path / "1.sql").write_text(ROLES)
    project = read_project([tmp_path], Config(transaction=transaction))
    with connect(database, autocommit=True) as session:
        apply_all(session, project.ups, may_make_roles=True)
        assert session.query("select relowner::regrole::text from pg_class where relname = 'a'") == [("nor_me",)]
        session.execute("drop owned by nobody_made_me, nor_me; drop role nobody_made_me, nor_me")


def test_on_a_server_of_somebody_else_no_role_is_made(
    tmp_path: Path, database: str, postgres_server: ThrowawayServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "1.sql").write_text(ROLES)
    monkeypatch.setenv("DB", database)
    monkeypatch.setenv("SHADOW", postgres_server.dsn())
    with pytest.raises(EnvironmentFailedError, match='role "nobody_made_me" does not exist'):
        compare_database(read_project([tmp_path], Config()), "env:DB", choice=ServerChoice(url="env:SHADOW"))


def test_migrations_of_another_database_are_refused(tmp_path: Path) -> None:
    (tmp_path / "1.sql").write_text("CREATE TABLE a (i int);")
    project = read_project([tmp_path], Config(dialect="mysql"))  # type: ignore[arg-type]  # a dialect is a string
    with pytest.raises(UsageError, match="mysql"):
        compare_database(project, "env:DB")


def test_another_major_version_is_said(project: Project, shop: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's programs, where there are any of another version than the one that the database runs on."""
    from migsafe.shadow.account import Account
    from migsafe.shadow.system import system_binaries

    with connect(shop, autocommit=True) as session:
        major = session.server_version // 10_000
    other = next((found for found in system_binaries(Account.current()) if found.major != major), None)
    if other is None:
        pytest.skip("this machine has programs of one version of Postgres only")
    monkeypatch.setenv("DB", shop)
    comparison = compare_database(project, "env:DB", choice=ServerChoice(bin_dir=other.bin_dir))
    # Servers of two versions may write a view's text in two ways, and nothing else.
    assert {(finding.severity, finding.objects) for finding in comparison.findings} <= {
        (Severity.INFO, ("public.big_orders",))
    }
    assert comparison.server.major == other.major
    assert f"runs Postgres {major}" in comparison.how
