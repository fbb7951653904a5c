"""A database is told from every other one, and a run that has not ended is seen."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from migsafe.errors import EnvironmentFailedError
from migsafe.postgres.connection import connect
from migsafe.runner.witness import Witness
from migsafe.sources.executing import child

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.server


def test_only_this_database_answers_the_question(make_database: Callable[[str], str]) -> None:
    here, elsewhere = make_database(""), make_database("")
    with closing(Witness(here)) as witness:
        proof = witness.proof()
        for dsn, right in ((here, True), (elsewhere, False)):
            with connect(dsn, autocommit=True) as session:
                assert session.query(proof) == [(right,)]
        assert witness.proof() == proof
    with connect(here, autocommit=True) as session:
        assert session.query(proof) == [(False,)], "a witness that has gone proves nothing"


def test_a_witness_that_was_cut_off_comes_back_with_another_secret(database: str) -> None:
    with closing(Witness(database)) as witness, connect(database, autocommit=True) as session:
        proof = witness.proof()
        session.query("select pg_terminate_backend(%s, 10000)", (witness.session.backend_pid,))
        again = witness.proof()
        assert again != proof
        assert session.query(again) == [(True,)]


def test_a_run_that_has_not_ended_is_waited_for_and_then_named(database: str) -> None:
    waited: list[float] = []
    with connect(database, autocommit=True) as other, closing(Witness(database, sleep=waited.append)) as witness:
        witness.wait_until_alone()
        other.query(child.TOGETHER)
        ticks = iter(range(0, 100, 10))
        witness._clock = lambda: float(next(ticks))
        with pytest.raises(EnvironmentFailedError, match=rf"pid {other.backend_pid}, user postgres"):
            witness.wait_until_alone()
        assert waited
        other.close()
        patient = Witness(database)
        with closing(patient):
            patient.wait_until_alone()


def test_what_may_not_be_read_is_not_taken_for_nothing(make_database: Callable[[str], str]) -> None:
    dsn = make_database("create table versions (version_num text); insert into versions values ('a')")
    question = "select version_num::text from {table}"
    with closing(Witness(dsn)) as witness:
        assert witness.rows(question, "public", "versions") == ["a"]
        assert witness.rows(question, "public", "nothing") == []
        witness.session.execute("set role pg_monitor")
        assert witness.rows(question, "public", "versions") is None
