"""A fleet's file, and what is wrong with one, with its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from migsafe.errors import ConfigurationError, PathNotFoundError, UsageError
from migsafe.fleet.addresses import check_addresses
from migsafe.fleet.reading import read_roster
from migsafe.fleet.roster import FleetTarget, Ring, Roster

if TYPE_CHECKING:
    from pathlib import Path

WHOLE = """
url = "env:TENANT_URL"

[[ring]]
name = "first"
targets = ["tenant_001"]

[[ring]]
name = "large"
url = "env:LARGE_URL"
concurrency = 2
targets = ["acme", {name = "globex", url = "env:GLOBEX_URL"}]
"""


def read(tmp_path: Path, text: str) -> Roster:
    file = tmp_path / "migsafe.fleet.toml"
    file.write_text(text)
    return read_roster(file, ask=lambda at, query, where: pytest.fail("no query is asked"))


def test_the_nearest_url_is_the_one(tmp_path: Path) -> None:
    assert read(tmp_path, WHOLE) == Roster(
        (
            Ring("first", (FleetTarget("tenant_001", "env:TENANT_URL"),)),
            Ring("large", (FleetTarget("acme", "env:LARGE_URL"), FleetTarget("globex", "env:GLOBEX_URL")), 2),
        )
    )


def test_one_ring_and_one_database_of_it(tmp_path: Path) -> None:
    roster = read(tmp_path, WHOLE)
    assert roster.size == 3
    assert [target.name for target in roster.only("large")] == ["acme", "globex"]
    assert roster.only(None) is roster
    assert roster.target("globex").url == "env:GLOBEX_URL"
    with pytest.raises(UsageError, match='no ring "larg"') as ring:
        roster.only("larg")
    assert ring.value.hint == "did you mean large?"
    with pytest.raises(UsageError, match='no database "tenant_01"') as target:
        roster.target("tenant_01")
    assert target.value.hint == "did you mean tenant_001?"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "has no ring"),
        ("ring = 3", "has no ring"),
        ("ring = [3]", "ring 1 is no table"),
        ("[[ring]]\ntargets = ['a']", "ring 1: name is missing"),
        ("[[ring]]\nname = 3\ntargets = ['a']", "ring 1: name is 3; it is a text"),
        ("[[ring]]\nname = ' '\ntargets = ['a']", "ring 1: name is ' '; it is a text"),
        ("[[ring]]\nname = 'x'", r"ring 1 \(x\) has no targets"),
        ("[[ring]]\nname = 'x'\ntargets = []", r"ring 1 \(x\) has no targets"),
        ("[[ring]]\nname = 'x'\ntargets = ['a']", r"ring 1 \(x\): the url of a is missing"),
        (
            "url = 'u'\n[[ring]]\nname = 'x'\ntargets = ['a']\nconcurrency = 0",
            "concurrency is 0; it is a number from 1",
        ),
        ("url = 'u'\n[[ring]]\nname = 'x'\ntargets = ['a']\nconcurrency = true", "concurrency is True"),
        ("url = 'u'\n[[ring]]\nname = 'x'\ntargets = ['a']\nconcurrency = 65", "from 1 to 64"),
        ("url = 'u'\n[[ring]]\nname = 'x'\ntarget = ['a']", 'ring 1: unknown key "target"'),
        ("urls = 'u'", 'unknown key "urls"'),
        ("url = 'u'\n[[ring]]\nname = 'x'\ntargets = [{name = 'a', adress = 'b'}]", 'unknown key "adress"'),
        ("url = 'u'\n[[ring]]\nname = 'x'\ntargets = ['a', 'a']", "two databases are called a"),
        ("url = 'u'\n[[ring]]\nname = 'x'\ntargets = ['a']\n[[ring]]\nname = 'y'\ntargets = ['a']", "two databases"),
        ("url = 'u'\n[[ring]]\nname = 'x'\ntargets = ['a']\n[[ring]]\nname = 'x'\ntargets = ['b']", "two rings"),
        ("url = 'u'\n[[ring]]\nname = 'x'\ntargets = ['a']\nat = 'env:D'", "there is no query"),
        ("url = 'u'\n[[ring]]\nname = 'x'\ntargets = ['a']\nquery = 'q'\nat = 'env:D'", "has targets and a query"),
        ("url = 'u'\n[[ring]]\nname = 'x'\nquery = 'q'", "at is missing"),
        (f"url = 'u'\n[[ring]]\nname = 'x'\ntargets = ['{'a' * 129}']", "more than 128 characters"),
        ("ring = ", "cannot be read"),
    ],
)
def test_what_cannot_be_is_said_with_its_place(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=words) as refused:
        read(tmp_path, text)
    assert "migsafe.fleet.toml" in refused.value.message


def test_a_key_that_is_nearly_right_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read(tmp_path, "url = 'u'\n[[ring]]\nname = 'x'\nconcurency = 2\ntargets = ['a']")
    assert refused.value.hint == "did you mean concurrency?"


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(PathNotFoundError, match="does not exist"):
        read_roster(tmp_path / "away.toml")


def test_a_query_names_the_rest(tmp_path: Path) -> None:
    file = tmp_path / "migsafe.fleet.toml"
    ring = "[[ring]]\nname = 'rest'\nquery = 'select name from tenants'\nat = 'env:DIRECTORY'\nconcurrency = 4\n"
    file.write_text(f"{WHOLE}\n{ring}")
    asked = []

    def ask(at: str, query: str, where: str) -> tuple[str, ...]:
        asked.append((at, query, where))
        return ("acme", "initech", "tenant_001", "umbrella")

    roster = read_roster(file, ask=ask)
    assert asked == [("env:DIRECTORY", "select name from tenants", f"{file}: ring 3 (rest)")]
    assert [target.name for target in roster.rings[2].targets] == ["initech", "umbrella"]
    assert {target.url for target in roster.rings[2].targets} == {"env:TENANT_URL"}


def fleet(*targets: tuple[str, str]) -> Roster:
    return Roster((Ring("all", tuple(FleetTarget(*one) for one in targets)),))


def test_addresses_are_read_before_anything_is_done() -> None:
    environ = {"TENANT_URL": "postgresql://app@db/{target}"}
    check_addresses(fleet(("a", "env:TENANT_URL"), ("b", "env:TENANT_URL")), environ)
    with pytest.raises(UsageError, match="the url of b: the environment variable OTHER is not set"):
        check_addresses(fleet(("a", "env:TENANT_URL"), ("b", "env:OTHER")), environ)


def test_two_names_of_one_database_are_refused() -> None:
    environ = {"TENANT_URL": "postgresql://app@db/shop"}
    with pytest.raises(UsageError, match="a and b have the same address") as refused:
        check_addresses(fleet(("a", "env:TENANT_URL"), ("b", "env:TENANT_URL")), environ)
    assert "{target}" in (refused.value.hint or "")
