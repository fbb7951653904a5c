"""Tables as wholes: moves, removals, partitions, inheritance, copies."""

from __future__ import annotations

from migsafe.model import operation as ops
from migsafe.model.catalogue import Catalogue
from migsafe.model.catalogue.replay import apply, replay
from replay_operations import add, check, column, create, do, foreign_key, index, name, primary_key, unique

T, P, P1 = name("public.t"), name("public.p"), name("public.p1")
BY_RANGE = ops.PartitionKey("range", "(a)")
BOUND = ops.PartitionBound(default=False, text="FOR VALUES FROM (1) TO (2)")


def _names(found: Catalogue, table: str) -> set[str]:
    return {one.name.name for one in found.indexes_of(name(table))}


def _small_world() -> list[ops.Operation]:
    return [
        create("t", "id serial", constraints=(primary_key("id"),)),
        create("u", "x integer", constraints=(foreign_key("x", "t"),)),
        do(ops.CreateView, view="v", query="", reads=(name("t"),), uses=(ops.ColumnUse("id"),)),
        do(ops.CreatePublication, publication="pub", tables=(name("t"),)),
    ]


def test_rename_table_is_followed_everywhere_and_keeps_made_up_names() -> None:
    found = replay([*_small_world(), do(ops.RenameTable, table="t", new_name=name("w"))])
    w = name("public.w")
    assert set(found.tables) == {w, name("public.u")}
    assert found.indexes[name("public.t_pkey")].table == w
    assert found.sequences[name("public.t_id_seq")].owned_by == (w, "id")
    assert [one.name.name for one in found.referencing(w)] == ["u"]
    assert found.views[name("public.v")].reads == {w}
    assert found.views[name("public.v")].uses == {(w, "id")}
    assert found.publications["pub"] == {w}


def test_set_schema_takes_indexes_and_owned_sequences_along() -> None:
    found = replay([*_small_world(), do(ops.SetSchema, kind=ops.ObjectKind.TABLE, name=name("t"), schema="app")])
    assert set(found.indexes) == {name("app.t_pkey")}
    assert set(found.sequences) == {name("app.t_id_seq")}
    default = found.tables[name("app.t")].columns["id"].default
    assert default is not None
    assert default.nextval_of == name("app.t_id_seq")
    assert [one.name.name for one in found.referencing(name("app.t"))] == ["u"]


def test_rename_to_a_taken_name_changes_nothing() -> None:
    found = replay([*_small_world(), do(ops.RenameTable, table="t", new_name=name("v"))])
    assert T in found.tables


def test_drop_table_takes_what_is_its_own_and_with_cascade_its_views() -> None:
    found = replay([*_small_world(), do(ops.DropTable, table="t", cascade=True)])
    assert set(found.tables) == {name("public.u")}
    assert not found.indexes
    assert not found.sequences
    assert not found.views
    assert not found.tables[name("public.u")].constraints
    assert found.publications["pub"] == frozenset()


def test_drop_schema_cascade_takes_everything_in_it() -> None:
    found = replay(
        [
            do(ops.CreateSchema, schema="s"),
            create("s.t", "id serial", "m s.mood", constraints=(primary_key("id"),)),
            create("u", "x integer", constraints=(foreign_key("x", "s.t"),)),
            do(ops.CreateEnum, type="s.mood", values=("a",)),
            do(ops.CreateFunction, name=name("s.f")),
            do(ops.CreateView, view="v", query="", reads=(name("s.t"),)),
            do(ops.DropSchema, schema="s", cascade=True),
        ]
    )
    assert list(found.tables) == [name("public.u")]
    assert not found.tables[name("public.u")].constraints
    assert not any((found.indexes, found.sequences, found.enums, found.functions, found.views, found.schemas))


def test_create_table_as_knows_names_at_most() -> None:
    found = replay([do(ops.CreateTable, table="t", columns=(column("a"),), query="SELECT 1")])
    assert not found.tables[T].complete
    assert found.tables[T].columns["a"].type is None


def _partitioned() -> list[ops.Operation]:
    columns = ("a integer", "b text")
    return [
        create("p", *columns, partition_by=BY_RANGE, constraints=(primary_key("a"), check("b", called="b_ok"))),
        index("p", "b", called="named"),
    ]


def test_a_partition_gets_columns_constraints_and_indexes_of_its_parent() -> None:
    found = replay([*_partitioned(), create("p1", partition_of="p", bound=BOUND)])
    partition = found.tables[P1]
    assert all(one.inherited for one in partition.columns.values())
    assert not partition.columns["a"].nullable
    assert set(partition.constraints) == {"p1_pkey", "b_ok"}
    assert _names(found, "p1") == {"p1_pkey", "p1_b_idx"}
    assert found.indexes[name("public.p1_b_idx")].parent == name("public.named")
    assert found.tables[P].partitions == {P1: BOUND.text}


