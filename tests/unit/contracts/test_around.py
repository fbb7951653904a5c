"""What was read around the things that go: their identity, the fingerprint, the blast radius."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from migsafe.contracts.around import Around, sought_for, spell_size
from migsafe.contracts.taking import Taken
from migsafe.model.names import QualifiedName
from migsafe.postgres.radius import (
    FoundConstraint,
    FoundGrant,
    FoundIndex,
    FoundPublication,
    FoundThing,
    FoundTrigger,
    RadiusRows,
)

USERS = QualifiedName("users", "public")
TAKEN = (Taken("column", USERS, "name", None, "_migsafe_q_name"),)
NAME = FoundThing(
    place=0, oid=16_401, kind="r", schema="public", name="users", column="name", number=3, type="text", not_null=True,
    generated=False, default="''::text", rows=1000, size=8192, index_size=0, filled=1000, partitions=0,
)  # fmt: skip
HIDDEN = replace(NAME, place=1, column="_migsafe_q_name", not_null=False, default=None)


def around(*things: FoundThing, **said: Any) -> Around:
    return Around(TAKEN, RadiusRows(database="shop", identity="7711/shop", things=things, **said))


def test_it_is_looked_for_under_both_names() -> None:
    assert [one.column for one in sought_for(TAKEN)] == ["name", "_migsafe_q_name"]


def test_a_plan_that_has_begun_keeps_its_identity() -> None:
    before, after = around(NAME).objects[0], around(HIDDEN).objects[0]
    assert (before.name, before.column, before.number, before.type) == ("public.users", "name", 3, "text")
    assert after == replace(before, now="public.users._migsafe_q_name")


def test_what_is_not_there_has_no_identity() -> None:
    assert around().objects == {}
    assert around().facts() == ()


def test_numbers_of_the_catalogue_are_in_no_fact() -> None:
    facts = around(NAME, indexes=(FoundIndex(0, "public.i", True, "CREATE …", 1, False),)).facts()
    assert (
        facts
        == around(
            replace(NAME, oid=1, size=1, rows=2), indexes=(FoundIndex(0, "public.i", True, "x", 9, True),)
        ).facts()
    )
    assert not any("16401" in fact for fact in facts)


@pytest.mark.parametrize(
    ("changed", "fact"),
    [
        ({"type": "bigint"}, "users.name is a column bigint"),
        ({"not_null": True}, "users.name is not null"),
        ({"default": "'x'"}, "users.name has the default 'x'"),
        ({"generated": True, "default": "lower(email)"}, "users.name is generated: lower(email)"),
    ],
)
def test_facts_of_the_column_itself(changed: dict[str, Any], fact: str) -> None:
    assert fact in around(replace(NAME, **changed)).facts()


def test_facts_of_what_is_bound_to_it() -> None:
    facts = around(
        NAME,
        constraints=(FoundConstraint(0, "c", "users", "CHECK …", "c", False),),
        publications=(FoundPublication(0, "p", True),),
        triggers=(FoundTrigger(0, "t", "f()", "O", True, False), FoundTrigger(0, "other", "g()", "O", False, False)),
    ).facts()
    assert "constraint c of users on users.name" in facts
    assert "publication p carries users.name" in facts
    assert "trigger t runs f()" in facts
    assert not any("other" in fact for fact in facts), "a trigger that does not name it is nothing of it"


def test_privileges_are_shown_and_do_not_void() -> None:
    with_grant = around(NAME, grants=(FoundGrant(0, "reporting", "SELECT"),))
    assert with_grant.facts() == around(NAME).facts()
    assert [one.name for one in with_grant.radius()[0].facts] == ["reporting"]


def test_rows_of_the_name_that_was_not_chosen_are_left_out() -> None:
    both = around(NAME, HIDDEN, grants=(FoundGrant(1, "reporting", "SELECT"),))
    assert both.objects[0].now is None
    assert both.radius()[0].facts == ()


@pytest.mark.parametrize(
    ("size", "said"),
    [(0, "0 kB"), (8192, "8 kB"), (12 << 20, "12 MB"), (int(3.4 * (1 << 30)), "3.4 GB"), (5 << 20, "5.0 MB")],
)
def test_sizes(size: int, said: str) -> None:
    assert spell_size(size) == said
