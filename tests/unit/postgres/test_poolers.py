"""What to do about a pooler, and when there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from migsafe.postgres.poolers import PoolerError, refuse_pooler, way_round

if TYPE_CHECKING:
    from migsafe.postgres.connection import Session


class Answering:
    """A session to which these processes answer, one after the other."""

    def __init__(self, told: int, *answering: int) -> None:
        self.backend_pid = told
        self.address = {"host": "db.example.org", "port": "6432"}
        self._answering = list(answering)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        return [(self._answering.pop(0),)]


def refuse(told: int, *answering: int) -> None:
    refuse_pooler(cast("Session", Answering(told, *answering)))


def test_a_server_answers_for_itself() -> None:
    refuse(7, 7, 7, 7)


@pytest.mark.parametrize(
    ("told", "answering", "said"),
    [
        (1, (7, 7, 7), "it told of process 1, and process 7 answers"),
        (7, (7, 7, 8), "it told of process 7, and process 7 and 8 answer"),
        (7, (7, 8, 7), "it told of process 7, and process 7 and 8 answer"),
    ],
)
def test_a_pooler_tells_of_another_process_or_gives_each_question_to_another(
    told: int, answering: tuple[int, ...], said: str
) -> None:
    with pytest.raises(PoolerError, match=said) as refused:
        refuse(told, *answering)
    assert refused.value.exit_code == 4
    assert "PgBouncer" in (refused.value.hint or "")


@pytest.mark.parametrize(
    ("host", "port", "said"),
    [
        ("ep-cool-1-pooler.eu.neon.tech", "5432", "ep-cool-1.eu.neon.tech"),
        ("aws-0.pooler.supabase.com", "6543", "5432 as a rule"),
        ("db", "6432", "PgBouncer"),
        ("db", "5432", "--url"),
        ("", "", "--url"),
    ],
)
def test_the_way_round_is_said_as_exactly_as_it_is_known(host: str, port: str, said: str) -> None:
    assert said in way_round(host, port)
