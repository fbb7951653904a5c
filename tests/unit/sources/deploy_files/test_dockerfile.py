"""Dockerfiles: instructions and their places, stages, what starts, and the scripts behind it."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy_readings import facts_of, read_project
from migsafe.model.deploy import MigratesAtStart, ReadinessDemandsExactRevision, Starts
from migsafe.model.script import SourceText
from migsafe.sources.deploy_files.docker_instructions import instructions
from migsafe.sources.deploy_files.dockerfile import read_dockerfile

MIGRATES = "alembic upgrade head && gunicorn app"
ENTRYPOINT = '#!/bin/sh\nset -e\nalembic upgrade head\nexec "$@"\n'


def _starts(text: str) -> list[str]:
    return [fact.command for fact in read_dockerfile(SourceText("Dockerfile", text)).facts]


def test_instructions_with_continued_lines_comments_and_here_documents() -> None:
    text = (
        "# syntax=docker/dockerfile:1\n"
        "from a AS b\n"
        "RUN one \\\n"
        "  # not this\n"
        "\n"
        "  two\n"
        "COPY --chown=app --from=x <<EOF /start.sh\n"
        "CMD alembic upgrade head\n"
        "EOF\n"
        "CMD ['not', 'json']\n"
    )
    found = list(instructions(text))
    assert [one.word for one in found] == ["FROM", "RUN", "COPY", "CMD"]
    assert found[1].rest.split() == ["one", "two"]
    assert found[2].bodies == ("CMD alembic upgrade head\n",)
    assert found[2].flag("from") == "x"
    assert found[3].exec_form is None
    assert text[found[1].span.start :].startswith("RUN")
    assert text[found[3].span.start : found[3].span.end] == "CMD ['not', 'json']\n"


def test_another_sign_for_continued_lines() -> None:
    text = "# escape=`\nFROM a\nCMD alembic upgrade head `\n  && gunicorn app\n"
    assert _starts(text) == ["alembic upgrade head"]


@pytest.mark.parametrize(
    "text",
    [
        f"FROM a\nCMD {MIGRATES}\n",
        f'FROM a\nCMD ["sh", "-c", "{MIGRATES}"]\n',
        f'FROM a\nENTRYPOINT ["/bin/bash", "-lc", "{MIGRATES}"]\n',
        f"FROM a\nENTRYPOINT {MIGRATES}\nCMD echo\n",
        f'FROM a\nENTRYPOINT ["sh", "-c"]\nCMD ["{MIGRATES}"]\n',
        "FROM a\nENV START='alembic upgrade head'\nCMD $START && gunicorn app\n",
        f"FROM a AS base\nCMD {MIGRATES}\nFROM base\nUSER app\n",
        f"FROM a\r\nCMD {MIGRATES}\r\n",
        f"from a\ncmd {MIGRATES}",
        f"FROM a\nCMD nothing\nCMD {MIGRATES}\n",
        f"ARG BASE=base\nFROM a AS base\nCMD {MIGRATES}\nFROM $BASE\n",
    ],
)
def test_the_last_stage_migrates_at_start(text: str) -> None:
    assert _starts(text) == ["alembic upgrade head"]


@pytest.mark.parametrize(
    "text",
    [
        f"FROM a\nRUN {MIGRATES}\nCMD gunicorn app\n",
        f"FROM a\nCMD {MIGRATES}\nCMD gunicorn app\n",
        f"FROM a AS b\nCMD {MIGRATES}\nFROM a\nCMD gunicorn app\n",
        f'FROM a AS b\nCMD {MIGRATES}\nFROM b\nENTRYPOINT ["gunicorn", "app"]\n',
        f"FROM a\n# CMD {MIGRATES}\nCMD gunicorn app\n",
        f"FROM a\nLABEL run='{MIGRATES}'\n",
        f"FROM a\nONBUILD CMD {MIGRATES}\n",
        "FROM a\nCMD alembic upgrade head\n",
        'FROM a\nCMD ["alembic", "upgrade", "head"]\n',
        "FROM a\nCMD alembic upgrade head && uvicorn app:app --reload\n",
        "FROM a\nCMD npx prisma migrate deploy && npm run dev\n",
        "FROM a\nCMD exec alembic upgrade head\n",
        "FROM a\nRUN <<EOF\nCMD alembic upgrade head && gunicorn app\nEOF\nCMD gunicorn app\n",
        "",
        "CMD",
    ],
)
def test_what_is_no_migration_at_start(text: str) -> None:
    assert _starts(text) == []


@pytest.mark.parametrize(
    ("dockerfile", "script"),
    [
        (
            'FROM a\nCOPY entrypoint.sh /entrypoint.sh\nENTRYPOINT ["/entrypoint.sh"]\nCMD ["gunicorn"]\n',
            "entrypoint.sh",
        ),
        ('FROM a\nWORKDIR /app\nCOPY . .\nENTRYPOINT ["./bin/boot"]\n', "bin/boot"),
        ('FROM a\nWORKDIR /app\nCOPY . ./\nCMD ["bash", "deploy/start.sh"]\n', "deploy/start.sh"),
        ("FROM a\nENV HOME=/srv\nWORKDIR $HOME\nCOPY deploy ${HOME}/deploy\nCMD deploy/start.sh\n", "deploy/start.sh"),
        ('FROM a\nCOPY deploy/start.sh other.sh /usr/local/bin/\nCMD ["/usr/local/bin/start.sh"]\n', "deploy/start.sh"),
        ('FROM a\nCOPY ["deploy/start.sh", "/start.sh"]\nENTRYPOINT ["tini", "--", "/start.sh"]\n', "deploy/start.sh"),
        ("FROM a AS b\nCOPY . /app\nFROM b\nCMD /app/deploy/start.sh\n", "deploy/start.sh"),
        ("FROM a\nADD --chmod=755 deploy/start.sh /run/\nCMD /run/start.sh\n", "deploy/start.sh"),
    ],
)
def test_a_script_is_followed(dockerfile: str, script: str, tmp_path: Path) -> None:
    read = read_project(tmp_path, Dockerfile=dockerfile, **{script: ENTRYPOINT})
    (fact,) = facts_of(MigratesAtStart, read)
    assert (fact.starts, fact.line, fact.column) == (Starts.SCRIPT, 3, 1)
    assert Path(fact.path).as_posix().endswith(script)
    assert fact.by.partition("Dockerfile:")[2] != ""
    assert fact.certain


def test_a_script_is_looked_for_from_the_folder_of_the_build_up(tmp_path: Path) -> None:
    read = read_project(
        tmp_path,
        docker__web__Dockerfile='FROM a\nCOPY docker/web/run.sh /run.sh\nCMD ["/run.sh"]\n',
        docker__web__run_dot_sh=ENTRYPOINT,
    )
    assert len(facts_of(MigratesAtStart, read)) == 1


def test_a_script_outside_of_the_project_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "start.sh").write_text(ENTRYPOINT, encoding="utf-8")
    read = read_project(tmp_path / "project", Dockerfile='FROM a\nCOPY ../start.sh /start.sh\nCMD ["/start.sh"]\n')
    assert facts_of(MigratesAtStart, read) == []


def test_a_script_of_an_earlier_stage_or_another_interpreter_is_not_followed(tmp_path: Path) -> None:
    read = read_project(
        tmp_path,
        Dockerfile='FROM a\nCOPY --from=build /src/start.sh /start.sh\nCMD ["/start.sh"]\n',
        web_dot_Dockerfile='FROM a\nCOPY boot /boot\nCMD ["/boot"]\n',
        start_dot_sh=ENTRYPOINT,
        boot="#!/usr/bin/env python3\nalembic upgrade head\nexec gunicorn\n",
    )
    assert facts_of(MigratesAtStart, read) == []


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        ("CMD alembic current --check-heads", True),
        ('--interval=5s CMD ["python", "manage.py", "migrate", "--check"]', True),
        ("CMD curl -f http://localhost/readyz", False),
        ("NONE", False),
    ],
)
def test_health_checks(check: str, expected: bool, tmp_path: Path) -> None:
    read = read_project(tmp_path, Dockerfile=f"FROM a\nHEALTHCHECK {check}\nCMD gunicorn app\n")
    assert bool(facts_of(ReadinessDemandsExactRevision, read)) is expected
