"""What operations are about: every object that code may miss."""

from __future__ import annotations

import pytest

from migsafe.model.phase import Nature
from migsafe.phases.words import listed
from phase_stories import run

_BEFORE = """
CREATE TABLE users (id bigint PRIMARY KEY, name text, email text);
CREATE TABLE orders (id bigint PRIMARY KEY);
CREATE VIEW names AS SELECT name FROM users;
CREATE VIEW mails AS SELECT email FROM users;
CREATE TYPE mood AS ENUM ('sad');
CREATE TYPE size AS ENUM ('small');
"""


@pytest.mark.parametrize(
    ("sql", "about"),
    [
        ("ALTER TABLE users DROP COLUMN name", "users.name"),
        ("ALTER TABLE users DROP COLUMN name, DROP COLUMN email", "users.name, users.email"),
        ("ALTER TABLE users RENAME COLUMN name TO full_name", "users.name"),
        ("DROP TABLE users, orders", "users, orders"),
        ("DROP VIEW names, mails", "names, mails"),
        ("DROP TYPE mood, size", "mood, size"),
        ("TRUNCATE users, orders", "users, orders"),
    ],
)
def test_everything_that_a_statement_takes_away_is_looked_for(sql: str, about: str) -> None:
    acts = run({"1": _BEFORE, "2": sql}).chapters[1].of(Nature.CONTRACT)
    assert [listed(act.subjects) for act in acts] == [about]


@pytest.mark.parametrize(
    ("sql", "made"),
    [
        ("CREATE TABLE teams (id bigint)", "teams, teams.id"),
        ("ALTER TABLE users ADD COLUMN age int", "users.age"),
        ("ALTER TABLE users RENAME COLUMN name TO full_name", "users.full_name"),
        ("ALTER TABLE orders RENAME TO purchases", "purchases"),
        ("ALTER TABLE orders SET SCHEMA archive", "archive.orders"),
        ("CREATE VIEW emails AS SELECT email FROM users", "emails"),
    ],
)
def test_what_is_new_afterwards(sql: str, made: str) -> None:
    acts = run({"1": _BEFORE, "2": sql}).chapters[1].acts
    assert [listed(act.made) for act in acts if act.made] == [made]
