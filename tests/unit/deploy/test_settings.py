"""What deploy.toml says for an environment, and the place of everything that cannot be used."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deploy_plans import TOML, settings
from migsafe.deploy.settings import find_deploy_file, settings_of
from migsafe.deploy.tables import parse_document
from migsafe.deploy.words import Strategy
from migsafe.errors import ConfigurationError, PathNotFoundError

if TYPE_CHECKING:
    from pathlib import Path


def test_what_is_said_and_what_is_usual() -> None:
    told = settings(('step_time = "1min"\nsoak = "30s"\nbake = "10min"\n', ""))
    assert told.strategy is Strategy.CANARY
    assert told.steps == (5, 20, 50, 100)
    assert (told.step_time, told.soak, told.bake, told.ready_within) == (60, 30, 600, 300)
    assert (told.on_inconclusive, told.rehearsed_within) == ("hold", 30 * 86_400)
    assert told.tracker_back_within == 300
    assert (told.probes.readiness, told.probes.liveness, told.probes.smoke) == ("/readyz", "/livez", ("/",))
    assert told.provider_table.command("switch") == ("./switch", "{version}")
    assert [check.text("name") for check in told.checks] == ["errors"]
    assert told.warnings == ()


def test_an_environment_says_something_otherwise() -> None:
    staging = settings(environment="staging")
    assert (staging.strategy, staging.steps) == (Strategy.BLUE_GREEN, (100,))
    assert settings(environment="elsewhere").strategy is Strategy.CANARY


def test_steps_of_all_do_not_disturb_an_environment_without_a_canary() -> None:
    told = settings(('soak = "30s"', "steps = [10, 100]"), environment="staging")
    assert told.steps == (100,)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"canary"', '"canry"', r"deploy\.toml:2: \[deploy\] strategy: .*canry"),
        ('strategy = "canary"\n', "", r"deploy\.toml:1: \[deploy\] strategy: missing"),
        ('"command"', '"kubernets"', r"deploy\.toml:3: \[deploy\] provider: "),
        ("[deploy]", "[dploy]", r"deploy\.toml:1: dploy: no such key"),
        ('soak = "30s"', 'sok = "30s"', r"deploy\.toml:5: \[deploy\] sok: no such key"),
        ('soak = "30s"', "steps = []", r"deploy\.toml:5: \[deploy\] steps: .*above 0"),
        ('soak = "30s"', "steps = [0, 100]", r"\[deploy\] steps: .*above 0"),
        ('soak = "30s"', "steps = [50, 101]", r"\[deploy\] steps: .*above 0"),
        ('soak = "30s"', "steps = [50, 20, 100]", r"\[deploy\] steps: .*rise"),
        ('soak = "30s"', "steps = [50, 50, 100]", r"\[deploy\] steps: .*rise"),
        ('soak = "30s"', "steps = [5, 50]", r"\[deploy\] steps: .*end at 100"),
        ('soak = "30s"', "steps = 100", r"\[deploy\] steps: .*a list"),
        ('soak = "30s"', "steps = [2.5, 100]", r"\[deploy\] steps: .*a whole number"),
        ('"canary"', '"rolling"\nsteps = [50, 100]', r"deploy\.toml:3: \[deploy\] steps: rolling has no steps"),
        ('soak = "30s"', 'ready_within = "0s"', r"\[deploy\] ready_within: 0 "),
        ('soak = "30s"', 'on_inconclusive = "promote"', r"\[deploy\] on_inconclusive: .*one of hold, abort"),
        ('readiness = "/readyz"\n', "", r"deploy\.toml:8: \[probes\] readiness: missing: no readiness probe"),
        ('liveness = "/livez"\n', "", r"deploy\.toml:8: \[probes\] liveness: missing: no liveness probe"),
        ('"/livez"', '"/readyz"', r"deploy\.toml:10: \[probes\] liveness: /readyz is the readiness probe too"),
        ('"/livez"', '"livez"', r"\[probes\] liveness: .*such as \"/livez\""),
        ('"/livez"', '"http://localhost:80/up"', r"\[probes\] liveness: .*such as \"/up\""),
        ('"/livez"', '"http://localhost"', r"\[probes\] liveness: .*such as \"/liveness\""),
        ('["/"]', '["/", "shop page"]', r"deploy\.toml:11: \[probes\] smoke: "),
        ("smoke", "smoek", r"\[probes\] smoek: no such key"),
        ('kind = "proxy"', 'kind = "proxi"', r"\[\[check\]\] 1 kind: "),
        ('name = "errors"\n', "", r"deploy\.toml:16: \[\[check\]\] 1 name: missing"),
        ("[[check]]", "[check]", r"deploy\.toml:16: check: .*a list of tables"),
        ("[[check]]", '[[check]]\nname = "errors"\nkind = "http"\n[[check]]', r"\[\[check\]\] 2 name: another check"),
        ("[environments.staging.deploy]", "[environments.staging.deplyo]", r"\[environments\.staging\] deplyo: "),
        ('"blue-green"', '"blu-green"', r"deploy\.toml:22: \[environments\.staging\.deploy\] strategy: "),
        ('"blue-green"', '"blue-green"\nsteps = [5, 100]', r"\[environments\.staging\.deploy\] steps: blue-green has"),
    ],
)
def test_what_is_refused_with_its_place(old: str, new: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        settings((old, new))


def test_a_slip_in_an_environment_shows_in_every_other() -> None:
    with pytest.raises(ConfigurationError, match=r"\[environments\.staging\.deploy\] bake"):
        settings(('strategy = "blue-green"', "bake = 1"), environment="production")


def test_a_probe_that_is_misspelled_is_seen() -> None:
    with pytest.raises(ConfigurationError, match="readiness: missing") as caught:
        settings(("readiness =", "readyness ="))
    assert caught.value.hint == "readyness is there: did you mean readiness?"


def test_without_a_check_nothing_would_go_back_by_itself() -> None:
    text = TOML.replace('[[check]]\nname = "errors"\nkind = "proxy"\nmax_error_rate = 0.02\n', "")
    with pytest.raises(ConfigurationError, match=r"deploy\.toml: check: missing: nothing would ever take"):
        settings_of(parse_document(text), "production")


@pytest.mark.parametrize("key", ["migrate", "migrations", "expand", "pre_deploy"])
def test_a_deployment_that_is_to_migrate(key: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"deploy\.toml:5: \[deploy\] {key}: a deployment runs no") as caught:
        settings(('soak = "30s"', f'{key} = "alembic upgrade head"'))
    assert "migsafe run expand" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('bake = "10min"', "bake = 0", "deploy.toml:6: [deploy] bake is 0: the old version ends at once"),
        ('soak = "30s"', 'soak = "0s"', "deploy.toml:5: [deploy] soak is 0: nobody looks"),
        ('step_time = "1min"', 'step_time = "0s"', "deploy.toml:4: [deploy] step_time is 0: no step is watched"),
    ],
)
def test_what_is_allowed_and_hardly_meant(old: str, new: str, words: str) -> None:
    (warning,) = settings((old, new)).warnings
    assert warning.startswith(words)


class TestFile:
    def test_the_nearest_one(self, tmp_path: Path) -> None:
        inner = tmp_path / "app" / "src"
        inner.mkdir(parents=True)
        (tmp_path / "deploy.toml").write_text("")
        assert find_deploy_file(start=inner) == tmp_path / "deploy.toml"
        (inner / "deploy.toml").write_text("")
        assert str(find_deploy_file(start=inner)) == "deploy.toml"

    def test_the_one_that_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "deploy.toml").write_text("")
        with pytest.raises(PathNotFoundError, match=r"no file .*other\.toml"):
            find_deploy_file(tmp_path / "other.toml", tmp_path)

    def test_none(self, tmp_path: Path) -> None:
        with pytest.raises(PathNotFoundError, match=r"no deploy\.toml here or above"):
            find_deploy_file(start=tmp_path)
