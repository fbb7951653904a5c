"""How the work of an operation is spread over tables; `tests/integration/shadow` holds it against a server."""

from __future__ import annotations

import pytest

from index_rebuilds import INDEX_REBUILDS
from lint_walks import script
from migsafe.model.catalogue import Catalogue
from migsafe.model.catalogue.replay import apply
from migsafe.model.locks import LockMode, Work
from migsafe.parse import read_script
from migsafe.rules.knowledge.locks import locks
from migsafe.rules.knowledge.table_work import Bounds, at_most, exactly, work_by_table
from migsafe.rules.knowledge.type_changes import rebuilt_indexes
from migsafe.rules.knowledge.work import work

SCENE = """
CREATE TABLE users (id bigint PRIMARY KEY, email text, born timestamp, parent bigint REFERENCES users (id));
CREATE TABLE orders (id bigint, user_id bigint CONSTRAINT orders_user REFERENCES users (id));
CREATE INDEX users_email ON users (email);
CREATE TABLE days (day date, n int) PARTITION BY RANGE (day);
CREATE TABLE days_1 PARTITION OF days FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
CREATE TABLE days_rest PARTITION OF days DEFAULT;
CREATE MATERIALIZED VIEW counts AS SELECT count(*) FROM users;
CREATE DOMAIN code AS text;
CREATE TABLE codes (c code);
"""


def scene() -> Catalogue:
    catalogue = Catalogue()
    for statement in read_script(script(SCENE)).statements:
        for operation in statement.operations:
            apply(catalogue, operation)
    return catalogue


def spread(sql: str, **options: str) -> dict[str, Bounds]:
    (statement,) = read_script(script(sql)).statements
    (operation,) = statement.operations
    found = work_by_table(operation, scene(), **options)
    return {table.name: bounds for table, bounds in found.items() if bounds != Bounds()}


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("ALTER TABLE users ALTER email SET NOT NULL", {"users": exactly(Work.SCAN)}),
        ("ALTER TABLE users ADD COLUMN a int", {}),
        ("ALTER TABLE users ADD COLUMN a int NOT NULL", {"users": at_most(Work.SCAN)}),
        ("ALTER TABLE users ADD COLUMN a int NOT NULL DEFAULT NULL", {"users": at_most(Work.SCAN)}),
        ("ALTER TABLE users ADD COLUMN a int NOT NULL DEFAULT 0", {}),
        ("ALTER TABLE users ADD COLUMN a uuid DEFAULT gen_random_uuid()", {"users": exactly(Work.REWRITE)}),
        ("ALTER TABLE users ADD COLUMN IF NOT EXISTS email text DEFAULT random()", {}),
        ("ALTER TABLE strange ALTER email SET NOT NULL", {"strange": at_most(Work.REWRITE)}),
        (
            "ALTER TABLE orders ADD FOREIGN KEY (id) REFERENCES users (id)",
            {"orders": exactly(Work.SCAN), "users": at_most(Work.SCAN)},
        ),
        (
            "ALTER TABLE orders VALIDATE CONSTRAINT orders_user",
            {"orders": exactly(Work.SCAN), "users": at_most(Work.SCAN)},
        ),
        ("CREATE INDEX ON users (born)", {"users": exactly(Work.INDEX_BUILD)}),
        ("CREATE INDEX IF NOT EXISTS users_email ON users (born)", {}),
        ("CREATE INDEX ON days (n)", {"days_1": exactly(Work.INDEX_BUILD), "days_rest": exactly(Work.INDEX_BUILD)}),
        ("CREATE INDEX ON ONLY days (n)", {}),
        ("REINDEX INDEX users_email", {"users": exactly(Work.INDEX_BUILD)}),
        ("UPDATE users SET email = ''", {"users": at_most(Work.SCAN)}),
        ("INSERT INTO orders SELECT id FROM users", {"orders": at_most(Work.SCAN), "users": at_most(Work.SCAN)}),
        (
            "REFRESH MATERIALIZED VIEW counts",
            {"counts": exactly(Work.REWRITE), "users": at_most(Work.SCAN)},
        ),
        ("ALTER DOMAIN code SET NOT NULL", {"codes": exactly(Work.SCAN)}),
        ("ALTER TABLE users SET UNLOGGED", {"users": at_most(Work.REWRITE)}),
        ("CLUSTER users USING users_email", {"users": exactly(Work.REWRITE)}),
        (
            "CREATE TABLE days_2 PARTITION OF days FOR VALUES FROM ('2026-02-01') TO ('2026-03-01')",
            {"days_rest": at_most(Work.SCAN)},
        ),
        (
            "ALTER TABLE days ATTACH PARTITION orders FOR VALUES FROM ('2026-02-01') TO ('2026-03-01')",
            {"orders": at_most(Work.INDEX_BUILD), "days_rest": at_most(Work.SCAN)},
        ),
    ],
)
def test_spread(sql: str, expected: dict[str, Bounds]) -> None:
    assert spread(sql) == expected


