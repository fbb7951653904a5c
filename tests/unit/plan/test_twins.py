"""What an old column has, for the new one; and what has no twin."""

from __future__ import annotations

import pytest

from migsafe.model.phase import Part, Phase
from migsafe.plan.recipe import PlanRefusedError
from plan_projects import plan_of


def _steps(table: str, more: str = "") -> tuple[list[str], list[str]]:
    """Statements of the migrate steps that make twins, and of the step that takes the old rules away."""
    plan = plan_of(f"CREATE TABLE users ({table}); {more}", "rename-column", column="users.name", to="full_name")
    made = [statement for step in plan.of_phase(Phase.MIGRATE)[2:] for statement in step.forward]
    released = [one for step in plan.steps if step.name == "release-name" for one in step.forward]
    return made, released


def test_nothing_comes_of_nothing() -> None:
    assert _steps("id int PRIMARY KEY, name text", "CREATE INDEX ON users (id);") == ([], [])


@pytest.mark.parametrize(
    ("index", "twin"),
    [
        (
            "CREATE INDEX users_name_idx ON users (name text_pattern_ops DESC, id) INCLUDE (email)",
            "CREATE INDEX CONCURRENTLY users_full_name_idx ON users USING btree (full_name text_pattern_ops DESC, id)"
            " INCLUDE (email);",
        ),
        (
            "CREATE INDEX by_lower ON users USING hash (lower(name)) WHERE name <> 'name'",
            "CREATE INDEX CONCURRENTLY by_lower_full_name_idx ON users USING hash ((lower(full_name)))"
            " WHERE full_name <> 'name';",
        ),
        (
            "CREATE INDEX users_name_idx ON users (id) INCLUDE (name)",
            "CREATE INDEX CONCURRENTLY users_full_name_idx ON users USING btree (id) INCLUDE (full_name);",
        ),
    ],
)
def test_indexes(index: str, twin: str) -> None:
    made, released = _steps("id int PRIMARY KEY, name text, email text", index + ";")
    assert made == [twin]
    assert released == []


def test_a_name_that_is_taken_is_not_taken_again() -> None:
    made, _ = _steps(
        "id int PRIMARY KEY, name text",
        "CREATE INDEX users_name_idx ON users (name); CREATE INDEX users_full_name_idx ON users (id);",
    )
    assert made == ["CREATE INDEX CONCURRENTLY users_name_idx_full_name_idx ON users USING btree (full_name);"]


def test_a_unique_index_goes_before_the_quarantine() -> None:
    made, released = _steps("id int PRIMARY KEY, name text", "CREATE UNIQUE INDEX u ON users (name);")
    assert made == ["CREATE UNIQUE INDEX CONCURRENTLY u_full_name_idx ON users USING btree (full_name);"]
    assert released == ["DROP INDEX u;"]


def test_constraints() -> None:
    made, released = _steps(
        "id int PRIMARY KEY, name text NOT NULL UNIQUE CHECK (name <> ''), CHECK (length(name) < id)"
    )
    assert made[:2] == [
        "CREATE UNIQUE INDEX CONCURRENTLY users_full_name_key ON users USING btree (full_name);",
        "ALTER TABLE users ADD CONSTRAINT users_full_name_key UNIQUE USING INDEX users_full_name_key;",
    ]
    assert "ALTER TABLE users ADD CONSTRAINT users_full_name_check CHECK (full_name <> '') NOT VALID;" in made
    assert "ALTER TABLE users VALIDATE CONSTRAINT users_full_name_check;" in made
    (dropped,) = released
    for action in ("CONSTRAINT users_name_key", "CONSTRAINT users_name_check", "COLUMN name DROP NOT NULL"):
        assert action in dropped


def test_a_foreign_key() -> None:
    made, released = _steps(
        "id int PRIMARY KEY, name text REFERENCES names (name) ON DELETE CASCADE DEFERRABLE",
        "CREATE TABLE names (name text PRIMARY KEY);",
    )
    assert made[0] == (
        "ALTER TABLE users ADD CONSTRAINT users_full_name_fkey FOREIGN KEY (full_name) REFERENCES names (name)"
        " ON DELETE CASCADE DEFERRABLE NOT VALID;"
    )
    assert "DROP CONSTRAINT users_name_fkey" in released[0]


def test_one_that_is_not_valid_stays_so() -> None:
    made, _ = _steps(
        "id int PRIMARY KEY, name text", "ALTER TABLE users ADD CONSTRAINT c CHECK (name <> '') NOT VALID;"
    )
    assert made == ["ALTER TABLE users ADD CONSTRAINT c_full_name_check CHECK (full_name <> '') NOT VALID;"]


def test_the_way_back_makes_the_old_rules_again() -> None:
    plan = plan_of(
        "CREATE TABLE users (id int PRIMARY KEY, name text NOT NULL UNIQUE);",
        "rename-column",
        column="users.name",
        to="full_name",
    )
    (release,) = (step for step in plan.steps if step.name == "release-name")
    assert release.part is Part.QUARANTINE
    assert not release.backward_transaction
    assert release.backward[:2] == (
        "CREATE UNIQUE INDEX CONCURRENTLY users_name_key ON users USING btree (name);",
        "ALTER TABLE users ADD CONSTRAINT users_name_key UNIQUE USING INDEX users_name_key;",
    )
    assert "ALTER TABLE users ALTER COLUMN name SET NOT NULL;" in release.backward


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("CREATE TABLE users (name text PRIMARY KEY);", "is in the primary key, and a table has only one"),
        (
            "CREATE TABLE users (id int PRIMARY KEY, name text UNIQUE);"
            "CREATE TABLE c (n text REFERENCES users (name));",
            "is what a foreign key of public.c points at: move that first",
        ),
        (
            "CREATE TABLE users (id int PRIMARY KEY, name text, loud text GENERATED ALWAYS AS (upper(name)) STORED);",
            "is what the generated column loud is made of",
        ),
        (
            "CREATE TABLE users (id int PRIMARY KEY, name text, EXCLUDE USING gist (name WITH =));",
            "is in an exclusion constraint, which no index built beside writers can become",
        ),
        (
            "CREATE TABLE users (id int PRIMARY KEY, name text) PARTITION BY LIST (id); CREATE INDEX ON users (name);",
            "is indexed on a partitioned table, where no index can be built beside writers in one step",
        ),
        (
            "CREATE TABLE people (name text); CREATE TABLE users (id int PRIMARY KEY) INHERITS (people);",
            "comes from a parent table: make the plan for that one",
        ),
    ],
)
def test_what_has_no_twin(sql: str, why: str) -> None:
    with pytest.raises(PlanRefusedError) as caught:
        plan_of(sql, "rename-column", column="users.name", to="full_name")
    assert caught.value.message == f"users.name {why}"
