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


def write(folder: Path) -> None:
    versions = folder / "migrations" / "versions"
    versions.mkdir(parents=True)
    (folder / "alembic.ini").write_text("[alembic]\nscript_location = migrations\n")
    (folder / "migrations" / "env.py").write_text(ENV)
    (folder / "migrations" / "script.py.mako").write_text("")
    one = ("op.create_table('users', sa.Column('id', sa.Integer, primary_key=True))", "op.drop_table('users')")
    two = ("op.add_column('users', sa.Column('age', sa.Integer))", "op.drop_column('users', 'age')")
    for name, before, release, (up, down) in (("a1", None, "1.0", one), ("b2", "a1", "1.1", two)):
        text = REVISION.format(name=name, before=before, release=release, up=up, down=down)
        (versions / f"{name}_step.py").write_text(text)


def test_alembic_takes_its_own_revisions_back(
    tmp_path: Path,
    make_database: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write(tmp_path)
    monkeypatch.chdir(tmp_path)
    dsn = make_database("")
    with connect(dsn, autocommit=True) as session:
        address = session.address
    url = f"postgresql+psycopg://{address['user']}@/{address['dbname']}?host={address['host']}&port={address['port']}"
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("SHOP", dsn)

    def migsafe(*words: str, code: int = 0) -> str:
        found = run([*words, "--tracker", "env:SHOP"])
        said = capsys.readouterr()
        assert found == code, said.out + said.err
        return said.out + said.err

    at = ("--env", "staging", "--url", "env:SHOP")
    migsafe("tracker", "upgrade")
    for release in ("1.0", "1.1"):
        migsafe("release", "mark", release, "--env", "staging", "--status", "planned", "--create", "--create-env")
    migsafe("run", "expand", "--release", "1.1", *at, "--create-env", "--accept", "a test")
    migsafe("release", "mark", "1.0", "--env", "staging", "--status", "deployed")
    assert "safe" in migsafe("backward", "--to", "1.0", *at, "--dry-run")

    revision = tmp_path / "migrations" / "versions" / "b2_step.py"
    text = revision.read_text()
    revision.write_text(text.replace("op.drop_column('users', 'age')", "op.drop_table('users')"))
    refused = migsafe("backward", "--to", "1.0", *at, code=4)
    assert "is another one in" in refused
    revision.write_text(text)

    migsafe("backward", "--to", "1.0", *at)
    with connect(dsn, autocommit=True) as session:
        assert session.query("select version_num::text from alembic_version") == [("a1",)]
        assert session.query("select attname::text from pg_attribute where attrelid = 'users'::regclass and attnum > 0 "
                             "and not attisdropped") == [("id",)]  # fmt: skip
    assert "nothing to take back" in migsafe("backward", "--to", "1.0", *at)
