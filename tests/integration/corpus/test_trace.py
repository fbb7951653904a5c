"""What migsafe predicts of real projects' histories is what the server does."""

from __future__ import annotations

import pytest

from migsafe.postgres.connection import Session
from migsafe.shadow.execution import run_script
from migsafe.shadow.round_trip import tidy
from migsafe.shadow.server import ThrowawayServer
from migsafe.shadow.steps import read_migration
from migsafe.shadow.trace import LockTrace
from migsafe.sources import LoadedLayout, SourceOptions, read_paths
from shared_corpus import CORPUS, POSTGRES_PROJECTS, needs_corpus

pytestmark = [pytest.mark.corpus, pytest.mark.server, needs_corpus]

#: Projects whose history runs on the throw-away server as it is, and how many statements it has at least.
PROJECTS = {"crates.io": 620, "kratos": 500, "authelia": 200, "openfga": 15, "hatchet": 800}


#: The longest one is for `heavy-corpus`.
_EACH = [pytest.param(name, marks=pytest.mark.endurance if name == "hatchet" else ()) for name in PROJECTS]


@pytest.mark.parametrize("project", _EACH)
def test_no_statement_does_something_else_than_predicted(project: str, postgres_server: ThrowawayServer) -> None:
    (layout,) = read_paths([CORPUS / POSTGRES_PROJECTS[project]], SourceOptions())
    name = f"trace_{project.replace('.', '_')}"
    postgres_server.create_database(name)
    try:
        with postgres_server.connect(name) as session:
            messages, statements = _trace(layout, session)
    finally:
        postgres_server.drop_database(name)
    assert messages == []
    assert statements >= PROJECTS[project]


def _trace(layout: LoadedLayout, session: Session) -> tuple[list[str], int]:
    trace = LockTrace([layout])
    messages: list[str] = []
    for each in layout.migrations.migrations:
        migration = read_migration(each)
        if migration.up is None:
            continue
        failure = run_script(session, migration.up, watch=trace.before(migration, session))
        tidy(session)
        assert failure is None, (migration.id, failure)
        messages += (f"{migration.id}:{f.start.line}: {f.message}" for f in trace.after(migration, session))
    return messages, sum(len(migration.statements) for migration in trace.migrations)
