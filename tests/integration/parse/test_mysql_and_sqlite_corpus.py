"""Real MySQL and SQLite migrations are read, every statement of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from migsafe.model.dialect import Dialect
from migsafe.model.operation import Unreadable
from migsafe.parse import mysql, sqlite
from operation_words import script_of
from shared_corpus import CORPUS, needs_corpus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from migsafe.model.script import Script
    from migsafe.model.statement import ReadScript

pytestmark = [pytest.mark.corpus, needs_corpus]

FOLDERS = {
    Dialect.MYSQL: ("openfga/assets/migrations/mysql", "authelia/internal/storage/migrations/mysql",
                    "conductor/mysql-persistence"),
    Dialect.SQLITE: ("openfga/assets/migrations/sqlite", "authelia/internal/storage/migrations/sqlite",
                     "conductor/sqlite-persistence", "chirpstack/chirpstack/migrations_sqlite"),
}  # fmt: skip
INFIXES = {Dialect.MYSQL: "mysql", Dialect.SQLITE: "sqlite3"}
READERS: list[tuple[Dialect, Callable[[Script], ReadScript]]] = [
    (Dialect.MYSQL, mysql.read),
    (Dialect.SQLITE, sqlite.read),
]


def _own_files(dialect: Dialect) -> Iterator[Path]:
    for folder in FOLDERS[dialect]:
        yield from (CORPUS / "sql" / folder).rglob("*.sql")
    yield from (CORPUS / "sql" / "kratos").rglob(f"*.{INFIXES[dialect]}.*.sql")


def _generic_files(dialect: Dialect) -> Iterator[Path]:
    """Files of kratos that every dialect runs, unless there is one of its own beside it."""
    paths = list((CORPUS / "sql" / "kratos").rglob("*.sql"))
    names = {path.name for path in paths}
    for path in paths:
        stem = re.fullmatch(r"(.+?)(\.autocommit)?\.(up|down)\.sql", path.name)
        if stem is None or re.search(r"\.(mysql|sqlite3|postgres|cockroach)(\.|$)", stem[1]):
            continue
        own = {f"{stem[1]}.{INFIXES[dialect]}{auto}.{stem[3]}.sql" for auto in ("", ".autocommit")}
        own |= {f"{stem[1]}.autocommit.{INFIXES[dialect]}.{stem[3]}.sql"}
        if not own & names:
            yield path


def _unreadable(paths: Iterator[Path], dialect: Dialect, read: Callable[[Script], ReadScript]) -> tuple[int, list[str]]:
    count, found = 0, []
    for path in paths:
        text = path.read_text(encoding="utf-8")
        for statement in read(script_of(text, dialect)).statements:
            count += 1
            found += [
                f"{path.name}: {operation.reason}: {' '.join(statement.text.split())}"
                for operation in statement.operations
                if isinstance(operation, Unreadable)
            ]
    return count, found


@pytest.mark.parametrize(("dialect", "read"), READERS)
def test_all_of_a_dialects_own_migrations_are_understood(
    dialect: Dialect, read: Callable[[Script], ReadScript]
) -> None:
    count, unreadable = _unreadable(_own_files(dialect), dialect, read)
    assert count > 1000
    assert unreadable == []


@pytest.mark.parametrize(("dialect", "read"), READERS)
def test_of_generic_migrations_only_another_dialects_syntax_is_not_understood(
    dialect: Dialect, read: Callable[[Script], ReadScript]
) -> None:
    count, unreadable = _unreadable(_generic_files(dialect), dialect, read)
    assert count > 50
    foreign = re.compile(r"ALTER COLUMN \w+ TYPE|IF (NOT )?EXISTS|DROP CONSTRAINT \w+,", re.IGNORECASE)
    assert [line for line in unreadable if not foreign.search(line)] == []
