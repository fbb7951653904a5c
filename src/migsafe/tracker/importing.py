"""Taking over a state document: what is not known is added; where both know something else, a person says who wins."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from migsafe.model.state import Rollout, TargetName
from migsafe.tracker.errors import TrackerRefusedError
from migsafe.tracker.facts import RunFacts, StepFacts
from migsafe.tracker.reading import read_known
from migsafe.tracker.store import IMPORT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from migsafe.model.state import Environment, StateDocument
    from migsafe.tracker.store import Store

#: Which of two wins that do not say the same.
Preference = Literal["tracker", "file"]


@dataclass(frozen=True, slots=True)
class Imported:
    """What was taken over.

    Attributes:
        written: how many facts were new, or other than they were.
        kept: what the tracker knows otherwise, and keeps.
    """

    written: int
    kept: tuple[str, ...] = ()


def import_state(
    store: Store, document: StateDocument, now: datetime, *, prefer: Preference | None = None, reason: str | None = None
) -> Imported:
    """Take over a document.

    Args:
        prefer: who is believed where both know something, and not the same; that is refused when None.

    Raises:
        TrackerRefusedError: when they do not say the same, and nobody says who is believed.
    """
    differences = list(_differences(read_known(store.ledger, now).state, document))
    if differences and prefer is None:
        more = f", and {len(differences) - 1} more" if len(differences) > 1 else ""
        raise TrackerRefusedError(
            f"the tracker knows {differences[0][1]} otherwise than the document{more}",
            hint="--prefer tracker keeps what the tracker knows, --prefer file takes what the document says",
        )
    kept = frozenset(key for key, _ in differences) if prefer == "tracker" else frozenset()
    written = sum(_write(store, document, kept, reason))
    after = {"installation": document.installation, "head": document.chain.head, "facts": written}
    if written:
        store.note(IMPORT, document.installation, after=after, reason=reason)
    return Imported(written, tuple(words for key, words in differences if key in kept))


_Key = tuple[object, ...]


def _differences(mine: StateDocument, theirs: StateDocument) -> Iterator[tuple[_Key, str]]:
    """Keys of facts that both know, and not in the same way."""
    known, told = _facts(mine), _facts(theirs)
    for key, (value, words) in told.items():
        if key in known and known[key][0] != value:
            yield key, words


def _facts(document: StateDocument) -> dict[_Key, tuple[object, str]]:
    """Everything in a document that can be known in one way only."""
    facts: dict[_Key, tuple[object, str]] = {}
    for environment in document.environments:
        plain = replace(environment, targets=(), rollouts=())
        facts["environment", environment.name] = (plain, f"the environment {environment.name}")
        for target in environment.targets:
            where = TargetName(environment.name, target.name)
            facts["target", where] = (replace(target, nodes=tuple(sorted(target.nodes))), f"the database {where}")
        for rollout in environment.rollouts:
            facts["rollout", environment.name, rollout.release] = (
                rollout,
                f"how far {rollout.release} has come on {environment.name}",
            )
    for change in document.changes:
        facts["change", change.id] = (change, f"the change {change.id}")
    for step in document.steps:
        key = (step.migration, step.name, step.change)
        facts["step", *key] = (replace(step, runs=()), f"the step {step.label}")
        for run in step.runs:
            facts["run", *key, run.where] = (run, f"what became of {step.label} on {run.where}")
    for fact in document.statistics:
        window = ("statistic", fact.object, fact.where, fact.since, fact.until)
        facts[window] = (fact, f"the statistics of {fact.object} on {fact.where}")
    return facts


def _write(store: Store, document: StateDocument, kept: frozenset[_Key], reason: str | None) -> Iterator[bool | int]:
    yield store.put_releases(document.releases)
    for environment in document.environments:
        yield from _write_environment(store, environment, kept, reason)
    for change in document.changes:
        if ("change", change.id) not in kept:
            yield store.put_change(change, reason=reason).changed
    yield from _write_steps(store, document, kept, reason)
    for check in document.checks:
        yield store.record_check(check, reason=reason).changed
    for fact in document.statistics:
        if ("statistic", fact.object, fact.where, fact.since, fact.until) not in kept:
            yield store.put_statistic(fact).changed


def _write_environment(
    store: Store, environment: Environment, kept: frozenset[_Key], reason: str | None
) -> Iterator[bool]:
    if ("environment", environment.name) not in kept:
        yield store.put_environment(environment, reason=reason).changed
    for target in environment.targets:
        where = TargetName(environment.name, target.name)
        if ("target", where) not in kept:
            yield store.put_target(environment.name, target, reason=reason).changed
            if target.floor is not None:
                yield store.put_compatibility(where, floor=target.floor, reason=reason).changed
    for rollout in environment.rollouts:
        if ("rollout", environment.name, rollout.release) not in kept:
            yield store.put_rollout(environment.name, rollout, changed_at=_since(rollout), reason=reason).changed


def _since(rollout: Rollout) -> datetime | None:
    """Since when it is so, as far as the document says."""
    return rollout.retired_at or rollout.full_at


def _write_steps(store: Store, document: StateDocument, kept: frozenset[_Key], reason: str | None) -> Iterator[bool]:
    for step in document.steps:
        key = (step.migration, step.name, step.change)
        facts = StepFacts(
            migration=step.migration, name=step.name, change=step.change, phase=step.phase, part=step.part,
            release=step.release,
        )  # fmt: skip
        for run in step.runs:
            if ("run", *key, run.where) not in kept:
                facts_of_run = RunFacts(
                    where=run.where, status=run.status, at=run.at, checksum=run.checksum, source=IMPORT, reason=reason
                )
                yield store.record(facts, facts_of_run).changed
        if not step.runs:
            yield store.describe(facts).changed
