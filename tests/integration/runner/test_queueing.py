"""The queue behind a lock that cannot be had: readers wait for no longer than one try, however long that goes on.

For ten minutes and with the real limits: tests/heavy/queueing.py.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from migsafe.runner.patience import Budget
from queue_scenes import Figures, holding, migrate, reading

if TYPE_CHECKING:
    from conftest import MakeDatabase

pytestmark = [pytest.mark.server, pytest.mark.long, pytest.mark.endurance]

#: Like the real one, but quick: a try lasts at most 0.18 s, and all of them 0.3 s in any 1.2 s.
BUDGET = Budget(lock=0.06, lock_beside_autovacuum=0.06, pause=0.1, longest_pause=0.5, share=0.25, window=1.2)
CAP = BUDGET.cap_times * BUDGET.lock
#: A machine that is busy is late.
SLACK = 0.3


def test_readers_wait_for_one_try_and_for_no_more_than_its_share(make_database: MakeDatabase) -> None:
    dsn = make_database("create table users (id int primary key); insert into users values (1)")
    figures = Figures()
    tried_enough, let_go = threading.Event(), threading.Event()

    def sleep(seconds: float) -> None:
        if len(figures.tries) >= 4:
            tried_enough.set()
        let_go.wait(seconds)

    run = threading.Thread(
        target=migrate, args=(dsn, "alter table users add a int", BUDGET, figures), kwargs={"sleep": sleep}
    )
    with reading(dsn, "users", figures, readers=2):
        with holding(dsn, "users"):
            run.start()
            assert tried_enough.wait(timeout=30)
        let_go.set()
        run.join(timeout=30)
    assert figures.succeeded
    assert figures.longest_wait <= CAP + SLACK
    failed = figures.tries[:-1]
    assert all(ended - began <= CAP + SLACK for began, ended in failed)
    for began, _ in failed:
        inside = [max(0.0, min(ended, began + BUDGET.window) - start) for start, ended in failed if start >= began]
        assert sum(inside) <= BUDGET.allowance + SLACK
