"""The only module that changes the tracker's state.

A change is compare-and-set: it says what it believes to be so, and is refused where it is not. With each change goes an
event, in the same transaction; events are appended at its end, so that nothing that was recorded did not happen.
Writers take the first row of `migsafe_meta` before they look: what they see is what they change.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import sqlalchemy as sa

from migsafe import __version__
from migsafe.model.phase import Phase
from migsafe.model.state import ChangeState, Rollout, RolloutStatus, StepStatus
from migsafe.tracker import tables as t
from migsafe.tracker.appending import append_events
from migsafe.tracker.columns import spell_moment
from migsafe.tracker.errors import TrackerBusyError, TrackerRefusedError
from migsafe.tracker.events import spell_detail
from migsafe.tracker.facts import Author, RunFacts, StepFacts, Written
from migsafe.tracker.names import Names
from migsafe.tracker.transitions import check_step, next_rollout

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from migsafe.model.state import Change, Check, Environment, KnownRelease, StatisticsFact, Target, TargetName
    from migsafe.tracker.ledger import Ledger

__all__ = ["Author", "Store"]

#: What ends a change where its contract has come to it.
_OVER = (StepStatus.DONE, StepStatus.PURGED, StepStatus.SKIPPED)
#: The source of what a state document said, which is taken over as it stands.
IMPORT = "import"
#: How far the clocks of two machines may be apart.
_SKEW = timedelta(minutes=1)
_WHICH = "which release is the oldest that works without it"
#: A contract that has come to one of these has taken something away.
_TAKEN = (StepStatus.DONE, StepStatus.QUARANTINED, StepStatus.PURGED)


class Store:
    """What one transaction writes; `finish` appends its events and comes last.

    Attributes:
        ledger: the tracker's tables, for reading.
        now: the moment at which everything is recorded.
        names: what is known, and refusals of what is not.
    """

    def __init__(self, ledger: Ledger, author: Author, now: datetime, *, waiting: bool = True) -> None:
        """
        Args:
            ledger: the tracker's tables, in a transaction that the caller ends.
            now: the moment at which it is recorded.
            waiting: wait here until no one else writes; else only when the events are appended, for a transaction
                that runs for long.
        """
        self.ledger = ledger
        self._author = author
        self.now = now
        self._events: list[dict[str, Any]] = []
        self.names = Names(ledger)
        if waiting:
            self._wait_for_turn()

    def finish(self) -> int:
        """Append the events of all that was changed; how many they are."""
        if not self._events:
            return 0
        self._wait_for_turn()
        append_events(self.ledger, self._author, self.now, self._events)
        count, self._events = len(self._events), []
        return count

    # -- the tracker itself

    def set_meta(self, values: Mapping[str, str | None], *, kind: str, reason: str | None = None) -> None:
        """Set what the tracker says of itself; None takes a value away."""
        known = self.ledger.meta()
        changed = {key: value for key, value in values.items() if known.get(key) != value}
        for key, value in changed.items():
            if value is None:
                self.ledger.write(t.meta.delete().where(t.meta.c.k == key))
            elif key in known:
                self.replace(t.meta, {"k": key}, {"v": known[key]}, {"v": value})
            else:
                self.ledger.insert(t.meta, [{"k": key, "v": value}])
        if changed:
            before = {key: known.get(key) for key in changed}
            self.log(kind, ", ".join(sorted(changed)), before=_said(before), after=_said(changed), reason=reason)

    # -- places

    def put_environment(self, environment: Environment, *, reason: str | None = None) -> Written:
        """Make an environment known, or say anew whether it is protected, and where a rollback would go."""
        values = {"protected": environment.protected, "rollback_to": environment.rollback_to}
        key = {"env": environment.name}
        return self.put(t.environment, key, values, kind="environment", env=environment.name, reason=reason)

    def put_target(self, environment: str, target: Target, *, reason: str | None = None) -> Written:
        """Make a database known, or say anew what is known of it; its floor is `put_compatibility`'s."""
        values = {"dialect": target.dialect.value, "identity": target.identity, "nodes": sorted(target.nodes)}
        key = {"env": environment, "target": target.name}
        return self.put(t.target, key, values, kind="target", env=environment, reason=reason)

    def put_compatibility(
        self, where: TargetName, *, floor: str | None, ceiling: str | None = None, doubt: str | None = None,
        reason: str | None = None,
    ) -> Written:  # fmt: skip
        """Say which releases work on a database's schema.

        Args:
            floor: the oldest one; None while every one does.
            ceiling: the latest one; None while no later one needs what is not there.
            doubt: why nobody can tell the floor; None where it holds.
        """
        values = {"floor": floor, "ceiling": ceiling, "doubt": doubt}
        return self.put(t.compat, _place(where), values, kind="compat", env=where.environment, reason=reason)

    # -- releases

    def put_releases(self, releases: Sequence[KnownRelease]) -> int:
        """Make releases known in their order; how many were not.

        Releases that the tracker alone knows keep their place behind the one that they have followed so far.
        """
        known = {row.release_id: row for row in self.ledger.rows(sa.select(t.release).order_by(t.release.c.seq))}
        order = _merged([name for name, row in known.items() if row.seq is not None], [one.name for one in releases])
        days = {one.name: one.day for one in releases if one.day is not None}
        for seq, name in enumerate(order, start=1):
            row = known.get(name)
            day = days.get(name)
            if row is None:
                self.ledger.insert(t.release, [{"release_id": name, "seq": seq, "day": day}])
                self.log("release", name, after=_said({"seq": seq, "day": day}))
            elif (row.seq, row.day) != (seq, day or row.day):
                before, after = {"seq": row.seq, "day": row.day}, {"seq": seq, "day": day or row.day}
                self.replace(t.release, {"release_id": name}, before, after)
                if row.seq is None or row.day != after["day"]:  # a later number only makes room
                    self.log("release", name, before=_said(before), after=_said(after))
        return len([name for name in order if name not in known])

    def add_release(self, name: str, *, day: date | None = None, reason: str | None = None) -> Written:
        """Make a release known as the latest."""
        last = max((row.seq for row in self.ledger.rows(sa.select(t.release.c.seq)) if row.seq is not None), default=0)
        return self.put(t.release, {"release_id": name}, {"seq": last + 1, "day": day}, kind="release", reason=reason)

    def mark(
        self,
        environment: str,
        release: str,
        status: RolloutStatus,
        *,
        at: datetime | None = None,
        percent: int | None = None,
        source: str | None = None,
        reason: str | None = None,
    ) -> Written:
        """Say how far a release has come in an environment; both must be known.

        Args:
            at: since when; now when None.

        Raises:
            TrackerRefusedError: when that cannot follow what is known, or is yet to come.
        """
        _refuse_future(at or self.now, self.now)
        columns = t.rollout.c
        row = self.ledger.first(sa.select(t.rollout).where(columns.env == environment, columns.release_id == release))
        before = None if row is None else rollout_of(row)
        # The clocks of two machines differ: what is said now comes after what was said before.
        moment = at or max(self.now, row.changed_at if row is not None and row.changed_at is not None else self.now)
        after = next_rollout(before, release, status, moment, percent=percent, source=source)
        subject = f"{release} on {environment}"
        if after is None:
            return Written(False, subject, before, before)
        if row is not None and row.changed_at is not None and moment < row.changed_at:
            since = f"{row.changed_at:%Y-%m-%d %H:%M:%S} UTC"
            raise TrackerRefusedError(f"{subject} is {row.status} since {since}; --at is before that")
        self.put_rollout(environment, after, changed_at=moment, reason=reason)
        return Written(True, subject, before, after)

    def put_rollout(
        self, environment: str, rollout: Rollout, *, changed_at: datetime | None = None, reason: str | None = None
    ) -> Written:
        """Take over what is known of a release in an environment, whatever was known before."""
        if not self.names.has_release(rollout.release):
            self.ledger.insert(t.release, [{"release_id": rollout.release}])
        values = {
            "status": rollout.status.value,
            "percent": rollout.percent,
            "full_at": rollout.full_at,
            "retired_at": rollout.retired_at,
            "source": rollout.source,
        }
        if changed_at is not None:
            values["changed_at"] = changed_at
        key = {"env": environment, "release_id": rollout.release}
        return self.put(t.rollout, key, values, kind="rollout", env=environment, reason=reason)

    # -- changes and their steps

    def put_change(self, change: Change, *, reason: str | None = None) -> Written:
        """Make a change known, or say anew what is known of it."""
        values = {
            "kind": change.kind.value if change.kind else None,
            "owner": change.owner,
            "objects": list(change.objects),
            "introduced_in": change.introduced_in,
            "due": change.due,
            "due_release": change.due_release,
            "state": change.state.value,
        }
        return self.put(t.change, {"change_id": change.id}, values, kind="change", reason=reason)

    def record(self, step: StepFacts, run: RunFacts) -> Written:
        """Say what became of a step on a database; the database must be known.

        Raises:
            TrackerRefusedError: when that cannot follow what is known, or is yet to come.
        """
        if run.at is not None:
            _refuse_future(run.at, self.now)
        events = len(self._events)
        row = self._step_row(step, exact=run.source == IMPORT)
        step_id = row["step_id"]
        last = self._last_run(step_id, run.where)
        before = None if last is None else StepStatus(last.status)
        subject = f"{step.label} on {run.where}"
        if before is run.status:
            if run.floor is not None:
                self._keep_floor(row, run)
            return Written(len(self._events) > events, subject, before, before)
        if run.source != IMPORT:
            check_step(before, run.status, subject)
        self._add_run(step_id, run, attempt=1 if last is None else last.attempt + 1, before=before, subject=subject)
        self._keep_floor(row, run)
        if run.source != IMPORT:  # a document says itself whether a change is open
            self._close_or_reopen(row["change_id"])
        return Written(True, subject, before, run.status)

    def describe(self, step: StepFacts) -> Written:
        """Make a step known, without saying what has become of it."""
        events = len(self._events)
        self._step_row(step, exact=True)
        return Written(len(self._events) > events, step.label)

    def record_check(self, check: Check, *, reason: str | None = None) -> Written:
        """Say what a verification has found; the same at the same moment is not written again.

        Raises:
            TrackerRefusedError: when it is yet to come.
        """
        _refuse_future(check.at, self.now)
        c = t.check.c
        values: dict[str, Any] = {
            "change_id": check.change, "name": check.name, **_place(check.where), "ok": check.ok, "at": check.at,
            "observed": check.observed,
        }  # fmt: skip
        same = sa.and_(*(_equal(c[name], value) for name, value in values.items()))
        subject = f"“{check.name}” of {check.change} on {check.where}"
        outcome = "held" if check.ok else "did not hold"
        if self.ledger.first(sa.select(c.check_id).where(same)) is not None:
            return Written(False, subject, outcome, outcome)
        self.ledger.insert(t.check, [{"check_id": self._next_id(c.check_id), **values}])
        after = _said({"ok": check.ok, "at": check.at, "observed": check.observed})
        self.log("check", subject, after=after, env=check.environment, reason=reason)
        return Written(True, subject, None, outcome)

    def put_statistic(self, fact: StatisticsFact) -> Written:
        """Keep what the statistics of a database say of an object in a window of time."""
        key = {"object": fact.object, **_place(fact.where), "since_at": fact.since, "until_at": fact.until}
        values = {
            "known_use": fact.use.value,
            "calls": fact.calls,
            "readings": [_jsonable(asdict(reading)) for reading in fact.readings],
        }
        extra = {"statistic_id": self._next_id(t.statistic.c.statistic_id)}
        return self.put(t.statistic, key, values, kind="statistic", env=fact.environment, extra=extra)

    def note(self, kind: str, subject: str, *, after: Mapping[str, Any], reason: str | None = None) -> None:
        """Append an event for what is no row of its own: a document was taken over."""
        self.log(kind, subject, after=after, reason=reason)

    # -- within

    def _wait_for_turn(self) -> None:
        """SQLite's writers have waited when their transaction began."""
        if self.ledger.is_postgres:
            self.ledger.call("migsafe_turn")

    def put(
        self,
        table: sa.Table,
        key: Mapping[str, Any],
        values: Mapping[str, Any],
        *,
        kind: str,
        env: str | None = None,
        reason: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> Written:
        """Make a row with these values, or change it; nothing is written, and no event, where it is so already.

        Args:
            key: the columns of the table's key.
            kind: of the event.
            extra: values of a new row only.

        Raises:
            TrackerBusyError: when somebody else has changed it meanwhile.
        """
        subject = " ".join(str(_jsonable(part)) for part in key.values())
        row = self.ledger.first(sa.select(table).where(*(table.c[name] == part for name, part in key.items())))
        if row is None:
            self.ledger.insert(table, [{**key, **values, **(extra or {})}])
            self.log(kind, subject, after=_said(values), env=env, reason=reason)
            return Written(True, subject, None, dict(values))
        before = {name: getattr(row, name) for name in values}
        news = {name: value for name, value in values.items() if before[name] != value}
        if not news:
            return Written(False, subject, before, before)
        replaced = {name: before[name] for name in news}
        # JSON has no equality in a database; the other columns say enough of what is believed.
        self.replace(table, key, {n: v for n, v in replaced.items() if not isinstance(v, list)}, news)
        self.log(kind, subject, before=_said(replaced), after=_said(news), env=env, reason=reason)
        return Written(True, subject, before, dict(values))

    def replace(
        self, table: sa.Table, key: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]
    ) -> None:
        """Compare and set, without an event: the row is changed only where it is as it was seen.

        Raises:
            TrackerBusyError: when it is not.
        """
        believed = [*key.items(), *before.items()]
        condition = [_equal(table.c[name], value) for name, value in believed]
        if self.ledger.write(table.update().where(*condition).values(**after)) != 1:
            raise TrackerBusyError(
                f"{table.name} {' '.join(map(str, key.values()))} was changed by somebody else",
                hint="nothing was written; the same command can be given again",
            )

    def log(
        self,
        kind: str,
        subject: str,
        *,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
        env: str | None = None,
        reason: str | None = None,
    ) -> None:
        """Append an event, at the end of the transaction."""
        detail = {
            "from": _jsonable(before),
            "to": _jsonable(after),
            "reason": reason,
            "host": self._author.host or None,
            "migsafe": __version__,
        }
        self._events.append({"kind": kind, "subject": subject, "environment": env, "detail": spell_detail(detail)})

    def _step_row(self, facts: StepFacts, *, exact: bool) -> dict[str, Any]:
        """The step as it is kept, made or completed with what is said of it."""
        said = {
            "migration": facts.migration,
            "name": facts.name,
            "change_id": facts.change,
            "phase": facts.phase.value if facts.phase else None,
            "part": facts.part.value if facts.part else None,
            "release_id": facts.release,
        }
        found = self._same_step(facts) if exact else self._find_step(facts)
        if found is None:
            row = {"step_id": uuid4().hex, **said}
            self.ledger.insert(t.step, [row])
            self.log("step", facts.label, after=_said(said))
        else:
            news = {name: value for name, value in said.items() if value is not None and found[name] != value}
            row = {**found, **news}
            if news:
                before = {name: found[name] for name in news}
                self.replace(t.step, {"step_id": row["step_id"]}, before, news)
                self.log("step", facts.label, before=_said(before), after=_said(news))
        if not exact:
            self._know_change(facts)
        return row

    def _same_step(self, facts: StepFacts) -> dict[str, Any] | None:
        """The step of exactly these names."""
        named = {"migration": facts.migration, "name": facts.name, "change_id": facts.change}
        row = self.ledger.first(sa.select(t.step).where(*(_equal(t.step.c[key], part) for key, part in named.items())))
        return None if row is None else dict(row._mapping)

    def _find_step(self, facts: StepFacts) -> dict[str, Any] | None:
        """The step that is meant: of the same change; else the one of which nobody has said the change."""
        c = t.step.c
        name = c.migration == facts.migration if facts.migration is not None else sa.and_(
            c.migration.is_(None), c.name == facts.name
        )  # fmt: skip
        if facts.migration is not None and facts.name is not None:
            name = sa.and_(name, sa.or_(c.name == facts.name, c.name.is_(None)))
        rows = [dict(row._mapping) for row in self.ledger.rows(sa.select(t.step).where(name))]
        exact = [row for row in rows if row["change_id"] == facts.change]
        open_ = [row for row in rows if row["change_id"] is None]
        fitting = exact or open_ or (rows if facts.change is None else [])
        return fitting[0] if len(fitting) == 1 or exact else None

    def _know_change(self, facts: StepFacts) -> None:
        if facts.change is None or self.names.has_change(facts.change):
            return
        values = {"change_id": facts.change, "objects": [], "state": ChangeState.OPEN.value}
        introduced = facts.release if facts.phase is Phase.EXPAND else None
        self.ledger.insert(t.change, [{**values, "introduced_in": introduced}])
        self.log("change", facts.change, after=_said({"state": "open", "introduced_in": introduced}))

    def _last_run(self, step_id: str, where: TargetName) -> sa.Row[Any] | None:
        c = t.run.c
        place = (c.step_id == step_id, c.env == where.environment, c.target == where.target)
        return self.ledger.first(sa.select(t.run).where(*place).order_by(c.attempt.desc()).limit(1))

    def _add_run(self, step_id: str, run: RunFacts, *, attempt: int, before: StepStatus | None, subject: str) -> None:
        row = {
            "run_id": uuid4().hex, "step_id": step_id, **_place(run.where), "attempt": attempt,
            "status": run.status.value, "at": run.at, "checksum": run.checksum, "source": run.source,
            "actor": self._author.actor, "host": self._author.host, "tool_version": __version__,
            "recorded_at": self.now, "reason": run.reason, "direction": "backward" if run.backward else "forward",
            "fence": run.fence, "plan_id": run.plan, "error": run.error,
        }  # fmt: skip
        self.ledger.insert(t.run, [row])
        told = ("status", "at", "checksum", "source", "attempt", "fence", "plan_id", "error")
        after = _said({name: row[name] for name in told} | ({"direction": "backward"} if run.backward else {}))
        known = None if before is None else {"status": before.value}
        self.log("run", subject, before=known, after=after, env=run.where.environment, reason=run.reason)

    def _keep_floor(self, step: Mapping[str, Any], run: RunFacts) -> None:
        """A contract raises the floor of its database, or leaves it in doubt where nobody says to which release."""
        row = self.ledger.first(sa.select(t.compat).where(*(t.compat.c[k] == v for k, v in _place(run.where).items())))
        floor, ceiling, doubt = (row.floor, row.ceiling, row.doubt) if row is not None else (None, None, None)
        if run.floor is not None:
            floor, doubt = self.names.later_release(floor, run.floor), None
        elif step["phase"] == Phase.CONTRACT.value and run.status in _TAKEN and run.source != IMPORT:
            if self._taken_before(step["step_id"], run.where):
                return
            doubt = f"{step['migration'] or step['name']} took something away, and nobody has said {_WHICH}"
        else:
            return
        self.put_compatibility(run.where, floor=floor, ceiling=ceiling, doubt=doubt, reason=run.reason)

    def _taken_before(self, step_id: str, where: TargetName) -> bool:
        c = t.run.c
        place = (c.step_id == step_id, c.env == where.environment, c.target == where.target)
        runs = self.ledger.rows(sa.select(c.status).where(*place).order_by(c.attempt.desc()).limit(2))
        return len(runs) > 1 and runs[1].status in _TAKEN

    def _close_or_reopen(self, change: str | None) -> None:
        """A change is closed once its contract is over wherever it is protected."""
        row = self.ledger.first(sa.select(t.change).where(t.change.c.change_id == change)) if change else None
        if row is None:
            return
        state = ChangeState.CLOSED if self.names.contract_is_over(row.change_id, _OVER) else ChangeState.OPEN
        if state.value != row.state:
            self.replace(t.change, {"change_id": row.change_id}, {"state": row.state}, {"state": state.value})
            self.log("change", row.change_id, before={"state": row.state}, after={"state": state.value})

    def _next_id(self, column: sa.Column[Any]) -> int:
        row = self.ledger.first(sa.select(sa.func.coalesce(sa.func.max(column), 0)))
        return 1 if row is None else int(row[0]) + 1


