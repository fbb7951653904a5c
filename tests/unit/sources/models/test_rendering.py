"""Models imported in a process of their own, with all the ways in which that can fail."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from migsafe.errors import EnvironmentFailedError, UsageError
from migsafe.model.dialect import Dialect
from migsafe.sources.models import RenderedModels, render_models

DRIFT = Path(__file__).parents[4] / "fixtures" / "drift"

PLAIN = """
from sqlalchemy import Column, Computed, Enum, Integer, MetaData, Sequence, Table, Text, CheckConstraint, event, DDL
metadata = MetaData(schema="shop")
print("noise on standard output")
things = Table(
    "things", metadata,
    Column("id", Integer, Sequence("ticket", metadata=metadata), primary_key=True),
    Column("share", Text, CheckConstraint("share LIKE '5%'", name="share_check"), index=True),
    Column("mood", Enum("sad", "it's ok", name="mood", metadata=metadata), comment="50% of it"),
)
event.listen(things, "after_create", DDL("CREATE INDEX by_hand ON shop.things (id)"))
class Database:
    metadata = metadata
db = Database()
"""


def render(folder: Path, target: str, text: str = "", dialect: Dialect = Dialect.POSTGRES) -> RenderedModels:
    if text:
        (folder / f"{target.partition(':')[0]}.py").write_text(text)
    return render_models(target, dialect, folder=folder, python=sys.executable)


def test_declarative_models_and_where_they_stand() -> None:
    models = render(DRIFT, "shop_models:Base")
    lines = (DRIFT / "shop_models.py").read_text().splitlines()
    assert {table.name: lines[table.line - 1] for table in models.tables} == {
        "public.orgs": "class Org(Base):",
        "public.users": "class User(Base):",
        "public.orders": "class Order(Base):",
    }
    assert all(Path(table.path).name == "shop_models.py" for table in models.tables)


def test_metadata_with_everything_in_it(tmp_path: Path) -> None:
    models = render(tmp_path, "models:metadata", PLAIN)
    text = models.script.text
    begins = [statement.split(" (")[0].split("\n")[0] for statement in models.statements]
    assert begins[0] == "CREATE SCHEMA IF NOT EXISTS shop"
    assert set(begins[1:3]) == {"CREATE SEQUENCE shop.ticket", "CREATE TYPE shop.mood AS ENUM"}
    assert begins[3:] == [
        "CREATE TABLE shop.things",
        "CREATE INDEX ix_shop_things_share ON shop.things",
        "COMMENT ON COLUMN shop.things.mood IS '50% of it'",
        "CREATE INDEX by_hand ON shop.things",
    ]
    assert "share LIKE '5%')" in text
    assert "'it''s ok'" in text
    assert [(table.name, table.line) for table in models.tables] == [("shop.things", 1)]


@pytest.mark.parametrize("target", ["models:db", "models:db.metadata", "models:Database"])
def test_whatever_has_metadata(target: str, tmp_path: Path) -> None:
    assert len(render(tmp_path, target, PLAIN).tables) == 1


@pytest.mark.parametrize("dialect", [Dialect.MYSQL, Dialect.SQLITE])
def test_other_dialects(dialect: Dialect) -> None:
    models = render(DRIFT, "shop_models:Base", dialect=dialect)
    assert {table.name for table in models.tables} == {"orgs", "users", "orders"}
    assert models.script.dialect is dialect


def test_a_package_in_src(tmp_path: Path) -> None:
    package = tmp_path / "src" / "shop"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "models.py").write_text(PLAIN)
    assert render(tmp_path, "shop.models:metadata").statements


@pytest.mark.parametrize(
    ("target", "text", "said"),
    [
        ("models", "", "names no models"),
        ("models:", "", "names no models"),
        ("../models:Base", "", "names no models"),
        ("models:Base;x", "", "names no models"),
        ("nowhere:Base", "", "no module nowhere"),
        ("models:Nope", "x = 1", "has no Nope"),
        ("models:x", "x = 1", "no declarative base"),
    ],
)
def test_a_target_that_leads_nowhere(target: str, text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=said):
        render(tmp_path, target, text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import not_installed_anywhere", "no module not_installed_anywhere"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("import sys; sys.exit('no settings')", "SystemExit: no settings"),
        ("x = (", "SyntaxError"),
        ("import os; os._exit(3)", "status 3"),
        ("import socket; socket.create_connection(('127.0.0.1', 9))", "network"),
        (
            "from sqlalchemy import *; from sqlalchemy.types import NullType; m = MetaData();"
            "Table('t', m, Column('a', NullType()))\nBase = m",
            "no DDL for postgres",
        ),
    ],
)
def test_models_that_cannot_be_had(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFailedError, match=said):
        render(tmp_path, "models:Base", text)


def test_models_that_take_for_ever(tmp_path: Path) -> None:
    (tmp_path / "models.py").write_text("import threading; threading.Event().wait()")
    with pytest.raises(EnvironmentFailedError, match="not imported within"):
        render_models("models:Base", Dialect.POSTGRES, folder=tmp_path, python=sys.executable, time_limit=0.2)


def test_an_interpreter_that_there_is_not(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFailedError, match="cannot be started") as caught:
        render_models("models:Base", Dialect.POSTGRES, folder=tmp_path, python=str(tmp_path / "python"))
    assert "--python" in (caught.value.hint or "")


@pytest.mark.skipif(os.name == "nt", reason="the interpreter is played by a shell script")
def test_an_interpreter_without_sqlalchemy(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')
    python.chmod(0o755)
    (tmp_path / "models.py").write_text(PLAIN)
    with pytest.raises(EnvironmentFailedError, match="has no SQLAlchemy"):
        render_models("models:metadata", Dialect.POSTGRES, folder=tmp_path, python=str(python))


@pytest.mark.skipif(os.name == "nt", reason="the interpreter is a link")
def test_the_environment_in_the_projects_folder_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").write_text('#!/bin/sh\necho \'{"failed": "it is this one"}\'\n')
    (tmp_path / ".venv" / "bin" / "python").chmod(0o755)
    with pytest.raises(EnvironmentFailedError, match="it is this one"):
        render_models("models:Base", Dialect.POSTGRES, folder=tmp_path)


def test_nothing_is_written_beside_the_models(tmp_path: Path) -> None:
    render(tmp_path, "models:metadata", PLAIN)
    assert [path.name for path in tmp_path.iterdir()] == ["models.py"]


def test_this_process_never_imports_sqlalchemy() -> None:
    program = (
        "import sys; from pathlib import Path; from migsafe.sources.models import render_models;"
        "from migsafe.model.dialect import Dialect;"
        f"render_models('shop_models:Base', Dialect.POSTGRES, folder=Path({str(DRIFT)!r}), python=sys.executable);"
        "print('sqlalchemy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
