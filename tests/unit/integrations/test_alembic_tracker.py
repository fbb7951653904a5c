"""Alembic records what it runs, in the transaction that runs it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory

import migsafe.alembic
from migsafe.errors import MigsafeError
from tracker_books import Book

REVISIONS = {
    "0001": (None, 'phase = "expand"\nchange = "users"\nrelease = "1.8.0"', "CREATE TABLE users (id INTEGER)"),
    "0002": ("0001", "", "CREATE TABLE orders (id INTEGER)"),
    "0003": ("0002", 'phase = "contract"', "SELECT nonsense FROM nowhere"),
}


@pytest.fixture
def scripts(tmp_path: Path) -> ScriptDirectory:
    versions = tmp_path / "alembic" / "versions"
    versions.mkdir(parents=True)
    for name, (down, header, sql) in REVISIONS.items():
        (versions / f"{name}.py").write_text(
            f'from alembic import op\nrevision = "{name}"\ndown_revision = {down!r}\n{header}\n'
            f'def upgrade():\n    op.execute("{sql}")\ndef downgrade():\n    pass\n'
        )
    config = Config()
    config.set_main_option("script_location", str(tmp_path / "alembic"))
    return ScriptDirectory.from_config(config)


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Book:
    monkeypatch.delenv("MIGSAFE_ENVIRONMENT", raising=False)
    return Book(f"sqlite:{tmp_path}/app.db", environment="production")


def run(scripts: ScriptDirectory, file: Path | None, to: str, *, hook: Any = None, down: bool = False) -> None:
    engine = sa.create_engine(f"sqlite:///{file}", poolclass=sa.NullPool)
    walk = scripts._downgrade_revs if down else scripts._upgrade_revs
    config = Config()
    try:
        with (
            engine.connect() as connection,
            EnvironmentContext(config, scripts, fn=lambda rev, _: walk(to, rev), destination_rev=to) as context,
        ):
            context.configure(connection=connection, on_version_apply=hook or migsafe.alembic.record_version)
            with context.begin_transaction():
                context.run_migrations()
            connection.commit()
    finally:
        engine.dispose()


def recorded(book: Book) -> dict[str, str]:
    known = book.known()
    steps = (*known.state.steps, *known.unphased)
    return {one.label: ", ".join(run.status for run in one.runs) for one in steps}


def test_each_revision_is_recorded_with_what_it_says_of_itself(
    scripts: ScriptDirectory, book: Book, capsys: pytest.CaptureFixture[str]
) -> None:
    run(scripts, book.address.file, "0002")
    assert capsys.readouterr().err == ""
    (step,) = book.known().state.steps
    assert (step.migration, step.phase.value, step.change, step.release) == ("0001", "expand", "users", "1.8.0")
    assert [one.label for one in book.known().unphased] == ["0002"]
    assert [(one.name, one.protected) for one in book.known().state.environments] == [("production", True)]
    assert book.kinds().count("run") == 2


def test_the_way_back_is_recorded_too(scripts: ScriptDirectory, book: Book) -> None:
    run(scripts, book.address.file, "0001")
    run(scripts, book.address.file, "base", down=True)
    assert recorded(book) == {"0001": "reverted"}


def test_a_database_without_a_tracker_is_migrated_and_says_so(
    scripts: ScriptDirectory, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(scripts, tmp_path / "other.db", "0001")
    assert capsys.readouterr().err.startswith("migsafe: not recorded: there is no tracker in this database")


def test_what_cannot_be_recorded_fails_only_where_that_is_asked_for(
    scripts: ScriptDirectory, book: Book, capsys: pytest.CaptureFixture[str]
) -> None:
    staging = partial(migsafe.alembic.record_version, environment="staging")
    run(scripts, book.address.file, "0001", hook=staging)
    assert "is that of production, and this is about staging" in capsys.readouterr().err
    assert recorded(book) == {}
    with pytest.raises(MigsafeError):
        run(scripts, book.address.file, "0002", hook=partial(staging, strict=True))


def test_a_revision_that_fails_is_not_recorded(scripts: ScriptDirectory, book: Book) -> None:
    with pytest.raises(sa.exc.OperationalError):
        run(scripts, book.address.file, "0003")
    assert "0003" not in recorded(book)