def rollout_of(row: sa.Row[Any]) -> Rollout:
    """A row of the table of rollouts as a value."""
    return Rollout(
        release=row.release_id,
        status=RolloutStatus(row.status),
        percent=row.percent,
        full_at=row.full_at,
        retired_at=row.retired_at,
        source=row.source,
    )


def _equal(column: sa.Column[Any], value: object) -> sa.ColumnElement[bool]:
    return column.is_(None) if value is None else column == value


def _place(where: TargetName) -> dict[str, str]:
    return {"env": where.environment, "target": where.target}


def _said(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _jsonable(value: Any) -> Any:
    """Moments and days as texts; the rest is JSON already."""
    if isinstance(value, dict):
        return {name: _jsonable(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_jsonable(part) for part in value]
    if hasattr(value, "isoformat"):
        return spell_moment(value) if hasattr(value, "tzinfo") else value.isoformat()
    return value


def _merged(known: Sequence[str], told: Sequence[str]) -> list[str]:
    """The order that is told, with each name that only the tracker knows behind the one that it has followed."""
    order = list(told)
    for place, name in enumerate(known):
        if name not in order:
            before = next((other for other in reversed(known[:place]) if other in order), None)
            order.insert(0 if before is None else order.index(before) + 1, name)
    return order


def _refuse_future(moment: datetime, now: datetime) -> None:
    if moment > now + _SKEW:
        raise TrackerRefusedError(f"{moment:%Y-%m-%d %H:%M:%S %Z} is yet to come: only what has happened is recorded")
