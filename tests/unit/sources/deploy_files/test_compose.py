"""Compose files: which are for more than a developer's own machine, and what their services run."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy_readings import facts_of, read_project
from migsafe.model.deploy import MigratesAtStart, ReadinessDemandsExactRevision, Setting

MIGRATES = 'command: sh -c "alembic upgrade head && gunicorn shop"'


def _service(*lines: str) -> str:
    return "services:\n  web:\n" + "".join(f"    {line}\n" for line in lines)


@pytest.mark.parametrize(
    ("name", "lines", "setting"),
    [
        ("compose.production.yaml", [MIGRATES], Setting.PRODUCTION),
        ("docker-compose.prod.yml", [MIGRATES], Setting.PRODUCTION),
        ("docker-compose-staging.yml", [MIGRATES, "volumes: ['.:/app']", "build: ."], Setting.PRODUCTION),
        ("docker-compose.yml", [MIGRATES, "deploy: {replicas: 3}"], Setting.PRODUCTION),
        ("docker-compose.yml", [MIGRATES], Setting.UNKNOWN),
        ("compose.yaml", [MIGRATES, "build: .", "volumes: ['data:/data', './logs:/logs']"], Setting.UNKNOWN),
        ("compose.yaml", ["entrypoint: ['sh', '-c', 'dbmate up; exec ./shop $$PORT']"], Setting.UNKNOWN),
        (
            "compose.yaml",
            ["command: >", '  sh -c "alembic upgrade head &&', '         gunicorn shop"'],
            Setting.UNKNOWN,
        ),
    ],
)
def test_a_service_that_migrates_and_serves(name: str, lines: list[str], setting: Setting, tmp_path: Path) -> None:
    read = read_project(tmp_path, **{name: _service(*lines)})
    (fact,) = facts_of(MigratesAtStart, read)
    assert (fact.name, fact.setting) == ("web", setting)


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("docker-compose.dev.yml", [MIGRATES]),
        ("docker-compose.override.yml", [MIGRATES]),
        ("compose.test.yaml", [MIGRATES]),
        ("compose.yaml", [MIGRATES, "build: .", "volumes: ['.:/app']"]),
        ("compose.yaml", [MIGRATES, "build: {context: .}", "volumes: [{type: bind, source: ., target: /app}]"]),
        ("compose.yaml", ["command: alembic upgrade head"]),
        ("compose.yaml", ["command: alembic upgrade head && gunicorn shop"]),  # no shell: these are arguments
        ("compose.yaml", ["command: sh -c 'alembic upgrade head && uvicorn shop:app --reload'"]),
        ("compose.yaml", ["command: gunicorn shop", "labels: {note: alembic upgrade head}"]),
    ],
)
def test_what_is_for_developers_or_only_migrates(name: str, lines: list[str], tmp_path: Path) -> None:
    read = read_project(tmp_path, **{name: _service(*lines)})
    assert facts_of(MigratesAtStart, read) == []


def test_a_health_check(tmp_path: Path) -> None:
    text = _service("healthcheck: {test: 'prisma migrate status'}")
    (fact,) = facts_of(ReadinessDemandsExactRevision, read_project(tmp_path, compose_dot_yaml=text))
    assert (fact.probe, fact.name, fact.line) == ("healthcheck", "web", 3)


def test_a_file_that_is_no_yaml_is_said(tmp_path: Path) -> None:
    read = read_project(tmp_path, compose_dot_yaml="services: [\n")
    assert [file.reason.startswith("is not YAML") for file in read.unreadable] == [True]
    assert read.files == ()
