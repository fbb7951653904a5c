"""A column that was put out of reach comes back with what was written since, by its plan's own steps."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from migsafe.cli.main import run
from migsafe.evidence.plan import read_plan
from migsafe.model.phase import Part, Phase
from migsafe.model.script import TransactionRule
from migsafe.model.state import StepStatus, TargetName
from migsafe.plan.migrations import migration_of
from migsafe.postgres.connection import connect
from migsafe.tracker.address import read_address
from migsafe.tracker.backfills import know_step
from migsafe.tracker.facts import Author, RunFacts, StepFacts
from migsafe.tracker.kept import Kept, keep
from migsafe.tracker.opening import Tracker, now

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.server, pytest.mark.long]

CHANGE = "users-name-to-full-name"
INIT = """-- +goose Up
-- migsafe: phase=expand release=1.8.0
CREATE TABLE users (id bigserial PRIMARY KEY, name text);
-- +goose Down
DROP TABLE users;
"""


@dataclass
class Story:
    """A renamed column: expanded, migrated, and the old one in quarantine."""

    folder: Path
    dsn: str
    capsys: pytest.CaptureFixture[str]

    def migsafe(self, *words: str, code: int = 0) -> str:
        """Run a command of migsafe."""
        found = run(words)
        said = self.capsys.readouterr()
        assert found == code, said.out + said.err
        return said.out + said.err

    def back(self, to: str, *more: str, code: int = 0) -> str:
        where = ("--env", "production", "--url", "env:SHOP", "--tracker", "env:SHOP")
        return self.migsafe("backward", "--to", to, *where, *more, code=code)

    def quarantine(self) -> None:
        """What `run contract` does once everybody has signed: each step with the text that is kept of it."""
        plan = read_plan((self.folder / "migsafe" / "changes" / f"{CHANGE}.json").read_text(encoding="utf-8"))
        tracker = Tracker(read_address("env:SHOP"))
        where = TargetName("production", "main")
        for step in plan.steps:
            if step.part is not Part.QUARANTINE:
                continue
            written = migration_of(plan, step)
            with connect(self.dsn, autocommit=True) as session:
                session.execute(f"begin; {' '.join(written.up)} commit")
            facts = StepFacts(migration=f"9_{step.name}", change=CHANGE, phase=Phase.CONTRACT, part=step.part,
                              release="1.9.0")  # fmt: skip
            kept = Kept(checksum=f"v1:{step.name}", forward="\n".join(written.up),
                        backward="\n".join(written.down) or None, forward_rule=TransactionRule.TOOL,
                        backward_rule=TransactionRule.TOOL, no_way_back=written.no_way_back)  # fmt: skip
            with tracker.writing(Author(actor="mira")) as store:
                keep(store, know_step(store, facts), kept)
                store.record(facts, RunFacts(where=where, status=StepStatus.QUARANTINED, at=now(), source="run",
                                             checksum=kept.checksum, floor="1.9.0"))  # fmt: skip

    def rows(self, columns: str) -> list[tuple[object, ...]]:
        with connect(self.dsn, autocommit=True) as session:
            return session.query(f"select {columns} from users order by id")  # columns of this file

    def do(self, sql: str) -> None:
        with connect(self.dsn, autocommit=True) as session:
            session.execute(sql)


@pytest.fixture
def story(
    tmp_path: Path,
    make_database: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Story:
    (tmp_path / "db").mkdir()
    (tmp_path / "db" / "00001_users.sql").write_text(INIT, encoding="utf-8")
    (tmp_path / "migsafe.toml").write_text('paths = ["db"]\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    dsn = make_database("")
    monkeypatch.setenv("SHOP", dsn)
    made = Story(tmp_path, dsn, capsys)
    made.migsafe("plan", "rename-column", "users.name", "full_name", "--path", "db", "--accept")
    for file in (tmp_path / "db").glob("0000[2-9]*.sql"):
        file.write_text(file.read_text().replace(f"change={CHANGE}", f"change={CHANGE} release=1.9.0"))
    at = ("--env", "production", "--tracker", "env:SHOP")
    made.migsafe("tracker", "upgrade", "--tracker", "env:SHOP")
    for release in ("1.8.0", "1.9.0", "2.0.0"):
        made.migsafe("release", "mark", release, "--status", "planned", "--create", "--create-env", *at)
    running = ("--release", "1.9.0", "--url", "env:SHOP", "--create-env", "--accept", "a test", *at)
    made.migsafe("run", "expand", *running)
    made.do("insert into users (name) values ('a'), ('b')")
    made.migsafe("run", "migrate", *running)
    made.migsafe("release", "mark", "1.9.0", "--status", "deployed", *at)
    made.quarantine()
    made.do("update users set full_name = 'new' where id = 2; insert into users (full_name) values ('c')")
    return made


def test_it_comes_back_with_what_was_written_since(story: Story) -> None:
    assert story.rows("_migsafe_q_name, full_name") == [("a", "a"), ("b", "new"), (None, "c")]
    seen = story.back("1.8.0", "--dry-run", code=4)
    assert "then rows of users are copied back in batches" in seen
    assert "1.9.0 runs and needs it" in seen
    story.back("1.8.0", "--only", "nothing", code=2)
    with_code = story.back("1.8.0", code=4)
    assert "there is no way back to 1.8.0 now" in with_code
    at = ("--env", "production", "--tracker", "env:SHOP")
    story.migsafe("release", "mark", "1.9.0", "--status", "rolled_back", *at)
    story.back("1.8.0", code=4)  # what the new column has cannot be told before the old one is back
    story.back("1.8.0", "--accept-data-loss", "--reason", "it is copied back first")
    assert story.rows("name") == [("a",), ("new",), ("c",)]
    assert story.rows("*") == [(1, "a"), (2, "new"), (3, "c")]
    status = json.loads(story.migsafe("status", "--format", "json", "--tracker", "env:SHOP"))
    assert not re.search(r'"floor": "1', json.dumps(status))


def test_without_its_plan_nobody_knows_what_to_copy_back(story: Story) -> None:
    at = ("--env", "production", "--tracker", "env:SHOP")
    story.migsafe("release", "mark", "1.9.0", "--status", "rolled_back", *at)
    shutil.rmtree(story.folder / "migsafe")
    seen = story.back("1.8.0", "--dry-run", code=4)
    assert f"put migsafe/changes/{CHANGE}.json back" in seen