def test_attach_takes_a_matching_index_and_makes_the_missing_one() -> None:
    own = create("p1", "a integer not", "b text", constraints=(primary_key("a", called="own"),))
    attach = do(ops.AttachPartition, table="p", partition="p1", bound=BOUND)
    found = replay([*_partitioned(), own, attach])
    assert _names(found, "p1") == {"own", "p1_b_idx"}
    apply(found, do(ops.DetachPartition, table="p", partition="p1"))
    assert not found.tables[P].partitions
    assert all(one.parent is None for one in found.indexes_of(P1))
    assert found.tables[P1].partition_of is None


def test_changes_of_the_parent_reach_the_partitions() -> None:
    found = replay([*_partitioned(), create("p1", partition_of="p", bound=BOUND)])
    apply(found, do(ops.AddColumn, table="p", definition=column("c integer")))
    apply(found, do(ops.RenameColumn, table="p", column="c", new_name="d"))
    assert list(found.tables[P1].columns) == ["a", "b", "d"]
    apply(found, do(ops.DropColumn, table="p", column="d"))
    assert list(found.tables[P1].columns) == ["a", "b"]
    apply(found, do(ops.DropConstraint, table="p", name="p_pkey"))
    assert set(found.tables[P1].constraints) == {"b_ok"}
    apply(found, do(ops.DropIndex, index="named"))
    assert not found.indexes


def test_an_index_on_only_is_valid_when_all_partitions_are_attached() -> None:
    parent = create("p", "a integer", partition_by=BY_RANGE)
    partitions = [create(one, partition_of="p", bound=BOUND) for one in ("p1", "p2")]
    built = [index("p", "a", called="top", only=True), index("p1", "a", called="i1"), index("p2", "a", called="i2")]
    found = replay([parent, *partitions, *built])
    top = name("public.top")
    apply(found, do(ops.AttachIndexPartition, index="top", partition="i1"))
    assert not found.indexes[top].valid
    apply(found, do(ops.AttachIndexPartition, index="top", partition="i2"))
    assert found.indexes[top].valid


def test_row_triggers_reach_partitions_and_statement_triggers_do_not() -> None:
    def trigger(called: str, *, row: bool) -> ops.Operation:
        made: ops.Operation = do(
            ops.CreateTrigger, table="p", name=called, timing="after", events=("insert",), row_level=row
        )
        return made

    found = replay([*_partitioned(), trigger("r", row=True), trigger("s", row=False)])
    apply(found, create("p1", partition_of="p", bound=BOUND))
    assert list(found.tables[P1].triggers) == ["r"]
    apply(found, do(ops.DropTrigger, table="p", name="r"))
    assert not found.tables[P1].triggers


def test_dropping_a_partitioned_table_drops_its_partitions_but_not_an_inheriting_table() -> None:
    found = replay([*_partitioned(), create("p1", partition_of="p", bound=BOUND), do(ops.DropTable, table="p")])
    assert not found.tables
    found = replay([create("t", "a integer"), create("child", inherits=(name("t"),)), do(ops.DropTable, table="t")])
    assert found.tables[name("public.child")].inherits == ()


def test_inherits_merges_columns_and_checks_but_no_keys() -> None:
    parent = create("t", "a integer", constraints=(check("a"), primary_key("a"), foreign_key("a", "t")))
    found = replay([parent, create("child", "a integer", "b integer", inherits=(name("t"),))])
    child = found.tables[name("public.child")]
    assert list(child.columns) == ["a", "b"]
    assert set(child.constraints) == {"t_a_check"}
    assert not list(found.indexes_of(child.name))


def test_like_copies_what_including_says() -> None:
    source = create(
        "t",
        column("a integer not", default=ops.Expression("1", literal=True)),
        constraints=(check("a"), unique("a"), foreign_key("a", "t", "a")),
    )
    plain = create("plain", likes=(ops.LikeClause(name("t")),))
    whole = create("whole", likes=(ops.LikeClause(name("t"), frozenset({"ALL"})),))
    found = replay([source, plain, whole])
    assert found.tables[name("public.plain")].columns["a"].default is None
    assert not found.tables[name("public.plain")].columns["a"].nullable
    assert not found.tables[name("public.plain")].constraints
    assert found.tables[name("public.whole")].columns["a"].default is not None
    assert set(found.tables[name("public.whole")].constraints) == {"t_a_check", "whole_a_key"}


def test_like_of_an_unknown_table_is_incomplete() -> None:
    found = replay([create("t", "b integer", likes=(ops.LikeClause(name("nowhere")),))])
    assert not found.tables[T].complete


def test_a_constraint_of_the_parent_is_one_of_the_partition_under_its_rules_of_names() -> None:
    found = replay([*_partitioned(), create("p1", partition_of="p", bound=BOUND), add("p", unique("a", "b"))])
    assert "p_a_b_key" in found.tables[P].constraints
    assert "p1_a_b_key" in found.tables[P1].constraints
