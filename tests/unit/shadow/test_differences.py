from __future__ import annotations

import pytest

from migsafe.model.finding import Severity
from migsafe.shadow.differences import Loss, classify, differences_between
from migsafe.shadow.snapshot import ObjectKey

Facts = dict[ObjectKey, dict[str, object]]

USERS: Facts = {
    ObjectKey("relation", "public.users"): {"kind": "r", "column_order": ["id", "email"], "privileges": None},
    ObjectKey("column", "public.users", "id"): {"type": "integer", "not_null": True, "default": None},
    ObjectKey("column", "public.users", "email"): {"type": "character varying", "not_null": False, "default": None},
}
ORDERS_FK = ObjectKey("constraint", "public.orders", "orders_user")


def losses(before: Facts, after: Facts) -> list[tuple[str, str, str]]:
    found = classify(differences_between(before, after))
    return [(str(loss.severity), loss.kind, loss.predicate) for loss in found]


def changed(key: ObjectKey, **facts: object) -> Facts:
    return {**USERS, key: {**USERS.get(key, {}), **facts}}


def without(*keys: ObjectKey) -> Facts:
    return {key: facts for key, facts in USERS.items() if key not in keys}


def test_equal_schemas_lose_nothing() -> None:
    assert losses(USERS, dict(USERS)) == []


EMAIL = ObjectKey("column", "public.users", "email")


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (
            {"type": "text"},
            ("warning", "changed type", "leaves users.email as text (it was character varying)"),
        ),
        (
            {"type": "integer"},
            ("error", "changed type", "leaves users.email as integer (it was character varying)"),
        ),
        (
            {"default": "''::text"},
            ("warning", "changed default", "leaves users.email with the default ''::text (it had none)"),
        ),
        ({"not_null": True}, ("error", "changed nullability", "leaves users.email NOT NULL (it took NULL)")),
        ({"comment": "x"}, ("info", "changed comment", "leaves users.email with another comment")),
        ({"identity": "a"}, ("error", "changed identity", "leaves users.email with another identity")),
        ({"collation": "C"}, ("warning", "changed collation", "leaves users.email with another collation")),
    ],
)
def test_a_changed_column(facts: dict[str, object], expected: tuple[str, str, str]) -> None:
    assert losses(USERS, changed(EMAIL, **facts)) == [expected]


def test_a_lost_default_and_a_lost_not_null() -> None:
    before = changed(EMAIL, default="now()", not_null=True)
    assert losses(before, USERS) == [
        ("warning", "changed default", "leaves users.email without its default now()"),
        ("warning", "changed nullability", "leaves users.email without its NOT NULL"),
    ]


def test_the_same_columns_in_another_order_are_a_note() -> None:
    after = changed(ObjectKey("relation", "public.users"), column_order=["email", "id"])
    assert losses(USERS, after) == [("info", "changed column order", "leaves the columns of users in another order")]


def test_a_lost_column_is_not_also_another_order() -> None:
    after = without(EMAIL)
    after[ObjectKey("relation", "public.users")] = {"kind": "r", "column_order": ["id"], "privileges": None}
    assert losses(USERS, after) == [("error", "lost column", "does not bring back the column users.email")]


def test_what_stands_in_a_lost_table_is_not_said_again() -> None:
    index = {ObjectKey("index", "public.users_email"): {"table": "public.users", "definition": "CREATE INDEX x"}}
    sequence = {ObjectKey("sequence", "public.users_id_seq"): {"owned_by": "public.users.id"}}
    assert losses({**USERS, **index, **sequence}, {}) == [
        ("error", "lost table", "does not bring back the table users")
    ]
    assert losses({}, {**USERS, **index, **sequence}) == [("warning", "left table", "leaves behind the table users")]


def index_facts(name: str, unique: bool = False) -> Facts:
    unique_word = "UNIQUE " if unique else ""
    definition = f"CREATE {unique_word}INDEX {name} ON public.users USING btree (email)"
    return {ObjectKey("index", f"public.{name}"): {"table": "public.users", "definition": definition}}


def test_lost_indexes_of_one_kind_are_one_loss_and_a_unique_one_is_an_error() -> None:
    plain = {**USERS, **index_facts("a"), ObjectKey("index", "public.b"): {"table": "public.users", "definition": "b"}}
    assert losses(plain, USERS) == [
        ("warning", "lost index", "does not bring back the index a on users and the index b on users")
    ]
    assert losses({**USERS, **index_facts("a", unique=True)}, USERS)[0][0] == "error"


def test_an_index_under_another_name_is_neither_lost_nor_left() -> None:
    assert losses({**USERS, **index_facts("a")}, {**USERS, **index_facts("z")}) == [
        ("warning", "changed name", "leaves a under another name (z)")
    ]


def constraint(name: str, definition: str, kind: str = "f", **facts: object) -> Facts:
    return {ObjectKey("constraint", "public.orders", name): {"kind": kind, "definition": definition, **facts}}