@pytest.mark.parametrize(("zone", "expected"), [(None, Work.REWRITE), ("UTC", Work.NONE), ("Asia/Tokyo", Work.REWRITE)])
def test_the_time_zone_decides(zone: str | None, expected: Work) -> None:
    options = {"timezone": zone} if zone else {}
    assert spread("ALTER TABLE users ALTER born TYPE timestamptz", **options).get("users", Bounds()).most is expected


def test_bounds_of_two_operations_are_the_heavier_of_each() -> None:
    both = exactly(Work.SCAN).joined(at_most(Work.REWRITE))
    assert both == Bounds(Work.SCAN, Work.REWRITE)
    assert [both.allow(amount) for amount in (Work.NONE, Work.SCAN, Work.INDEX_BUILD, Work.REWRITE)] == [
        False, True, True, True,
    ]  # fmt: skip


def claims(sql: str) -> dict[str, LockMode]:
    (statement,) = read_script(script(sql)).statements
    (operation,) = statement.operations
    return {claim.table.name: claim.mode for claim in locks(operation, scene())}


def test_dropping_a_column_drops_its_foreign_keys_and_locks_their_other_side() -> None:
    both = {"orders": LockMode.ACCESS_EXCLUSIVE, "users": LockMode.ACCESS_EXCLUSIVE}
    assert claims("ALTER TABLE orders DROP COLUMN user_id") == both
    assert claims("ALTER TABLE orders DROP COLUMN id") == {"orders": LockMode.ACCESS_EXCLUSIVE}
    assert claims("ALTER TABLE users DROP COLUMN email CASCADE") == {"users": LockMode.ACCESS_EXCLUSIVE}
    assert claims("ALTER TABLE users DROP COLUMN id CASCADE") == dict(reversed(both.items()))


def test_an_index_that_is_there_is_not_built_again() -> None:
    (statement,) = read_script(script("CREATE INDEX IF NOT EXISTS users_email ON users (email)")).statements
    assert work(statement.operations[0], scene()) is Work.NONE
    (statement,) = read_script(script("CREATE INDEX IF NOT EXISTS another ON users (email)")).statements
    assert work(statement.operations[0], scene()) is Work.INDEX_BUILD


@pytest.mark.parametrize("change", INDEX_REBUILDS)
def test_another_operator_class_rebuilds_plain_indexes(change: str) -> None:
    old, new = change.split(" -> ")
    catalogue = Catalogue()
    sql = f"CREATE TABLE t (a {old}); CREATE INDEX i ON t (a); ALTER TABLE t ALTER a TYPE {new};"
    *before, last = [o for statement in read_script(script(sql)).statements for o in statement.operations]
    for operation in before:
        apply(catalogue, operation)
    assert bool(rebuilt_indexes(last, catalogue)) is INDEX_REBUILDS[change]  # type: ignore[arg-type]  # it alters a type
