"""Types, views, sequences, functions, policies and their like."""

from __future__ import annotations

import pytest

from migsafe.model import operation as ops
from migsafe.model.catalogue.replay import apply, replay
from migsafe.model.dialect import Dialect
from replay_operations import column, create, do, index, name

T = name("public.t")
MOOD = name("public.mood")


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ({}, ("a", "b", "new")),
        ({"before": "b"}, ("a", "new", "b")),
        ({"before": "a"}, ("new", "a", "b")),
        ({"after": "a"}, ("a", "new", "b")),
        ({"after": "missing"}, ("a", "b")),
    ],
)
def test_add_value(place: dict[str, str], expected: tuple[str, ...]) -> None:
    enum = do(ops.CreateEnum, type="mood", values=("a", "b"))
    found = replay([enum, do(ops.AddEnumValue, type="mood", value="new", **place)])
    assert found.enums[MOOD].values == expected


def test_rename_value_and_type() -> None:
    found = replay([do(ops.CreateEnum, type="mood", values=("a", "b")), create("t", "m mood")])
    apply(found, do(ops.RenameEnumValue, type="mood", value="a", new_value="z"))
    apply(found, do(ops.RenameObject, kind=ops.ObjectKind.TYPE, name=name("mood"), new_name="temper"))
    assert found.enums[name("public.temper")].values == ("z", "b")
    assert found.tables[T].columns["m"].type == ops.DataType("temper")
    apply(found, do(ops.SetSchema, kind=ops.ObjectKind.TYPE, name=name("temper"), schema="app"))
    assert found.tables[T].columns["m"].type == ops.DataType("temper", schema="app")


def test_drop_type_cascade_takes_columns_of_that_type_only() -> None:
    before = [do(ops.CreateEnum, type="mood", values=()), create("t", "m mood", "n other.mood")]
    same_name = ops.ColumnDefinition(name="n", type=ops.DataType("mood", schema="other"))
    before[1] = create("t", "m mood", same_name)
    found = replay([*before, do(ops.DropType, type="mood", cascade=True)])
    assert list(found.tables[T].columns) == ["n"]
    assert not found.enums


def test_domain_constraints() -> None:
    checked = ops.CheckConstraint(expression=ops.Expression("VALUE > 0"))
    found = replay([do(ops.CreateDomain, domain="d", base=ops.DataType("integer"), checks=(checked, checked))])
    key = name("public.d")
    assert found.domains[key].checks == ("d_check", "d_check1")
    apply(found, do(ops.AlterDomain, domain="d", action="drop constraint", name="d_check"))
    apply(found, do(ops.AlterDomain, domain="d", action="set not null"))
    assert (found.domains[key].checks, found.domains[key].not_null) == (("d_check1",), True)


def test_or_replace_replaces_a_view_and_a_plain_create_does_not() -> None:
    first = do(ops.CreateView, view="v", query="", reads=(name("t"),))
    again = do(ops.CreateView, view="v", query="", reads=(name("u"),))
    replacing = do(ops.CreateView, view="v", query="", reads=(name("u"),), or_replace=True)
    assert replay([first, again]).views[name("public.v")].reads == {T}
    assert replay([first, replacing]).views[name("public.v")].reads == {name("public.u")}


def test_a_column_of_several_tables_is_told_apart_where_that_is_possible() -> None:
    view = do(
        ops.CreateView,
        view="v",
        query="",
        reads=(name("t"), name("u")),
        uses=(ops.ColumnUse("a"), ops.ColumnUse("both")),
    )
    found = replay([create("t", "a integer", "both integer"), create("u", "both integer"), view])
    assert found.views[name("public.v")].uses == {(T, "a"), (None, "both")}


def test_indexes_of_a_materialized_view_go_with_it() -> None:
    view = do(ops.CreateView, view="v", query="", materialized=True)
    found = replay([view, index("v", "a", unique=True), do(ops.DropView, view="v", materialized=True)])
    assert not found.indexes
    assert not found.tables


def test_alter_table_renames_views_and_sequences_too() -> None:
    found = replay([do(ops.CreateView, view="v", query=""), do(ops.CreateSequence, sequence="s")])
    apply(found, do(ops.RenameTable, table="v", new_name=name("w")))
    apply(found, do(ops.RenameTable, table="s", new_name=name("r")))
    assert list(found.views) == [name("public.w")]
    assert list(found.sequences) == [name("public.r")]
    assert not found.tables


def test_sequences_follow_their_owner() -> None:
    found = replay(
        [
            create("t", "a integer"),
            do(ops.CreateSequence, sequence="s", owned_by=(name("t"), "a")),
            do(ops.CreateSequence, sequence="free"),
            do(ops.DropTable, table="t"),
        ]
    )
    assert list(found.sequences) == [name("public.free")]


