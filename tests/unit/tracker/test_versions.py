"""The tracker's own upgrades are held to what migsafe asks of everybody."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from migsafe import api
from migsafe.config import Config
from migsafe.model.dialect import Dialect
from migsafe.tracker import tables, versions
from migsafe.tracker.versions import VERSION, statements_of, upgrades
from tracker_books import book_in

FOLDER = Path(versions.__file__).parent / "migrations"


@pytest.mark.parametrize(("dialect", "other"), [(Dialect.POSTGRES, "sqlite"), (Dialect.SQLITE, "postgres")])
def test_they_lint_clean(dialect: Dialect, other: str, tmp_path: Path) -> None:
    for file in FOLDER.glob("*.sql"):
        if f".{other}." not in file.name:
            (tmp_path / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    # The transaction that runs them sets both timeouts.
    config = Config(dialect=dialect, runner_sets=("lock_timeout", "statement_timeout"))
    report = api.lint_paths([tmp_path], config)
    assert [(one.rule, one.path, one.message) for one in report.findings] == []


@pytest.mark.parametrize("dialect", ["postgres", "sqlite"])
def test_they_are_numbered_without_gaps(dialect: str) -> None:
    numbers = [upgrade.number for upgrade in upgrades(dialect)]
    assert sorted(set(numbers)) == list(range(1, VERSION + 1))
    assert numbers == sorted(numbers)


def test_each_takes_part_in_expand_alone() -> None:
    for file in FOLDER.glob("*.sql"):
        assert file.read_text(encoding="utf-8").startswith("-- migsafe: phase=expand\n")


def test_a_blank_line_ends_a_statement() -> None:
    text = "-- said\nSELECT 1;\n\n-- more\nCREATE TRIGGER t\nBEGIN SELECT 1; END;\n\n\n"
    assert statements_of(text) == ("SELECT 1", "CREATE TRIGGER t\nBEGIN SELECT 1; END;")


def test_tables_are_what_the_upgrades_make(tmp_path: Path) -> None:
    book = book_in(tmp_path)
    found = sa.MetaData()
    engine = sa.create_engine(f"sqlite:///{book.address.file}", poolclass=sa.NullPool)
    found.reflect(engine)
    engine.dispose()
    assert set(found.tables) == set(tables.metadata.tables)
    for name, table in tables.metadata.tables.items():
        mine = {column.name: (column.nullable, column.primary_key) for column in table.columns}
        theirs = {column.name: (column.nullable, column.primary_key) for column in found.tables[name].columns}
        assert {c: facts[1] for c, facts in mine.items()} == {c: facts[1] for c, facts in theirs.items()}, name
        assert table.primary_key.columns, f"{name} has no primary key"
