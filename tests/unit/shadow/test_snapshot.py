from __future__ import annotations

from migsafe.shadow.snapshot import Difference, ObjectKey, compare

TABLE = ObjectKey("relation", "public.t")
COLUMN = ObjectKey("column", "public.t", "a")


def test_equal_snapshots_have_no_differences() -> None:
    assert compare({TABLE: {"kind": "r"}}, {TABLE: {"kind": "r"}}) == ()


def test_what_comes_goes_and_changes() -> None:
    before = {TABLE: {"kind": "r", "owner": "a"}, COLUMN: {"type": "text"}}
    after = {TABLE: {"kind": "r", "owner": "b"}, ObjectKey("index", "public.i"): {}}
    assert compare(before, after) == (
        Difference("removed", COLUMN),
        Difference("added", ObjectKey("index", "public.i")),
        Difference("changed", TABLE, "owner", "a", "b"),
    )


def test_a_fact_that_only_one_side_has_is_a_change() -> None:
    assert compare({TABLE: {}}, {TABLE: {"kind": "r"}}) == (Difference("changed", TABLE, "kind", None, "r"),)


def test_keys_read_well() -> None:
    assert (str(TABLE), str(COLUMN)) == ("relation public.t", "column public.t.a")
