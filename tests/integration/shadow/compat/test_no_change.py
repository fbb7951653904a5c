"""With no change of the schema nothing breaks, whatever is asked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from migsafe.shadow.compat.placeholders import number_parameters
from migsafe.shadow.compat.query import Origin, Query
from migsafe.shadow.compat.running_release import RunningRelease
from query_cases import read_query_cases

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from migsafe.postgres.connection import Session
    from migsafe.shadow.server import ThrowawayServer

FIXTURES = Path(__file__).parents[4] / "fixtures" / "queries"
SCHEMA = (FIXTURES / "schema.sql").read_text(encoding="utf-8")

COLUMNS = st.sampled_from(
    ["id", "name", "bio", "mood", "age", "mail", "tags", "score", "created", "total", "nothing", "*"]
)
VALUES = st.sampled_from(
    [
        "$1",
        "$2",
        ":name",
        "?",
        "%s",
        "NULL",
        "DEFAULT",
        "'a'",
        "''",
        "'sad'",
        "1",
        "-1",
        "now()",
        "random()",
        "age_of($1)",
        "interval $1",
        "'x'::email",
        "ARRAY[$1]",
        "(SELECT max(id) FROM orders)",
        "nextval('users_id_seq')",
        "1/0",
    ]
)
TABLES = st.sampled_from(["users", "orders", "audited", "events", "grown", "nowhere", "users NATURAL JOIN orders"])


@st.composite
def statements(draw: st.DrawFn) -> str:
    table, columns = draw(TABLES), draw(st.lists(COLUMNS, min_size=1, max_size=3))
    values = draw(st.lists(VALUES, min_size=len(columns), max_size=len(columns)))
    condition = f"{draw(COLUMNS)} {draw(st.sampled_from(['=', '<', '@>', 'LIKE', '||']))} {draw(VALUES)}"
    pairs = ", ".join(f"{column} = {value}" for column, value in zip(columns, values, strict=True))
    returning = draw(st.sampled_from(["", " RETURNING *", " ON CONFLICT (id) DO NOTHING"]))
    return draw(
        st.sampled_from(
            [
                f"SELECT {', '.join(columns)} FROM {table} WHERE {condition}",
                f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join(values)}){returning}",
                f"UPDATE {table} SET {pairs} WHERE {condition}{returning}",
                f"DELETE FROM {table} WHERE {condition}{returning}",
                f"WITH w AS (INSERT INTO {table} ({columns[0]}) SELECT {values[0]} RETURNING *) SELECT * FROM w",
            ]
        )
    )


@pytest.fixture(scope="module")
def shared_session(postgres_server: ThrowawayServer, template_of: Callable[[str], str]) -> Iterator[Session]:
    postgres_server.create_database("no_change", template_of(SCHEMA))
    with postgres_server.connect("no_change") as session:
        yield session
    postgres_server.drop_database("no_change")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(statements() | st.text(max_size=20), min_size=1, max_size=5), st.sampled_from(Origin))
def test_nothing_breaks(shared_session: Session, texts: list[str], origin: Origin) -> None:
    queries = [Query(number_parameters(text).sql, origin, alternatives=(text,)) for text in texts]
    release = RunningRelease(queries)
    release.begin(shared_session)
    verdict = release.after(shared_session)
    assert [breakage for breakage in verdict.breakages if "random()" not in breakage.query.sql] == []
    assert "breaks" not in {breakage.kind for breakage in verdict.breakages}
    assert not shared_session.in_transaction


def test_none_of_the_cases_breaks_by_itself(shared_session: Session) -> None:
    cases = read_query_cases(FIXTURES / "cases.sql")
    release = RunningRelease([Query(case.query, Origin.FILE) for case in cases], generate=True)
    release.begin(shared_session)
    verdict = release.after(shared_session)
    assert verdict.breakages == ()
    assert verdict.asked > 60
