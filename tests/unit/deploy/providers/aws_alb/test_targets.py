"""The targets of a candidate: as deploy.toml names them, and what that changes in a group."""

from __future__ import annotations

import pytest

from migsafe.deploy.providers.aws_alb.targets import Tag, changes, is_wish, misfits, read_wish


@pytest.mark.parametrize(("text", "wish"), [
    ("i-0abc", {"Id": "i-0abc"}),
    ("i-0abc:8080", {"Id": "i-0abc", "Port": 8080}),
    ("10.0.0.5", {"Id": "10.0.0.5"}),
    ("10.0.0.5:9000", {"Id": "10.0.0.5", "Port": 9000}),
    ("[fd00::5]:9000", {"Id": "fd00::5", "Port": 9000}),
    ("tag:app=shop 2.0", Tag("app", "shop 2.0")),
    ("tag:app=a=b", Tag("app", "a=b")),
])  # fmt: skip
def test_what_can_be_named(text: str, wish: object) -> None:
    assert read_wish(text) == wish
    assert is_wish(text)


@pytest.mark.parametrize("text", ["", "web-1", "i-0abc:0", "i-0abc:70000", "10.0.0.500", "fd00::5", "10.0.0.5:", "tag:",
                                  "tag:app", "tag:app=", "tag:=x", "i-0abc 10.0.0.5"])  # fmt: skip
def test_what_cannot(text: str) -> None:
    assert not is_wish(text)


def test_a_version_may_stand_in_it() -> None:
    assert is_wish("tag:app=shop-{version}")
    assert is_wish("10.0.{version}.5")


def test_a_group_gets_exactly_what_is_wanted() -> None:
    there = [{"Id": "10.0.0.4", "Port": 8080}, {"Id": "10.0.0.5", "Port": 8080}, {"Id": "10.0.0.6", "Port": 8080}]
    enter, leave = changes([{"Id": "10.0.0.5"}, {"Id": "10.0.0.6", "Port": 9000}], there, port=8080)
    assert enter == [{"Id": "10.0.0.6", "Port": 9000}]
    assert leave == [there[0], there[2]]
    assert changes([{"Id": "10.0.0.5"}], there[1:2], port=8080) == ([], [])


def test_types() -> None:
    both = [{"Id": "i-0abc"}, {"Id": "10.0.0.5"}]
    assert misfits(both, "instance") == ["10.0.0.5"]
    assert misfits(both, "ip") == ["i-0abc"]
