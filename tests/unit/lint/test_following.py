from __future__ import annotations

from lint_walks import script
from migsafe.lint.following import Follower, ReadScripts
from migsafe.model.catalogue import Catalogue
from migsafe.model.names import QualifiedName
from migsafe.model.script import Script
from migsafe.model.statement import ReadScript
from migsafe.parse import read_script


def _tables(follower: Follower) -> list[str]:
    return [str(name) for name in follower.catalogue.tables]


def test_the_catalogue_is_what_the_scripts_leave() -> None:
    follower = Follower(Catalogue(), read_script)
    follower.follow(script("CREATE TABLE a (x int);"))
    follower.follow(script("CREATE TABLE b (x int); DROP TABLE a;"))
    assert _tables(follower) == ["public.b"]


def test_a_fork_goes_its_own_way() -> None:
    follower = Follower(Catalogue(), read_script)
    follower.follow(script("CREATE TABLE a (x int);"))
    fork = follower.fork()
    fork.follow(script("CREATE TABLE b (x int);"))
    assert (_tables(fork), _tables(follower)) == (["public.a", "public.b"], ["public.a"])


def test_what_is_set_for_a_transaction_ends_with_its_script() -> None:
    follower = Follower(Catalogue(), read_script)
    follower.follow(script("CREATE SCHEMA s; SET LOCAL search_path TO s; CREATE TABLE a (x int);"))
    follower.follow(script("CREATE TABLE b (x int);"))
    assert set(follower.catalogue.tables) == {QualifiedName("a", "s"), QualifiedName("b", "public")}


def test_scripts_are_read_only_when_somebody_asks_and_then_once() -> None:
    asked: list[Script] = []

    def read(one: Script) -> ReadScript:
        asked.append(one)
        return read_script(one)

    follower = Follower(Catalogue(), read)
    follower.follow(script("CREATE TABLE a (x int);"))
    assert asked == []
    assert _tables(follower) == _tables(follower)
    assert len(asked) == 1


def test_a_script_that_was_read_to_follow_it_is_not_read_again_to_judge_it() -> None:
    scripts, one = ReadScripts(), script("SELECT 1;")
    read = scripts.read(one)
    assert scripts.take(one) is read
    assert scripts.take(one) is not read
