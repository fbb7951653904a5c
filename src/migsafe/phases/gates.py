"""The gates between an expand and its contract that only live facts can open.

Pure: a state document, the history of releases and the time in; one entry of evidence out. It passes only where
somebody has said that it is so, for every protected environment; a fact that is missing makes it unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from migsafe.model.finding import Evidence
from migsafe.model.phase import Phase
from migsafe.model.state import StepStatus, TargetName
from migsafe.phases.rollout import Order, Result, Word, arrival, farewells, full_rollouts, order_of, sentence, worst

if TYPE_CHECKING:
    from migsafe.model.release import ReleaseHistory
    from migsafe.model.state import Check, Environment, StateDocument, Step

#: Counted from the day on which the last protected environment had the release in full.
MIN_AGE = timedelta(days=7)
#: What was verified longer ago may no longer be so.
FRESHNESS = timedelta(hours=24)

_NO_STATE = "no state document says so"
_NO_ENVIRONMENT = "the state document has no protected environment"


def fully_rolled_out(release: str | None, history: ReleaseHistory, state: StateDocument | None) -> Evidence:
    """Whether a release, or a later one, is fully rolled out on every protected environment, and all older ones gone.

    A release is gone where it is retired, was rolled back, or is said never to have run (`planned`). Where a rollback
    would go to an older one, that one is not gone.

    Args:
        release: the first that no longer needs what the contract takes away; None while it is in no release.
    """
    rule = "contract-before-rollout"

    def judge(environment: Environment, name: str, order: Order) -> Iterator[Word]:
        yield arrival(environment, name, order)
        yield from farewells(environment, name, order)

    return _everywhere(rule, release, history, state, judge)


def writers_ready(release: str | None, history: ReleaseHistory, state: StateDocument | None) -> Evidence:
    """Whether every release that runs, or would after a rollback, is one that writes as a new constraint asks.

    Args:
        release: the first that writes so; None while it is in no release.
    """
    return _everywhere("constrain-before-writers", release, history, state, farewells)


def old_enough(
    release: str | None,
    history: ReleaseHistory,
    state: StateDocument | None,
    now: datetime,
    *,
    min_age: timedelta = MIN_AGE,
) -> Evidence:
    """Whether a release has been fully rolled out for long enough on every protected environment.

    Without a state document the day on which it was cut decides as far as it can: no release is rolled out before it
    is cut, so that a day too recent fails; an older one leaves the question open.

    Args:
        release: the one whose rollout counts; None while it is in no release.
        now: with its zone.
    """
    rule = "contract-too-early"
    known = history.named(release) if release is not None else None
    if known is not None and known.day is not None:
        cut = datetime(known.day.year, known.day.month, known.day.day, tzinfo=UTC)
        if now - cut < min_age:
            text = f"{known.name} was cut on {known.day}, less than {_span(min_age)} ago"
            return Evidence(rule, "fail", "releases", known.name, text)
        if state is None:
            text = f"{known.name} was cut on {known.day}; no state document says when it was fully rolled out"
            return Evidence(rule, "unknown", "releases", known.name, text)

    def judge(environment: Environment, name: str, order: Order) -> Iterator[Word]:
        yield _age(environment, name, order, now, min_age)

    return _everywhere(rule, release, history, state, judge)


def migrated_and_verified(
    change: str | None,
    migrations: Collection[str],
    state: StateDocument | None,
    now: datetime,
    *,
    freshness: timedelta = FRESHNESS,
) -> Evidence:
    """Whether the migrate steps are done on every protected target, and were verified there after that and lately.

    A check that found it wrong fails, however old it is; one that found it right, and is too old, leaves it unknown:
    nobody has looked since. So does a step that somebody skipped.

    Args:
        change: whose steps and checks; None where none was declared: then only the migrations count.
        migrations: migrate steps of the change by their migrations' names; each must be known to the state.
        now: with its zone.
    """
    rule = "contract-before-verified"
    if state is None:
        return Evidence(rule, "unknown", "state", "", f"{change or 'the change'}: {_NO_STATE}")
    targets = [TargetName(each.name, target.name) for each in state.protected for target in each.targets]
    if not targets:
        return Evidence(rule, "unknown", "state", "", "the state document has no protected target")
    steps = [step for step in state.steps if step.phase is Phase.MIGRATE and _belongs(step, change, migrations)]
    known = {step.migration for step in steps}
    words = [
        *_every_environment_has_a_target(state),
        *(Word("unknown", name, f"the state document does not know the step {name}")
          for name in sorted(migrations) if name not in known),
        *(_done(step, where) for step in steps for where in targets),
    ]  # fmt: skip
    if not steps:
        words.append(Word("unknown", "", f"the state document knows no migrate step of {change or 'the change'}"))
    changes = {change, *(step.change for step in steps)} - {None}
    checks = [check for check in state.checks if check.change in changes]
    words += [word for where in targets for word in _verified(where, steps, checks, now, freshness)]
    return _evidence(rule, words)


def compatible(running: Iterable[str], floor: str | None, history: ReleaseHistory) -> Word:
    """Whether releases get along with a schema: none is older than its floor.

    At each instant this must hold for all that run and for the one to which a rollback would go.

    Args:
        floor: the oldest release that still works on the schema; None while every one does.
    """
    names, order = list(dict.fromkeys(running)), order_of(history)
    if not names:
        return Word("unknown", "", "nobody has said which release runs")
    if floor is None:
        return Word("pass", "", f"the schema works with every release, {' and '.join(names)} among them")
    strange = [name for name in (floor, *names) if name not in order]
    older = [name for name in names if floor in order and name in order and order[name] < order[floor]]
    if older:
        return Word("fail", "", f"{' and '.join(older)}: the schema works with {floor} and later releases only")
    if strange:
        return Word(
            "unknown", "", f"nobody knows the place of {' and '.join(dict.fromkeys(strange))} among the releases"
        )
    return Word("pass", "", f"{' and '.join(names)}: the schema works with {floor} and later releases")


Judge = Callable[["Environment", str, Order], Iterable[Word]]


def _everywhere(
    rule: str, release: str | None, history: ReleaseHistory, state: StateDocument | None, judge: Judge
) -> Evidence:
    """What is said of a release on all protected environments."""
    if release is None:
        return Evidence(rule, "fail", "releases", "", "it is in no release yet")
    if state is None:
        return Evidence(rule, "unknown", "state", release, f"{release}: {_NO_STATE}")
    order = order_of(history, state)
    if release not in order:
        text = f"nobody knows the place of {release} among the releases"
        return Evidence(rule, "unknown", "releases", release, text)
    if not state.protected:
        return Evidence(rule, "unknown", "state", release, _NO_ENVIRONMENT)
    return _evidence(rule, [word for each in state.protected for word in judge(each, release, order)])


def _evidence(rule: str, words: Sequence[Word]) -> Evidence:
    result = worst(words)
    places = dict.fromkeys(word.where for word in words if word.result == result and word.where)
    return Evidence(rule, result, "state", ", ".join(places), sentence(words))


def _age(environment: Environment, release: str, order: Order, now: datetime, min_age: timedelta) -> Word:
    full = full_rollouts(environment, release, order)
    if not full:
        return arrival(environment, release, order)
    where = environment.name
    first = min((rollout for rollout in full if rollout.full_at), key=lambda each: each.full_at or now, default=None)
    if first is not None and first.full_at is not None:
        text = f"{first.release} is fully rolled out on {where} since {first.full_at.date()}"
        if now - first.full_at >= min_age:
            return Word("pass", where, text)
        if all(rollout.full_at for rollout in full):
            due = (first.full_at + min_age).date()
            return Word("fail", where, f"{text}: {_span(min_age)} will have gone by on {due}")
    undated = next(rollout.release for rollout in full if not rollout.full_at)
    return Word("unknown", where, f"nobody has said since when {undated} is fully rolled out on {where}")


def _belongs(step: Step, change: str | None, migrations: Collection[str]) -> bool:
    return (change is not None and step.change == change) or step.migration in migrations


def _every_environment_has_a_target(state: StateDocument) -> Iterator[Word]:
    for environment in state.protected:
        if not environment.targets:
            yield Word("unknown", environment.name, f"nobody has said which databases {environment.name} has")


def _done(step: Step, where: TargetName) -> Word:
    run = step.run(where)
    if run is None:
        return Word("unknown", str(where), f"nobody has said whether {step.label} has run on {where}")
    if run.status is StepStatus.DONE and run.at is None:
        return Word("unknown", str(where), f"nobody has said when {step.label} was done on {where}")
    results: dict[StepStatus, Result] = {StepStatus.DONE: "pass", StepStatus.SKIPPED: "unknown"}
    day = f" since {run.at.date()}" if run.at else ""
    return Word(results.get(run.status, "fail"), str(where), f"{step.label} is {run.status} on {where}{day}")


def _verified(
    where: TargetName, steps: Sequence[Step], checks: Sequence[Check], now: datetime, freshness: timedelta
) -> Iterator[Word]:
    """What was last found by each check; every one that was made anywhere must have been made here."""
    runs = [run for step in steps if (run := step.run(where)) is not None]
    finished = max((run.at for run in runs if run.at is not None), default=None)
    if not checks:
        yield Word("unknown", str(where), f"nothing was verified on {where}")
    for name, group in groupby(sorted(checks, key=lambda check: check.name), key=lambda check: check.name):
        last = max((check for check in group if check.where == where), key=_time_then_worse, default=None)
        if last is None:
            yield Word("unknown", str(where), f"“{name}” was not verified on {where}")
        else:
            yield _judged(last, finished, now, freshness)


def _time_then_worse(check: Check) -> tuple[datetime, bool]:
    """Of two at one moment, the one that failed counts."""
    return (check.at, not check.ok)


def _judged(check: Check, finished: datetime | None, now: datetime, freshness: timedelta) -> Word:
    where, when = str(check.where), f"{check.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    said = f"“{check.name}” was verified on {where} at {when}"
    if not check.ok:
        found = f" ({check.observed})" if check.observed else ""
        return Word("fail", where, f"“{check.name}” did not hold on {where} at {when}{found}")
    if finished is not None and check.at < finished:
        return Word("unknown", where, f"{said}, before the last step was done")
    if check.at > now:
        return Word("unknown", where, f"{said}, which is yet to come")
    if now - check.at >= freshness:
        return Word("unknown", where, f"{said}, more than {_span(freshness)} ago")
    return Word("pass", where, said)


def _span(span: timedelta) -> str:
    """For people: `7 days`, `24 hours`."""
    hours = int(span.total_seconds() // 3600)
    number, unit = (hours // 24, "day") if hours % 24 == 0 and hours > 24 else (hours, "hour")
    return f"{number} {unit}{'' if number == 1 else 's'}"
