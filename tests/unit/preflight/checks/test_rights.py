"""Row security and privileges."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from migsafe.preflight.touched import Touched
from preflight_cases import ROLE, USERS, ask, case, live, relation, touching, weights

BOUND = replace(ROLE, past_policies=False)
FORCED = {"policies": True, "forced": True}


@pytest.mark.parametrize(
    ("said", "rows", "expected"),
    [
        (FORCED, True, ["no-go"]),
        (FORCED, False, ["warning"]),
        ({"policies": True}, True, []),
        ({"policies": True, "owned": False}, True, ["no-go"]),
        ({"policies": True, "owned": False}, False, []),
        ({"forced": True}, True, []),
    ],
)
def test_row_security(said: dict[str, Any], rows: bool, expected: list[str]) -> None:
    touched = touching(changes_rows={USERS} if rows else set())
    relations = (relation(**said),)
    assert weights("row-security", case(live(role=BOUND, relations=relations), touched)) == expected
    assert weights("row-security", case(live(relations=relations), touched)) == []


def test_forced_policies_of_a_server_by_itself() -> None:
    assert weights("row-security", case(live(role=BOUND, policed=(("public", "users"),)))) == ["warning"]
    assert weights("row-security", case(live(role=BOUND))) == []


def test_only_the_owner_alters_a_table() -> None:
    foreign = live(relations=(relation(owned=False, owner="boss"),))
    (reason,) = ask("privileges", case(foreign, touching(owned={USERS})))
    assert (reason.weight, reason.objects) == ("no-go", ("public.users",))
    assert "boss" in (reason.hint or "")
    assert weights("privileges", case(foreign, touching())) == []
    assert weights("privileges", case(live(), touching(owned={USERS}))) == []


@pytest.mark.parametrize(
    ("schemas", "touched", "expected"),
    [
        ((("public", False),), touching(makes_in={"public"}), ["no-go"]),
        ((("public", True),), touching(makes_in={"public"}), []),
        ((("public", False),), touching(), []),
        ((), touching(makes_schemas={"new"}), ["no-go"]),
        ((("new", True),), touching(makes_schemas={"new"}), []),
    ],
)
def test_who_may_make_something(schemas: tuple[Any, ...], touched: Touched, expected: list[str]) -> None:
    seen = live(role=replace(ROLE, creates_schemas=False), schemas=schemas)
    assert weights("privileges", case(seen, touched)) == expected


def test_who_may_make_schemas() -> None:
    assert weights("privileges", case(live(), touching(makes_schemas={"new"}))) == []
