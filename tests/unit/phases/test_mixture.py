"""Which steps of one migration do not belong together."""

from __future__ import annotations

import pytest

from migsafe.model.phase import Nature, Phase
from migsafe.phases.mixture import mixture_of
from phase_stories import run

_BEFORE = """
CREATE TABLE users (id bigint PRIMARY KEY, name text, email text);
CREATE TABLE orders (id bigint PRIMARY KEY);
CREATE VIEW names AS SELECT name FROM users;
"""


def _mixture(sql: str) -> list[str]:
    return [act.nature.value for act in mixture_of(run({"1": _BEFORE, "2": sql}).chapters[1])]


@pytest.mark.parametrize(
    ("sql", "parts"),
    [
        ("ALTER TABLE users ADD COLUMN a int, DROP COLUMN name", ["expand", "contract"]),
        ("CREATE TABLE t (id int); DROP TABLE orders", ["expand", "contract"]),
        ("UPDATE users SET name = email; ALTER TABLE users DROP COLUMN email", ["migrate", "contract"]),
        ("ALTER TABLE users ALTER email SET NOT NULL; DROP TABLE orders", ["constrain", "contract"]),
        ("ALTER TABLE users ADD COLUMN a text; UPDATE users SET a = name", ["expand", "migrate"]),
        ("UPDATE users SET email = ''; ALTER TABLE users ALTER email SET NOT NULL", ["constrain", "migrate"]),
        (
            "ALTER TABLE users ADD COLUMN a text; UPDATE users SET a = name; ALTER TABLE users DROP COLUMN name",
            ["expand", "migrate", "contract"],
        ),
    ],
)
def test_what_does_not_belong_together(sql: str, parts: list[str]) -> None:
    assert _mixture(sql) == parts


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE users DROP COLUMN name, DROP COLUMN email",
        "DROP VIEW names; DROP TABLE orders",
        "DROP TABLE orders; CREATE VIEW ids AS SELECT id FROM users",
        "DROP INDEX i; ALTER TABLE users DROP COLUMN name; COMMENT ON TABLE users IS 'people'",
        "ALTER TABLE users ADD COLUMN a text; ALTER TABLE users ALTER email SET NOT NULL",
        "CREATE TABLE t (id int); INSERT INTO t SELECT id FROM users",
        "ALTER TABLE users ADD COLUMN a text; INSERT INTO users (id, a) VALUES (1, 'x')",
        "UPDATE users SET name = email; UPDATE users SET email = ''",
        "ALTER TABLE users ALTER email SET NOT NULL; ALTER TABLE users VALIDATE CONSTRAINT c",
    ],
)
def test_what_may_stand_together(sql: str) -> None:
    assert _mixture(sql) == []


def test_expanding_and_constraining_together_take_the_later_phase() -> None:
    sql = "ALTER TABLE users ADD COLUMN a text; ALTER TABLE users ALTER email SET NOT NULL"
    chapter = run({"1": _BEFORE, "2": sql}).chapters[1]
    assert [act.nature for act in chapter.acts] == [Nature.EXPAND, Nature.CONSTRAIN]
    assert chapter.inferred is Phase.MIGRATE
