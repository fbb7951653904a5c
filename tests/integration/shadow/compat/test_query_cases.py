"""What migrations do to queries, against a file of cases that people can read and check with the manual."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from migsafe.shadow.compat.query import Origin, Query
from migsafe.shadow.compat.running_release import RunningRelease
from migsafe.shadow.compat.touched import touched_by
from migsafe.shadow.snapshot import take_snapshot
from query_cases import QueryCase, describe, read_query_cases

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from migsafe.postgres.connection import Session
    from migsafe.shadow.server import ThrowawayServer

pytestmark = pytest.mark.long

FIXTURES = Path(__file__).parents[4] / "fixtures" / "queries"
SCHEMA = (FIXTURES / "schema.sql").read_text(encoding="utf-8")
CASES = read_query_cases(FIXTURES / "cases.sql")


@pytest.fixture(scope="module")
def shared_session(postgres_server: ThrowawayServer, template_of: Callable[[str], str]) -> Iterator[Session]:
    """One database for all cases: each takes back what it does."""
    name = "query_cases"
    postgres_server.create_database(name, template_of(SCHEMA))
    with postgres_server.connect(name) as session:
        yield session
    postgres_server.drop_database(name)


@pytest.fixture
def session(shared_session: Session) -> Iterator[Session]:
    shared_session.execute("begin")
    yield shared_session
    shared_session.execute("rollback")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: QueryCase, session: Session) -> None:
    release = RunningRelease([Query(case.query, Origin.FILE)])
    unchecked = release.begin(session)
    session.execute(case.migration)
    verdict = release.after(session)
    assert describe(verdict.breakages, (*unchecked, *verdict.unchecked)) == case.expected


@pytest.mark.parametrize("case", [case for case in CASES if case.expected[:5] in ("break", "maybe", "shape")], ids=str)
def test_a_migration_that_changes_a_query_touches_what_it_names(case: QueryCase, session: Session) -> None:
    """Whoever only asks the queries that name what was touched finds the same."""
    before = take_snapshot(session)
    release = RunningRelease([Query(case.query, Origin.FILE)])
    unchecked = release.begin(session)
    session.execute(case.migration)
    verdict = release.after(session, touched_by(before, take_snapshot(session)))
    assert describe(verdict.breakages, (*unchecked, *verdict.unchecked)) == case.expected
