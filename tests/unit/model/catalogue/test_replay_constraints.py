"""Constraints: made-up names, their indexes, validity."""

from __future__ import annotations

from migsafe.model import operation as ops
from migsafe.model.catalogue.replay import apply, replay
from replay_operations import add, check, column, create, do, foreign_key, index, name, primary_key, unique

T = name("public.t")


def test_made_up_names_of_every_kind() -> None:
    exclusion = ops.ExclusionConstraint(method="gist", elements=(ops.IndexElement(column="a"),))
    written = (
        primary_key("a"),
        unique("a", "b", include=("c",)),
        check("a"),
        check("a", "b"),
        check(),
        foreign_key("a,b", "u"),
        exclusion,
    )
    found = replay([create("t", "a integer", "b integer", "c integer", constraints=written)])
    assert set(found.tables[T].constraints) == {
        "t_pkey", "t_a_b_c_key", "t_a_check", "t_check", "t_check1", "t_a_b_fkey", "t_a_excl",
    }  # fmt: skip
    assert {one.name.name: one.method for one in found.indexes_of(T)} == {
        "t_pkey": "btree", "t_a_b_c_key": "btree", "t_a_excl": "gist",
    }  # fmt: skip


def test_numbers_count_clashes_in_the_whole_schema() -> None:
    found = replay(
        [
            create("t_a", "b integer", constraints=(check("b"),)),
            create("t", "a_b integer", constraints=(check("a_b"),)),
            index("t", "a_b"),
            index("t", "a_b"),
            create("s.t", "a_b integer", constraints=(check("a_b"),)),
        ]
    )
    assert list(found.tables[name("public.t_a")].constraints) == ["t_a_b_check"]
    assert list(found.tables[T].constraints) == ["t_a_b_check1"]
    assert list(found.tables[name("s.t")].constraints) == ["t_a_b_check"]
    assert [one.name.name for one in found.indexes_of(T)] == ["t_a_b_idx", "t_a_b_idx1"]


def test_unique_over_the_primary_key_is_the_primary_key() -> None:
    both = column("id integer", constraints=(unique("id", called="mine"), primary_key("id")))
    found = replay([create("t", both)])
    assert list(found.tables[T].constraints) == ["mine"]
    assert [one.primary for one in found.indexes_of(T)] == [True]


def test_not_valid_is_remembered_until_validate_and_means_nothing_in_create_table() -> None:
    found = replay([create("t", "a integer", constraints=(check("a", called="early", not_valid=True),))])
    apply(found, add("t", check("a", called="late", not_valid=True)))
    constraints = found.tables[T].constraints
    assert (constraints["early"].validated, constraints["late"].validated) == (True, False)
    apply(found, do(ops.ValidateConstraint, table="t", name="late"))
    assert found.tables[T].constraints["late"].validated


def test_not_enforced_is_never_validated() -> None:
    found = replay([create("t", "a integer", constraints=(check("a", called="c", enforced=False),))])
    apply(found, do(ops.ValidateConstraint, table="t", name="c"))
    assert not found.tables[T].constraints["c"].validated


def test_not_null_constraints() -> None:
    found = replay([create("t", "a integer", "b integer not")])
    apply(found, add("t", ops.NotNullConstraint(column="a", not_valid=True)))
    assert found.tables[T].columns["a"].nullable
    apply(found, do(ops.ValidateConstraint, table="t", name="t_a_not_null"))
    assert not found.tables[T].columns["a"].nullable
    apply(found, do(ops.DropConstraint, table="t", name="t_a_not_null"))
    apply(found, do(ops.DropConstraint, table="t", name="t_b_not_null"))
    assert all(one.nullable for one in found.tables[T].columns.values())
    assert not found.tables[T].constraints


def test_primary_key_using_index_renames_the_index() -> None:
    using = ops.PrimaryKey(name="t_pkey", using_index="t_a_idx")
    found = replay([create("t", "a integer"), index("t", "a", unique=True), add("t", using)])
    assert list(found.indexes) == [name("public.t_pkey")]
    made = found.indexes[name("public.t_pkey")]
    assert (made.constraint, made.primary) == ("t_pkey", True)
    definition = found.tables[T].constraints["t_pkey"].definition
    assert isinstance(definition, ops.PrimaryKey)
    assert definition.columns == ("a",)
    assert not found.tables[T].columns["a"].nullable


def test_using_index_without_a_name_takes_the_index_name() -> None:
    using = ops.UniqueConstraint(using_index="i")
    found = replay([create("t", "a integer"), index("t", "a", called="i", unique=True), add("t", using)])
    assert found.tables[T].constraints["i"].index == "i"


def test_drop_constraint_takes_its_index_and_with_cascade_the_keys_that_need_it() -> None:
    before = [
        create("t", "a integer", constraints=(primary_key("a"),)),
        create("u", "x integer", constraints=(foreign_key("x", "t"),)),
    ]
    found = replay([*before, do(ops.DropConstraint, table="t", name="t_pkey", cascade=True)])
    assert not found.indexes
    assert not found.tables[T].columns["a"].nullable
    assert not found.tables[name("public.u")].constraints


def test_drop_index_leaves_the_index_of_a_constraint() -> None:
    found = replay([create("t", "a integer", constraints=(unique("a"),)), do(ops.DropIndex, index="t_a_key")])
    assert list(found.indexes) == [name("public.t_a_key")]


def test_an_index_and_its_constraint_are_renamed_together() -> None:
    found = replay([create("t", "a integer", constraints=(unique("a"),))])
    apply(found, do(ops.RenameConstraint, table="t", name="t_a_key", new_name="one"))
    assert list(found.indexes) == [name("public.one")]
    apply(found, do(ops.RenameObject, kind=ops.ObjectKind.INDEX, name=name("one"), new_name="two"))
    assert found.tables[T].constraints["two"].index == "two"
    assert list(found.indexes) == [name("public.two")]


def test_a_second_primary_key_changes_nothing() -> None:
    found = replay([create("t", "a integer", "b integer", constraints=(primary_key("a"),)), add("t", primary_key("b"))])
    assert found.tables[T].columns["b"].nullable
    assert len(found.indexes) == 1
