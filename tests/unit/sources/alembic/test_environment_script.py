"""Static facts of `env.py`."""

from __future__ import annotations

import pytest

from migsafe.model.dialect import Dialect
from migsafe.sources.alembic.environment_script import EnvironmentScript, read_environment_script

CALL = "context.configure(connection=c, transaction_per_migration={})"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (CALL.format("True"), True),
        (CALL.format("False"), False),
        ("def f():\n    alembic.context.configure(transaction_per_migration=True)", True),
        ("context.configure(connection=c)", None),
        ("", None),
        ("EACH = True\n" + CALL.format("EACH"), True),
        ("EACH = True\nEACH = False\n" + CALL.format("EACH"), None),
        (CALL.format("settings.EACH"), None),
        (CALL.format("'yes'"), None),
        ("other.configure(transaction_per_migration=True)", None),
        pytest.param(
            "context.configure(url=u)\n" + CALL.format("True"), True, id="the call with a connection migrates"
        ),
        pytest.param(CALL.format("True") + "\n" + CALL.format("False"), None, id="two that disagree"),
        pytest.param(
            "common = dict(target_metadata=m, transaction_per_migration=True)\n"
            "context.configure(connection=c, **common)",
            True,
            id="unpacked",
        ),
        pytest.param(
            "common = {'target_metadata': m, 'transaction_per_migration': True}\n"
            "context.configure(connection=c, **common)",
            True,
            id="unpacked from braces",
        ),
        pytest.param(
            "kwargs = {}\nif engine.name == 'sqlite':\n    kwargs = {'transaction_per_migration': True}\n"
            "context.configure(connection=c, **kwargs)",
            None,
            id="only under a condition",
        ),
        pytest.param(
            "kwargs = {'transaction_per_migration': True}\nkwargs.update(more)\n"
            "context.configure(connection=c, **kwargs)",
            None,
            id="changed afterwards",
        ),
        pytest.param(
            "kwargs = {'transaction_per_migration': True}\nkwargs['transaction_per_migration'] = False\n"
            "context.configure(connection=c, **kwargs)",
            None,
            id="an entry changed afterwards",
        ),
    ],
)
def test_transactions(text: str, expected: bool | None) -> None:
    assert read_environment_script(text).transaction_per_migration is expected
    other = text.replace("transaction_per_migration", "transactional_ddl")
    assert read_environment_script(other).transactional_ddl is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("m = MetaData(naming_convention={'pk': 'pk_%(table_name)s'})", {"pk": "pk_%(table_name)s"}),
        ("NAMES = {'pk': 'p'}\nBase = declarative_base(metadata=MetaData(naming_convention=NAMES))", {"pk": "p"}),
        ("NAMES: dict[str, str] = {'pk': 'p'}\ntarget_metadata.naming_convention = NAMES", {"pk": "p"}),
        ("m = MetaData(naming_convention={'pk': 'p', 'fk': make, 'x': f()})", {"pk": "p"}),
        ("a = MetaData(naming_convention={'pk': 'p'})\nb = MetaData(naming_convention={'pk': 'q'})", None),
        ("m = MetaData(naming_convention=names)", None),
        ("m = MetaData()", None),
    ],
)
def test_naming_convention(text: str, expected: dict[str, str] | None) -> None:
    assert read_environment_script(text).naming_convention == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("config.set_main_option('sqlalchemy.url', 'mysql://a')", Dialect.MYSQL),
        ("config.set_main_option('sqlalchemy.url', f'mysql+pymysql://{user}@a')", Dialect.MYSQL),
        ("URL = 'sqlite:///a'\nconfig.set_main_option('sqlalchemy.url', URL.replace('%', '%%'))", Dialect.SQLITE),
        ("config.set_main_option('sqlalchemy.url', settings.url)", None),
        ("config.set_main_option('sqlalchemy.url', f'{url}')", None),
        ("config.set_main_option('other', 'mysql://a')", None),
    ],
)
def test_the_database_of_a_url(text: str, expected: Dialect | None) -> None:
    assert read_environment_script(text).dialect is expected


@pytest.mark.parametrize("text", ["x = (", "x = x\ncontext.configure(transactional_ddl=x, **x)"])
def test_what_says_nothing(text: str) -> None:
    assert read_environment_script(text) == EnvironmentScript()
