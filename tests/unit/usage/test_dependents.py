"""What the database itself has that uses a table or column."""

from __future__ import annotations

import pytest

from migsafe.model.usage import UsageEvidence, Use
from migsafe.usage.dependents import dependents
from migsafe.usage.subjects import Wanted
from usage_code import SCHEMA, catalogue, subject


def _found(sql: str, what: str = "users.name") -> UsageEvidence | None:
    return dependents(Wanted(subject(what), catalogue(SCHEMA + sql)))


@pytest.mark.parametrize(
    ("sql", "use", "label"),
    [
        ("CREATE VIEW v AS SELECT name FROM users;", Use.STRONG, "view v uses users.name"),
        ("CREATE MATERIALIZED VIEW v AS SELECT name FROM users;", Use.STRONG, "materialized view v uses users.name"),
        ("CREATE VIEW v AS SELECT o.name FROM users u, orders o;", Use.NONE, ""),
        ("CREATE VIEW v AS SELECT full_name FROM users;", Use.NONE, ""),
        ("CREATE VIEW v AS SELECT * FROM users;", Use.STRONG, "view v uses users.name"),  # it is expanded at once
        (
            "ALTER TABLE users ADD g text GENERATED ALWAYS AS (lower(name)) STORED;",
            Use.STRONG,
            "generated column g uses users.name",
        ),
        ("CREATE POLICY p ON users USING (name = 'x');", Use.STRONG, "policy p uses users.name"),
        (
            "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.name = ''; RETURN NEW; END $$;"
            "CREATE TRIGGER t BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION f();",
            Use.STRONG,
            "trigger t uses users.name",
        ),
        (
            "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.name = ''; RETURN NEW; END $$;"
            "CREATE TRIGGER t BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION f();",
            Use.NONE,
            "",
        ),
        (
            "CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ SELECT name FROM users $$;",
            Use.WEAK,
            "function f may use users.name",
        ),
        (
            "ALTER TABLE users ADD UNIQUE (name); ALTER TABLE orders ADD CONSTRAINT k FOREIGN KEY (name)"
            " REFERENCES users (name);",
            Use.STRONG,
            "foreign key k of orders uses users.name",
        ),
        ("CREATE INDEX i ON users (name);", Use.NONE, ""),  # it goes with the column
    ],
)
def test_dependents_of_a_column(sql: str, use: Use, label: str) -> None:
    found = _found(sql)
    assert found is not None
    assert (found.use, found.text) == (
        use,
        label or "no view, trigger, function, policy or key is known to use users.name",
    )


@pytest.mark.parametrize(
    ("sql", "what", "use"),
    [
        ("", "users", Use.STRONG),  # orders.user_id
        ("", "orders", Use.NONE),
        ("CREATE VIEW v AS SELECT 1 FROM orders;", "orders", Use.STRONG),
        ("CREATE TABLE late_orders () INHERITS (orders);", "orders", Use.STRONG),
    ],
)
def test_dependents_of_a_table(sql: str, what: str, use: Use) -> None:
    found = _found(sql, what)
    assert found is not None
    assert found.use is use


def test_a_table_that_nobody_knows_says_nothing() -> None:
    assert _found("", "strangers.name") is None
