"""What commands have in common that are given a fleet of databases, and not the address of one."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from migsafe.cli.interruption import until_interrupted
from migsafe.cli.tracker_options import say, say_json
from migsafe.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from migsafe.api import RunOptions
    from migsafe.config import Config
    from migsafe.errors import MigsafeError
    from migsafe.fleet.outcome import Fate, FleetOutcome
    from migsafe.fleet.rings import Settled
    from migsafe.fleet.roster import Roster
    from migsafe.fleet.trackers import Told
    from migsafe.runner.outcome import RunOutcome

_Command = TypeVar("_Command", bound=Callable[..., Any])

#: Names that are listed before “and 12 more”.
_MOST_NAMES, _MOST_PROBLEMS = 8, 20
_STOPPING = "stopping: steps that run come to their end; once more leaves them where they are"

FLEET = click.option(
    "--fleet",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Many databases, in rings, instead of --url; with --target the one of that name.",
)
TRACKERS_OF_FLEET = click.option(
    "--fleet",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The tracker in each database of a fleet, instead of --tracker.",
)
RING = click.option("--ring", metavar="NAME", help="Only this ring of the fleet.")
_MANNERS = (
    RING,
    click.option("--stop-on-failure", is_flag=True, help="Begin no other database of a ring where one has failed."),
    click.option("--go-on", is_flag=True, help="Begin the next ring though one before it has had a failure."),
)


def fleet_manners(command: _Command) -> _Command:
    """Give a command the options that say how a fleet is gone through."""
    for option in reversed(_MANNERS):
        command = option(command)
    return command


def roster_of(options: dict[str, Any]) -> Roster | None:
    """The fleet that is meant; None where it is one database.

    `options` has the address afterwards, also where the database is one of a fleet.

    Raises:
        UsageError: when it is not clear which is meant.
        ConfigurationError: when the fleet's file says something that cannot be.
    """
    fleet, url = options["fleet"], options["url"]
    if fleet is None:
        _refuse_manners(options, "which is only said of a --fleet")
        if url is None:
            raise UsageError("nobody has said which database", hint="--url ADDRESS, or --fleet FILE for many")
        return None
    if url is not None:
        raise UsageError(
            "--url is one database and --fleet is many: say one of them",
            hint="--fleet FILE --target NAME is one database of a fleet",
        )
    from migsafe import api

    roster = api.read_fleet(fleet)
    if options["target"] is None:
        return roster.only(options.get("ring"))
    _refuse_manners(options, "and --target is one database")
    options["url"] = roster.target(options["target"]).url
    return None


def _refuse_manners(options: dict[str, Any], why: str) -> None:
    for name in ("ring", "stop_on_failure", "go_on"):
        if options.get(name):
            raise UsageError(f"--{name.replace('_', '-')} is about many databases, {why}")


def run_the_fleet(
    roster: Roster, said: RunOptions, config: Config, by: str | None, form: str, options: dict[str, Any]
) -> int:
    """Run a phase everywhere, and say what became of it."""
    from migsafe import api

    manners = api.Manners(stop_on_failure=options["stop_on_failure"], go_on=options["go_on"])
    stop = threading.Event()
    with until_interrupted(stop, _STOPPING):
        outcome = api.run_fleet(
            roster, said, config, manners=manners, say=lambda line: say(line, err=True), stop=stop, by=by
        )
    if form == "json":
        say_json("migsafe.fleet-run/1", dry_run=False, **_document(outcome, said))
    else:
        say(*_lines(outcome))
    if outcome.problem is not None:
        raise outcome.problem
    return ExitCode.CLEAN


def rehearse_the_fleet(roster: Roster, said: RunOptions, config: Config, by: str | None, form: str) -> int:
    """Say what would run, each distinct answer once."""
    from migsafe import api
    from migsafe.cli.progress import ProgressBar

    stop = threading.Event()
    with until_interrupted(stop, _STOPPING), ProgressBar() as bar:
        outcome = api.rehearse_fleet(roster, said, config, progress=bar, stop=stop, by=by)
    if form == "json":
        say_json("migsafe.fleet-run/1", dry_run=True, **_document(outcome, said))
    else:
        say(*_answers(outcome))
    if outcome.problem is not None:
        raise outcome.problem
    return ExitCode.CLEAN


def tell_trackers(told: Told, form: str) -> int:
    """Say what became of the trackers of a fleet."""
    if form == "json":
        failed = [{"target": name, "problem": problem_document(error)} for name, error in told.failed]
        say_json("migsafe.fleet-trackers/1", changed=told.changed, same=told.same, failed=failed)
    else:
        say(f"{_databases(told.changed)}: written", f"{_databases(told.same)}: so already, nothing written")
        say(*(f"  {name}: {error.message}" for name, error in told.failed[:_MOST_PROBLEMS]))
    if told.problem is not None:
        raise told.problem
    return ExitCode.CLEAN


def _lines(outcome: FleetOutcome) -> Iterator[str]:
    """What became of a fleet, and why some of it did not come to its end."""
    yield _counted(outcome.counts, outcome.roster.size)
    failed = outcome.failed
    from migsafe.fleet.outcome import problem_of

    for one in failed[:_MOST_PROBLEMS]:
        problem = problem_of(one)
        assert problem is not None, "it has failed"
        yield f"  {one.target} ({one.ring}): {problem.message}"
        if problem.hint:
            yield f"    {problem.hint}"
    if len(failed) > _MOST_PROBLEMS:
        yield f"  and {len(failed) - _MOST_PROBLEMS} more: --format json has all of them"


def _counted(counts: dict[Fate, int], whole: int) -> str:
    return f"{_databases(whole)}: {', '.join(f'{count} {fate}' for fate, count in counts.items())}"


def _databases(number: int) -> str:
    return "1 database" if number == 1 else f"{number} databases"


def _answers(outcome: FleetOutcome) -> Iterator[str]:
    """Each distinct answer, with the databases that gave it; the most frequent one first."""
    from migsafe.fleet.answers import answer_of

    alike: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for one in outcome.settled:
        alike[answer_of(one)].append(one.target)
    for answer, names in sorted(alike.items(), key=lambda item: (-len(item[1]), item[1])):
        few = sorted(names)[:_MOST_NAMES]
        more = f" and {len(names) - len(few)} more" if len(few) < len(names) else ""
        yield f"{_databases(len(names))}: {', '.join(few)}{more}"
        yield from (f"  {line}" for line in answer)
    if outcome.left:
        yield f"{len(outcome.left)} not asked"


def _document(outcome: FleetOutcome, said: RunOptions) -> dict[str, Any]:
    from migsafe.fleet.outcome import Fate, fate_of

    return {
        "environment": said.where.environment,
        "phase": said.phase,
        "release": said.release,
        "rings": [
            {"name": ring.name, "databases": len(ring.targets), "concurrency": ring.concurrency}
            for ring in outcome.roster.rings
        ],
        "counts": {fate.name.lower(): outcome.counts.get(fate, 0) for fate in Fate},
        "interrupted": outcome.interrupted,
        "exit_code": int(outcome.exit_code),
        "databases": [
            *({"fate": fate_of(one).name.lower(), **_settled(one)} for one in outcome.settled),
            *(
                {"fate": "left", "target": target.name, "ring": ring.name}
                for ring in outcome.roster.rings
                for target in ring.targets
                if target in outcome.left
            ),
        ],
    }


def _settled(one: Settled[RunOutcome]) -> dict[str, Any]:
    from migsafe.fleet.outcome import problem_of

    value = one.value
    return {
        "target": one.target,
        "ring": one.ring,
        "steps": list(value.steps) if value is not None else [],
        "waiting": [{"step": label, "why": why} for label, why in value.waiting] if value is not None else [],
        "problem": problem_document(problem_of(one)),
    }


def problem_document(problem: MigsafeError | None) -> dict[str, Any] | None:
    """What stopped something, for programs."""
    if problem is None:
        return None
    return {"message": problem.message, "hint": problem.hint, "exit_code": int(problem.exit_code)}
