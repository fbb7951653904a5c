"""What the project and the tracker say of a release: a shop of four releases, whose tracker knows more and more."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from migsafe.config import load_config
from migsafe.deploy.gates import Facts, read_facts
from migsafe.model.dialect import Dialect
from migsafe.model.phase import Phase
from migsafe.model.script import TransactionRule
from migsafe.model.state import KnownRelease, RolloutStatus, StepStatus, Target, TargetName
from migsafe.tracker.backfills import know_step
from migsafe.tracker.errors import UnknownNameError
from migsafe.tracker.kept import Kept, keep
from tracker_books import MAIN, NOW, Book, book_in, copy_of, ran, step

if TYPE_CHECKING:
    from datetime import datetime

_SHOP = Path(__file__).parents[3] / "fixtures" / "deploy" / "shop"
EU = TargetName("production", "eu")
KEPT = Kept(
    checksum="v1:a",
    forward="ALTER TABLE users ADD COLUMN full_name text",
    backward="ALTER TABLE users DROP COLUMN full_name",
    forward_rule=TransactionRule.TOOL,
    backward_rule=TransactionRule.TOOL,
)


class Shop:
    """The project beside its tracker."""

    def __init__(self, folder: Path, book: Book) -> None:
        self.folder = folder
        self.book = copy_of(book, folder / "tracker.db")

    def facts(self, release: str = "v2", rehearsed_at: datetime | None = None) -> Facts:
        config = replace(load_config(start=self.folder, environ={}), tracker=f"sqlite:{self.folder / 'tracker.db'}")
        config = replace(config, paths=(str(self.folder / "migrations"),))
        return read_facts(config, release, "production", rehearsed=lambda ledger, name: rehearsed_at, clock=lambda: NOW)

    def record(self, name: str, phase: Phase, status: StepStatus = StepStatus.DONE, release: str = "v2") -> None:
        with self.book.writing() as store:
            store.record(step(name, phase, change=None, release=release), ran(status))


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Book:
    """A tracker in which v1 runs on production; made once, and copied for each test."""
    book = book_in(tmp_path_factory.mktemp("template")).furnish()
    with book.writing() as store:
        store.put_releases([KnownRelease("v1")])
        store.record(step("00001_users", change=None, release="v1"), ran())
        store.mark("production", "v1", RolloutStatus.DEPLOYED)
    return book


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, template: Book) -> Shop:
    shutil.copytree(_SHOP, tmp_path / "shop")
    monkeypatch.chdir(tmp_path / "shop")
    return Shop(tmp_path / "shop", template)


def due(facts: Facts, phase: Phase) -> list[str]:
    carried = facts.schema.of(phase)
    return [label for several in carried.due.values() for label in several] if carried is not None else []


def answers(facts: Facts) -> dict[str, str]:
    return {one.release: one.answer for one in facts.schema.expanded}


def test_what_a_release_carries_and_a_database_lacks(shop: Shop) -> None:
    facts = shop.facts()
    assert due(facts, Phase.EXPAND) == ["00002_add_full_name"]
    assert due(facts, Phase.MIGRATE) == ["00003_fill_full_name"]
    assert (facts.release.stable, facts.release.running) == ("v1", ("v1",))
    contract = facts.schema.of(Phase.CONTRACT)
    assert contract is not None
    assert (contract.steps, contract.changes) == ((), ("users-name-to-full-name",))


def test_once_its_expand_has_run_the_new_release_works(shop: Shop) -> None:
    assert answers(shop.facts()) == {"v1": "yes", "v2": "yes"}
    shop.record("00002_add_full_name", Phase.EXPAND)
    facts = shop.facts()
    assert due(facts, Phase.EXPAND) == []
    expand = facts.schema.of(Phase.EXPAND)
    assert expand is not None
    assert expand.is_done


def test_each_database_by_itself(shop: Shop) -> None:
    with shop.book.writing() as store:
        store.put_target("production", Target(name="eu", dialect=Dialect.POSTGRES))
    shop.record("00002_add_full_name", Phase.EXPAND)
    expand = shop.facts().schema.of(Phase.EXPAND)
    assert expand is not None
    assert dict(expand.due) == {EU: ("00001_users", "00002_add_full_name")}


def test_nobody_can_tell_of_an_expand_that_the_running_code_needs(shop: Shop) -> None:
    with shop.book.writing() as store:
        store.put_target("production", Target(name="eu", dialect=Dialect.POSTGRES))
    told = {(one.release, one.where): one.answer for one in shop.facts().schema.now}
    assert told == {("v1", MAIN): "yes", ("v1", EU): "unknown"}


def test_a_floor_above_the_new_release(shop: Shop) -> None:
    shop.record("00002_add_full_name", Phase.EXPAND)
    with shop.book.writing() as store:
        store.put_releases([KnownRelease("v1"), KnownRelease("v2"), KnownRelease("v3")])
        store.put_compatibility(MAIN, floor="v3", ceiling=None, doubt=None, reason="a test")
    facts = shop.facts()
    assert answers(facts) == {"v1": "no", "v2": "no"}
    assert [one.answer for one in facts.schema.now] == ["no"]


def test_a_later_release_brings_what_earlier_ones_left_behind(shop: Shop) -> None:
    facts = shop.facts("v4")
    assert due(facts, Phase.EXPAND) == ["00002_add_full_name"]
    assert due(facts, Phase.CONTRACT) == ["00004_hide_name", "00005_drop_name"]
    migrate = facts.schema.of(Phase.MIGRATE)
    assert migrate is not None
    assert migrate.of_earlier == ("00003_fill_full_name",)


def test_an_earlier_release_lacks_nothing_of_a_later_one(shop: Shop) -> None:
    with shop.book.writing() as store:
        store.put_releases([KnownRelease("v1"), KnownRelease("v2")])
        store.mark("production", "v1", RolloutStatus.RETIRED)
        store.mark("production", "v2", RolloutStatus.DEPLOYED)
    facts = shop.facts("v1")
    assert due(facts, Phase.EXPAND) == []
    assert facts.release.stable == "v2"


@pytest.mark.parametrize("status", [StepStatus.RUNNING, StepStatus.PARTIAL, StepStatus.FAILED])
def test_an_expand_that_was_cut_off_comes_first(shop: Shop, status: StepStatus) -> None:
    shop.record("00002_add_full_name", Phase.EXPAND, status)
    facts = shop.facts()
    (words,) = facts.schema.unsettled
    assert words.startswith(f"00002_add_full_name (expand) is {status} on production/main: migsafe run resume")
    assert due(facts, Phase.EXPAND) == ["00002_add_full_name"]


def test_of_several_databases_the_one_to_resume_is_named(shop: Shop) -> None:
    with shop.book.writing() as store:
        store.put_target("production", Target(name="eu", dialect=Dialect.POSTGRES))
        store.record(step("00002_add_full_name", change=None, release="v2"), ran(StepStatus.FAILED, EU))
    (words,) = shop.facts().schema.unsettled
    assert words.endswith("on production/eu: migsafe run resume --env production --target eu --url ADDRESS")


def test_a_backfill_under_way_is_only_said(shop: Shop) -> None:
    shop.record("00002_add_full_name", Phase.EXPAND)
    shop.record("00003_fill_full_name", Phase.MIGRATE, StepStatus.RUNNING)
    facts = shop.facts("v3")
    assert facts.schema.unsettled == ()
    assert facts.schema.notes == ("00003_fill_full_name (migrate) is running on production/main",)


def test_what_was_skipped_is_not_due(shop: Shop) -> None:
    shop.record("00002_add_full_name", Phase.EXPAND, StepStatus.SKIPPED)
    assert due(shop.facts(), Phase.EXPAND) == []


class TestWayBack:
    def test_nothing_was_kept(self, shop: Shop) -> None:
        shop.record("00002_add_full_name", Phase.EXPAND)
        (words,) = shop.facts().schema.no_way_back
        assert words == "00002_add_full_name (expand): no way back of it was kept when it ran on production/main"

    def test_it_was_kept(self, shop: Shop) -> None:
        facts = step("00002_add_full_name", Phase.EXPAND, change=None, release="v2")
        with shop.book.writing() as store:
            keep(store, know_step(store, facts), KEPT)
            store.record(facts, replace(ran(), checksum=KEPT.checksum))
        assert shop.facts().schema.no_way_back == ()

    def test_none_is_written(self, shop: Shop) -> None:
        file = shop.folder / "migrations" / "00002_add_full_name.sql"
        file.write_text(file.read_text().partition("-- +goose Down")[0])
        assert shop.facts().schema.no_way_back == ("00002_add_full_name (expand) has no way back written",)


def test_an_unknown_release_and_the_nearest(shop: Shop) -> None:
    with pytest.raises(UnknownNameError, match='no release "v22"') as caught:
        shop.facts("v22")
    assert caught.value.hint == "did you mean v2?"


def test_without_migrations_the_tracker_alone_is_asked(shop: Shop) -> None:
    shop.record("00002_add_full_name", Phase.EXPAND, StepStatus.FAILED, release="1.9.0")
    shutil.rmtree(shop.folder / "migrations")
    (shop.folder / "migrations").mkdir()
    facts = shop.facts("1.9.0")
    assert due(facts, Phase.EXPAND) == ["00002_add_full_name"]
    assert any(one.startswith("no migrations are here") for one in facts.schema.notes)


def test_who_has_the_traffic_while_two_run(shop: Shop) -> None:
    with shop.book.writing() as store:
        store.put_releases([KnownRelease("v1"), KnownRelease("v2")])
        store.mark("production", "v2", RolloutStatus.ROLLING, percent=20)
    facts = shop.facts()
    assert (facts.release.stable, facts.release.running) == ("v1", ("v1", "v2"))


def test_when_the_way_back_was_tried(shop: Shop) -> None:
    assert shop.facts(rehearsed_at=NOW).release.rehearsed_at == NOW
