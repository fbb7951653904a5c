"""Commands of a provider that migrate are refused, and nothing that only looks like one."""

from __future__ import annotations

from typing import Any

import pytest

from migsafe.deploy.one_step import refuse_one_step
from migsafe.deploy.tables import Table
from migsafe.errors import ConfigurationError


@pytest.mark.parametrize(
    "value",
    [
        ["alembic", "upgrade", "head"],
        ["sh", "-c", "python manage.py migrate --noinput && exec gunicorn shop"],
        ["bash", "-ec", "flask db upgrade; flask run"],
        "prisma migrate deploy",
        {"start": [["true"], ["goose", "-dir", "db", "up"]]},
        ["migsafe", "run", "expand", "--release", "{version}"],
    ],
)
def test_what_migrates(value: Any) -> None:
    with pytest.raises(
        ConfigurationError, match=r"deploy\.toml: \[provider\] start: .*migrates the database"
    ) as caught:
        refuse_one_step(Table.of({"port": 1, "start": value}))
    assert "migsafe run expand" in str(caught.value.hint)


@pytest.mark.parametrize(
    "value",
    [
        ["python", "app.py", "--port", "{port}"],
        ["alembic", "current"],
        ["echo", "alembic upgrade head"],
        ["./switch", "alembic.ini", "upgrade"],
        "it's an unfinished quote",
        "postgresql://app@db/migrate",
        {"replicas": 2, "on": True, "none": []},
    ],
)
def test_what_does_not(value: Any) -> None:
    refuse_one_step(Table.of({"start": value}))


def test_a_variable_that_names_a_command_starts_none() -> None:
    refuse_one_step(Table.of({"env": {"RELEASE_COMMAND": "python manage.py migrate"}}))
