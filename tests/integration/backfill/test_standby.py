"""A backfill on a server that has a standby, and on one that is restarted under it."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from backfill_sites import QUICK, USERS, Field, field_at
from migsafe.backfill.throttle import Limits
from standby import LastingServer
from tracker_books import Book

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.backfill.task import Progress

pytestmark = [pytest.mark.server, pytest.mark.long, pytest.mark.endurance]

_AT_ONCE = replace(QUICK, limits=Limits(lag_s=0.2))


@pytest.fixture(scope="module")
def primary() -> Iterator[LastingServer]:
    with LastingServer.made() as server:
        server.run(USERS)
        Book("env:T", environ={"T": server.dsn()}).furnish()
        yield server


@pytest.fixture(scope="module")
def standby(primary: LastingServer) -> Iterator[LastingServer]:
    with primary.standby() as server:
        yield server


@pytest.fixture
def field(primary: LastingServer) -> Field:
    primary.run("UPDATE users SET full_name = NULL")
    return field_at(primary.dsn())


@pytest.mark.parametrize("named", [True, False])
def test_a_standby_that_falls_behind_is_waited_for(
    field: Field, primary: LastingServer, standby: LastingServer, named: bool
) -> None:
    """Named with --replica, and as the primary knows it."""
    primary.wait_for(standby)
    replicas = (standby.dsn(),) if named else ()
    field = replace(field, site=replace(field.site, replicas=replicas))
    stop, rests = threading.Event(), [0]
    waited: list[tuple[str, int]] = []

    def rest(_seconds: float) -> None:
        rests[0] += 1
        if rests[0] == 3:
            standby.run("SELECT pg_wal_replay_pause()")
        stop.wait(0.1)

    def on_progress(progress: Progress) -> None:
        if progress.held_by is None:
            return
        waited.append((progress.held_by, progress.batches))
        if len(waited) == 5:
            standby.run("SELECT pg_wal_replay_resume()")

    result = field.run(replace(_AT_ONCE, again=True), stop=stop, sleep=rest, on_progress=on_progress)
    assert result.ok
    behind = [batches for reason, batches in waited if "s behind; 0.2 s are the limit" in reason]
    assert len(behind) >= 5
    assert len(set(behind[1:])) == 1, "it wrote while it should have waited"
    assert behind[0] < 20


def test_the_server_restarts_under_it(field: Field, primary: LastingServer) -> None:
    rests = [0]

    def rest(_seconds: float) -> None:
        rests[0] += 1
        if rests[0] == 3:
            primary.stop()
            primary.start()

    result = field.run(replace(QUICK, again=True), sleep=rest)
    assert result.ok
    assert (result.progress.rows_seen, result.progress.rows_written) == (1000, 1000)
