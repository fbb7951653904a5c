"""State documents for tests: any that could be, and the ones that people wrote."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from hypothesis import strategies as st

from migsafe.model.dialect import Dialect
from migsafe.model.phase import Part, Phase
from migsafe.model.plan import ChangeKind
from migsafe.model.state import (
    Chain,
    Change,
    ChangeState,
    Check,
    Environment,
    KnownRelease,
    NodeReading,
    Rollout,
    RolloutStatus,
    Run,
    StateDocument,
    StatisticsFact,
    Step,
    StepStatus,
    Target,
    TargetName,
)
from migsafe.model.usage import Use

FIXTURES = Path(__file__).parents[1] / "fixtures" / "state"
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)

RELEASES = ("1.7.0", "1.8.0", "1.9.0")
MIGRATION = "003_fill_full_name"

moments = st.integers(-40 * 24, 2 * 24).map(lambda hours: NOW + timedelta(hours=hours))
words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6)
days = st.dates(date(2020, 1, 1), date(2030, 1, 1))


def rollouts(release: str) -> st.SearchStrategy[Rollout]:
    """A release in an environment, however far it has come."""
    return st.builds(
        Rollout, release=st.just(release), status=st.sampled_from(RolloutStatus),
        percent=st.none() | st.sampled_from([0, 40, 100]), full_at=st.none() | moments,
        retired_at=st.none() | moments, source=st.none() | words,
    )  # fmt: skip


@st.composite
def environments(draw: st.DrawFn, name: str) -> Environment:
    """An environment with any rollouts of a few releases, one of them unheard of."""
    targets = draw(st.lists(st.sampled_from(["main", "tenant-1"]), unique=True))
    heard = draw(st.lists(st.sampled_from([*RELEASES, "nightly"]), unique=True))
    return Environment(
        name=name,
        protected=draw(st.booleans()),
        rollback_to=draw(st.none() | st.sampled_from([*RELEASES, "nightly"])),
        targets=tuple(
            Target(
                name=each,
                dialect=draw(st.sampled_from(Dialect)),
                identity=draw(st.none() | words),
                floor=draw(st.none() | st.sampled_from(RELEASES)),
                nodes=tuple(draw(st.lists(words, max_size=2, unique=True))),
            )
            for each in targets
        ),
        rollouts=tuple(draw(rollouts(release)) for release in heard),
    )


@st.composite
def runs(draw: st.DrawFn, places: list[TargetName], phase: Phase) -> tuple[Run, ...]:
    """What became of a step on some of the databases."""
    of_a_contract = {StepStatus.QUARANTINED, StepStatus.PURGED}
    statuses = [status for status in StepStatus if phase is Phase.CONTRACT or status not in of_a_contract]
    chosen = draw(st.lists(st.sampled_from(places), unique=True)) if places else []
    return tuple(
        Run(
            environment=where.environment, target=where.target, status=draw(st.sampled_from(statuses)),
            at=draw(st.none() | moments), checksum=draw(st.none() | words),
        )
        for where in chosen
    )  # fmt: skip


@st.composite
def steps(draw: st.DrawFn, places: list[TargetName]) -> tuple[Step, ...]:
    """Steps with and without a migration, of and outside of a change."""
    named = draw(st.lists(st.sampled_from([MIGRATION, "002_users_full_name", "backfill"]), unique=True))
    found = []
    for name in named:
        phase = draw(st.sampled_from(Phase))
        found.append(
            Step(
                phase=phase,
                migration=None if name == "backfill" else name,
                name="backfill" if name == "backfill" else draw(st.none() | words),
                change=draw(st.sampled_from(["users", "orders"])),
                part=draw(st.none() | st.sampled_from(Part)) if phase is Phase.CONTRACT else None,
                release=draw(st.none() | st.sampled_from(RELEASES)),
                runs=draw(runs(places, phase)),
            )
        )
    return tuple(found)


@st.composite
def documents(draw: st.DrawFn) -> StateDocument:
    """Any document that could be."""
    names = draw(st.lists(st.sampled_from(["production", "production-eu", "staging"]), unique=True))
    known = tuple(draw(environments(name)) for name in names)
    places = [TargetName(each.name, target.name) for each in known for target in each.targets]
    some = st.lists(st.sampled_from(places), max_size=3) if places else st.just([])
    return StateDocument(
        exported=draw(moments),
        installation=draw(words),
        chain=Chain("0" * 64, draw(st.integers(0, 99))),
        releases=tuple(KnownRelease(name, draw(st.none() | days)) for name in RELEASES),
        environments=known,
        changes=tuple(
            Change(
                id=each, state=draw(st.sampled_from(ChangeState)), kind=draw(st.none() | st.sampled_from(ChangeKind)),
                objects=tuple(draw(st.lists(words, max_size=2))), owner=draw(st.none() | words),
                introduced_in=draw(st.none() | words), due=draw(st.none() | days), due_release=draw(st.none() | words),
            )
            for each in draw(st.lists(st.sampled_from(["users", "orders"]), unique=True))
        ),
        steps=draw(steps(places)),
        checks=tuple(_check(draw, where) for where in draw(some)),
        statistics=tuple(_fact(draw, where) for where in dict.fromkeys(draw(some))),
    )  # fmt: skip


def _check(draw: st.DrawFn, where: TargetName) -> Check:
    return Check(
        change=draw(st.sampled_from(["users", "orders"])), name=draw(st.sampled_from(["equal", "full"])),
        environment=where.environment, target=where.target, ok=draw(st.booleans()), at=draw(moments),
        observed=draw(st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=4)),
    )  # fmt: skip


def _fact(draw: st.DrawFn, where: TargetName) -> StatisticsFact:
    readings = st.builds(
        NodeReading, node=words, reads_all=st.booleans(), stats_reset=st.none() | moments,
        evicted=st.none() | st.integers(0, 9),
    )  # fmt: skip
    return StatisticsFact(
        object=draw(words), environment=where.environment, target=where.target, use=draw(st.sampled_from(Use)),
        since=draw(moments), until=draw(moments), calls=draw(st.none() | st.integers(0, 9)),
        readings=tuple(draw(st.lists(readings, max_size=2, unique_by=lambda reading: reading.node))),
    )  # fmt: skip


def _tuples_of(values: list[Rollout]) -> st.SearchStrategy[tuple[Rollout, ...]]:
    return st.lists(st.sampled_from(values), max_size=4, unique_by=lambda rollout: rollout.release).map(tuple)


_ROLLOUTS = [
    Rollout(release=release, status=status, percent=percent, full_at=full_at)
    for release in (*RELEASES, "nightly")
    for status in RolloutStatus
    for percent in (None, 40, 100)
    for full_at in (None, NOW - timedelta(days=2), NOW - timedelta(days=20))
]
_MAIN = (Target(name="main", dialect=Dialect.POSTGRES),)


def judged_environments(name: str) -> st.SearchStrategy[Environment]:
    """A protected environment, of which much or little is said."""
    return st.builds(
        Environment, name=st.just(name), protected=st.just(True), targets=st.sampled_from([_MAIN, _MAIN, _MAIN, ()]),
        rollouts=_tuples_of(_ROLLOUTS), rollback_to=st.sampled_from([None, None, None, *RELEASES]),
    )  # fmt: skip


def judged_states() -> st.SearchStrategy[StateDocument]:
    """A state with one environment, a migrate step, and a check: what the gates look at, and nothing else."""
    times = (None, NOW - timedelta(hours=30), NOW - timedelta(hours=2))
    run = st.builds(
        Run, environment=st.just("production"), target=st.just("main"), status=st.sampled_from(StepStatus),
        at=st.sampled_from(times),
    )  # fmt: skip
    check = st.builds(
        Check, change=st.just("users-name-to-full-name"), name=st.sampled_from(["equal", "full"]),
        environment=st.just("production"), target=st.just("main"), ok=st.booleans(), at=st.sampled_from(times[1:]),
    )  # fmt: skip
    step = st.builds(
        Step, phase=st.just(Phase.MIGRATE), migration=st.just(MIGRATION), change=st.just("users-name-to-full-name"),
        runs=st.lists(run, max_size=1).map(tuple),
    )  # fmt: skip
    return st.builds(
        StateDocument, exported=st.just(NOW), installation=st.just("shop"), chain=st.just(Chain("0" * 64)),
        environments=judged_environments("production").map(lambda each: (each,)),
        steps=st.lists(step, max_size=1).map(tuple), checks=st.lists(check, max_size=3).map(tuple),
    )  # fmt: skip


def with_environment(document: StateDocument, environment: Environment) -> StateDocument:
    """The document with one more environment."""
    return replace(document, environments=(*document.environments, environment))
