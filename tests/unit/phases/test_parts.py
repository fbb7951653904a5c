"""How a migration that mixes phases falls apart, and when it must stay whole."""

from __future__ import annotations

import pytest

from migsafe.model.dialect import Dialect
from migsafe.model.script import Direction, Script, SourceText, TransactionRule
from migsafe.parse import read_script
from migsafe.phases.parts import InseparableError, PhasePart, parts_of
from phase_stories import run

_USERS = "CREATE TABLE users (id bigint PRIMARY KEY, name text, email text)"


def _parts(*statements: str) -> list[tuple[str, tuple[int, ...]]]:
    text = ";\n".join(statements) + ";"
    script = Script(Direction.UP, text, SourceText("2.sql", text), TransactionRule.TOOL, Dialect.POSTGRES)
    chapter = run({"1": _USERS, "2": text}).chapters[1]
    return [_shown(part) for part in parts_of(chapter, read_script(script).statements)]


def _shown(part: PhasePart) -> tuple[str, tuple[int, ...]]:
    return part.word, part.statements


def test_expand_and_contract_part() -> None:
    parts = _parts("ALTER TABLE users ADD COLUMN full_name text", "ALTER TABLE users DROP COLUMN name")
    assert parts == [("expand", (0,)), ("contract", (1,))]


def test_a_contract_that_stands_first_moves_behind() -> None:
    parts = _parts("ALTER TABLE users DROP COLUMN name", "ALTER TABLE users ADD COLUMN full_name text")
    assert parts == [("expand", (1,)), ("contract", (0,))]


def test_what_needs_the_rows_stays_behind_them() -> None:
    parts = _parts(
        "ALTER TABLE users ADD COLUMN full_name text",
        "UPDATE users SET full_name = name",
        "ALTER TABLE users ALTER full_name SET NOT NULL",
        "ALTER TABLE users DROP COLUMN name",
    )
    assert parts == [("expand", (0,)), ("fill", (1,)), ("constrain", (2,)), ("contract", (3,))]


def test_a_setting_is_in_every_part_and_a_remark_goes_with_what_follows() -> None:
    parts = _parts(
        "SET lock_timeout = '1s'",
        "ALTER TABLE users ADD COLUMN full_name text",
        "COMMENT ON COLUMN users.name IS 'going'",
        "ALTER TABLE users DROP COLUMN name",
    )
    assert parts == [("expand", (0, 1)), ("contract", (0, 2, 3))]


def test_what_does_not_mix_has_no_parts() -> None:
    assert _parts("ALTER TABLE users ADD COLUMN a text", "CREATE INDEX i ON users (a)") == []


@pytest.mark.parametrize(
    "statements",
    [
        ["ALTER TABLE users ADD COLUMN full_name text, DROP COLUMN name"],
        ["ALTER TABLE users DROP COLUMN name", "ALTER TABLE users ADD COLUMN name integer"],
        ["DROP TABLE users", "CREATE TABLE users (id bigint PRIMARY KEY)"],
    ],
)
def test_what_cannot_change_places_stays_whole(statements: list[str]) -> None:
    with pytest.raises(InseparableError):
        _parts(*statements)
