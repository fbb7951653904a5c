"""Where in a piece the last look is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from migsafe.runner.pieces import pieces_of
from migsafe.runner.scenes import first_exclusive
from preflight_cases import read_sql, touched_by

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migsafe.model.statement import Statement
    from migsafe.preflight.touched import Touched


@pytest.mark.parametrize(
    ("sql", "place"),
    [
        ("alter table users add a int", 0),
        ("alter table users add a int; alter table users add b int", 0),
        ("update users set id = 1; alter table users add a int", 1),
        ("create index on users (id); update users set id = 1; drop table users", 2),
        ("create table other (id int); alter table other add a int; alter table users add a int; select 1", 2),
    ],
)
def test_the_last_look_is_before_the_first_statement_that_locks_against_reads(sql: str, place: int) -> None:
    (piece,) = pieces_of(read_sql(f"begin; {sql}; commit")[1])

    def touched(some: Sequence[Statement]) -> Touched:
        return touched_by("; ".join(one.text for one in some), before="create table users (id int)")

    assert first_exclusive(piece.statements, touched) is piece.statements[place]
