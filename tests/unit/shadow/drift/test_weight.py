"""How much differences weigh, and what is said of them."""

from __future__ import annotations

import pytest

from drift_snapshots import key
from migsafe.model.finding import Severity
from migsafe.shadow.drift.fold import Drift
from migsafe.shadow.drift.weight import Against, weight
from migsafe.shadow.drift.words import Sides, describe, remedy

E, W, N = Severity.ERROR, Severity.WARNING, Severity.INFO
DATABASE = Sides("shop", is_database=True)
MODELS = Sides("the models", is_database=False)

COLUMN = key("column public.users email")
TABLE = key("relation public.users")
INDEX = key("index public.i")
CONSTRAINT = key("constraint public.users k")
PLAIN_INDEX = {"table": "public.users", "definition": "CREATE INDEX i ON public.users USING btree (a)"}
UNIQUE_INDEX = {"table": "public.users", "definition": "CREATE UNIQUE INDEX i ON public.users USING btree (a)"}
NOT_NULL = {"type": "text", "not_null": True}


@pytest.mark.parametrize(
    ("drift", "in_database", "in_models"),
    [
        (Drift("missing", TABLE), E, W),
        (Drift("extra", TABLE), W, E),
        (Drift("missing", COLUMN, {"not_null": False}), E, W),
        (Drift("missing", COLUMN, NOT_NULL), E, E),
        (Drift("missing", COLUMN, {**NOT_NULL, "default": "''::text"}), E, W),
        (Drift("extra", COLUMN, {"not_null": False}), W, E),
        (Drift("extra", COLUMN, NOT_NULL), E, E),
        (Drift("extra", COLUMN, {**NOT_NULL, "default": "1"}), W, E),
        (Drift("extra", COLUMN, {**NOT_NULL, "identity": "a"}), W, E),
        (Drift("missing", INDEX, PLAIN_INDEX), W, W),
        (Drift("missing", INDEX, UNIQUE_INDEX), E, W),
        (Drift("extra", INDEX, UNIQUE_INDEX), W, W),
        (Drift("missing", CONSTRAINT, {"definition": "CHECK (a > 1)"}), E, N),
        (Drift("missing", CONSTRAINT, {"definition": "FOREIGN KEY (a) REFERENCES b(id)"}), E, W),
        (Drift("changed", COLUMN, fact="not_null", expected=True, found=False), E, E),
        (Drift("changed", COLUMN, fact="not_null", expected=False, found=True), E, W),
        (Drift("changed", COLUMN, fact="default", expected="now()", found=None), W, N),
        (Drift("changed", COLUMN, fact="default", expected=None, found="now()"), W, W),
        (Drift("changed", COLUMN, fact="type", expected="text", found="integer"), E, E),
        (Drift("changed", COLUMN, fact="comment", expected="a", found="b"), N, N),
        (Drift("changed", TABLE, fact="column_order", expected=["a", "b"], found=["b", "a"]), N, N),
        (Drift("changed", INDEX, fact="valid", expected=True, found=False), E, N),
        (Drift("extra", key("extension pg_stat_statements")), N, W),
        (Drift("missing", key("extension citext")), E, N),
        (Drift("extra", key("partitions public.events"), count=3), N, W),
        (Drift("missing", key("partitions public.events"), count=3), N, N),
        (Drift("renamed", INDEX, found_as=key("index public.j")), W, W),
    ],
    ids=lambda value: (
        " ".join(filter(None, (value.kind, str(value.key), value.fact))) if isinstance(value, Drift) else ""
    ),
)
def test_weights(drift: Drift, in_database: Severity, in_models: Severity) -> None:
    told: dict[Against, Severity] = {"database": in_database, "models": in_models}
    assert {against: weight(drift, against) for against in told} == told


def test_a_functions_white_space_is_no_error() -> None:
    function = key("function public.f()")
    assert weight(Drift("changed", function, fact="definition", expected="a  b", found="a\nb"), "database") is N
    assert weight(Drift("changed", function, fact="definition", expected="a b", found="a c"), "database") is E


def test_another_major_version_spells_views_otherwise() -> None:
    view = Drift("changed", TABLE, {"kind": "v"}, "definition", "SELECT a", "SELECT t.a")
    assert weight(view, "database", same_major=False) is N
    assert weight(view, "database") is E