FK = "FOREIGN KEY (user_id) REFERENCES public.users(id)"


def test_a_foreign_key_that_loses_its_action() -> None:
    cascade = f"{FK} ON DELETE CASCADE"
    assert losses(constraint("a", cascade), constraint("a", FK)) == [
        ("error", "changed action", "leaves the constraint a without ON DELETE CASCADE")
    ]
    assert losses(constraint("a", cascade), constraint("z", FK)) == [
        ("error", "changed action", "leaves the foreign key a as z without ON DELETE CASCADE")
    ]


def test_a_foreign_key_under_another_name_or_not_validated() -> None:
    assert losses(constraint("a", FK), constraint("z", FK)) == [
        ("warning", "changed name", "leaves a under another name (z)")
    ]
    assert losses(constraint("a", FK, validated=True), constraint("a", FK, validated=False)) == [
        ("warning", "changed validation", "leaves a not validated")
    ]


def test_a_lost_unique_constraint_takes_its_index_along() -> None:
    before = {**constraint("k", "UNIQUE (email)", "u"), **index_facts("k", unique=True)}
    assert losses(before, {}) == [
        ("error", "lost unique constraint", "does not bring back the unique constraint k on orders")
    ]


def test_the_order_of_a_constraint_s_columns_weighs_less_than_other_columns() -> None:
    before = constraint("k", "UNIQUE (a, b)", "u")
    assert losses(before, constraint("k", "UNIQUE (b, a)", "u"))[0][0] == "warning"
    assert losses(before, constraint("k", "UNIQUE (a, c)", "u"))[0][0] == "error"


def test_the_name_of_a_not_null_constraint_is_no_loss() -> None:
    assert losses(constraint("a", "NOT NULL x", "n"), constraint("z", "NOT NULL x", "n")) == []


def test_not_valid_is_said_once_and_validated_weighs_little() -> None:
    valid, not_valid = constraint("a", FK, validated=True), constraint("a", f"{FK} NOT VALID", validated=False)
    assert losses(valid, not_valid) == [("warning", "changed validation", "leaves a not validated")]
    assert losses(not_valid, valid) == [("info", "changed validation", "leaves a validated")]


FUNCTION = ObjectKey("function", "public.f()")


def function(body: str, head: str = "LANGUAGE plpgsql") -> Facts:
    definition = f"CREATE OR REPLACE FUNCTION public.f()\n {head}\nAS $function${body}$function$\n"
    return {FUNCTION: {"definition": definition}}


def test_other_white_space_in_a_function_is_nothing() -> None:
    assert losses(function("begin return 1; end"), function("\nbegin\n  return 1;\nend\n")) == []


def test_other_comments_in_a_function_are_a_note_and_other_code_is_none() -> None:
    assert losses(function("begin return 1; end"), function("BEGIN -- one\nreturn 1; END")) == [
        ("info", "changed function text", "leaves the function f() with other comments or layout")
    ]
    assert losses(function("begin return 1; end"), function("begin return 2; end")) == [
        ("warning", "changed function body", "leaves the function f() with another body")
    ]


def test_a_function_that_loses_a_setting() -> None:
    before = function("x", "LANGUAGE plpgsql\n SET search_path TO 'public'")
    assert losses(before, function("x")) == [
        ("warning", "changed function", "leaves the function f() without SET search_path TO 'public'")
    ]


def test_values_of_an_enum() -> None:
    key = ObjectKey("type", "public.mood")
    two, three = {key: {"values": ["sad", "ok"]}}, {key: {"values": ["sad", "ok", "happy"]}}
    assert losses(two, three) == [("info", "changed enum values", "leaves the type mood with the value happy")]
    assert losses(three, two) == [("error", "changed enum values", "leaves the type mood without happy")]


def test_triggers_extensions_and_privileges() -> None:
    trigger = {ObjectKey("trigger", "public.users", "touch"): {"definition": "x"}}
    extension = {ObjectKey("extension", "hstore"): {"version": "1.8"}}
    assert losses({**USERS, **trigger}, {**USERS, **extension}) == [
        ("error", "lost trigger", "does not bring back the trigger touch on users"),
        ("info", "left extension", "leaves behind the extension hstore"),
    ]
    granted = changed(ObjectKey("relation", "public.users"), privileges="{a=r/b}")
    assert losses(granted, USERS) == [("warning", "changed privileges", "leaves users with other privileges")]


def test_every_loss_has_the_weight_of_its_heaviest_part() -> None:
    before = changed(EMAIL, type="integer")
    before[ObjectKey("column", "public.users", "id")] = {"type": "text", "not_null": True, "default": None}
    after = changed(EMAIL, type="text")
    after[ObjectKey("column", "public.users", "id")] = {"type": "character varying", "not_null": True, "default": None}
    (loss,) = classify(differences_between(before, after))
    assert isinstance(loss, Loss)
    assert (loss.severity, loss.objects) == (Severity.ERROR, ("users.email", "users.id"))
