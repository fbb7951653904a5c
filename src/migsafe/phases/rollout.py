"""What one environment says of a release: whether it has come in full, and whether all older ones are gone.

What nobody has said is never taken for good news: a release without a row in an environment may be running there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from migsafe.model.state import RolloutStatus

if TYPE_CHECKING:
    from datetime import datetime

    from migsafe.model.release import ReleaseHistory
    from migsafe.model.state import Environment, Rollout, StateDocument

Result = Literal["pass", "fail", "unknown"]
Order = Mapping[str, int]

_MOST_WORDS = 3


@dataclass(frozen=True, slots=True)
class Word:
    """What is said at one place: of an environment, or of one of its databases.

    Attributes:
        where: `production`, `production/main`.
        text: a clause that names the place.
    """

    result: Result
    where: str
    text: str


def worst(words: Sequence[Word]) -> Result:
    """What all of them come to: a fail wins over what is unknown, and that over a pass; nothing said is unknown."""
    results = {word.result for word in words}
    return "fail" if "fail" in results else "unknown" if "unknown" in results or not results else "pass"


def sentence(words: Sequence[Word]) -> str:
    """Those that decide, as one sentence, and not all of a fleet's."""
    decisive = list(dict.fromkeys(word.text for word in words if word.result == worst(words)))
    more = f"; and {len(decisive) - _MOST_WORDS} more" if len(decisive) > _MOST_WORDS else ""
    return "; ".join(decisive[:_MOST_WORDS]) + more


def order_of(history: ReleaseHistory, state: StateDocument | None = None) -> Order:
    """The place of each release among all of them: by the history; by the state document where there is none."""
    if history.known or state is None:
        return {release.name: release.sequence for release in history.releases}
    return {release.name: place for place, release in enumerate(state.releases)}


def full_rollouts(environment: Environment, release: str, order: Order) -> tuple[Rollout, ...]:
    """Rollouts of a release and of later ones, which carry all that it carries, that have had all the traffic."""
    return tuple(rollout for rollout in _from(environment, release, order) if _came_in_full(rollout) == "pass")


def arrival(environment: Environment, release: str, order: Order) -> Word:
    """Whether a release, or a later one, has come to an environment in full, and has not been taken back since."""
    rollouts = _from(environment, release, order)
    where = environment.name
    if full := full_rollouts(environment, release, order):
        since = min((rollout.full_at for rollout in full if rollout.full_at), default=None)
        return Word("pass", where, f"{full[0].release} is fully rolled out on {where}{_since(since)}")
    if environment.rollout(release) is None:
        return Word("unknown", where, f"nobody has said how far {release} has come on {where}")
    unsure = next((rollout for rollout in rollouts if _came_in_full(rollout) == "unknown"), None)
    if unsure is not None:
        text = f"nobody has said whether {unsure.release}, {_spoken(unsure)} on {where}, ever had all the traffic"
        return Word("unknown", where, text)
    telling = next((rollout for rollout in rollouts if rollout.status.runs), rollouts[0])
    return Word("fail", where, f"{telling.release} is not fully rolled out: it is {_spoken(telling)} on {where}")


def farewells(environment: Environment, release: str, order: Order) -> Iterator[Word]:
    """Whether every release before one is gone from an environment, and no rollback would bring one back."""
    where = environment.name
    present = [rollout for rollout in environment.rollouts if _may_run(rollout)]
    older = [rollout for rollout in present if order.get(rollout.release, order[release]) < order[release]]
    for rollout in older:
        yield Word("fail", where, f"{rollout.release} is still {_spoken(rollout)} on {where}")
    for rollout in present:
        if rollout.release not in order:
            text = f"nobody has said whether {rollout.release}, {_spoken(rollout)} on {where}, is older than {release}"
            yield Word("unknown", where, text)
    yield from _rollback(environment, release, order)
    for name in _unmentioned(environment, release, order):
        yield Word("unknown", where, f"nobody has said whether {name} is retired on {where}")
    if not environment.running:
        yield Word("unknown", where, f"nobody has said which release runs on {where}")
    elif not older:
        running = " and ".join(rollout.release for rollout in environment.running)
        yield Word("pass", where, f"only {running} runs on {where}")


def _rollback(environment: Environment, release: str, order: Order) -> Iterator[Word]:
    target, where = environment.rollback_to, environment.name
    if target is None:
        return
    if target not in order:
        yield Word("unknown", where, f"a rollback on {where} would go to {target}, of which nobody knows how old it is")
    elif order[target] < order[release]:
        yield Word("fail", where, f"a rollback on {where} would go to {target}, which is older than {release}")


def _unmentioned(environment: Environment, release: str, order: Order) -> Iterable[str]:
    """Earlier releases without a row: the one just before, and all since the oldest that has one."""
    mentioned = {rollout.release for rollout in environment.rollouts}
    here = order[release]
    oldest = min((order[name] for name in mentioned if name in order), default=here)
    first = min(oldest, here - 1)
    return [name for name, place in order.items() if first <= place < here and name not in mentioned]


def _from(environment: Environment, release: str, order: Order) -> list[Rollout]:
    """The rollouts of a release and of later ones, in the order of the releases."""
    here = order[release]
    rollouts = [rollout for rollout in environment.rollouts if order.get(rollout.release, -1) >= here]
    return sorted(rollouts, key=lambda rollout: order[rollout.release])


def _came_in_full(rollout: Rollout) -> Result:
    if rollout.status is RolloutStatus.DEPLOYED:
        if rollout.percent is not None:
            return "pass" if rollout.percent == 100 else "fail"
        return "pass" if rollout.full_at else "unknown"
    if rollout.status in {RolloutStatus.DRAINING, RolloutStatus.RETIRED}:
        return "pass" if rollout.full_at else "unknown"
    return "fail"


def _may_run(rollout: Rollout) -> bool:
    """Whether its code runs, or is about to."""
    return rollout.status.runs or rollout.status is RolloutStatus.EXPANDING


def _spoken(rollout: Rollout) -> str:
    """For people: `rolling (40 %)`, `rolled back`."""
    share = f" ({rollout.percent} %)" if rollout.status.runs and rollout.percent is not None else ""
    return rollout.status.value.replace("_", " ") + share


def _since(moment: datetime | None) -> str:
    return "" if moment is None else f" since {moment.date()}"
