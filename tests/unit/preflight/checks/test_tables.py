"""What the tables themselves are like: partitions, leftovers, size, and whether they are there."""

from __future__ import annotations

import pytest

from migsafe.model.locks import LockMode, Work
from migsafe.model.names import QualifiedName
from migsafe.postgres.live_rows import Detaching, InvalidIndex, Relation
from migsafe.preflight.touched import Touched
from preflight_cases import USERS, ask, case, live, relation, touching, weights


def partitioned(count: int) -> tuple[Touched, tuple[Relation, ...]]:
    names = [QualifiedName(f"p{n}", "public") for n in range(count)]
    touched = touching(modes=dict.fromkeys(names, LockMode.ACCESS_EXCLUSIVE), at_once=frozenset(names))
    return touched, tuple(relation(name, partition=True) for name in names)


@pytest.mark.parametrize(("count", "expected"), [(128, []), (129, ["warning"]), (13_000, ["no-go"])])
def test_room_in_the_table_of_locks(count: int, expected: list[str]) -> None:
    touched, relations = partitioned(count)
    assert weights("lock-table", case(live(relations=relations), touched)) == expected


BROKEN = InvalidIndex("public", "users_email", "users", 1, True)


def test_an_invalid_index() -> None:
    assert weights("invalid-indexes", case(live(invalid_indexes=(BROKEN,)))) == ["warning"]
    assert weights("invalid-indexes", case(live(invalid_indexes=(BROKEN,)), touching())) == ["warning"]
    same = touching(index_names={QualifiedName("users_email", "public")})
    assert weights("invalid-indexes", case(live(invalid_indexes=(BROKEN,)), same)) == ["no-go"]
    assert weights("invalid-indexes", case(live(), same)) == []


@pytest.mark.parametrize(
    ("name", "origin"),
    [("i_ccnew", "REINDEX that did not end"), ("i_ccold1", "did not take away"), ("ccnew", "a build that did not end")],
)
def test_where_it_comes_from(name: str, origin: str) -> None:
    found = InvalidIndex("public", name, "users", 1, False)
    (reason,) = ask("invalid-indexes", case(live(invalid_indexes=(found,))))
    assert origin in reason.text
    assert "costs" not in reason.text


HALF = Detaching("public", "log", 5, "public", "log_1", 6)


def test_a_detach_that_was_cut_off() -> None:
    partition = QualifiedName("log_1", "public")
    assert weights("unfinished-detach", case(live(detaching=(HALF,)))) == ["warning"]
    assert weights("unfinished-detach", case(live(detaching=(HALF,)), touching())) == ["no-go"]
    assert weights("unfinished-detach", case(live(detaching=(HALF,)), touching(finalizes={partition}))) == []


def test_disk_is_spoken_of_only_where_something_is_built() -> None:
    seen = live(relations=(relation(size=3 << 30),))
    (reason,) = ask("disk", case(seen, touching(builds={USERS: Work.INDEX_BUILD})))
    assert reason.weight == "note"
    assert "3.0 GB" in reason.text
    assert weights("disk", case(seen, touching())) == []
    assert weights("disk", case()) == []


def test_a_table_that_is_not_there() -> None:
    elsewhere = live(relations=(relation(QualifiedName("other", "public")),))
    assert weights("missing-tables", case(elsewhere, touching())) == ["unknown"]
    assert weights("missing-tables", case(live(), touching())) == []


def test_what_was_not_read_and_what_code_does() -> None:
    assert weights("not-understood", case(live(), touching(not_read=["a.sql:1: ?"]))) == ["unknown"]
    assert weights("not-understood", case(live(), touching(opaque=["a.sql:1: EXECUTE"]))) == ["warning"]
    assert weights("not-understood", case(live(), touching())) == []
