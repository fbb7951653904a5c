"""`migsafe rollback`: the checklist as code: what is so, traffic back, is it well again, and only then the schema."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from migsafe.bookkeeping.place import open_tracker
from migsafe.bookkeeping.steps import Where
from migsafe.deploy.abort import abort
from migsafe.deploy.decide import is_back, spell
from migsafe.deploy.errors import DeployRefusedError
from migsafe.deploy.means import Manner
from migsafe.deploy.run import deploy
from migsafe.deploy.site import open_site, read_site_settings
from migsafe.deploy.verdict import Result, Window, spell_verdicts, worst
from migsafe.deploy.way_back import Redeploy, Return, Stay, Way, choose_way
from migsafe.errors import MigsafeError
from migsafe.model.state import RolloutStatus, TargetName
from migsafe.preflight.words import duration
from migsafe.runner.backward.steps import BackwardOptions, go_back
from migsafe.tracker.deployments import DeploymentStatus, last_deployment
from migsafe.tracker.guarding import Verdict, judge
from migsafe.tracker.names import Names
from migsafe.tracker.reading import read_known

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from migsafe.config import Config
    from migsafe.deploy.site import Site
    from migsafe.deploy.under_way import Deployed, DeployRequest
    from migsafe.tracker.deployments import Deployment
    from migsafe.tracker.facts import Author
    from migsafe.tracker.reading import Known

#: So many windows in a row must be well before the schema is touched.
_WINDOWS = 2
_ANSWERS = ("yes", "unknown", "no")

#: `done`: it is so · `refused`: it must not be · `failed`: it could not be · `left`: on purpose · `due`: by a dry run
ItemResult = Literal["done", "refused", "failed", "left", "due"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackRequest:
    """What is asked for.

    Attributes:
        to: the release that is wanted; the one before when None.
        backward: take the release's steps back from the database, too, where the table of what is safe allows it.
        url: the database for that.
        accept_data_loss: what is lost by that is given up.
        dry_run: only say what would be done.
    """

    place: DeployRequest
    reason: str
    to: str | None = None
    backward: bool = False
    url: str | None = None
    target: str | None = None
    accept_data_loss: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the checklist."""

    name: str
    result: ItemResult
    text: str


@dataclass(frozen=True, slots=True)
class RolledBack:
    """The checklist, as far as it came.

    Attributes:
        to: the release that has the traffic, or is to have it.
    """

    to: str | None
    items: tuple[Item, ...]

    @property
    def is_well(self) -> bool:
        """Nothing of it was refused, and nothing failed."""
        return all(one.result not in {"refused", "failed"} for one in self.items)


