"""`migsafe deploy plan` on a whole project: what it prints, what it refuses, and that it moves nothing."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import jsonschema
import pytest

from migsafe.cli.main import run
from migsafe.tracker import opening
from tracker_books import NOW

_ROOT = Path(__file__).parents[2]
_SHOP = _ROOT / "fixtures" / "deploy" / "shop"
_SCHEMA = _ROOT / "src" / "migsafe" / "deploy" / "schema" / "deploy-plan-1.json"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shop, in which v1 runs on production; its engine is a team's own programs. Made once."""
    folder = tmp_path_factory.mktemp("template") / "shop"
    shutil.copytree(_SHOP, folder)
    shutil.copy(folder / "deploy.command.toml", folder / "deploy.toml")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(opening, "now", lambda: NOW)
        patch.setenv("MIGSAFE_TRACKER", "sqlite:tracker.db")
        assert run(["tracker", "upgrade"]) == 0
        assert run(["record", "00001_users", "--env", "production", "--status", "done", "--create-env"]) == 0
        assert run(["release", "mark", "v1", "--env", "production", "--status", "deployed"]) == 0
    return folder


@pytest.fixture
def shop(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "shop"
    shutil.copytree(template, folder)
    monkeypatch.chdir(folder)
    monkeypatch.setattr(opening, "now", lambda: NOW)
    monkeypatch.setenv("MIGSAFE_TRACKER", "sqlite:tracker.db")
    return folder


def plan(*words: str, release: str = "v2", code: int = 0) -> None:
    assert run(["deploy", "plan", "--release", release, "--env", "production", *words]) == code


def test_the_whole_release_and_what_it_waits_for(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan()
    shown = capsys.readouterr().out
    assert "Release plan: v2 on production (canary, by command)" in shown
    for words in ("expand the schema", "shift: 5 % of traffic to v2", "bake v2, with v1 kept warm", "retire: end v1"):
        assert words in shown
    assert (
        "  00002_add_full_name of expand has not run on production/main: "
        "migsafe run expand --release v2 --env production --url ADDRESS\n"
    ) in shown


def test_after_the_expand_it_waits_for_nothing_and_has_the_same_id(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan("--format", "json")
    before = json.loads(capsys.readouterr().out)
    assert run(["record", "00002_add_full_name", "--env", "production", "--status", "done"]) == 0
    capsys.readouterr()
    plan("--format", "json")
    after = json.loads(capsys.readouterr().out)
    assert (len(before["waits"]), after["waits"]) == (1, [])
    assert before["id"] == after["id"]
    jsonschema.validate(after, json.loads(_SCHEMA.read_text()))


def test_nothing_is_written(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def content() -> dict[Path, bytes]:
        return {file: file.read_bytes() for file in shop.rglob("*") if file.is_file()}

    before = content()
    plan()
    assert content() == before


def test_into_a_file_in_markdown(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    with (shop / "deploy.toml").open("a") as file:
        file.write('[[notify]]\nkind = "webhook"\nurl = "env:HOOK"\n')  # a plan needs no secret of a receiver
    plan("--format", "markdown", "--output", "plan.md")
    assert capsys.readouterr().out == ""
    assert (shop / "plan.md").read_text().startswith("# Release plan: v2 on production")


def test_from_a_folder_below_and_by_name(
    shop: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIGSAFE_TRACKER", f"sqlite:{shop / 'tracker.db'}")
    monkeypatch.chdir(shop / "migrations")
    plan()
    (shop / "deploy.toml").rename(shop / "other.toml")
    plan("--deploy-file", "../other.toml")
    plan("--deploy-file", "../third.toml", code=2)
    plan(code=2)
    assert "no deploy.toml here or above" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('strategy = "canary"', 'strategy = "canry"', "deploy.toml:3: [deploy] strategy: "),
        ('liveness = "/livez"\n', "", "[probes] liveness: missing"),
        ('[[check]]\nname = "shop"\nkind = "http"\nurl = "http://127.0.0.1:8080/"\n', "", "check: missing"),
        ('kind = "http"', 'kind = "http"\nstatsu = [200]', "statsu: no such key"),
        ('stage = ["./engine", "stage", "{version}"]\n', "", "[provider] stage: missing"),
        ('stage = ["./engine",', 'stage = ["sh", "-c", "alembic upgrade head",', "migrates the database"),
        ("bake =", "bake", "deploy.toml:8: not TOML"),
        ("[[check]]", '[[notify]]\nkind = "webhok"\n\n[[check]]', "[[notify]] 1 kind: "),
    ],
)
def test_what_deploy_toml_cannot_say(
    old: str, new: str, words: str, shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (shop / "deploy.toml").read_text()
    assert old in text
    (shop / "deploy.toml").write_text(text.replace(old, new, 1))
    plan(code=2)
    assert words in capsys.readouterr().err


def test_an_engine_that_cannot_do_it(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (shop / "deploy.toml").read_text()
    (shop / "deploy.toml").write_text(text.replace('weights = "exact"', 'weights = "replicas"\nreplicas = 4'))
    plan(code=4)
    assert "5 %, 20 % of the traffic cannot be had from 4 instances" in capsys.readouterr().err


def test_a_schema_that_the_new_release_cannot_live_on(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("v2", "v3"):
        assert run(["release", "mark", name, "--env", "production", "--status", "planned"]) == 0
    assert run(["release", "floor", "v3", "--env", "production", "--reason", "the old column is gone"]) == 0
    plan(code=4)
    assert "works with v3 and later releases only" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("release", "code", "words"),
    [("v22", 2, "did you mean v2?"), ("v1", 4, "v1 has the traffic of production already")],
)
def test_another_release(release: str, code: int, words: str, shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan(release=release, code=code)
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("words", [(), ("plan",)])
def test_help_has_examples(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["deploy", *words, "--help"]) == 0
    shown = capsys.readouterr().out
    assert "Examples:" in shown
    assert "migsafe deploy plan --release" in shown
