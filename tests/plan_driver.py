"""Drives a plan through its steps on a real server while code of two releases writes: a stand-in for a runner.

A `Workload` says what old and new code send. Clients are threads with sessions of their own; each sends random
statements, every one a transaction, until it is told to stop. Nothing here is timed: a stage lasts as many
transactions as it should have.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from migsafe.model.phase import Part, Phase
from migsafe.plan.batches import backfill_block
from migsafe.plan.wording import NEW_ONLY
from migsafe.postgres.connection import NO_TIMEOUTS, Session, StatementFailedError, Timeouts, connect
from migsafe.shadow.snapshot import Snapshot, compare, take_snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from migsafe.model.plan import Backfill, ChangePlan, Check, PlanStep

OLD, NEW = "old", "new"

#: Small enough that a backfill of a test's table takes many transactions.
BATCH_ROWS = 25

_LOCK_NOT_AVAILABLE = "55P03"
_LOCK_TRIES = 50


@dataclass(frozen=True, kw_only=True)
class Workload:
    """What code of two releases does to a database.

    In statements `{id}` is a number of a row that may exist, `{n}` a random number, `{u}` a number that is never given
    twice.

    Attributes:
        setup: what the migrations of the project have built, and rows. The plan is made of it too.
        rows: more SQL that only the server gets: rows, roles.
        old: statements of the release that knows the old shape.
        new: statements of the release that knows the new one.
        mismatches: a query that counts rows whose two sides disagree, while both are there.
        at_last: a query that counts what is wrong after the contract; None where nothing can be.
        role: the role that clients take.
        ids: how many rows there are at the beginning.
    """

    setup: str
    rows: str = ""
    old: tuple[str, ...]
    new: tuple[str, ...]
    mismatches: str
    at_last: str | None = None
    role: str | None = None
    ids: int = 200


@dataclass
class Outcome:
    """What happened, counted."""

    transactions: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    mismatches: dict[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """Transactions of all clients."""
        return sum(self.transactions.values())

    def assert_clean(self) -> None:
        """Nothing failed and nothing disagrees."""
        assert self.failures == []
        assert not any(self.mismatches.values()), self.mismatches

    def __str__(self) -> str:
        wrong = sum(self.mismatches.values())
        return f"{self.total} transactions, {len(self.failures)} failed statements, {wrong} mismatches"


class Driver:
    """One database, one plan."""

    def __init__(
        self, dsn: str, plan: ChangePlan, workload: Workload, *, seed: int = 1, batch_rows: int = BATCH_ROWS
    ) -> None:
        self.plan = plan
        self.outcome = Outcome()
        self.dsn = dsn
        self._workload = workload
        self._seed = seed
        self._batch_rows = batch_rows
        self._numbers = iter(range(1_000_000, 100_000_000))
        self._counted = threading.Condition()
        self._errors: list[BaseException] = []
        self._done: list[PlanStep] = []

    # -- stages ------------------------------------------------------------------------------------------------------

    def whole(self, transactions: int, *, purge: bool = True) -> Outcome:
        """Expand, migrate, contract; old code until the switch, new code from after the expand on.

        Args:
            transactions: about how many in all.
        """
        share = max(transactions // (len(self.plan.steps) + 1), 1)
        expand, shared, alone, contract = self._stages()
        with self.clients(OLD):
            self.forward(expand, between=share)
        with self.clients(OLD, NEW):
            self.wait_for(share)
            self.forward(shared, between=share)
        self.count_mismatches("after migrate")
        with self.clients(NEW):
            self.forward(alone, between=share)
        self.count_mismatches("before contract", wanted=not alone)
        with self.clients(NEW):
            self.forward([step for step in contract if purge or step.part is not Part.PURGE], between=share)
        self.count_at_last()
        return self.outcome

    def there_and_back(self, transactions: int) -> Outcome:
        """Up to the quarantine and back under load; then old code runs again."""
        share = max(transactions // 3, 1)
        self.whole(share, purge=False)
        contract = [step for step in self._done if step.phase is Phase.CONTRACT]
        with self.clients(NEW):
            self.backward(contract, between=share // (len(contract) + 1))
        self.count_mismatches("after the way back of the contract")
        with self.clients(OLD, NEW):
            self.wait_for(share)
        self.count_mismatches("with old code again")
        return self.outcome

    def _stages(self) -> tuple[list[PlanStep], ...]:
        """Steps of expand; those of migrate beside old code, and without it; of contract."""
        steps = list(self.plan.steps)
        contract = [step for step in steps if step.phase is Phase.CONTRACT]
        before = [step for step in steps if step.phase is not Phase.CONTRACT]
        switch = next((at for at, step in enumerate(before) if step.releases == NEW_ONLY), len(before))
        first = next((at for at, step in enumerate(before) if step.phase is not Phase.EXPAND), len(before))
        first = min(first, switch)
        return before[:first], before[first:switch], before[switch:], contract

    # -- steps -------------------------------------------------------------------------------------------------------

    def forward(self, steps: Sequence[PlanStep], *, between: int = 0) -> None:
        """Run steps, each with its checks before and after.

        Args:
            between: how many transactions of clients come before each step, and after the last.
        """
        for step in steps:
            self.wait_for(between)
            with self.owner() as session:
                _hold(session, step.before, self._workload.role)
                if step.backfill is not None:
                    self._backfill(session, step.backfill, step.before)
                _run(session, step.forward, transaction=step.transaction)
                _hold(session, step.verify, self._workload.role)
            self._done.append(step)
        self.wait_for(between)

    def backward(self, steps: Sequence[PlanStep] | None = None, *, between: int = 0) -> None:
        """Take steps back, the last first: all that were done, or some of them."""
        for step in reversed(list(self._done if steps is None else steps)):
            self.wait_for(between)
            with self.owner() as session:
                _run(session, step.backward, transaction=step.backward_transaction)
                if step.backward_backfill is not None:
                    self._backfill(session, step.backward_backfill, ())
            self._done.remove(step)
        self.wait_for(between)

    def _backfill(self, session: Session, backfill: Backfill, before: Sequence[Check]) -> None:
        session.execute(backfill_block(backfill, before=before, batch_rows=self._batch_rows))

    @contextmanager
    def owner(self) -> Iterator[Session]:
        """The session that runs steps."""
        with connect(self.dsn, autocommit=True, timeouts=Timeouts(lock=500, statement=0)) as session:
            yield session

    def snapshot(self) -> Snapshot:
        """All that exists."""
        with self.owner() as session:
            return take_snapshot(session)

    # -- clients -----------------------------------------------------------------------------------------------------

    def wait_for(self, transactions: int) -> None:
        """Let clients send so many more."""
        goal = self.outcome.total + transactions
        with self._counted:
            self._counted.wait_for(lambda: self._errors or self.outcome.total >= goal)

    @contextmanager
    def clients(self, *kinds: str, of_each: int = 2) -> Iterator[None]:
        """Clients that send statements while the body runs."""
        enough = threading.Event()
        before = self.outcome.total

        def work(kind: str, number: int) -> None:
            chance = random.Random(f"{self._seed} {kind} {number} {before}")
            try:
                with self.client() as session:
                    while not enough.is_set():
                        self._send(session, kind, chance)
            except BaseException as error:  # a thread's error would be lost; the stage raises it
                with self._counted:
                    self._errors.append(error)
                    self._counted.notify_all()
                raise

        threads = [threading.Thread(target=work, args=(kind, number)) for kind in kinds for number in range(of_each)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            enough.set()
            for thread in threads:
                thread.join()
        assert not self._errors

    @contextmanager
    def client(self) -> Iterator[Session]:
        """A session of the application."""
        with connect(self.dsn, autocommit=True, timeouts=NO_TIMEOUTS) as session:
            session.execute("SET row_security = on")
            if self._workload.role is not None:
                session.execute_with_names("SET ROLE {role}", role=self._workload.role)
            yield session

    def _send(self, session: Session, kind: str, chance: random.Random) -> None:
        statements = self._workload.old if kind == OLD else self._workload.new
        with self._counted:
            unique = next(self._numbers)
        text = chance.choice(statements).format(
            id=chance.randint(1, self._workload.ids), n=chance.randint(1, 1_000_000), u=unique
        )
        failure = None
        try:
            session.execute(text)
        except StatementFailedError as error:
            failure = f"{kind}: {text}: {error.sqlstate} {error.message}"
        with self._counted:
            self.outcome.transactions[kind] += 1
            if failure is not None:
                self.outcome.failures.append(failure)
            self._counted.notify_all()

    # -- counting ----------------------------------------------------------------------------------------------------

    def count_mismatches(self, moment: str, *, wanted: bool = True) -> None:
        """Count rows whose two sides disagree."""
        if wanted:
            self._count(moment, self._workload.mismatches)

    def count_at_last(self) -> None:
        """Count what is wrong at the end."""
        if self._workload.at_last is not None:
            self._count("at last", self._workload.at_last)

    def _count(self, moment: str, query: str) -> None:
        with self.owner() as session:
            self.outcome.mismatches[moment] = int(session.query(query)[0][0])


def assert_round_trip(driver: Driver, *, returns: bool = True) -> None:
    """Forward, backward and forward again, up to where there is no way back, ends in the same schemas.

    Args:
        returns: the way back ends where it began; false where something stays that harms nobody.
    """
    steps = [step for step in driver.plan.steps if step.part is not Part.PURGE and step.back != "impossible"]
    start = driver.snapshot()
    driver.forward(steps)
    there = driver.snapshot()
    driver.backward()
    assert not returns or compare(start, driver.snapshot()) == ()
    driver.forward(steps)
    assert compare(there, driver.snapshot()) == ()


def _hold(session: Session, checks: Sequence[Check], role: str | None) -> None:
    for check in checks:
        if check.as_role and role is not None:
            session.execute_with_names("SET row_security = on; SET ROLE {role}", role=role)
        found = str(session.query(f"SELECT ({check.sql})::text")[0][0])
        session.execute("RESET ROLE; SET row_security = off")
        if found != check.expected:
            raise AssertionError(f"{check.name}: {found}, not {check.expected}")


def _run(session: Session, statements: Sequence[str], *, transaction: bool) -> None:
    if not statements:
        return
    if transaction:
        _patiently(session, "\n".join(("BEGIN;", *statements, "COMMIT;")))
        return
    for statement in statements:
        if "CONCURRENTLY" in statement:
            with _without_timeouts(session):
                session.execute(statement)
        else:
            _patiently(session, statement)


def _patiently(session: Session, script: str) -> None:
    """A transaction that could not get a lock is tried again as a whole.

    `lock_timeout` is shorter than `deadlock_timeout` (1 s), so in a deadlock it is never a client that fails.
    """
    for _ in range(_LOCK_TRIES):
        try:
            return session.execute(script)
        except StatementFailedError as error:
            if session.in_transaction:
                session.execute("ROLLBACK")
            if error.sqlstate != _LOCK_NOT_AVAILABLE:
                raise
    raise AssertionError(f"no lock for {script}")


@contextmanager
def _without_timeouts(session: Session) -> Iterator[None]:
    session.execute("SET lock_timeout = 0")
    try:
        yield
    finally:
        session.execute("SET lock_timeout = '500ms'")
