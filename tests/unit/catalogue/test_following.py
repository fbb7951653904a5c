"""What scripts leave behind, with their transactions and temporary tables."""

from __future__ import annotations

import pytest

from migsafe.catalogue.following import Following, ReadScripts
from migsafe.model.catalogue import Catalogue
from migsafe.model.dialect import Dialect
from migsafe.model.names import QualifiedName
from migsafe.model.script import Direction, Script, SourceText, TransactionRule
from migsafe.model.statement import ReadScript
from migsafe.parse import read_script


def script(sql: str, rule: TransactionRule = TransactionRule.NONE) -> Script:
    return Script(Direction.UP, sql, SourceText("x.sql", sql), rule, Dialect.POSTGRES)


def tables_after(*scripts: Script) -> set[str]:
    following = Following(Catalogue())
    for one in scripts:
        following.follow(one)
    return {name.name for name in following.catalogue.tables}


@pytest.mark.parametrize(
    ("sql", "rule", "expected"),
    [
        ("CREATE TABLE a (i int); CREATE TABLE b (i int);", TransactionRule.NONE, {"a", "b"}),
        ("BEGIN; CREATE TABLE a (i int); ROLLBACK; CREATE TABLE b (i int);", TransactionRule.NONE, {"b"}),
        ("BEGIN; CREATE TABLE a (i int); COMMIT; BEGIN; DROP TABLE a; ROLLBACK;", TransactionRule.NONE, {"a"}),
        ("CREATE TABLE a (i int); ROLLBACK;", TransactionRule.TOOL, set()),
        ("CREATE TABLE a (i int); ROLLBACK;", TransactionRule.NONE, {"a"}),
        ("CREATE TABLE a (i int); BEGIN; CREATE TABLE b (i int); ROLLBACK;", TransactionRule.TOOL, set()),
        (
            "BEGIN; CREATE TABLE a (i int); SAVEPOINT s; CREATE TABLE b (i int); ROLLBACK TO s; COMMIT;",
            TransactionRule.NONE,
            {"a"},
        ),
        ("BEGIN; CREATE TABLE a (i int); COMMIT AND CHAIN; DROP TABLE a; ROLLBACK;", TransactionRule.NONE, {"a"}),
        ("CREATE TEMPORARY TABLE gone (i int); CREATE TABLE a (i int);", TransactionRule.NONE, {"a"}),
        ("DO $$ BEGIN CREATE TABLE a (i int); END $$;", TransactionRule.NONE, {"a"}),
    ],
)
def test_what_a_script_leaves_behind(sql: str, rule: TransactionRule, expected: set[str]) -> None:
    assert tables_after(script(sql, rule)) == expected


def test_a_savepoint_can_be_gone_back_to_twice() -> None:
    sql = "BEGIN; SAVEPOINT s; CREATE TABLE a (i int); ROLLBACK TO s; CREATE TABLE b (i int); ROLLBACK TO s; COMMIT;"
    assert tables_after(script(sql)) == set()


def test_what_was_set_for_a_transaction_ends_with_the_script() -> None:
    first = script("SET LOCAL search_path TO shop; CREATE TABLE a (i int);", TransactionRule.TOOL)
    following = Following(Catalogue())
    following.follow(first)
    following.follow(script("CREATE TABLE b (i int);"))
    assert {str(name) for name in following.catalogue.tables} == {"shop.a", "public.b"}


def test_a_fork_goes_its_own_way() -> None:
    following = Following(Catalogue())
    following.follow(script("CREATE TABLE a (i int);"))
    fork = following.fork()
    fork.follow(script("CREATE TABLE b (i int);"))
    assert len(following.catalogue.tables) == 1
    assert len(fork.catalogue.tables) == 2


def test_what_is_set_for_a_transaction_ends_with_its_script() -> None:
    following = Following(Catalogue())
    following.follow(
        script("CREATE SCHEMA s; SET LOCAL search_path TO s; CREATE TABLE a (x int);", TransactionRule.TOOL)
    )
    following.follow(script("CREATE TABLE b (x int);"))
    assert set(following.catalogue.tables) == {QualifiedName("a", "s"), QualifiedName("b", "public")}


def test_scripts_are_read_only_when_somebody_asks_and_then_once() -> None:
    asked: list[Script] = []

    def read(one: Script) -> ReadScript:
        asked.append(one)
        return read_script(one)

    following = Following(Catalogue(), read)
    following.follow(script("CREATE TABLE a (x int);"))
    assert asked == []
    assert following.catalogue is following.catalogue
    assert len(asked) == 1


def test_a_script_that_was_read_to_follow_it_is_not_read_again_to_judge_it() -> None:
    scripts, one = ReadScripts(), script("SELECT 1;")
    read = scripts.read(one)
    assert scripts.take(one) is read
    assert scripts.take(one) is not read
