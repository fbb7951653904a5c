"""The shared corpus of real migrations, beside the repository where there is one."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from migsafe.config import Config
from migsafe.model.dialect import Dialect
from migsafe.model.finding import Severity
from migsafe.model.report import Report

CORPUS = Path(__file__).parents[2] / "shared" / "corpus"
needs_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason="the shared corpus is not beside this checkout")

#: What the projects' tools fill in.
PLACEHOLDERS = {"supabase-auth": {'index .Options "Namespace"': "auth"}}

#: Folders that hold one project's Postgres migrations each.
POSTGRES_PROJECTS = {
    "crates.io": "sql/crates.io",
    "langfuse": "sql/langfuse",
    "supabase-auth": "sql/supabase-auth",
    "hatchet": "sql/hatchet",
    "openfga": "sql/openfga/assets/migrations/postgres",
    "conductor": "sql/conductor/postgres-persistence",
    "kratos": "sql/kratos",
    "authelia": "sql/authelia/internal/storage/migrations/postgres",
    "chirpstack": "sql/chirpstack/chirpstack/migrations_postgres",
    "polar": "rendered-alembic/polar",
    "dispatch-core": "rendered-alembic/dispatch-core",
    "dispatch-tenant": "rendered-alembic/dispatch-tenant",
}


@cache
def lint_project(name: str, *, direction: str = "up", min_severity: Severity = Severity.WARNING) -> Report:
    """Lint one project's Postgres migrations; a project is linted once per run of the tests."""
    from migsafe.api import lint_paths

    config = Config(
        dialect=Dialect.POSTGRES,
        placeholders=PLACEHOLDERS.get(name, {}),
        direction=direction,  # type: ignore[arg-type]
        min_severity=min_severity,
        fail_on=None,
    )
    return lint_paths([CORPUS / POSTGRES_PROJECTS[name]], config)
