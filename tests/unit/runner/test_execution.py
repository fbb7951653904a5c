"""What is known of a piece that failed; and what stands beside a statement when it runs."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

import pytest

from migsafe.postgres.connection import StatementFailedError
from migsafe.runner.access import Together
from migsafe.runner.execution import Limits, PieceFailedError, PieceRun, run_together
from migsafe.runner.pieces import pieces_of
from preflight_cases import NOW, read_sql

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.model.statement import Statement
    from migsafe.postgres.connection import Session
    from migsafe.runner.access import Access


@pytest.mark.parametrize(
    ("sqlstate", "expected"),
    [
        (None, True),
        ("57P01", True),
        ("57P02", True),
        ("08006", True),
        ("23503", False),
        ("57014", False),
        ("40P01", False),
    ],
)
def test_only_a_lost_connection_leaves_the_end_of_a_transaction_open(sqlstate: str | None, expected: bool) -> None:
    error = StatementFailedError("it failed", sqlstate=sqlstate)
    assert PieceFailedError(None, error).may_be_committed is expected


def test_what_was_lost_before_its_end_is_taken_back() -> None:
    _, read = read_sql("alter table users add a int")
    lost = StatementFailedError("the connection is lost", sqlstate=None)
    assert not PieceFailedError(read.statements[0], lost).may_be_committed


class Stage:
    """A session, and a tracker beside it, that only take down what happens."""

    server_version = 180006
    is_beside = True

    def __init__(self) -> None:
        self.happened: list[str] = []

    def execute(self, sql: str) -> None:
        self.happened.append(sql)

    def query(self, sql: str, parameters: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
        self.happened.append("a question")
        return []

    @contextmanager
    def together(self, on_commit: object, opening: object) -> Iterator[Together]:
        try:
            yield Together(None)
        except BaseException:
            self.happened.append("rollback")
            raise
        self.happened.append("commit")

    def run(self, sql: str, refused: str | None = None) -> None:
        """Run one transaction; the last look at one of its statements refuses it."""

        def last_look(statement: Statement) -> None:
            self.happened.append("look")
            if statement.text == refused:
                raise LookupError

        (piece,) = pieces_of(read_sql(f"begin; {sql}; commit")[1])
        job = PieceRun(
            run="r",
            piece=piece,
            began_at=NOW,
            attempts=1,
            limits=Limits(statement=1500, capped=True),
            first=lambda together: self.happened.append("fence"),
            last=lambda together: self.happened.append("recorded"),
            last_look=last_look,
            sent=lambda statement: self.happened.append("sent"),
        )
        run_together(cast("Session", self), cast("Access", self), job)


def test_nothing_comes_between_the_last_look_and_its_statement() -> None:
    stage = Stage()
    stage.run("update users set a = 1; alter table users add b int")
    told = [one for one in stage.happened if one != "a question"]
    first, second = "update users set a = 1", "alter table users add b int"
    assert told == ["fence", "look", first, "sent", "look", second, "sent", "recorded", "commit"]
    for statement in (first, second):
        place = stage.happened.index(statement)
        assert (stage.happened[place - 1], stage.happened[place + 1]) == ("look", "sent")


def test_who_is_seen_at_the_last_look_has_all_of_it_taken_back_and_nothing_locked() -> None:
    stage = Stage()
    with pytest.raises(LookupError):
        stage.run("update users set a = 1; alter table users add b int", refused="alter table users add b int")
    assert "alter table users add b int" not in stage.happened
    assert stage.happened[-2:] == ["look", "rollback"]
