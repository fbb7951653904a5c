"""What is done next, by what an engine shows: the core of the coordinator. Pure: values in, values out.

An engine shows one of three things about a step: what the step wants, what was so before it, or something that neither
of them explains. The last one was somebody else's work, and nothing is done about it but to say so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from migsafe.deploy.rollout import Desired, Kind, Order, order_of
from migsafe.deploy.words import Motion

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migsafe.deploy.rollout import Rollout, Step
    from migsafe.deploy.words import Observed

#: Whether a version works on the schema of every database as it is now.
Answer = Literal["yes", "no", "unknown"]


@dataclass(frozen=True, slots=True)
class Met:
    """It is as the step wants it."""


@dataclass(frozen=True, slots=True)
class Tell:
    """The engine is to be told this now."""

    order: Order


@dataclass(frozen=True, slots=True)
class Wait:
    """The engine is on its way."""

    why: str


@dataclass(frozen=True, slots=True)
class GoBack:
    """The step cannot come true: all traffic goes back to the stable version."""

    why: str


@dataclass(frozen=True, slots=True)
class Hold:
    """Nothing is moved until a person has looked."""

    why: str


@dataclass(frozen=True, slots=True)
class Drift:
    """Somebody else has changed the engine."""

    why: str


Next = Met | Tell | Wait | GoBack | Hold | Drift


def decide(
    rollout: Rollout,
    step: Step,
    seen: Observed,
    answers: Mapping[str, Answer],
    *,
    told: bool,
    exact: bool,
    reached: bool = False,
) -> Next:
    """What to do about a step.

    Args:
        answers: whether each version works on the schema; asked anew for each decision that moves traffic.
        told: the engine has been told by this process, so that it may be on its way.
        exact: the engine's weights are either what was or what is wanted; else anything in between is on the way.
        reached: the engine has shown already what the step wants, by the journal.
    """
    if _is_sent_back(rollout, step, seen, reached=reached):
        return GoBack(spell_sent_back(rollout.stable))
    if (foreign := _foreign(rollout, step, seen, exact=exact)) is not None:
        return Drift(foreign)
    if (refusal := _refusal(rollout, step, answers)) is not None:
        return refusal
    if is_met(step, seen):
        return Met()
    if exact and not told and _is_dead(step, seen):
        return GoBack(f"{seen.candidate} has {seen.weight} % of the traffic, and no instance of it is ready")
    if told and seen.motion is Motion.DEGRADED:
        why = "; ".join(seen.notes) or f"{rollout.candidate} did not come up"
        return Hold(why) if step.kind is Kind.RETIRE else GoBack(why)
    order = order_of(rollout, step)
    if order is None:
        return Hold(f"{spell(seen)}, where {spell_desired(step.desired)} was left")
    # What is promoted has come to rest: a share that has come true is on its way again only for a moment.
    is_restless = step.kind is Kind.PROMOTE and seen.motion is Motion.PROGRESSING
    if told or is_restless:
        return Wait(_missing(step, seen))
    return Tell(order)


def _is_sent_back(rollout: Rollout, step: Step, seen: Observed, *, reached: bool) -> bool:
    """The candidate has had traffic, and all of it is where it was: by a person, or by a coordinator that was cut off
    behind its last order."""
    before = rollout.before(step.n)
    had_traffic = before.weight > 0 or before.stable == rollout.candidate or (reached and step.kind is Kind.SHIFT)
    is_back_there = rollout.stable is not None and seen.stable == rollout.stable and seen.weight == 0
    return had_traffic and is_back_there and seen.candidate in {None, rollout.candidate}


def _is_dead(step: Step, seen: Observed) -> bool:
    """The candidate has traffic, and nothing of it can answer: it ended while nobody looked."""
    ready = seen.ready.get(seen.candidate) if seen.candidate is not None else None
    return step.kind is Kind.SHIFT and seen.weight > 0 and ready is not None and ready.ready == 0


def is_met(step: Step, seen: Observed) -> bool:
    """Whether an engine shows what a step wants."""
    wanted = step.desired
    if seen.stable != wanted.stable:
        return False
    match step.kind:
        case Kind.SOAK | Kind.PROMOTE | Kind.BAKE:
            return seen.weight == 0 and (step.kind is not Kind.PROMOTE or seen.motion is not Motion.PROGRESSING)
        case Kind.RETIRE:
            return seen.candidate is None and seen.weight == 0
        case Kind.STAGE | Kind.SHIFT:
            assert wanted.candidate is not None, "it is what the step is about"
            there = seen.candidate == wanted.candidate and seen.weight == wanted.weight
            return there and seen.is_ready(wanted.candidate) and seen.motion in {Motion.IDLE, Motion.PAUSED}


def is_back(stable: str, seen: Observed) -> bool:
    """Whether a version has all the traffic, and no other one can have any."""
    return seen.stable == stable and seen.weight == 0 and seen.motion is not Motion.PROGRESSING


def versions_of(desired: Desired) -> tuple[str, ...]:
    """The versions that run where a state is so: those with no traffic, too, as they may have work of their own."""
    return tuple(one for one in (desired.stable, desired.candidate) if one is not None)


def _refusal(rollout: Rollout, step: Step, answers: Mapping[str, Answer]) -> Next | None:
    """Versions that the schema does not bear. The stable one is no reason to go back to it."""
    both = dict.fromkeys([*versions_of(rollout.before(step.n)), *versions_of(step.desired)])
    running = [one for one in both if one in answers]
    if bad := [one for one in running if answers[one] == "no"]:
        if bad == [rollout.candidate]:
            return GoBack(f"{rollout.candidate} does not work on the schema as it is now")
        return Hold(f"{', '.join(bad)} does not work on the schema as it is now, and is running")
    if open_questions := [one for one in running if answers[one] == "unknown"]:
        return Hold(f"nobody can tell whether {' and '.join(open_questions)} works on the schema as it is now")
    return None


def _foreign(rollout: Rollout, step: Step, seen: Observed, *, exact: bool) -> str | None:
    """What neither the step nor what was before it explains; None where all is explained."""
    before, after = rollout.before(step.n), step.desired
    if seen.stable not in {before.stable, after.stable}:
        return f"the engine's stable version is {_name(seen.stable)}, not {_name(before.stable)}"
    if not _knows(seen, rollout, step):
        return f"{_name(seen.candidate)} is beside {_name(seen.stable)} in the engine, and no part of this rollout"
    if seen.stable == before.stable == after.stable:
        return _foreign_weight(before, after, seen, exact=exact)
    if seen.stable == after.stable:  # it was promoted
        return None if seen.weight == 0 else f"{_share(seen)} after {_name(seen.stable)} was promoted"
    return None if seen.weight == before.weight else f"{_share(seen)}, not {before.weight} %"


def _knows(seen: Observed, rollout: Rollout, step: Step) -> bool:
    if seen.candidate in {None, rollout.stable, rollout.candidate}:
        return True
    # What an earlier rollout left behind has no traffic, and makes room when the new one is staged.
    return step.kind in {Kind.SOAK, Kind.STAGE, Kind.SHIFT} and seen.weight == 0 and rollout.before(step.n).weight == 0


def _foreign_weight(before: Desired, after: Desired, seen: Observed, *, exact: bool) -> str | None:
    low, high = sorted((before.weight, after.weight))
    between = low <= seen.weight <= high
    if seen.weight in {low, high} or (between and (not exact or seen.motion is Motion.PROGRESSING)):
        return None
    return f"{_share(seen)}, where {before.weight} % was left and {after.weight} % is wanted"


def _missing(step: Step, seen: Observed) -> str:
    wanted = step.desired.candidate
    if step.kind in {Kind.STAGE, Kind.SHIFT} and wanted is not None and not seen.is_ready(wanted):
        return spell_unready(seen, wanted)
    return f"the engine shows {spell(seen)}"


def spell_sent_back(stable: str | None) -> str:
    """Why a rollout goes back that somebody has sent back whom the journal does not name."""
    return f"all traffic is at {stable} already: it was sent back"


def spell_unready(seen: Observed, version: str) -> str:
    """How much of a version can take traffic, where not all of it can."""
    found = seen.ready.get(version)
    return f"{version} is not ready yet" + (f" ({found.ready} of {found.wanted})" if found else "")


def spell(seen: Observed) -> str:
    """What an engine shows, in a few words."""
    return _spell(seen.stable, seen.candidate, seen.weight)


def spell_desired(desired: Desired) -> str:
    """A state in the same words."""
    return _spell(desired.stable, desired.candidate, desired.weight)


def _spell(stable: str | None, candidate: str | None, weight: int) -> str:
    if candidate is None:
        return f"{stable} alone" if stable is not None else "no version"
    if stable is None:
        return f"{candidate} {weight} %, and no other version"
    return f"{stable} {100 - weight} %, {candidate} {weight} %"


def _share(seen: Observed) -> str:
    return f"{_name(seen.candidate)} has {seen.weight} % of the traffic"


def _name(version: str | None) -> str:
    return version or "no version"
