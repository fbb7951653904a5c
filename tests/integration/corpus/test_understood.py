"""Every file of the corpus is linted without a crash, and hardly a statement is not understood."""

from __future__ import annotations

import pytest

from migsafe.model.dialect import Dialect
from migsafe.model.operation import Unreadable
from migsafe.parse import read_script
from migsafe.sources import SourceOptions, read_paths
from shared_corpus import CORPUS, PLACEHOLDERS, POSTGRES_PROJECTS, lint_project, needs_corpus

pytestmark = [pytest.mark.corpus, needs_corpus]

MOST_UNREAD = 5
OTHER_DIALECTS = {
    Dialect.MYSQL: [
        "sql/kratos",
        "sql/openfga/assets/migrations/mysql",
        "sql/authelia/internal/storage/migrations/mysql",
        "sql/conductor/mysql-persistence",
    ],
    Dialect.SQLITE: [
        "sql/kratos",
        "sql/openfga/assets/migrations/sqlite",
        "sql/authelia/internal/storage/migrations/sqlite",
        "sql/conductor/sqlite-persistence",
        "sql/chirpstack/chirpstack/migrations_sqlite",
    ],
}


@pytest.mark.parametrize("name", POSTGRES_PROJECTS)
def test_a_project_is_linted_both_ways(name: str) -> None:
    report = lint_project(name, direction="both")
    assert report.migrations > 0


def test_hardly_a_postgres_statement_is_not_understood() -> None:
    options = {
        name: SourceOptions(dialect=Dialect.POSTGRES, placeholders=PLACEHOLDERS.get(name, {}))
        for name in POSTGRES_PROJECTS
    }
    unread, total = [], 0
    for name, folder in POSTGRES_PROJECTS.items():
        found, count = _unread(folder, options[name])
        unread += found
        total += count
    print(f"{total} Postgres statements, not understood: {unread}")
    assert len(unread) <= MOST_UNREAD, unread


@pytest.mark.parametrize("dialect", OTHER_DIALECTS)
def test_hardly_a_statement_of_the_others_is_not_understood(dialect: Dialect) -> None:
    unread, total = [], 0
    for folder in OTHER_DIALECTS[dialect]:
        found, count = _unread(folder, SourceOptions(dialect=dialect))
        unread += found
        total += count
    print(f"{total} {dialect} statements, not understood: {len(unread)}")
    assert len(unread) <= total / 100, unread


def _unread(folder: str, options: SourceOptions) -> tuple[list[str], int]:
    """What was not understood in a folder, and how many statements there are, up and down."""
    unread, total = [], 0
    for layout in read_paths([CORPUS / folder], options):
        for migration in layout.migrations.migrations:
            for script in migration.scripts:
                for statement in read_script(script).statements:
                    total += 1
                    if any(isinstance(operation, Unreadable) for operation in statement.operations):
                        unread.append(f"{migration.id} {script.direction}: {statement.text[:80]!r}")
    return unread, total
