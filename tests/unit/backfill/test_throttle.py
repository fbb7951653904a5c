"""When a backfill waits."""

from __future__ import annotations

from dataclasses import replace

import pytest

from migsafe.backfill.throttle import Bloat, Limits, Readings, Slot, Standby, Transaction, Vacuum, reason_to_wait

LIMITS = Limits()
GB = 1024**3


def test_a_quiet_server_is_no_reason() -> None:
    quiet = Readings(
        asked=(("select 0", 0.0),),
        standbys=(Standby("a", 5.0),),
        queue=(7, 0.5),
        oldest=Transaction(9, "app", 1_800.0, "select"),
        slots=(
            Slot("s", True, "extended", GB, -1),
            Slot("t", False, "reserved", 1, -1),
            Slot("lost", False, "lost", None, -1),
        ),
        bloat=(Bloat("users", 600_000, 200_000, 120_050, True),),
    )
    assert reason_to_wait(quiet, LIMITS) is None


@pytest.mark.parametrize(
    ("readings", "reason"),
    [
        (Readings(pause="a sale (mira)"), "paused: a sale (mira)"),
        (Readings(asked=(("select 2", 2.0),)), "--hold-if gave 2: select 2"),
        (Readings(asked=(("select null", None),)), "--hold-if gave NULL: select null"),
        (Readings(queue=(7, 0.6)), "process 7 waits for a lock on the table for 0.6 s"),
        (Readings(standbys=(Standby("ro", 5.1),)), "the standby ro is 5.1 s behind; 5 s are the limit"),
        (Readings(standbys=(Standby("ro", None),)), "the standby ro: nobody can tell how far behind it is"),
        (Readings(standbys=(Standby("ro", None, "it is hidden"),)), "the standby ro: it is hidden"),
        (
            Readings(vacuums=(Vacuum(8, wraparound=True, automatic=True),)),
            "process 8 vacuums the table to prevent wraparound",
        ),
        (
            Readings(vacuums=(Vacuum(8, wraparound=False, automatic=True),)),
            "autovacuum works on the table (process 8)",
        ),
        (Readings(vacuums=(Vacuum(8, wraparound=False, automatic=False),)), "VACUUM works on the table (process 8)"),
        (
            Readings(slots=(Slot("cdc", False, "extended", 3 * GB, -1),)),
            "the replication slot cdc holds back 3.0 GB of WAL, and nobody reads from it",
        ),
        (
            Readings(slots=(Slot("cdc", True, "unreserved", None, -1),)),
            "the replication slot cdc holds back WAL",
        ),
        (
            Readings(oldest=Transaction(9, "bi", 3_600.0, "select *\n from orders")),
            "process 9 of bi has a transaction open for 60 minutes: select * from orders",
        ),
        (
            Readings(bloat=(Bloat("a", 9e9, 0, 50, True), Bloat("users", 700_000, 300_001, 140_050, True))),
            "30 % of the rows of users are dead; autovacuum comes for them",
        ),
    ],
)
def test_reasons(readings: Readings, reason: str) -> None:
    assert reason_to_wait(readings, LIMITS) == reason


def test_the_weightiest_reason_is_said() -> None:
    readings = Readings(pause="x", standbys=(Standby("ro", None),), queue=(1, 9.0))
    assert reason_to_wait(readings, LIMITS) == "paused: x"
    assert reason_to_wait(replace(readings, pause=None), LIMITS) == "process 1 waits for a lock on the table for 9.0 s"


def test_dead_rows_that_nobody_comes_for_are_no_reason() -> None:
    assert reason_to_wait(Readings(bloat=(Bloat("users", 700_000, 600_000, 140_050, False),)), LIMITS) is None


def test_dead_rows_for_which_autovacuum_does_not_come_yet_are_no_reason() -> None:
    """Its own threshold may be higher than ours, and a wait for it would never end."""
    assert reason_to_wait(Readings(bloat=(Bloat("users", 700_000, 600_000, 500_001, True),)), LIMITS) is None
    assert reason_to_wait(Readings(bloat=(Bloat("users", 700_000, 600_002, 500_000, True),)), LIMITS) is not None


def test_of_a_small_table_every_batch_is_a_large_part() -> None:
    assert reason_to_wait(Readings(bloat=(Bloat("users", 1_000, 1_000, 250, True),)), LIMITS) is None


def test_a_slot_may_hold_a_tenth_of_what_it_may_keep() -> None:
    assert reason_to_wait(Readings(slots=(Slot("s", True, "extended", 3 * GB, 40 * GB),)), LIMITS) is None
    assert reason_to_wait(Readings(slots=(Slot("s", True, "extended", 5 * GB, 40 * GB),)), LIMITS) is not None
