from __future__ import annotations

import pytest

from lite_scripts import database, script
from migsafe.model.script import TransactionRule
from migsafe.shadow.lite.execution import run_script
from migsafe.shadow.lite.lacks import missing_collation, missing_function, what_is_lacking
from migsafe.shadow.migration import Failure


def failure_of(sql: str) -> Failure:
    with database("create table t (a text)") as made:
        failure = run_script(made, script(sql, transaction=TransactionRule.NONE))
    assert failure is not None
    return failure


@pytest.mark.parametrize(
    ("sql", "lacking"),
    [
        ("SELECT shout(a) FROM t", "it has no function shout"),
        ("SELECT a FROM t ORDER BY a COLLATE german", "it has no collation german"),
        ("CREATE VIRTUAL TABLE v USING spellfix1", "it has no module spellfix1"),
        ("CREATE TABLE other.t (a)", "no database other is attached"),
        ("ATTACH 'other.db' AS other", "it reaches no file, and loads no extension"),
        ("VACUUM INTO 'other.db'", "it reaches no file, and loads no extension"),
    ],
)
def test_what_only_production_has_is_no_fault_of_the_migration(sql: str, lacking: str) -> None:
    assert what_is_lacking(failure_of(sql)) == f"the shadow cannot run it, as {lacking}"


@pytest.mark.parametrize("sql", ["DROP TABLE u", "SELECT b FROM t", "CREATE TABLE t (a)", "SELECT length()"])
def test_a_faulty_migration_is_at_fault(sql: str) -> None:
    assert what_is_lacking(failure_of(sql)) is None


def test_what_can_be_stood_in_for() -> None:
    function, collation = failure_of("SELECT shout(1)"), failure_of("SELECT a FROM t ORDER BY a COLLATE german")
    assert (missing_function(function), missing_collation(function)) == ("shout", None)
    assert (missing_function(collation), missing_collation(collation)) == (None, "german")
