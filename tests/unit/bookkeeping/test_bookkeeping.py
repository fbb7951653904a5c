"""What commands say where there is no project, and who says it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from migsafe.bookkeeping.author import author
from migsafe.bookkeeping.documents import check_tracker, export_state
from migsafe.bookkeeping.overview import guard_release, read_status
from migsafe.bookkeeping.place import tracker_address
from migsafe.bookkeeping.releases import Mark, mark_release
from migsafe.bookkeeping.steps import Record, Where, record_steps
from migsafe.config import Config, load_config
from migsafe.model.phase import Phase
from migsafe.model.state import RolloutStatus, StepStatus
from migsafe.tracker.errors import UnknownNameError
from migsafe.tracker.facts import StepFacts
from tracker_books import ME, book_in


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    """A folder without migrations, in no git working tree, and an empty tracker."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    book_in(tmp_path)
    return Config(tracker=f"sqlite:{tmp_path}/tracker.db")


def record(config: Config, *names: str, said: StepFacts | None = None, environment: str = "production") -> list[str]:
    where = Where(environment=environment, create=True)
    facts = said or StepFacts()
    asked = Record(
        migrations=names, where=where, status=StepStatus.DONE, change=facts.change, phase=facts.phase, part=facts.part,
        release=facts.release,
    )  # fmt: skip
    written = record_steps(asked, ME, config)
    return [f"{one.subject}: {one.after}{'' if one.changed else ' already'}" for one in written]


def test_outside_of_a_project_names_are_taken_as_they_are(config: Config) -> None:
    assert record(config, "0001", "0002") == ["0001 on production/main: done", "0002 on production/main: done"]
    assert record(config, "0002") == ["0002 on production/main: done already"]
    done = export_state(config)
    assert (done.left_out, json.loads(done.text)["steps"]) == (("0001", "0002"), [])
    record(config, "0001", "0002", said=StepFacts(phase=Phase.EXPAND, release="1.8.0"))
    done = export_state(config)
    assert done.left_out == ()
    assert [step["migration"] for step in json.loads(done.text)["steps"]] == ["0001", "0002"]


def test_a_release_that_nobody_knows_is_made_on_demand(config: Config) -> None:
    mark = Mark(release="1.8.0", environment="production", status=RolloutStatus.DEPLOYED, create_environment=True)
    with pytest.raises(UnknownNameError, match=r"1\.8\.0"):
        mark_release(mark, ME, config)
    assert read_status(config).environments == (), "the environment was not made either"
    created = Mark(**{name: getattr(mark, name) for name in mark.__slots__} | {"create": True})
    assert mark_release(created, ME, config).changed
    assert not mark_release(created, ME, config).changed


def test_guard_wants_one_environment_or_its_name(config: Config) -> None:
    with pytest.raises(UnknownNameError, match="knows 0 environments"):
        guard_release("1.8.0", config)
    record(config, "0001")
    assert guard_release("1.8.0", config).answer == "unknown"
    record(config, "0001", environment="staging")
    with pytest.raises(UnknownNameError, match="knows 2 environments: production, staging"):
        guard_release("1.8.0", config)
    assert str(guard_release("1.8.0", config, environment="staging").where) == "staging/main"


def test_the_chain_is_proved_by_its_place(config: Config, tmp_path: Path) -> None:
    record(config, "0001")
    checked = check_tracker(config)
    where, proof = checked.place, checked.proof
    assert where == str(tmp_path / "tracker.db")
    assert check_tracker(config, anchor=proof.head).proof.anchored == proof.events


def test_a_file_in_the_configuration_is_relative_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("MIGSAFE_")]:
        monkeypatch.delenv(name)
    (tmp_path / "migsafe.toml").write_text('tracker = "sqlite:ops/tracker.db"\n')
    (tmp_path / "deep").mkdir()
    monkeypatch.chdir(tmp_path / "deep")
    assert tracker_address(load_config()).file == Path("../ops/tracker.db")
    monkeypatch.setenv("MIGSAFE_TRACKER", "sqlite:mine.db")
    assert tracker_address(load_config()).file == Path("mine.db")
    monkeypatch.setenv("MIGSAFE_ENVIRONMENT", "production")
    load_config()


def test_a_tracker_has_a_place_of_its_own_where_nobody_has_said_one() -> None:
    assert tracker_address(Config()).file == Path("migsafe/tracker.db")


def test_who_says_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTOR", "octo")
    assert author().actor == "octo"
    assert author("mira").actor == "mira"
    for name in ("GITHUB_ACTOR", "GITLAB_USER_LOGIN", "BUILDKITE_BUILD_CREATOR", "CIRCLE_USERNAME"):
        monkeypatch.delenv(name, raising=False)
    assert author().actor
