"""The way back of a project whose migrations are programs: Alembic runs it, and keeps its own table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from migsafe.cli.main import run
from migsafe.postgres.connection import connect

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.server, pytest.mark.long]

ENV = """
import os
from alembic import context
from sqlalchemy import create_engine

url = os.environ["DATABASE_URL"]
if context.is_offline_mode():
    context.configure(url=url, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    with create_engine(url).connect() as connection:
        context.configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()
"""
REVISION = '''"""{name}"""
import os

import sqlalchemy as sa
from alembic import op

revision = "{name}"
down_revision = {before!r}
phase = "expand"
release = "{release}"


def upgrade():
    {up}


def downgrade():
    {down}
'''


#: In the middle of a way back: what it needs stands in no environment but the server's own.
UNKNOWN = "op.drop_column('users', os.environ['COLUMN_OF_THIS_REGION'])"


def write(folder: Path, *, last_way_back: str = "op.drop_column('users', 'age')") -> None:
    versions = folder / "migrations" / "versions"
    versions.mkdir(parents=True)
    (folder / "alembic.ini").write_text("[alembic]\nscript_location = migrations\n")
    (folder / "migrations" / "env.py").write_text(ENV)
    (folder / "migrations" / "script.py.mako").write_text("")
    one = ("op.create_table('users', sa.Column('id', sa.Integer, primary_key=True))", "op.drop_table('users')")
    two = ("op.add_column('users', sa.Column('age', sa.Integer))", last_way_back)
    for name, before, release, (up, down) in (("a1", None, "1.0", one), ("b2", "a1", "1.1", two)):
        text = REVISION.format(name=name, before=before, release=release, up=up, down=down)
        (versions / f"{name}_step.py").write_text(text)


@pytest.fixture
def dsn(tmp_path: Path, make_database: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of an empty database, as the project takes it too; the project's folder is the working one."""
    monkeypatch.chdir(tmp_path)
    dsn = make_database("")
    with connect(dsn, autocommit=True) as session:
        address = session.address
    url = f"postgresql+psycopg://{address['user']}@/{address['dbname']}?host={address['host']}&port={address['port']}"
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("SHOP", dsn)
    return dsn


@pytest.fixture
def migsafe(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Gives a command, sees how it ends, and returns all that it has said."""

    def say(*words: str, code: int = 0) -> str:
        found = run([*words, "--tracker", "env:SHOP"])
        said = capsys.readouterr()
        assert found == code, said.out + said.err
        return said.out + said.err

    return say


AT = ("--env", "staging", "--url", "env:SHOP")


def run_both(migsafe: Callable[..., str]) -> None:
    """Both revisions, and then the first release again."""
    migsafe("tracker", "upgrade")
    for release in ("1.0", "1.1"):
        migsafe("release", "mark", release, "--env", "staging", "--status", "planned", "--create", "--create-env")
    migsafe("run", "expand", "--release", "1.1", *AT, "--create-env", "--accept", "a test")
    migsafe("release", "mark", "1.0", "--env", "staging", "--status", "deployed")


def columns(dsn: str) -> list[str]:
    with connect(dsn, autocommit=True) as session:
        rows = session.query(
            "select attname::text from pg_attribute where attrelid = 'users'::regclass and attnum > 0 "
            "and not attisdropped"
        )
    return [name for (name,) in rows]


def version(dsn: str) -> list[str]:
    with connect(dsn, autocommit=True) as session:
        return [one for (one,) in session.query("select version_num::text from alembic_version")]


def test_alembic_takes_its_own_revisions_back(tmp_path: Path, dsn: str, migsafe: Callable[..., str]) -> None:
    write(tmp_path)
    run_both(migsafe)
    assert "safe" in migsafe("backward", "--to", "1.0", *AT, "--dry-run")

    revision = tmp_path / "migrations" / "versions" / "b2_step.py"
    text = revision.read_text()
    revision.write_text(text.replace("op.drop_column('users', 'age')", "op.drop_table('users')"))
    refused = migsafe("backward", "--to", "1.0", *AT, code=4)
    assert "is another one in" in refused
    revision.write_text(text)

    migsafe("backward", "--to", "1.0", *AT)
    assert (version(dsn), columns(dsn)) == (["a1"], ["id"])
    assert "nothing to take back" in migsafe("backward", "--to", "1.0", *AT)


def test_one_that_nobody_knows_all_of_stays_and_says_why(tmp_path: Path, dsn: str, migsafe: Callable[..., str]) -> None:
    write(tmp_path, last_way_back=UNKNOWN)
    run_both(migsafe)
    for more in ((), ("--accept-data-loss", "--reason", "a test")):
        refused = migsafe("backward", "--to", "1.0", *AT, *more, code=4)
        assert "nobody knows all of its way back: migrations/versions/b2_step.py:18: KeyError" in refused
    assert (version(dsn), columns(dsn)) == (["b2"], ["id", "age"])