@pytest.mark.parametrize(
    ("drift", "said"),
    [
        (Drift("missing", TABLE, {"kind": "r"}), "table public.users is not in shop, and the migrations make it"),
        (Drift("extra", TABLE, {"kind": "m"}), "materialized view public.users is in shop, and no migration makes it"),
        (Drift("missing", CONSTRAINT), "constraint k of public.users is not in shop, and the migrations make it"),
        (
            Drift("changed", COLUMN, fact="type", expected="text", found="integer"),
            "column public.users.email: its type is integer in shop, and text by the migrations",
        ),
        (
            Drift("changed", COLUMN, fact="default", expected=None, found="now()"),
            "column public.users.email: its default is now() in shop, and none by the migrations",
        ),
        (
            Drift("changed", COLUMN, fact="default", expected=True, found=False),
            "column public.users.email: it has no default value in shop, and has a default value by the migrations",
        ),
        (
            Drift("changed", COLUMN, fact="not_null", expected=True, found=False),
            "column public.users.email: it is nullable in shop, and NOT NULL by the migrations",
        ),
        (
            Drift("changed", key("trigger public.users t"), fact="enabled", expected="O", found="D"),
            "trigger t of public.users: it is disabled in shop, and enabled by the migrations",
        ),
        (
            Drift("changed", TABLE, {"kind": "v"}, "definition", "SELECT " + "a, " * 40, "SELECT 1"),
            "view public.users: its definition in shop is not the one that the migrations make",
        ),
        (
            Drift("changed", INDEX, fact="valid", expected=True, found=False),
            "index public.i: it is invalid in shop: its build has failed, and no query uses it",
        ),
        (
            Drift("renamed", CONSTRAINT, found_as=key("constraint public.users q")),
            "constraint k of public.users is called q in shop",
        ),
        (
            Drift("extra", key("partitions public.events"), count=2),
            "2 partitions of public.events in shop are made by no migration",
        ),
        (
            Drift("missing", key("partitions public.events")),
            "1 partition of public.events that the migrations make is not in shop",
        ),
        (
            Drift("extra", key("schema auth"), count=3),
            "schema auth, with 3 objects in it, is in shop, and no migration makes it",
        ),
        (
            Drift("missing", key("type public.mood"), {"kind": "e"}),
            "enum public.mood is not in shop, and the migrations make it",
        ),
    ],
    ids=lambda value: "" if isinstance(value, Drift) else value[:40],
)
def test_words(drift: Drift, said: str) -> None:
    assert describe(drift, DATABASE) == said


@pytest.mark.parametrize(
    ("drift", "lines"),
    [
        (Drift("missing", INDEX, PLAIN_INDEX), ["CREATE INDEX CONCURRENTLY i ON public.users USING btree (a);"]),
        (
            Drift("missing", INDEX, UNIQUE_INDEX),
            ["CREATE UNIQUE INDEX CONCURRENTLY i ON public.users USING btree (a);"],
        ),
        (
            Drift("extra", CONSTRAINT, {"definition": "CHECK ((a > 1))"}),
            [
                "ALTER TABLE public.users ADD CONSTRAINT k CHECK ((a > 1));",
                "ALTER TABLE public.users DROP CONSTRAINT k;",
            ],
        ),
        (
            Drift("missing", key("column public.users Odd"), {**NOT_NULL, "default": "''::text"}),
            ["ALTER TABLE public.users ADD COLUMN \"Odd\" text DEFAULT ''::text NOT NULL;"],
        ),
        (
            Drift("missing", COLUMN, {"type": "bigint", "not_null": True, "identity": "d"}),
            ["ALTER TABLE public.users ADD COLUMN email bigint GENERATED BY DEFAULT AS IDENTITY NOT NULL;"],
        ),
        (
            Drift("missing", COLUMN, {"type": "integer", "generated": "s", "default": "(a + 1)"}),
            ["ALTER TABLE public.users ADD COLUMN email integer GENERATED ALWAYS AS ((a + 1)) STORED;"],
        ),
        (Drift("extra", TABLE, {"kind": "p"}), ["DROP TABLE public.users;"]),
        (Drift("extra", TABLE, {"kind": "m"}), ["DROP MATERIALIZED VIEW public.users;"]),
        (Drift("extra", key("function public.f(integer)"), {"kind": "p"}), ["DROP PROCEDURE public.f(integer);"]),
        (Drift("extra", key("type public.d"), {"kind": "d"}), ["DROP DOMAIN public.d;"]),
        (
            Drift("renamed", key("index public.i"), found_as=key("index public.j")),
            ["ALTER INDEX public.j RENAME TO i;"],
        ),
        (
            Drift("renamed", CONSTRAINT, found_as=key("constraint public.users Q")),
            ['ALTER TABLE public.users RENAME CONSTRAINT "Q" TO k;'],
        ),
        (Drift("changed", INDEX, fact="valid", expected=True, found=False), ["REINDEX INDEX CONCURRENTLY public.i;"]),
    ],
    ids=lambda value: "" if isinstance(value, Drift) else value[0][:40],
)
def test_remedies(drift: Drift, lines: list[str]) -> None:
    text = remedy(drift, DATABASE)
    assert text is not None
    assert [line for line in text.splitlines() if not line.startswith("--")] == lines


@pytest.mark.parametrize(
    "drift",
    [
        Drift("missing", COLUMN, {"type": "text", "not_null": True, "default": True}),  # replayed: which is not known
        Drift("missing", CONSTRAINT, {"definition": "check (…)"}),
        Drift("missing", INDEX, {"table": "public.users", "definition": "btree (a)"}),
        Drift("changed", COLUMN, fact="type", expected="text", found="integer"),
    ],
    ids=str,
)
def test_no_half_of_a_statement_is_offered(drift: Drift) -> None:
    assert remedy(drift, DATABASE) is None


def test_models_are_never_changed_by_sql() -> None:
    assert remedy(Drift("missing", COLUMN, NOT_NULL), MODELS) == "declare it in the models, or drop it in a migration"
    extra = remedy(Drift("extra", COLUMN, {"type": "text"}), MODELS)
    assert extra == "-- in a migration\nALTER TABLE public.users ADD COLUMN email text;"
