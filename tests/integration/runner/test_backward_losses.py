"""What a way back would lose, counted on a real server; each loss with a near miss."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lint_walks import script
from migsafe.model.catalogue.replay import apply
from migsafe.parse import read_script
from migsafe.postgres.catalogue import read_catalogue
from migsafe.postgres.live import open_live
from migsafe.runner.backward.losses import Live, losses_of
from migsafe.runner.backward.ways import operations_of

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.server

SETUP = """
CREATE TABLE users (
    id int PRIMARY KEY, name text, full_name text, short text, age int, plan text DEFAULT 'free', unset int,
    loud text GENERATED ALWAYS AS (upper(name)) STORED
);
INSERT INTO users (id, name, full_name, short, age, plan) VALUES
    (1, 'a', 'a', 'a', 7, 'free'), (2, 'b', 'other', 'b', null, 'free'), (3, null, null, null, null, 'gold');
CREATE TABLE posts (id int); INSERT INTO posts VALUES (1);
CREATE TABLE empty (id int, a int);
CREATE TABLE secret (id int); INSERT INTO secret VALUES (1);
"""
#: As a plan's backfill computes them.
SOURCES = {("users", "full_name"): "name", ("users", "short"): "left(name, 1)", ("users", "age"): "no_such_column"}

LOSSY = {
    "ALTER TABLE users DROP COLUMN full_name": "in 1 row with a value there that name does not give",
    "ALTER TABLE users DROP COLUMN age": "in 1 row with a value there, and nobody can tell where else that is",
    "ALTER TABLE users DROP COLUMN plan": "in 1 row with a value there",
    "DROP TABLE posts": "it drops posts with 1 row",
    "TRUNCATE posts": "it drops posts with 1 row",
    "ALTER TABLE users ALTER COLUMN age TYPE smallint": "nobody can tell what that does to 1 row",
    "DELETE FROM users WHERE id = 1": "nobody can tell what they hold",
    "UPDATE users SET name = ''": "nobody can tell what they hold",
    "DO $$ BEGIN EXECUTE 'drop table ' || current_user; END $$": "code that nobody could read",
    "DROP SCHEMA public CASCADE": "with all that is in it",
}
FREE = [
    "ALTER TABLE users DROP COLUMN short",
    "ALTER TABLE users DROP COLUMN loud",
    "ALTER TABLE users DROP COLUMN unset",
    "ALTER TABLE users DROP COLUMN IF EXISTS never_there",
    "DROP TABLE empty",
    "DROP TABLE IF EXISTS never_there",
    "ALTER TABLE empty ALTER COLUMN a TYPE smallint",
    "ALTER TABLE users DROP CONSTRAINT users_pkey; ALTER TABLE users ALTER COLUMN id DROP NOT NULL",
    "ALTER TABLE users RENAME COLUMN name TO title",
]


@pytest.fixture(scope="module")
def losses(postgres_server: object, template_of: Callable[[str], str]) -> Callable[..., tuple[str, ...]]:
    """Asks of the one database; nothing is written."""
    name = template_of(SETUP)
    dsn = postgres_server.dsn(name)  # type: ignore[attr-defined]  # it is the server

    def ask(sql: str, *, before: str = "", trusted: bool = False) -> tuple[str, ...]:
        with open_live(dsn) as session:
            now = read_catalogue(session)
            then = now.fork()
            for operation in operations_of(read_script(script(before))):
                apply(then, operation)
            return losses_of(read_script(script(sql)), then, Live(session, now, SOURCES), trusted=trusted)

    return ask


@pytest.mark.parametrize("sql", LOSSY)
def test_what_is_lost_is_said(losses: Callable[..., tuple[str, ...]], sql: str) -> None:
    (said,) = losses(sql)
    assert LOSSY[sql] in said


@pytest.mark.parametrize("sql", FREE)
def test_what_is_elsewhere_too_is_no_loss(losses: Callable[..., tuple[str, ...]], sql: str) -> None:
    assert losses(sql) == ()


def test_what_has_another_name_now_cannot_be_told(losses: Callable[..., tuple[str, ...]]) -> None:
    (column,) = losses("ALTER TABLE users DROP COLUMN old", before="ALTER TABLE users RENAME COLUMN full_name TO old")
    (table,) = losses("DROP TABLE old", before="ALTER TABLE posts RENAME TO old")
    assert "another name now" in column
    assert "another name now" in table


def test_a_columns_loss_is_that_of_its_table(losses: Callable[..., tuple[str, ...]]) -> None:
    assert losses("ALTER TABLE posts DROP COLUMN id; DROP TABLE posts") == ("it drops posts with 1 row",)


def test_the_blocks_of_a_plan_are_trusted_and_its_drops_are_not(losses: Callable[..., tuple[str, ...]]) -> None:
    block = "DO $$ BEGIN EXECUTE 'drop table ' || current_user; END $$; ALTER TABLE users DROP COLUMN full_name"
    assert len(losses(block)) == 2
    assert len(losses(block, trusted=True)) == 1