def test_a_disowned_sequence_stays() -> None:
    found = replay([create("t", "a serial"), do(ops.AlterSequence, sequence="t_a_seq", disowned=True)])
    apply(found, do(ops.DropTable, table="t"))
    assert list(found.sequences) == [name("public.t_a_seq")]


def test_overloads_are_kept_apart() -> None:
    one = do(ops.CreateFunction, name=name("f"), arguments=("integer",))
    two = do(ops.CreateFunction, name=name("f"), arguments=("text",), volatility="immutable")
    found = replay([one, two, do(ops.DropFunction, name=name("f"))])
    assert len(found.functions[name("public.f")]) == 2
    apply(found, do(ops.DropFunction, name=name("f"), arguments=("integer",)))
    assert [kept.volatility for kept in found.functions[name("public.f")]] == ["immutable"]


def test_a_temporary_function_is_gone_with_its_session() -> None:
    found = replay([do(ops.CreateFunction, name=name("pg_temp.f")), do(ops.CreateFunction, name=name("f"))])
    assert list(found.functions) == [name("public.f")]
    apply(found, do(ops.DropFunction, name=name("pg_temp.f")))
    assert list(found.functions) == [name("public.f")]


def test_a_function_and_a_table_may_have_one_name() -> None:
    found = replay([create("s.f", "a integer"), do(ops.CreateFunction, name=name("f"))])
    assert name("public.f") in found.functions
    assert found.resolve(name("f")) == name("s.f")


def test_drop_function_cascade_takes_its_triggers() -> None:
    trigger = do(ops.CreateTrigger, table="t", name="tr", timing="before", events=("insert",), function=name("f"))
    found = replay([do(ops.CreateFunction, name=name("f")), create("t", "a integer"), trigger])
    apply(found, do(ops.ToggleTrigger, table="t", trigger="all", enable=False))
    assert not found.tables[T].triggers["tr"].enabled
    apply(found, do(ops.DropFunction, name=name("f"), cascade=True))
    assert not found.tables[T].triggers


def test_policies_and_row_security() -> None:
    found = replay([create("t", "a integer"), do(ops.CreatePolicy, table="t", name="p", columns=("a",))])
    apply(found, do(ops.SetRowSecurity, table="t", action="enable"))
    apply(found, do(ops.SetRowSecurity, table="t", action="force"))
    apply(found, do(ops.AlterPolicy, table="t", name="p", new_name="q"))
    table = found.tables[T]
    assert (table.row_security, table.force_row_security, list(table.policies)) == (True, True, ["q"])
    apply(found, do(ops.DropPolicy, table="t", name="q"))
    assert not found.tables[T].policies


def test_rename_schema_moves_everything_in_it() -> None:
    found = replay(
        [
            do(ops.CreateSchema, schema="s"),
            create("s.t", "id serial", "m text"),
            do(ops.CreateEnum, type="s.mood", values=("a",)),
            do(ops.CreateFunction, name=name("s.f")),
            do(ops.RenameObject, kind=ops.ObjectKind.SCHEMA, name=name("s"), new_name="r"),
        ]
    )
    assert found.schemas == {"r"}
    assert list(found.tables) == [name("r.t")]
    assert list(found.sequences) == [name("r.t_id_seq")]
    assert list(found.enums) == [name("r.mood")]
    assert list(found.functions) == [name("r.f")]


def test_extensions_and_publications() -> None:
    found = replay(
        [
            do(ops.CreateExtension, extension="citext"),
            do(ops.CreatePublication, publication="all", all_tables=True),
            do(ops.DropExtension, extension="citext"),
        ]
    )
    assert not found.extensions
    assert found.publications == {"all": None}
    apply(found, do(ops.DropObject, kind=ops.ObjectKind.PUBLICATION, name="all"))
    assert not found.publications


def test_a_generated_column_becomes_plain() -> None:
    computed = ops.Generated(ops.Expression("a + 1", columns=("a",)), stored=True)
    found = replay([create("t", "a integer", column("b integer", generated=computed))])
    apply(found, do(ops.AlterGenerated, table="t", column="b", expression=None))
    assert found.tables[T].columns["b"].generated is None


def test_a_dropped_mysql_schema_leaves_the_keys_of_a_table_of_that_name() -> None:
    made = do(ops.CreateTable, table="p", columns=(ops.ColumnDefinition(name="a", type=ops.DataType("int")),))
    key = do(ops.AddConstraint, table="p", constraint=ops.PrimaryKey(columns=("a",)))
    gone = do(ops.DropSchema, schema="p", cascade=True)
    catalogue = replay([made, key, gone], Dialect.MYSQL)
    assert [index.table.name for index in catalogue.indexes.values()] == ["p"]
