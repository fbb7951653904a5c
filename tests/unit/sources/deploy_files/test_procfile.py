"""Procfiles: processes, the release phase, and the scripts that they start with."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy_readings import facts_of, read_project
from migsafe.model.deploy import MigratesAtStart, MigratesInDeploy, Occasion, Starts


def test_a_process_and_the_release_phase(tmp_path: Path) -> None:
    read = read_project(
        tmp_path,
        Procfile="""
            web: alembic upgrade head && gunicorn shop.wsgi
            release: bash -c 'flask db upgrade'
            worker: celery -A shop worker
        """,
    )
    (start,) = facts_of(MigratesAtStart, read)
    (release,) = facts_of(MigratesInDeploy, read)
    assert (start.starts, start.name, start.line, start.serves) == (Starts.PROCESS, "web", 1, "gunicorn shop.wsgi")
    assert (release.occasion, release.tool, release.line) == (Occasion.RELEASE_PHASE, "Flask-Migrate", 2)
    assert start.text == "web: alembic upgrade head && gunicorn shop.wsgi"


@pytest.mark.parametrize(
    "text",
    [
        "web: gunicorn shop.wsgi\n",
        "migrate: alembic upgrade head\n",
        "#web: alembic upgrade head && gunicorn shop.wsgi\n",
        "web: alembic upgrade head && gunicorn shop.wsgi\nweb: gunicorn shop.wsgi\n",
        "release: python manage.py collectstatic\n",
        "release: python manage.py migrate --plan\n",
        "web: python manage.py migrate && python manage.py runserver\n",
        "nothing\n",
        "",
    ],
)
def test_what_migrates_neither_at_start_nor_in_the_deployment(text: str, tmp_path: Path) -> None:
    read = read_project(tmp_path, Procfile=text)
    assert [fact for file in read.files for fact in file.facts] == []


def test_a_process_that_starts_with_a_script(tmp_path: Path) -> None:
    read = read_project(
        tmp_path,
        Procfile="web: bin/start-web",
        **{"bin/start-web": "#!/bin/bash\nalembic upgrade head\nexec gunicorn shop\n"},
    )
    (fact,) = facts_of(MigratesAtStart, read)
    assert (fact.starts, fact.line, fact.name) == (Starts.SCRIPT, 2, "start-web")
    assert fact.by.endswith("Procfile:1")


def test_lines_that_end_as_on_windows(tmp_path: Path) -> None:
    read = read_project(tmp_path, Procfile="release: alembic upgrade head\r\nweb: gunicorn shop\r\n")
    (release,) = facts_of(MigratesInDeploy, read)
    assert release.command == "alembic upgrade head"
