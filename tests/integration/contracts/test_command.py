"""`migsafe contract` on a whole project and a real database."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from contract_projects import CHANGE, MIRA, NOW, Project, needs_git
from migsafe.cli.main import run
from migsafe.model.state import RolloutStatus
from migsafe.tracker import opening
from migsafe.tracker.reading import read_known

if TYPE_CHECKING:
    from collections.abc import Callable

    Say = Callable[..., tuple[str, str]]

pytestmark = [needs_git]
PLAN = ("contract", "plan", CHANGE, "--env", "production", "--url", "env:SHOP", "--by", "mira")


@pytest.fixture
def say(project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Say:
    monkeypatch.setattr(opening, "now", lambda: NOW)
    monkeypatch.setenv("SHOP", project.dsn)
    monkeypatch.setenv("COLUMNS", "100")

    def speak(*words: str, code: int = 0) -> tuple[str, str]:
        found = run(words)
        said = capsys.readouterr()
        assert found == code, said.out + said.err
        return said.out, said.err

    return speak


def plan_of(said: tuple[str, str]) -> dict:
    return json.loads(said[0])


def test_from_the_plan_to_its_approval(say: Say, project: Project) -> None:
    plan = plan_of(say(*PLAN, "--format", "json"))
    assert (plan["schema"], plan["verdict"], plan["approvals_needed"]) == ("migsafe.contract/1", "eligible", 1)
    short = plan["id"][:12]
    out, err = say(*PLAN)
    assert out.startswith(f"Contract plan: the quarantine of {CHANGE}\nELIGIBLE: every gate is open.\n")
    assert err == f"kept already: migsafe contract approve {short} --by NAME\n"

    _, err = say("contract", "approve", short, "--by", "mira", code=4)
    assert "mira has made the plan" in err
    out, _ = say("contract", "approve", short, "--by", "olga")
    assert out == f"{short} ({CHANGE}): approved by olga, until 2026-11-26 09:00 UTC\n"
    decision = plan_of(say("contract", "reject", short, "--by", "pavel", "--reason", "not today", "--format", "json"))
    assert (decision["schema"], decision["decision"]) == ("migsafe.contract-decision/1", "reject")
    out, _ = say("contract", "show", short)
    assert "not today" in out
    assert project.clear().why is not None


def test_a_try_keeps_nothing(say: Say) -> None:
    plan = plan_of(say(*PLAN, "--dry-run", "--format", "json"))
    _, err = say("contract", "show", plan["id"], code=2)
    assert "no contract plan" in err


def test_a_blocked_plan_is_shown_and_not_kept(say: Say, project: Project) -> None:
    project.sql("CREATE VIEW names AS SELECT name FROM users")
    out, err = say(*PLAN, "--write", code=4)
    assert "dependents: the view public.names uses users.name." in out
    assert "nothing was kept" in err
    assert len(project.migrations) == 8
    out, _ = say(*PLAN, "--format", "sql", code=4)
    lines = out.splitlines()
    assert "-- BLOCKED" in out.upper()
    assert [line for line in lines if line and not line.startswith("--")] == []


def test_writing_the_migrations_that_are_due(say: Say, project: Project) -> None:
    _, err = say(*PLAN, "--write")
    assert "wrote migrations/009_users_name_to_full_name_release_name.sql" in err
    assert "part=quarantine" in (project.folder / "migrations" / f"{project.migrations[-1]}.sql").read_text()
    _, err = say(*PLAN, "--write")
    assert "every step of it is written already" in err
    assert len(project.migrations) == 10


def test_into_a_file(say: Say, project: Project) -> None:
    out, _ = say(*PLAN, "--dry-run", "--format", "html", "--output", "plan.html")
    assert out == ""
    page = (project.folder / "plan.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert "_migsafe_q_name" in page


def test_refusals_in_one_line(say: Say, project: Project) -> None:
    words = ["--env", "production", "--url", "env:SHOP"]
    cases = {
        ("contract", "plan", "users-name-to-fullname", *words): (2, f"did you mean {CHANGE}?"),
        ("contract", "plan", CHANGE, "--env", "prod", "--url", "env:SHOP"): (2, 'no environment "prod"'),
        ("contract", "plan", CHANGE, *words, "--target", "eu"): (2, 'no database of production "eu"'),
        ("contract", "plan", CHANGE, "--env", "production"): (2, "no database is named"),
        ("contract", "plan", CHANGE, "--env", "production", "--url", "postgresql://a:b@c/d"): (2, "password"),
        ("contract", "plan", CHANGE, *words, "--output", "no/where"): (2, "no folder"),
        ("contract", "plan", CHANGE, *words, "--tracker", "sqlite:away.db"): (4, "there is no tracker"),
    }
    for case, (code, text) in cases.items():
        _, err = say(*case, code=code)
        assert text in err
        assert "Traceback" not in err


def test_a_database_that_is_away(say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP", "postgresql://nobody@127.0.0.1:1/nothing")
    _, err = say(*PLAN, code=5)
    assert err.startswith("error: cannot connect to Postgres")


def test_another_database_than_the_one_that_is_known(say: Say, project: Project) -> None:
    with project.tracker.reading() as ledger:
        (environment,) = read_known(ledger, NOW).state.environments
    with project.tracker.writing(MIRA) as store:
        store.put_target("production", replace(environment.targets[0], identity="42/shop"))
    out, _ = say(*PLAN, code=4)
    assert "is known as 42/shop" in out


def test_an_open_rollout_blocks(say: Say, project: Project) -> None:
    with project.tracker.writing(MIRA) as store:
        store.add_release("1.9.0")
        store.mark("production", "1.9.0", RolloutStatus.ROLLING, at=NOW, percent=10)
    out, _ = say(*PLAN, code=4)
    assert "1.9.0 is being rolled out on production" in out
