"""The project's real Alembic on a throw-away server: what it proves, and that it reaches no other database."""

from __future__ import annotations

import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from alembic_projects import CONFIGURED, GO, write_project
from migsafe.config import Config
from migsafe.errors import EnvironmentFailedError
from migsafe.model.finding import Severity
from migsafe.model.script import Direction
from migsafe.postgres.connection import connect
from migsafe.shadow.options import Proof
from migsafe.shadow.project import verify_paths
from migsafe.sources.alembic.driven import RealAlembic

if TYPE_CHECKING:
    from pathlib import Path

    from _pytest.mark import ParameterSet

    from migsafe.model.report import Report
    from migsafe.shadow.server import ThrowawayServer

pytestmark = pytest.mark.server

TABLE = ("op.create_table('t', sa.Column('id', sa.Integer, primary_key=True))", "op.drop_table('t')")


def prove(folder: Path, *variables: str) -> Report:
    config = Config(min_severity=Severity.INFO, fail_on=None)
    return verify_paths([folder], config, Proof(with_alembic=True, url_variables=variables, jobs=1))


def on_one_python(*case: str) -> ParameterSet:
    """Each case starts Alembic in a process of its own."""
    return pytest.param(*case, marks=pytest.mark.long)


def lines(report: Report) -> list[str]:
    return [f"{finding.rule}: {finding.message}" for finding in report.findings]


def test_what_rendering_cannot_know_is_proved(tmp_path: Path) -> None:
    unknown = "op.execute('ALTER TABLE t ADD COLUMN n int DEFAULT ' + str(__import__('os').getpid() * 0))"
    index = "op.create_index('t_id', 't', ['id'], postgresql_concurrently=True)"
    project = write_project(
        tmp_path,
        CONFIGURED,
        TABLE,
        (unknown, "op.drop_column('t', 'n')"),
        (f"with op.get_context().autocommit_block():\n        {index}", "pass"),
        ("op.add_column('t', sa.Column('m', sa.Integer, nullable=False))", "op.drop_column('t', 'm')"),
        ("raise LookupError('not today')", "pass"),
        TABLE,
    )
    assert lines(prove(project)) == [
        "no-way-back: 000000000003 has an empty way back, and changes t_id",
        "second-up-fails: 000000000003, applied again after its way back, fails: "
        'relation "t_id" already exists (42P07)',
        "migration-fails: 000000000004 fails on tables with rows: "
        'column "m" of relation "t" contains null values (23502)',
        "migration-fails: 000000000005 fails: LookupError: not today (in line 9)",
        "unproved: 000000000006 is not proved: 000000000005 cannot be applied before it",
    ]


def test_a_server_that_was_given_needs_no_superuser(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres_server: ThrowawayServer
) -> None:
    project = write_project(tmp_path, CONFIGURED, TABLE)
    with postgres_server.connect() as session:
        session.execute("create role alembic_lender login createdb")
        monkeypatch.setenv("LENT", postgres_server.dsn().replace("user=postgres", "user=alembic_lender"))
        config = Config(min_severity=Severity.INFO, fail_on=None, shadow_url="env:LENT")
        try:
            assert lines(verify_paths([project], config, Proof(with_alembic=True))) == []
        finally:
            session.execute("drop role alembic_lender")


@pytest.mark.long
def test_an_engine_that_a_module_keeps_is_the_right_one_again(tmp_path: Path) -> None:
    env = GO + "import kept\ngo(kept.engine)\n"
    project = write_project(tmp_path, env, TABLE)
    kept = "import os, sqlalchemy\nengine = sqlalchemy.create_engine(os.environ['SHOP_DATABASE'])\n"
    (tmp_path / "kept.py").write_text(kept, encoding="utf-8")
    assert lines(prove(project, "SHOP_DATABASE")) == []


@pytest.mark.parametrize(
    ("env", "words"),
    [
        ("go(sqlalchemy.create_engine('postgresql+psycopg://u:hush@prod.invalid/shop'))", '"shop" on "prod.invalid"'),
        ("import no_such_module", "No module named 'no_such_module'"),
        on_one_python("go(sqlalchemy.create_engine('sqlite:///touched.db'))", "a database of sqlite"),
        on_one_python(
            "import psycopg\ngo(sqlalchemy.create_engine('postgresql+psycopg://', "
            "creator=lambda: psycopg.connect(dbname='postgres')))",
            "another database than the throw-away one",
        ),
        on_one_python(
            "try:\n    go(sqlalchemy.create_engine('postgresql+psycopg://prod.invalid/shop'))\nexcept Exception: pass",
            "nothing was run",
        ),
        on_one_python("go(sqlalchemy.create_engine(os.environ['NO_SUCH_ADDRESS']))", "KeyError: 'NO_SUCH_ADDRESS'"),
        on_one_python("context.configure(url='postgresql://')", "no connection"),
        on_one_python("", "has run no migrations"),
        on_one_python("raise SystemExit('closed')", "SystemExit: closed"),
        on_one_python("os._exit(3)", "exit status 3"),
    ],
)
def test_an_environment_that_means_another_database_or_fails_runs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: str, env: str, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write_project(tmp_path, GO + env + "\n", (f"open({str(tmp_path / 'ran')!r}, 'w').close()", "pass"))
    with connect(database, autocommit=True) as session:
        session.execute_with_names("comment on database {name} is 'here'", name=session.address["dbname"])
        alembic = RealAlembic(tmp_path / "migrations", session.address, python=sys.executable)
    with pytest.raises(EnvironmentFailedError) as failed, closing(alembic):
        alembic.step("here", Direction.UP, "000000000001")
    assert words in failed.value.message
    assert "hush" not in f"{failed.value.message} {failed.value.hint}"
    assert not (tmp_path / "ran").exists()
    assert not (tmp_path / "touched.db").exists()
