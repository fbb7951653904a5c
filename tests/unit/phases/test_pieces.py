"""Migrations that a tool has written into several files: what one piece has made is nobody's yet in the next."""

from __future__ import annotations

from dataclasses import replace

from migsafe.model.phase import Nature
from migsafe.phases.pieces import seen_together
from phase_stories import run

_USERS = "CREATE TABLE users (id int PRIMARY KEY, name text)"
_REBUILD = {
    "2": "CREATE TABLE users_tmp (id int PRIMARY KEY, name text, age int)",
    "3": "INSERT INTO users_tmp (id, name) SELECT id, name FROM users",
    "4": "DROP TABLE users",
    "5": "ALTER TABLE users_tmp RENAME TO users",
}
_TWICE = {"2": "ALTER TABLE users ADD COLUMN age int", "3": "ALTER TABLE users DROP COLUMN age"}


def _natures(texts: dict[str, str], whole: str | None) -> list[Nature]:
    chapters = run({"1": _USERS} | texts).chapters
    pieces = [replace(one, piece_of=whole if one.order else None) for one in chapters]
    return [act.nature for chapter in seen_together(pieces)[1:] for act in chapter.acts]


def test_a_table_that_pieces_build_anew_is_not_missed() -> None:
    assert set(_natures(_REBUILD, "users")) == {Nature.EXPAND}


def test_the_same_in_migrations_of_their_own_takes_the_table_away() -> None:
    contract = Nature.CONTRACT
    assert _natures(_REBUILD, None) == [Nature.EXPAND, Nature.MIGRATE, contract, contract]


def test_a_column_that_an_earlier_piece_has_made_is_not_missed() -> None:
    assert _natures(_TWICE, "age") == [Nature.EXPAND, Nature.EXPAND]
    assert _natures(_TWICE, None) == [Nature.EXPAND, Nature.CONTRACT]


def test_what_was_there_before_the_pieces_is_missed() -> None:
    texts = {"2": "ALTER TABLE users ADD COLUMN full_name text", "3": "ALTER TABLE users DROP COLUMN name"}
    assert _natures(texts, "names") == [Nature.EXPAND, Nature.CONTRACT]


def test_a_table_whose_name_does_not_come_back_is_missed() -> None:
    texts = {"2": "CREATE TABLE people (id int)", "3": "DROP TABLE users"}
    assert _natures(texts, "people") == [Nature.EXPAND, Nature.CONTRACT]


def test_rows_of_an_old_table_are_written_in_a_piece_as_anywhere() -> None:
    texts = {"2": "ALTER TABLE users ADD COLUMN age int", "3": "UPDATE users SET age = 1"}
    assert _natures(texts, "age") == [Nature.EXPAND, Nature.MIGRATE]
