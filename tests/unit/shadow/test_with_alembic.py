"""How a failure of the real Alembic is placed in what was rendered, and whom it is not for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from migsafe.config import Config
from migsafe.errors import UsageError
from migsafe.model.dialect import Dialect
from migsafe.model.script import Direction, Script, SourceText, TransactionRule
from migsafe.parse import read_script
from migsafe.shadow.options import Proof
from migsafe.shadow.project import verify_paths
from migsafe.shadow.with_alembic import _as_failure, is_of_alembic
from migsafe.sources import SourceOptions, read_paths
from migsafe.sources.alembic.driven import StepFailed

PROJECTS = Path(__file__).parents[3] / "fixtures" / "projects"
TEXT = "CREATE TABLE a (id int);\nDROP TABLE b;\n"
READ = read_script(
    Script(Direction.UP, TEXT, SourceText("1_a.py", TEXT), TransactionRule.TOOL, Dialect.POSTGRES, rendered=True)
)
FAILED = StepFailed('table "b" does not exist', "42P01", "drop  table b", None, at_end=False)


def test_the_statement_is_known_by_its_text() -> None:
    failure = _as_failure(READ, FAILED)
    assert (failure.statement, failure.placed) == (READ.statements[1], True)
    assert failure.message == 'table "b" does not exist'


def test_the_statement_is_known_by_its_line() -> None:
    assert _as_failure(READ, replace(FAILED, statement="DROP something", line=2)).statement is READ.statements[1]


def test_a_line_that_made_no_statement_is_said() -> None:
    failure = _as_failure(READ, replace(FAILED, statement=None, sqlstate=None, message="KeyError: 'x'", line=9))
    assert (failure.statement, failure.placed, failure.message) == (None, False, "KeyError: 'x' (in line 9)")


def test_a_failure_at_the_end_has_no_statement() -> None:
    failure = _as_failure(READ, replace(FAILED, at_end=True))
    assert (failure.statement, failure.placed) == (None, True)


def test_only_what_is_rendered_from_an_environment_is_run() -> None:
    shop, plain = (read_paths([PROJECTS / name], SourceOptions())[0] for name in ("alembic-shop", "ways-back"))
    assert is_of_alembic(shop.migrations)
    assert not is_of_alembic(plain.migrations)
    assert not is_of_alembic(replace(plain.migrations, tool="alembic"))


@pytest.mark.parametrize(
    ("project", "config", "words"),
    [
        ("ways-back", Config(), "there is no Alembic environment"),
        ("alembic-shop", Config(dialect=Dialect.SQLITE), "Alembic migrates sqlite here"),
    ],
)
def test_without_an_environment_for_postgres_it_is_wrong_use(project: str, config: Config, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        verify_paths([PROJECTS / project], config, Proof(with_alembic=True))


def test_statements_cannot_be_watched() -> None:
    with pytest.raises(UsageError, match="do not go together"):
        verify_paths([PROJECTS / "alembic-shop"], Config(), Proof(with_alembic=True), evidence=print)
