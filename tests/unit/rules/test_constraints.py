"""Constraints that go, and constraints that come too early."""

from __future__ import annotations

import pytest

from migsafe.model.dialect import Dialect
from migsafe.model.finding import Severity
from rule_answers import answers


@pytest.mark.parametrize(
    ("name", "severity"),
    [
        ("orders_amount_check", Severity.INFO),
        ("ck_amount", Severity.INFO),
        ("orders_user_id_fkey", Severity.WARNING),
        ("uq_email", Severity.WARNING),
        ("orders_pkey", Severity.WARNING),
        ("something", Severity.WARNING),
    ],
)
def test_an_unknown_constraint_is_judged_by_its_name(name: str, severity: Severity) -> None:
    (finding,) = answers("drop-constraint", f"ALTER TABLE orders DROP CONSTRAINT {name};")
    assert finding.severity is severity


def test_what_is_known_counts_more_than_the_name() -> None:
    before = "CREATE TABLE t (a int, CONSTRAINT a_check UNIQUE (a));"
    (finding,) = answers("drop-constraint", "ALTER TABLE t DROP CONSTRAINT a_check;", before=[before])
    assert finding.severity is Severity.WARNING
    assert "ON CONFLICT (a)" in finding.message


@pytest.mark.parametrize(
    "then",
    [
        "ALTER TABLE c ADD CONSTRAINT c_p_fkey FOREIGN KEY (p) REFERENCES p (id) ON DELETE CASCADE NOT VALID;",
        "ALTER TABLE c ADD FOREIGN KEY (p) REFERENCES p (id) ON DELETE CASCADE;",
        "ALTER TABLE c ADD CONSTRAINT other FOREIGN KEY (p) REFERENCES public.p (id) NOT VALID;",
        "ALTER TABLE c DROP COLUMN p;",
        "DROP TABLE c;",
        "DROP TABLE p;",
    ],
)
def test_a_key_that_is_replaced_or_goes_with_its_table_is_no_warning(then: str) -> None:
    before = "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (p int REFERENCES p (id));"
    drop = "ALTER TABLE c DROP CONSTRAINT c_p_fkey;"
    assert answers("drop-constraint", drop, before=[before])[0].severity is Severity.WARNING
    assert answers("drop-constraint", f"{drop} {then}", before=[before])[0].severity is Severity.INFO


def test_replaced_in_another_transaction_leaves_a_gap() -> None:
    sql = "ALTER TABLE t DROP CONSTRAINT k; ALTER TABLE t ADD CONSTRAINT k UNIQUE (a, b);"
    assert answers("drop-constraint", sql, transaction=False)[0].severity is Severity.WARNING
    assert answers("drop-constraint", sql)[0].severity is Severity.INFO


def test_the_same_name_on_another_table_is_no_replacement() -> None:
    sql = "ALTER TABLE t DROP CONSTRAINT k; ALTER TABLE u ADD CONSTRAINT k UNIQUE (a);"
    assert answers("drop-constraint", sql)[0].severity is Severity.WARNING


def test_mysql_has_its_own_words() -> None:
    before = (
        "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (p int, CONSTRAINT k FOREIGN KEY (p) REFERENCES p (id));"
    )
    sql = "ALTER TABLE c DROP FOREIGN KEY k;"
    (finding,) = answers("drop-constraint", sql, before=[before], dialect=Dialect.MYSQL)
    assert finding.instead.endswith("ALTER TABLE c DROP FOREIGN KEY k;")
    assert "SET LOCAL" not in finding.instead


def test_a_primary_key_without_a_name_is_found() -> None:
    before = "CREATE TABLE t (id int PRIMARY KEY);"
    (finding,) = answers("drop-constraint", "ALTER TABLE t DROP PRIMARY KEY;", before=[before], dialect=Dialect.MYSQL)
    assert "duplicates" in finding.message


def test_a_constraint_without_a_name_is_validated_by_the_one_it_got() -> None:
    before = "CREATE TABLE t (id int PRIMARY KEY, a int);"
    sql = "ALTER TABLE t ADD CHECK (a > 0) NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT t_a_check;"
    assert answers("not-valid-validated-same-transaction", sql, before=[before])


def test_a_commit_between_the_two_lets_go_of_the_lock() -> None:
    sql = """
        BEGIN; ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID; COMMIT;
        BEGIN; ALTER TABLE t VALIDATE CONSTRAINT k; COMMIT;
    """
    assert answers("not-valid-validated-same-transaction", sql, transaction=False) == []
    assert answers(
        "not-valid-validated-same-transaction", sql.replace("COMMIT;\n        BEGIN;", ""), transaction=False
    )


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE t ADD CONSTRAINT k UNIQUE USING INDEX i;",
        "ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT ENFORCED;",
        "ALTER TABLE t ALTER COLUMN id SET NOT NULL;",
        "CREATE INDEX j ON t (a);",
    ],
)
def test_nothing_new_is_refused(sql: str) -> None:
    before = "CREATE TABLE t (id int PRIMARY KEY, a int); CREATE UNIQUE INDEX i ON t (a);"
    assert answers("new-write-restriction", sql, before=[before], server=18) == []
