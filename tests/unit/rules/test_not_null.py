"""NOT NULL: proofs, versions and MySQL's repetitions."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lint_walks import migration, run
from migsafe.model.dialect import Dialect
from migsafe.model.finding import Severity
from rule_answers import answers

USERS = "CREATE TABLE users (id bigint PRIMARY KEY, email text);"
SET = "ALTER TABLE users ALTER COLUMN email SET NOT NULL;"


@pytest.mark.parametrize(
    ("check", "proves"),
    [
        ("email IS NOT NULL", True),
        ("email IS NOT NULL AND length(email) > 3", True),
        ("email IS NOT NULL OR id > 5", False),
        ("length(email) > 3", False),
        ("id IS NOT NULL", False),
    ],
)
def test_only_a_check_that_says_so_is_a_proof(check: str, proves: bool) -> None:
    proof = f"ALTER TABLE users ADD CONSTRAINT proof CHECK ({check}) NOT VALID;"
    valid = "ALTER TABLE users VALIDATE CONSTRAINT proof;"
    assert bool(answers("set-not-null-scan", SET, before=[USERS, proof, valid])) is not proves


def test_a_proof_on_a_table_that_migsafe_has_not_seen() -> None:
    proof = "ALTER TABLE users ADD CONSTRAINT proof CHECK (email IS NOT NULL) NOT VALID;"
    valid = "ALTER TABLE users VALIDATE CONSTRAINT proof;"
    assert answers("set-not-null-scan", SET, before=[proof, valid]) == []
    assert answers("set-not-null-scan", SET, before=[proof])


def test_a_proof_that_was_dropped_proves_nothing() -> None:
    proof = "ALTER TABLE users ADD CONSTRAINT proof CHECK (email IS NOT NULL);"
    sql = f"ALTER TABLE users DROP CONSTRAINT proof; {SET}"
    assert answers("set-not-null-scan", sql, before=[USERS, proof])


def test_one_column_of_a_statement_is_named_when_the_other_is_proved() -> None:
    sql = "ALTER TABLE users ALTER COLUMN id SET NOT NULL, ALTER COLUMN email SET NOT NULL;"
    (finding,) = answers("set-not-null-scan", sql, before=[USERS])
    assert finding.objects == ("users.email",)
    assert finding.start.column == sql.index("ALTER COLUMN email") + 1


def test_the_rest_of_a_way_half_gone() -> None:
    half = "ALTER TABLE users ADD CONSTRAINT nn NOT NULL email NOT VALID;"
    (finding,) = answers("set-not-null-scan", SET, before=[USERS, half], server=18)
    assert finding.instead == "ALTER TABLE users VALIDATE CONSTRAINT nn;"


def test_the_short_way_of_18() -> None:
    (finding,) = answers("set-not-null-scan", SET, before=[USERS], server=18)
    assert "ADD CONSTRAINT users_email_not_null NOT NULL email NOT VALID;" in finding.instead


def test_mysql_repeats_not_null_without_changing_it() -> None:
    before = "CREATE TABLE t (a int NOT NULL, b int);"
    same = "ALTER TABLE t MODIFY a bigint NOT NULL;"
    assert answers("set-not-null-scan", same, before=[before], dialect=Dialect.MYSQL) == []
    assert answers("set-not-null-scan", same, dialect=Dialect.MYSQL) == []


def test_mysql_makes_a_column_not_null() -> None:
    before = "CREATE TABLE t (a int NOT NULL, b int);"
    change = "ALTER TABLE t MODIFY b int NOT NULL;"
    (finding,) = answers("set-not-null-scan", change, before=[before], dialect=Dialect.MYSQL)
    assert finding.severity is Severity.WARNING
    assert "NOT VALID" not in finding.instead


def test_a_not_null_constraint_on_a_column_that_is_so_already() -> None:
    sql = "ALTER TABLE users ADD CONSTRAINT nn NOT NULL id;"
    assert answers("add-not-null-constraint-validating", sql, before=[USERS], server=18) == []


@pytest.mark.parametrize(("rendered", "severity"), [(True, Severity.WARNING), (False, Severity.ERROR)])
def test_a_program_may_repeat_what_an_unknown_column_is_already(rendered: bool, severity: Severity) -> None:
    adding = migration("ALTER TABLE people ALTER COLUMN name SET NOT NULL;", id="2")
    assert adding.up is not None
    up = replace(adding.up, script=replace(adding.up.script, rendered=rendered))
    (finding,) = run(replace(adding, up=up), names=("set-not-null-scan",)).findings
    assert finding.severity is severity
