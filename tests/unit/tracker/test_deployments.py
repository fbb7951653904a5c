from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from migsafe.model.state import RolloutStatus
from migsafe.tracker.deployments import (
    DeploymentStatus,
    DeploymentStep,
    DeploymentStepStatus,
    NewDeployment,
    begin_deployment,
    deployments,
    draining_releases,
    last_deployment,
    last_rehearsal,
    set_deployment,
    write_step,
)
from migsafe.tracker.errors import TrackerBusyError, TrackerRefusedError
from migsafe.tracker.lease import (
    Holder,
    LeaseHeldError,
    LeaseLostError,
    Rollouts,
    break_lease,
    check_fence,
    release_lease,
    take_lease,
)
from migsafe.tracker.outbox import mark_delivered, mark_failed, put_message, waiting_messages
from tracker_books import MAIN, NOW, Book

STEPS = (
    DeploymentStep(n=1, kind="stage", desired={"stable": "1.8.0", "candidate": "1.9.0", "weight": 0}),
    DeploymentStep(n=2, kind="shift", desired={"stable": "1.8.0", "candidate": "1.9.0", "weight": 100}),
)
NEW = NewDeployment(
    environment="production",
    stable="1.8.0",
    release="1.9.0",
    strategy="canary",
    provider="local",
    plan={"schema": "migsafe.deploy-plan/1"},
    plan_sha="a" * 64,
    rehearsal=False,
    fence=1,
    actor="mira",
    host="laptop",
    steps=STEPS,
)


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(f"sqlite:{tmp_path / 'tracker.db'}").furnish()


def test_what_was_written_is_read_again(book: Book) -> None:
    with book.writing() as store:
        begun = begin_deployment(store, NEW)
        write_step(
            store,
            begun,
            replace(
                STEPS[0],
                status=DeploymentStepStatus.DONE,
                attempts=1,
                began_at=NOW,
                ended_at=NOW,
                observed={"weight": 0},
            ),
        )
        store.mark("production", "1.9.0", RolloutStatus.ROLLING, percent=0, source="deploy")
    with book.tracker.reading() as ledger:
        found = last_deployment(ledger, "production")
    assert found is not None
    assert (found.n, found.stable, found.release, found.status) == (1, "1.8.0", "1.9.0", DeploymentStatus.RUNNING)
    assert [(one.kind, one.status, one.attempts) for one in found.steps] == [
        ("stage", "done", 1),
        ("shift", "planned", 0),
    ]
    assert found.steps[0].observed == {"weight": 0}
    assert found.steps[1].observed is None
    assert book.kinds()[-3:] == ["deployment", "deployment_step", "rollout"]


def test_one_at_a_time(book: Book) -> None:
    with book.writing() as store:
        begun = begin_deployment(store, NEW)
    with (
        pytest.raises(TrackerRefusedError, match=r"the rollout of 1\.9\.0 on production is running"),
        book.writing() as store,
    ):
        begin_deployment(store, NEW)
    with book.writing() as store:
        set_deployment(store, begun, DeploymentStatus.ABORTED, fence=2, reason="errors: 9 %")
    with book.writing() as store:
        assert begin_deployment(store, NEW).n == 2
    with book.tracker.reading() as ledger:
        assert [(one.n, one.status, one.reason) for one in deployments(ledger, "production")] == [
            (2, "running", None),
            (1, "aborted", "errors: 9 %"),
        ]


def test_who_comes_late_changes_nothing(book: Book) -> None:
    with book.writing() as store:
        begun = begin_deployment(store, NEW)
    with book.writing() as store:
        set_deployment(store, begun, DeploymentStatus.PAUSED, fence=2)
    with pytest.raises(TrackerBusyError), book.writing() as store:
        set_deployment(store, begun, DeploymentStatus.DONE, fence=1)


def rehearse(book: Book, *ended: DeploymentStepStatus) -> None:
    with book.writing() as store:
        begun = begin_deployment(store, replace(NEW, rehearsal=True))
        for step, status in zip(begun.steps, ended, strict=True):
            write_step(store, begun, replace(step, status=status))
    with book.tracker.reading() as ledger:
        assert last_rehearsal(ledger, "production") is None, "it has not come back yet"
    with book.writing() as store:
        set_deployment(store, begun, DeploymentStatus.ABORTED, fence=1)


def test_a_rehearsal_counts_when_it_has_come_back(book: Book) -> None:
    rehearse(book, DeploymentStepStatus.DONE, DeploymentStepStatus.DONE)
    with book.writing() as store:
        set_deployment(store, begin_deployment(store, NEW), DeploymentStatus.ABORTED, fence=1)
    with book.tracker.reading() as ledger:
        assert last_rehearsal(ledger, "production") == NOW
        assert [one.is_rehearsed for one in deployments(ledger, "production")] == [False, True]


@pytest.mark.parametrize("last", [DeploymentStepStatus.PLANNED, DeploymentStepStatus.FAILED])
def test_a_rehearsal_that_was_cut_short_does_not(book: Book, last: DeploymentStepStatus) -> None:
    rehearse(book, DeploymentStepStatus.DONE, last)
    with book.tracker.reading() as ledger:
        assert last_rehearsal(ledger, "production") is None
        assert not deployments(ledger, "production")[0].is_rehearsed


def test_what_others_have_marked_as_draining_is_theirs(book: Book) -> None:
    with book.writing() as store:
        store.mark("production", "1.8.0", RolloutStatus.DRAINING, source="deploy")
        store.mark("production", "1.9.0", RolloutStatus.DRAINING)
        assert draining_releases(store.ledger, "production", "deploy") == ("1.8.0",)
        assert draining_releases(store.ledger, "staging", "deploy") == ()


def test_rollouts_have_a_turn_beside_that_of_the_databases(book: Book) -> None:
    me, other = Holder(actor="mira", purpose="deploy"), Holder(actor="otto", purpose="deploy")
    with book.writing() as store:
        take_lease(store, MAIN, other)
        lease = take_lease(store, Rollouts("production"), me)
        check_fence(store.ledger, lease)
    with pytest.raises(LeaseHeldError, match="the rollout on production is taken: mira"), book.writing() as store:
        take_lease(store, Rollouts("production"), other)
    with book.writing() as store:
        break_lease(store, Rollouts("production"), "it hangs")
        later = take_lease(store, Rollouts("production"), other)
        assert later.fence > lease.fence
        with pytest.raises(LeaseLostError, match="taken over by otto"):
            check_fence(store.ledger, lease)
        assert release_lease(store, later)


def test_messages_wait_until_they_are_delivered_or_given_up(book: Book) -> None:
    with book.writing() as store:
        for key in ("m1", "m2", "m3"):
            put_message(store, key, "ops", "production", {"text": key})
    with book.writing() as store:
        mark_delivered(store, "m1")
        mark_failed(store, "m2", "no answer", NOW + timedelta(minutes=1))
        mark_failed(store, "m3", "404", None)
    with book.tracker.reading() as ledger:
        assert waiting_messages(ledger, NOW) == ()
        (left,) = waiting_messages(ledger, NOW + timedelta(minutes=1))
    assert (left.id, left.channel, left.payload, left.attempts) == ("m2", "ops", {"text": "m2"}, 1)
