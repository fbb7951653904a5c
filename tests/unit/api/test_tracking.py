"""The tracker from Python: what the command line does, without one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from migsafe import api
from migsafe.config import Config
from migsafe.errors import UsageError
from migsafe.model.phase import Phase
from migsafe.model.state import RolloutStatus, StepStatus
from migsafe.tracker.opening import NoTrackerError
from migsafe.tracker.versions import VERSION

if TYPE_CHECKING:
    from pathlib import Path

WHERE = api.Where(environment="production", create=True)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    """A tracker that knows one release, in a folder without a project."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    known = Config(tracker=f"sqlite:{tmp_path}/tracker.db")
    assert api.tracker_upgrade(known, by="mira").after == VERSION
    mark = api.Mark(
        release="1.8.0", environment="production", status=RolloutStatus.DEPLOYED, create=True, create_environment=True
    )
    assert api.mark_release(mark, known, by="mira").changed
    return known


def record(config: Config, *names: str, status: StepStatus = StepStatus.DONE) -> list[bool]:
    said = api.Record(
        migrations=names, where=WHERE, status=status, change="c", phase=Phase.EXPAND, release="1.8.0"
    )  # fmt: skip
    return [one.changed for one in api.record_steps(said, config, by="mira")]


def test_from_the_first_mark_to_a_guard(config: Config) -> None:
    assert record(config, "001", "002") == [True, True]
    assert record(config, "001") == [False]
    found = api.Verification(name="same", change="c", where=WHERE, ok=True, observed="0")
    assert api.record_check(found, config).changed
    (line,) = api.status(config).changes
    assert (line.change, line.phases[0].word) == ("c", "done")
    assert {event.actor for event in api.history(config)[:-1]} == {"mira"}
    assert api.guard("1.8.0", config).answer == "yes"
    assert api.set_ceiling("1.8.0", "production", config, reason="by hand").changed
    assert api.set_floor("1.8.0", "production", config, reason="by hand").after.ceiling == "1.8.0"


def test_a_document_goes_out_and_in(config: Config, tmp_path: Path) -> None:
    record(config, "001")
    file = tmp_path / "state.json"
    file.write_text(api.export_state(config).text)
    other = Config(tracker=f"sqlite:{tmp_path}/other.db")
    api.tracker_upgrade(other)
    assert api.import_state(file, other, by="mira").written > 0
    assert api.guard("1.8.0", other).answer == "yes"


def test_the_tracker_is_cared_for(config: Config, tmp_path: Path) -> None:
    assert api.tracker_place(config) == f"{tmp_path}/tracker.db"
    checked = api.tracker_check(config)
    assert (checked.place, checked.proof.events) == (api.tracker_place(config), len(api.history(config)))
    assert checked.rewriters == ("whoever may write this file can write the chain anew: a file knows no roles",)
    assert api.tracker_check(config, anchor=checked.proof.head).proof.anchored == checked.proof.events
    assert api.tracker_rebind(config, reason="moved", by="mira") == (None, None)


def test_a_file_knows_no_roles(config: Config) -> None:
    with pytest.raises(UsageError, match="is a file, which knows no roles"):
        api.tracker_roles(config)
    assert "CREATE ROLE" in api.tracker_roles(Config()), "where nobody has said where the tracker is"
    assert '"deploy-bot"' in api.tracker_roles(runner="deploy-bot")


def test_there_is_no_tracker_until_somebody_makes_one(tmp_path: Path) -> None:
    with pytest.raises(NoTrackerError):
        api.status(Config(tracker=f"sqlite:{tmp_path}/none.db"))
