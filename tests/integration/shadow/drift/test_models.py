"""Migrations held against SQLAlchemy models: exactly, and by replay alone."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from migsafe.catalogue.project import Project, read_project
from migsafe.config import Config
from migsafe.errors import EnvironmentFailedError, UsageError
from migsafe.model.dialect import Dialect
from migsafe.model.finding import Severity
from migsafe.shadow.drift.models import compare_models
from migsafe.shadow.options import ServerChoice
from migsafe.sources.models import render_models

if TYPE_CHECKING:
    from migsafe.model.finding import Finding
    from migsafe.shadow.server import ThrowawayServer

pytestmark = pytest.mark.long

DRIFT = Path(__file__).parents[4] / "fixtures" / "drift"

STRAYED = {
    "changed-type public.role": Severity.ERROR,
    "missing-constraint public.orders.orders_total_check": Severity.INFO,
    "missing-constraint public.orders.orders_user_id_fkey": Severity.WARNING,
    "missing-column public.users.full_name": Severity.WARNING,
    "extra-column public.orgs.city": Severity.ERROR,
    "changed-column public.orgs.name": Severity.ERROR,
    "changed-column public.users.email": Severity.ERROR,
    "renamed-index public.users_org_id_idx": Severity.WARNING,
    "extra-relation public.invoices": Severity.ERROR,
}


def told(findings: tuple[Finding, ...]) -> dict[str, Severity]:
    return {f"{finding.operation} {finding.objects[0]}": finding.severity for finding in findings}


def compare(
    project: Project, target: str, folder: Path = DRIFT, *, static: bool = False, dialect: Dialect = Dialect.POSTGRES
) -> tuple[Finding, ...]:
    models = render_models(target, dialect, folder=folder, python=sys.executable)
    return compare_models(project, models, choice=ServerChoice(url="env:SHADOW"), static=static).findings


@pytest.fixture
def project(postgres_server: ThrowawayServer, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("SHADOW", postgres_server.dsn())
    return read_project([DRIFT / "migrations"], Config())


@pytest.mark.parametrize("static", [False, True])
def test_models_that_say_what_the_migrations_build(static: bool, project: Project) -> None:
    assert told(compare(project, "shop_models:Base", static=static)) == {}


@pytest.mark.parametrize("static", [False, True])
def test_models_that_have_gone_another_way(static: bool, project: Project) -> None:
    assert told(compare(project, "strayed_models:Base", static=static)) == STRAYED


def test_findings_point_at_the_model_or_at_the_migration(project: Project) -> None:
    found = compare(project, "strayed_models:Base", static=True)
    lines = (DRIFT / "strayed_models.py").read_text().splitlines()
    places = {finding.objects[0]: (Path(finding.path).name, finding.start.line) for finding in found}
    assert places["public.orgs.city"] == ("strayed_models.py", lines.index("class Org(Base):") + 1)
    assert places["public.invoices"] == ("strayed_models.py", lines.index("class Invoice(Base):") + 1)
    assert places["public.users.full_name"] == ("0003_names.sql", 1)


def test_types_functions_and_schemas_that_only_migrations_make(tmp_path: Path, project: Project) -> None:
    (tmp_path / "1.sql").write_text(
        "CREATE EXTENSION citext; CREATE SCHEMA shop; CREATE DOMAIN shop.short AS text CHECK (length(value) < 9);\n"
        "CREATE FUNCTION next_name() RETURNS text LANGUAGE sql AS $$ SELECT 'x' $$;\n"
        "CREATE TABLE shop.a (id serial PRIMARY KEY, name citext DEFAULT next_name(), code shop.short);\n"
        "CREATE VIEW v AS SELECT id FROM shop.a;\n"
    )
    (tmp_path / "models.py").write_text(
        "from sqlalchemy import *\nfrom sqlalchemy.dialects.postgresql import CITEXT, DOMAIN\n"
        "metadata = MetaData()\n"
        "Table('a', metadata, Column('id', Integer, primary_key=True),\n"
        "      Column('name', CITEXT, server_default=text('next_name()')),\n"
        "      Column('code', DOMAIN('short', Text, schema='shop', create_type=False)), schema='shop')\n"
    )
    built = read_project([tmp_path / "1.sql"], Config())
    assert told(compare(built, "models:metadata", tmp_path)) == {}


def test_partitions_and_views_are_the_migrations_own(tmp_path: Path, project: Project) -> None:
    (tmp_path / "1.sql").write_text(
        "CREATE TABLE e (id int NOT NULL, day date NOT NULL, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);\n"
        "CREATE TABLE e_1 PARTITION OF e DEFAULT;\nCREATE VIEW days AS SELECT day FROM e;\n"
    )
    (tmp_path / "models.py").write_text(
        "from sqlalchemy import *\nmetadata = MetaData()\n"
        "Table('e', metadata, Column('id', Integer, primary_key=True, autoincrement=False),"
        "      Column('day', Date, primary_key=True))\n"
        "Table('days', metadata, Column('day', Date))\n"
    )
    built = read_project([tmp_path / "1.sql"], Config())
    for static in (False, True):
        assert told(compare(built, "models:metadata", tmp_path, static=static)) == {}


def test_ddl_that_the_server_refuses_is_shown(tmp_path: Path, project: Project) -> None:
    (tmp_path / "models.py").write_text(
        "from sqlalchemy import *\nmetadata = MetaData()\n"
        "Table('a', metadata, Column('id', Integer, CheckConstraint('nonsense(id)')))\n"
    )
    with pytest.raises(EnvironmentFailedError, match="nonsense"):
        compare(project, "models:metadata", tmp_path)


def test_models_without_a_table(tmp_path: Path, project: Project) -> None:
    (tmp_path / "models.py").write_text("from sqlalchemy import MetaData\nmetadata = MetaData()\n")
    with pytest.raises(UsageError, match="declares no table"):
        compare(project, "models:metadata", tmp_path)


@pytest.mark.parametrize("dialect", [Dialect.SQLITE, Dialect.MYSQL])
def test_other_dialects_are_replayed(dialect: Dialect, tmp_path: Path) -> None:
    (tmp_path / "1.sql").write_text("CREATE TABLE a (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(9));\n")
    (tmp_path / "models.py").write_text(
        "from sqlalchemy import *\nmetadata = MetaData()\n"
        "Table('a', metadata, Column('id', Integer, primary_key=True, autoincrement=False),"
        "      Column('name', String(9)), Column('age', Integer))\n"
    )
    built = read_project([tmp_path / "1.sql"], Config(dialect=dialect))
    found = told(compare(built, "models:metadata", tmp_path, dialect=dialect))
    assert found == {"extra-column a.age": Severity.ERROR}
