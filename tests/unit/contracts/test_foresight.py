"""What statements will do: locks, work, and how long that may take."""

from __future__ import annotations

import pytest

from migsafe.contracts.drafts import drafts_of
from migsafe.contracts.foresight import Foresight
from migsafe.contracts.values import PlannedStatement
from migsafe.model.catalogue import Catalogue
from migsafe.model.catalogue.replay import apply
from migsafe.model.declaration import Declaration
from migsafe.model.dialect import Dialect, ServerVersion
from migsafe.model.names import QualifiedName
from migsafe.model.phase import Phase
from migsafe.model.script import Direction, Migration, Script, SourceText, TransactionRule
from migsafe.parse import read_script

USERS = QualifiedName("users", "public")
GIGABYTE = 1 << 30


def script(sql: str) -> Script:
    return Script(Direction.UP, sql, SourceText("x.sql", sql), TransactionRule.TOOL, Dialect.POSTGRES)


def foreseen(sql: str, *, size: int | None = GIGABYTE) -> tuple[PlannedStatement, ...]:
    catalogue = Catalogue()
    setup = "CREATE TABLE users (id bigint PRIMARY KEY, name text, price int); CREATE TABLE orders (id int PRIMARY KEY,"
    setup += " user_id bigint REFERENCES users);"
    for statement in read_script(script(setup)).statements:
        for operation in statement.operations:
            apply(catalogue, operation)
    migration = Migration("009", "x.sql", script(sql), declaration=Declaration(phase=Phase.CONTRACT))
    (draft,) = drafts_of([migration], None, "db")
    sizes = {} if size is None else {USERS: size}
    return Foresight(catalogue, ServerVersion(18, "given"), sizes).walk(draft)[0]


@pytest.mark.parametrize(
    ("sql", "work", "seconds"),
    [
        ("ALTER TABLE users DROP COLUMN name", "none", 0),
        ("ALTER TABLE users RENAME COLUMN name TO _q", "none", 0),
        ("ALTER TABLE users ALTER COLUMN price TYPE bigint", "rewrite", 26),
        ("ALTER TABLE users ALTER COLUMN name SET NOT NULL", "scan", 5),
        ("DROP TABLE users CASCADE", "none", 0),
    ],
)
def test_only_work_on_rows_takes_time(sql: str, work: str, seconds: int) -> None:
    (statement,) = foreseen(sql)
    assert (statement.work, statement.seconds) == (work, seconds)
    assert ("MB/s" in statement.how) == (work != "none")


def test_a_small_table_takes_a_second_and_an_unknown_one_is_said_to_be() -> None:
    assert foreseen("ALTER TABLE users ALTER COLUMN price TYPE bigint", size=8192)[0].seconds == 1
    (unknown,) = foreseen("ALTER TABLE users ALTER COLUMN price TYPE bigint", size=None)
    assert (unknown.seconds, unknown.how) == (0, "public.users: size not known")


def test_locks_stand_strongest_first_with_whom_they_block() -> None:
    (statement,) = foreseen("DROP TABLE users CASCADE")
    assert [(one.table, one.mode, one.blocks) for one in statement.locks] == [
        ("public.orders", "ACCESS EXCLUSIVE", "reads and writes"),
        ("public.users", "ACCESS EXCLUSIVE", "reads and writes"),
    ]


def test_each_statement_sees_what_those_before_it_left() -> None:
    renamed, dropped = foreseen("ALTER TABLE users RENAME TO people; ALTER TABLE people DROP COLUMN name;")
    assert [one.table for one in (*renamed.locks, *dropped.locks)] == ["public.users", "public.people"]


def test_code_that_nobody_can_read_is_said() -> None:
    (statement,) = foreseen("DO $$ BEGIN EXECUTE 'DROP TABLE ' || 'users'; END $$")
    assert statement.opaque