def roll_back(
    asked: RollbackRequest,
    config: Config,
    author: Author,
    *,
    say: Callable[[str], None],
    stop: threading.Event | None = None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> RolledBack:
    """Detect, route back, verify, and then what may be done about the schema.

    Raises:
        DeployRefusedError: when there is no safe release to go back to; the nearest one is named. Nothing was moved.
        EnvironmentFailedError: when the engine or the tracker is away.
        ConfigurationError: when deploy.toml cannot be used.
    """
    last, known = _read(asked.place, config)
    stable = _stable(known, asked.place.environment)
    verdicts = _verdicts(known, asked.place.environment)
    order = [one.name for one in known.state.releases]
    way = choose_way(last, stable, asked.to, verdicts, order)
    items = [Item("detect", "done", _spell_found(last, stable, way))]
    if asked.dry_run:
        return RolledBack(_goal(way), (*items, *_to_do(asked, way)))
    routed = _route(asked, last, way, config, author, say, stop)
    items.append(routed)
    if routed.result == "done":
        items.append(_recovered(asked, _goal(way), config, author, say, stop, clock, sleep))
        items.append(_schema(asked, _goal(way), config, author, say, well=items[-1].result == "done"))
    return RolledBack(_goal(way), tuple(items))


def _read(place: DeployRequest, config: Config) -> tuple[Deployment | None, Known]:
    tracker = open_tracker(config, place.environment)
    with tracker.reading() as ledger:
        Names(ledger).environment(place.environment)
        return last_deployment(ledger, place.environment), read_known(ledger, tracker.clock())


def _stable(known: Known, environment: str) -> str | None:
    here = known.state.environment(environment)
    order = {one.name: number for number, one in enumerate(known.state.releases)}
    deployed = [one.release for one in (here.rollouts if here else ()) if one.status is RolloutStatus.DEPLOYED]
    return max(deployed, key=lambda name: order.get(name, -1), default=None)


def _verdicts(known: Known, environment: str) -> Mapping[str, Verdict]:
    """For each release the worst word of any database of the environment."""
    here = known.state.environment(environment)
    places = [TargetName(environment, each.name) for each in (here.targets if here else ())]
    found: dict[str, Verdict] = {}
    for release in (one.name for one in known.state.releases):
        told = [judge(known, release, where) for where in places]
        if told:
            found[release] = max(told, key=lambda one: _ANSWERS.index(one.answer))
    return found


def _spell_found(last: Deployment | None, stable: str | None, way: Way) -> str:
    rollout = f"the rollout of {last.release} is {last.status}" if last is not None else "no rollout is recorded"
    why = f" ({last.reason})" if last is not None and last.reason else ""
    match way:
        case Return(to):
            return f"{rollout}{why}; {to} is still there"
        case Redeploy(to, instead_of):
            return f"{rollout}{why}; {instead_of} has the traffic, and {to} must be brought out again"
        case Stay(at):
            return f"{rollout}{why}; all traffic is at {at} already"


def _goal(way: Way) -> str:
    return way.at if isinstance(way, Stay) else way.to


def _to_do(asked: RollbackRequest, way: Way) -> tuple[Item, ...]:
    routes = {
        Return: "all traffic back at once",
        Redeploy: "brought out step by step, as deploy.toml says",
        Stay: "nothing to move" + ("; what was given up and still runs is ended" if asked.backward else ""),
    }
    schema = "taken back where that loses nothing" if asked.backward else "stays expanded: old code can live on it"
    return (
        Item("route", "due", routes[type(way)]),
        Item("verify", "due", f"the checks hold for {_WINDOWS} windows"),
        Item("schema", "due", schema),
    )


def _route(
    asked: RollbackRequest,
    last: Deployment | None,
    way: Way,
    config: Config,
    author: Author,
    say: Callable[[str], None],
    stop: threading.Event | None,
) -> Item:
    match way:
        case Stay(at):
            text = f"all traffic is at {at}"
            if asked.backward and last is not None and last.status is DeploymentStatus.ABORTED:
                # What was given up runs on without traffic, and would keep the schema as it is.
                done = abort(asked.place, config, author, reason=asked.reason, retire=True, say=say)
                text = "; ".join((text, *(done.came.notes or (f"{last.release} has ended",))))
            return Item("route", "done", text)
        case Return():
            done = abort(asked.place, config, author, reason=asked.reason, retire=asked.backward, say=say)
            wanted = DeploymentStatus.ABORTED
        case Redeploy(to):
            done = deploy(to, asked.place, config, author, urgent=True, say=say, stop=stop)
            wanted = DeploymentStatus.DONE
    return _routed(done, wanted)


def _routed(done: Deployed, wanted: DeploymentStatus) -> Item:
    came = done.came
    notes = "; ".join(came.notes)
    if came.status is not wanted:
        return Item("route", "failed", "; ".join(filter(None, (f"{came.status}: {came.reason}", notes))))
    took = f"after {came.back_ms:.0f} ms" if came.back_ms is not None else "step by step"
    return Item("route", "done", "; ".join(filter(None, (f"all traffic is back, {took}", notes))))


def _recovered(
    asked: RollbackRequest,
    to: str,
    config: Config,
    author: Author,
    say: Callable[[str], None],
    stop: threading.Event | None,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> Item:
    """Whether the traffic is where it is to be, and that version well for two windows, one after the other."""
    settings = read_site_settings(asked.place.deploy_file, asked.place.environment)
    with open_site(settings, config, author, say) as site:
        if not is_back(to, seen := site.provider.observe()):
            return Item("verify", "failed", f"the engine shows {spell(seen)}, not all traffic at {to}")
        for number in range(1, _WINDOWS + 1):
            say(f"window {number} of {_WINDOWS}: is it well again? ({duration(settings.step_time)})")
            if (trouble := _watch(site, settings.step_time, stop or threading.Event(), clock, sleep)) is not None:
                return Item("verify", "failed", trouble)
        shown = spell(site.provider.observe())
    return Item("verify", "done", f"the checks held for {_WINDOWS} windows; the engine shows {shown}")


def _watch(
    site: Site,
    seconds: float,
    stop: threading.Event,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> str | None:
    stable, began = site.provider.observe().stable, clock()
    site.checks.begin()
    while True:
        elapsed = clock() - began
        window = Window(stable=stable, candidate=None, weight=0, seconds=elapsed, over=elapsed >= seconds)
        verdicts = site.checks.judge(window)
        result = worst(verdicts)
        if result is Result.FAIL or (window.over and result is Result.INCONCLUSIVE):
            return spell_verdicts(verdicts, result)
        if window.over:
            return None
        if stop.is_set():
            return "it was stopped by a person"
        sleep(min(Manner().judge_every, seconds - elapsed))


def _schema(
    asked: RollbackRequest,
    to: str,
    config: Config,
    author: Author,
    say: Callable[[str], None],
    *,
    well: bool,
) -> Item:
    if not asked.backward:
        where = f"--to {to} --env {asked.place.environment} --url ADDRESS --dry-run"
        return Item("schema", "left", f"it stays expanded, which is safe; migsafe backward {where} says what could go")
    if not well:
        return Item("schema", "refused", "it is not touched before the code is well again")
    assert asked.url is not None, "asked for with the way back"
    options = BackwardOptions(
        to=to,
        url=asked.url,
        where=Where(environment=asked.place.environment, target=asked.target),
        accept_data_loss=asked.accept_data_loss,
        reason=asked.reason,
    )
    try:
        outcome = go_back(options, replace(config, url=asked.url), author, say=say)
    except DeployRefusedError:
        raise
    except MigsafeError as error:
        return Item("schema", "refused", f"{error.message}" + (f" ({error.hint})" if error.hint else ""))
    if outcome.problem is not None:
        return Item("schema", "failed", outcome.problem.message)
    taken = ", ".join(outcome.taken)
    return Item("schema", "done", f"taken back: {taken}" if taken else f"it has no step that is newer than {to}")
