"""`migsafe drift` on whole projects, where no server is needed; with servers: tests/integration/shadow/drift."""

from __future__ import annotations

import json
import shutil
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from migsafe.cli.main import run

pytestmark = pytest.mark.long

DRIFT = Path(__file__).parents[2] / "fixtures" / "drift"
REPORT = json.loads((files("migsafe.reporters") / "schema" / "report-1.json").read_text(encoding="utf-8"))


@pytest.fixture(autouse=True)
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The project's folder, in which the command is run."""
    shutil.copytree(DRIFT, tmp_path / "shop", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.chdir(tmp_path / "shop")
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)


def test_models_that_say_what_the_migrations_build(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["drift", "--models", "shop_models:Base", "--static", "--min-severity", "info"]) == 0
    assert capsys.readouterr().out.startswith("no drift between migrations (3 migrations) and shop_models:Base")


def test_models_that_have_gone_another_way(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["drift", "migrations", "--models", "strayed_models:Base", "--static"]) == 1
    out = capsys.readouterr().out
    assert "error[drift]: column public.orgs.city is in the models, and no migration makes it" in out
    assert "ALTER TABLE public.orgs ADD COLUMN city text;" in out
    assert "5 errors, 3 warnings between migrations (3 migrations) and strayed_models:Base" in out
    assert "1 lighter finding not shown" in out


def test_models_and_an_earlier_migration(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["drift", "--models", "shop_models:Base", "--static", "--at", "0002", "--quiet"]) == 1
    (line,) = capsys.readouterr().out.splitlines()
    assert "public.users.full_name is in the models" in line


def test_the_report_keeps_its_contract(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["drift", "--models", "strayed_models:Base", "--static", "--format", "json"]) == 1
    told = json.loads(capsys.readouterr().out)
    jsonschema.validate(told, REPORT, jsonschema.Draft202012Validator)
    assert set(told["rules"]) == {"drift"}
    assert {finding["rule"] for finding in told["findings"]} == {"drift"}


@pytest.mark.parametrize(("form", "mark"), [("sarif", '"ruleId": "drift"'), ("github", "title=drift (error)")])
def test_other_forms(form: str, mark: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["drift", "--models", "strayed_models:Base", "--static", "--format", form]) == 1
    assert mark in capsys.readouterr().out


def test_what_is_ignored_and_what_does_not_fail() -> None:
    models = ["--models", "strayed_models:Base", "--static", "--quiet"]
    assert run(["drift", *models, "--fail-on", "never"]) == 0
    ignored = [part for name in ("invoices", "role", "city", "name", "email") for part in ("--ignore", name)]
    assert run(["drift", *models, *ignored]) == 0
    assert run(["drift", *models, *ignored, "--fail-on", "warning"]) == 1


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([], 2, "nothing to compare"),
        (["--models", "shop_models"], 2, "package.module:Base"),
        (["--models", "shop_models:Nope", "--static"], 2, "has no Nope"),
        (["--models", "nowhere:Base", "--static"], 2, "no module nowhere"),
        (["--url", "postgresql://app:hunter2@localhost/shop"], 2, "--url holds a password"),
        (["--url", "env:MIGSAFE_TEST_NOT_SET"], 2, "not set"),
        (["--url", "postgresql://127.0.0.1:1/shop"], 5, "cannot connect"),
        (["--models", "shop_models:Base", "--shadow-url", "postgresql://a:hunter2@h/x"], 2, "--shadow-url holds"),
        (["--models", "shop_models:Base", "--pg-bin", "/nowhere"], 5, "has no postgres"),
        (["--url", "x", "--dialect", "mysql"], 2, "mysql"),
        (["--models", "shop_models:Base", "--at", "9"], 2, "no migration"),
    ],
)
def test_wrong_use(arguments: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["drift", *arguments]) == code
    err = capsys.readouterr().err
    assert said in err
    assert "hunter2" not in err


def test_variables_say_which_server(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("MIGSAFE_PG_BIN", "/nowhere")
    assert run(["drift", "--models", "shop_models:Base"]) == 5
    assert "/nowhere has no postgres" in capsys.readouterr().err
    monkeypatch.setenv("MIGSAFE_SHADOW_URL", "postgresql://127.0.0.1:1/x")
    assert run(["drift", "--models", "shop_models:Base"]) == 5
    assert "cannot connect" in capsys.readouterr().err


def test_what_a_replay_could_not_read_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "shop" / "migrations" / "0004_odd.sql").write_text("ALTER TABEL users ADD x int;\n")
    assert run(["drift", "--models", "shop_models:Base", "--static"]) == 0
    assert "1 place could not be read, the first at migrations/0004_odd.sql:1:" in capsys.readouterr().out


def test_the_configuration_says_what_is_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = 'models = ["shop_models:Base", "strayed_models:Base"]\nurl = "env:MIGSAFE_TEST_NOT_SET"\n'
    (tmp_path / "shop" / "migsafe.toml").write_text(settings)
    assert run(["drift", "--static"]) == 2
    assert "MIGSAFE_TEST_NOT_SET is not set" in capsys.readouterr().err
    assert run(["drift", "--static", "--models", "shop_models:Base"]) == 0
    assert capsys.readouterr().out.startswith("no drift between migrations (3 migrations) and shop_models:Base")
