"""A server's catalogue, read from a database that has one of everything."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from migsafe.model.names import QualifiedName
from migsafe.model.operation import (
    CheckConstraint,
    ExclusionConstraint,
    ForeignKey,
    NotNullConstraint,
    PartitionKey,
    PrimaryKey,
    ReferentialAction,
    UniqueConstraint,
)
from migsafe.postgres.catalogue import read_catalogue
from migsafe.postgres.connection import connect

if TYPE_CHECKING:
    from collections.abc import Callable

    from migsafe.model.catalogue import Catalogue, Column, Index, Table

EVERYTHING = (Path(__file__).parents[3] / "fixtures" / "catalogue" / "one_of_everything.sql").read_text("utf-8")

CUSTOMER = QualifiedName("customer", "shop")
ORDERS = QualifiedName("Orders", "public")


def public(name: str) -> QualifiedName:
    return QualifiedName(name, "public")


def shop(name: str) -> QualifiedName:
    return QualifiedName(name, "shop")


@pytest.fixture
def catalogue(make_database: Callable[[str], str]) -> Catalogue:
    with connect(make_database(EVERYTHING), autocommit=True) as session:
        return read_catalogue(session)


@pytest.fixture
def customer(catalogue: Catalogue) -> Table:
    return catalogue.tables[CUSTOMER]


@pytest.fixture
def columns(customer: Table) -> dict[str, Column]:
    return dict(customer.columns)


def test_tables_are_all_there_and_nothing_else(catalogue: Catalogue) -> None:
    assert set(catalogue.tables) == {
        CUSTOMER,
        ORDERS,
        *map(public, ("event", "event_2026", "event_rest", "parent", "child", "scratch")),
    }
    assert catalogue.schemas == {"public", "shop"}
    assert catalogue.extensions == {"hstore"}
    assert catalogue.search_path == ("public",)


def test_types_are_spelt_as_format_type_spells_them(columns: dict[str, Column]) -> None:
    assert {name: str(column.type) for name, column in columns.items()} == {
        "id": "bigint",
        "email": "character varying(320)",
        "code": "character(3)",
        "padded": "bpchar",
        "flags": "bit(8)",
        "seen": "timestamp(3) with time zone",
        "waits": "interval(day to second,2)",
        "amount": "numeric(10,2)",
        "tags": "text[]",
        "grid": "integer[][]",
        "feeling": "shop.mood",
        "feelings": "shop.mood[]",
        "worth": "shop.positive",
        "extra": "public.hstore",
        "name": "text",
        "shout": "text",
        "whisper": "text",
        'Odd "name"': "integer",
    }


def test_nullability_defaults_and_the_ways_to_compute(columns: dict[str, Column]) -> None:
    assert {name for name, column in columns.items() if not column.nullable} == {"id", "email"}
    assert {name: column.default.text for name, column in columns.items() if column.default} == {
        "seen": "now()",
        "amount": "0",
        "tags": "'{}'::text[]",
        "feeling": "'happy'::shop.mood",
    }
    assert columns["id"].identity == "always"
    assert columns["name"].collation == "C"
    shout, whisper = columns["shout"].generated, columns["whisper"].generated
    assert shout is not None
    assert whisper is not None
    assert (shout.stored, shout.expression.columns, whisper.stored) == (True, ("name",), False)


def test_a_serial_is_an_integer_with_a_sequence_of_its_own(catalogue: Catalogue) -> None:
    column = catalogue.tables[ORDERS].columns["id"]
    assert str(column.type) == "integer"
    assert column.default is not None
    assert column.default.nextval_of == public("Orders_id_seq")
    assert catalogue.sequences[public("Orders_id_seq")].owned_by == (ORDERS, "id")


def test_sequences(catalogue: Catalogue) -> None:
    ticket = catalogue.sequences[shop("ticket")]
    assert (ticket.type, ticket.owned_by) == ("integer", None)
    assert catalogue.sequences[shop("customer_id_seq")].owned_by == (CUSTOMER, "id")


def test_unique_and_check_constraints(customer: Table) -> None:
    unique = customer.constraints["email_known"]
    assert isinstance(unique.definition, UniqueConstraint)
    assert (unique.definition.columns, unique.definition.include) == (("email",), ("code",))
    assert unique.definition.nulls_not_distinct
    assert unique.index == "email_known"
    check = customer.constraints["code_long"].definition
    assert isinstance(check, CheckConstraint)
    assert set(check.expression.columns) == {"code", "name"}
    assert isinstance(customer.constraints["customer_pkey"].definition, PrimaryKey)
    assert isinstance(customer.constraints["customer_email_not_null"].definition, NotNullConstraint)


def test_foreign_keys_and_what_is_not_validated(catalogue: Catalogue) -> None:
    constraints = catalogue.tables[ORDERS].constraints
    key = constraints["orders_customer"].definition
    assert isinstance(key, ForeignKey)
    assert (key.columns, key.referenced_table, key.referenced_columns) == (("customer_id",), CUSTOMER, ("id",))
    assert (key.on_delete, key.on_update) == (ReferentialAction.CASCADE, ReferentialAction.SET_NULL)
    assert (key.deferrable, key.initially_deferred) == (True, True)
    assert isinstance(constraints["no_overlap"].definition, ExclusionConstraint)
    assert {name for name, constraint in constraints.items() if not constraint.validated} == {"late", "again"}
    assert constraints["late"].definition.not_valid


def test_indexes(catalogue: Catalogue) -> None:
    lower = catalogue.indexes[shop("customer_lower")]
    expression, amount = lower.elements
    assert expression.expression is not None
    assert "lower" in expression.expression.text
    assert (amount.column, amount.descending, amount.nulls_first) == ("amount", True, False)
    assert lower.where is not None
    assert lower.mentioned_columns == {"email", "amount", "code"}
    assert catalogue.indexes[shop("customer_tags")].method == "gin"
    pattern = catalogue.indexes[shop("customer_pattern")]
    assert (pattern.elements[0].collation, pattern.elements[0].operator_class) == ("POSIX", "text_pattern_ops")
    assert (pattern.columns, pattern.include) == (("name",), ("amount",))
    placed, by_id = catalogue.indexes[public("orders_placed")].elements
    assert (placed.descending, placed.nulls_first, by_id.descending, by_id.nulls_first) == (True, None, False, True)


def _owner(index: Index) -> tuple[bool, bool, str | None]:
    return (index.unique, index.primary, index.constraint)


def test_indexes_of_constraints(catalogue: Catalogue) -> None:
    assert _owner(catalogue.indexes[shop("customer_pkey")]) == (True, True, "customer_pkey")
    assert _owner(catalogue.indexes[shop("email_known")]) == (True, False, "email_known")
    assert _owner(catalogue.indexes[public("no_overlap")]) == (False, False, "no_overlap")
    assert _owner(catalogue.indexes[public("totals_key")]) == (True, False, None)


def test_partitions(catalogue: Catalogue) -> None:
    event = catalogue.tables[public("event")]
    assert event.partition_by == PartitionKey("range", "(at)")
    assert event.partitions == {
        public("event_2026"): "FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')",
        public("event_rest"): "DEFAULT",
    }
    leaf = catalogue.tables[public("event_2026")]
    assert (leaf.partition_of, leaf.inherits, leaf.columns["at"].inherited) == (public("event"), (), True)
    assert catalogue.indexes[public("event_2026_at_idx")].parent == public("event_at")
    assert catalogue.indexes[public("event_at")].valid
    assert not catalogue.indexes[public("event_id")].valid


def test_inheritance_and_persistence(catalogue: Catalogue) -> None:
    child = catalogue.tables[public("child")]
    assert child.inherits == (public("parent"),)
    assert {name: column.inherited for name, column in child.columns.items()} == {"a": True, "b": True, "c": False}
    assert catalogue.tables[public("scratch")].unlogged


def test_views_and_what_they_read(catalogue: Catalogue) -> None:
    view = catalogue.views[shop("customer_email")]
    assert (view.materialized, view.columns, view.reads) == (False, ("id", "email"), {CUSTOMER})
    assert view.uses == {(CUSTOMER, "id"), (CUSTOMER, "email"), (CUSTOMER, "amount")}
    totals = catalogue.views[public("totals")]
    assert (totals.materialized, totals.columns) == (True, ("customer_id", "orders"))
    assert list(catalogue.views_on(ORDERS)) == [totals]


def test_enums_and_domains(catalogue: Catalogue) -> None:
    assert catalogue.enums[shop("mood")].values == ("sad", "it's ok", "happy")
    positive = catalogue.domains[shop("positive")]
    assert (str(positive.base), positive.not_null, positive.checks) == ("numeric(12,3)", True, ("above_zero",))
    assert str(catalogue.domains[public("labels")].base) == "text[]"


def test_functions(catalogue: Catalogue) -> None:
    (price,) = catalogue.functions[shop("price")]
    assert (price.arguments, price.procedure, price.volatility) == (("numeric", "text"), False, "immutable")
    assert [function.procedure for function in catalogue.functions[public("tidy")]] == [True]
    assert all("hstore" not in name.name for name in catalogue.functions)


def test_triggers(catalogue: Catalogue, customer: Table) -> None:
    touch = customer.triggers["touch_customer"]
    assert (touch.timing, touch.events, touch.function) == ("before", ("insert", "update"), public("touch"))
    assert (touch.enabled, touch.deferred, touch.row_level) == (True, False, True)
    check = catalogue.tables[ORDERS].triggers["check_orders"]
    assert (check.timing, check.events, check.enabled, check.deferred) == ("after", ("delete",), False, True)
    assert not catalogue.tables[public("scratch")].triggers["emptied"].row_level


def test_row_security_and_replication(catalogue: Catalogue, customer: Table) -> None:
    assert (customer.row_security, customer.force_row_security) == (True, True)
    policy = customer.policies["own_rows"]
    assert (policy.permissive, policy.columns) == (False, ("email",))
    assert (customer.replica_identity, catalogue.tables[ORDERS].replica_identity) == ("full", "default")
    assert catalogue.publications == {"everybody": None, "a_few": frozenset({CUSTOMER, ORDERS})}


def test_an_empty_database_is_an_empty_catalogue(database: str) -> None:
    with connect(database, autocommit=True) as session:
        empty = read_catalogue(session)
    assert not any((empty.tables, empty.indexes, empty.views, empty.sequences, empty.functions, empty.extensions))
    assert empty.schemas == {"public"}
