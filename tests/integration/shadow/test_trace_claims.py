"""The trace of whole migrations confirms what the rules claim: every bad.sql is applied under it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from migsafe.model.dialect import Dialect
from migsafe.parse import read_script
from migsafe.postgres.connection import connect
from migsafe.shadow.execution import run_script
from migsafe.shadow.migration import ShadowMigration
from migsafe.shadow.trace import LockTrace
from rule_fixtures import FIXTURES, Case, cases

if TYPE_CHECKING:
    from migsafe.model.finding import Finding

pytestmark = [pytest.mark.server, pytest.mark.long]

CASES = [
    pytest.param(case, id=f"{folder.name}-{number}")
    for folder in sorted(FIXTURES.iterdir())
    if (folder / "bad.sql").is_file()
    for number, case in enumerate(cases(folder / "bad.sql"), 1)
    if case.dialect is Dialect.POSTGRES
]


@pytest.mark.parametrize("case", CASES)
def test_no_claim_is_contradicted(case: Case, database: str) -> None:
    assert [finding.message for finding in traced(case, database)] == []


def traced(case: Case, database: str) -> list[Finding]:
    """What the trace finds in all migrations of a case; one that fails on purpose ends it."""
    trace = LockTrace()
    found: list[Finding] = []
    with connect(database, autocommit=True) as session:
        for step in case.steps:
            up = read_script(case.script(step))
            migration = ShadowMigration(step.id, str(case.path), up)
            if run_script(session, up, watch=trace.before(migration, session)) is not None:
                break
            found += trace.after(migration, session)
    return found
