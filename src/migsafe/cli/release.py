"""`migsafe release`: `list`, `cut`, `mark`, `floor` and `ceiling`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from migsafe.cli.choices import NearestChoice
from migsafe.cli.fleets import TRACKERS_OF_FLEET, tell_trackers
from migsafe.cli.output import check_target, emit
from migsafe.cli.place_options import ENVIRONMENT, TARGET, UNPROTECTED
from migsafe.cli.project_options import project_options
from migsafe.cli.tracker_options import author, moment, say, say_json, settings, tracker_options
from migsafe.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date

    from migsafe.bookkeeping.bounds import Bounded
    from migsafe.bookkeeping.releases import Mark
    from migsafe.config import Config
    from migsafe.history.cutting import Cut
    from migsafe.history.listing import CarriedBy, ReleaseListing
    from migsafe.model.script import Migration
    from migsafe.tracker.reading import Compatibility

    _Command = TypeVar("_Command", bound=Callable[..., Any])

_HELP = {"help_option_names": ["-h", "--help"]}
_UNRELEASED = "not released"
_HEADINGS = ("release", "day", "from", "migrations", "phases", "still open", "")

_EXAMPLES = """\b
Examples:
  migsafe release list                     which release carries what
  migsafe release cut 1.9.0                record that a release carries all that is new
  migsafe release mark 1.9.0 --env production --status deployed
"""
_LIST_EXAMPLES = """\b
Examples:
  migsafe release list                     one line a release
  migsafe release list --migrations        and what each carries, by name
  migsafe release list db/migrations --format json
"""
_CUT_EXAMPLES = """\b
Examples:
  migsafe release cut 1.9.0                before git commit and git tag
  migsafe release cut 1.9.0 --dry-run      show what would be written
  migsafe release cut 1.9.1 --empty        a release that brings no migration
"""
_MARK_EXAMPLES = """\b
Examples:
  migsafe release mark 1.9.0 --env production --status rolling --percent 25 --source argo
  migsafe release mark 1.9.0 --env production --status deployed
  migsafe release mark 1.8.0 --env production --status retired --at 2026-11-02T10:40:00Z
  migsafe release mark 1.9.0 --env production --status rolling --fleet migsafe.fleet.toml
"""
_FLOOR_EXAMPLES = """\b
Examples:
  migsafe release floor 1.8.0 --env production --reason "004 took users.name away by hand"
  migsafe release floor --none --env staging --reason "restored from before the contract"
"""
_CEILING_EXAMPLES = """\b
Examples:
  migsafe release ceiling 1.9.0 --env production --reason "2.0.0 needs an extension that is missing there"
  migsafe release ceiling --none --env production --reason "the extension is installed"
"""
_ROLLOUTS = ["planned", "expanding", "rolling", "deployed", "draining", "retired", "rolled_back"]


@click.group("release", epilog=_EXAMPLES, context_settings=_HELP)
def command() -> None:
    """Say which release is the first to carry which migration, which runs where, and which works there.

    Releases come from git's tags, from a manifest that `release cut` writes and the project commits, or from what
    migrations say of themselves (release=1.9.0).
    """


@command.command("list", epilog=_LIST_EXAMPLES, context_settings=_HELP)
@click.argument("paths", nargs=-1, metavar="[PATHS…]", type=click.Path(path_type=Path))
@click.option("--migrations", "named", is_flag=True, help="Name the migrations of each release.")
@click.option(
    "--format",
    "form",
    type=NearestChoice(["text", "json"]),
    default="text",
    show_default=True,
    help="Form of the list.",
)
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="Write the list there.")
@project_options
def list_command(
    paths: tuple[Path, ...], named: bool, form: str, output: Path | None, config_file: Path | None, **options: Any
) -> int:
    """List the releases, the oldest first, and what each is the first to carry."""
    from migsafe import api
    from migsafe.config import load_config

    check_target(output)
    config = load_config(config_file, options=options)
    listing = api.releases(_named_paths(paths, config), config)
    emit(listing.json() if form == "json" else _text(listing, named=named), output)
    _warn(listing)
    return ExitCode.CLEAN


@command.command("cut", epilog=_CUT_EXAMPLES, context_settings=_HELP)
@click.argument("name")
@click.argument("paths", nargs=-1, metavar="[PATHS…]", type=click.Path(path_type=Path))
@click.option("--day", metavar="YYYY-MM-DD", help="When it is cut; today when left out.")
@click.option("--empty", is_flag=True, help="Cut it although it brings no migration.")
@click.option("--dry-run", is_flag=True, help="Show what would be written, and write nothing.")
@project_options
def cut_command(
    name: str,
    paths: tuple[Path, ...],
    day: str | None,
    empty: bool,
    dry_run: bool,
    config_file: Path | None,
    **options: Any,
) -> int:
    """Record that release NAME carries all migrations that no release has carried.

    The entry comes to the end of migsafe.releases.toml, which is to be committed; nothing in it changes. A new manifest
    begins with the releases that git's tags know.
    """
    from migsafe import api
    from migsafe.config import load_config

    when = _day(day)
    config = load_config(config_file, options=options)
    cut = api.cut_release(name, _named_paths(paths, config), config, day=when, empty=empty, dry_run=dry_run)
    emit(cut.addition if dry_run else _told(cut), None)
    if cut.left_out:
        click.echo(f"left out, because their header names another release: {', '.join(cut.left_out)}", err=True)
    return ExitCode.CLEAN


@command.command("mark", epilog=_MARK_EXAMPLES, context_settings=_HELP)
@click.argument("name", metavar="RELEASE")
@ENVIRONMENT
@click.option("--status", type=NearestChoice(_ROLLOUTS), required=True, help="How far it has come there.")
@click.option("--at", metavar="TIME", help="Since when; now when left out.")
@click.option("--percent", type=click.IntRange(0, 100), metavar="N", help="Its share of the traffic.")
@click.option("--source", metavar="NAME", default="human", show_default=True, help="What says so: argo, helm, …")
@click.option("--reason", metavar="TEXT", help="Why; it is kept with the event.")
@click.option("--create", is_flag=True, help="A release that nobody knows is the latest.")
@click.option("--create-env", is_flag=True, help="An environment that nobody knows is a new one.")
@UNPROTECTED
@TRACKERS_OF_FLEET
@tracker_options(writes=True)
def mark_command(
    name: str,
    environment: str,
    status: str,
    at: str | None,
    by: str | None,
    form: str,
    **options: Any,
) -> int:
    """Record how far RELEASE has come in an environment, for whatever deploys it.

    The same again writes nothing, so that a pipeline may say it as often as it runs. A status that cannot follow the
    one that is known is refused (exit code 4). A release is known by the tracker, by git's tags, or by the manifest.
    """
    from migsafe import api
    from migsafe.model.state import RolloutStatus

    config = settings(options.pop("config_file"), tracker=options.pop("tracker"))
    create_env, unprotected, fleet = (options.pop(each) for each in ("create_env", "unprotected", "fleet"))
    mark = api.Mark(
        release=name, environment=environment, status=RolloutStatus(status), at=moment(at, "--at"),
        create_environment=create_env, protected=not unprotected, **options,
    )  # fmt: skip
    if fleet is not None:
        return _mark_everywhere(fleet, mark, config, by, form)
    written = api.mark_release(mark, config, by=by)
    if form == "json":
        say_json("migsafe.marked/1", changed=written.changed, before=written.before, after=written.after)
    else:
        was = f", was {written.before.status}" if written.changed and written.before else ""
        say(
            f"{written.subject}: {status}{was}"
            if written.changed
            else f"{written.subject}: {status} already, nothing written"
        )
    return ExitCode.CLEAN


def _mark_everywhere(fleet: Path, mark: Mark, config: Config, by: str | None, form: str) -> int:
    from migsafe.cli.progress import ProgressBar
    from migsafe.fleet.reading import read_roster
    from migsafe.fleet.trackers import mark_everywhere

    with ProgressBar() as bar:
        told = mark_everywhere(read_roster(fleet), config, mark, author(by), on_progress=bar)
    return tell_trackers(told, form)


def _bound_options(command: _Command) -> _Command:
    """What a floor and a ceiling are told."""
    for option in (
        tracker_options(writes=True),
        click.option("--reason", required=True, metavar="TEXT", help="Why; it is kept with the event."),
        click.option(
            "--none", "no_bound", is_flag=True, help="Take it away: every release works, as far as this goes."
        ),
        TARGET,
        ENVIRONMENT,
        click.argument("release", required=False),
    ):
        command = option(command)
    return command


@command.command("floor", epilog=_FLOOR_EXAMPLES, context_settings=_HELP)
@_bound_options
def floor_command(release: str | None, *, no_bound: bool, tracker: str | None, config_file: Path | None, form: str,
                  **options: Any) -> int:  # fmt: skip
    """Say that RELEASE is the oldest that works on the schema of a database, where migsafe cannot know it.

    Contracts raise the floor by themselves. `migsafe guard` stops what is older; a contract and a rollback look at it
    too. What left the floor in doubt is settled by this.
    """
    from migsafe import api

    config = settings(config_file, tracker=tracker)
    return _show_bounds(api.set_floor(_one_release(release, no_bound=no_bound), config=config, **options), form)


@command.command("ceiling", epilog=_CEILING_EXAMPLES, context_settings=_HELP)
@_bound_options
def ceiling_command(release: str | None, *, no_bound: bool, tracker: str | None, config_file: Path | None, form: str,
                    **options: Any) -> int:  # fmt: skip
    """Say that RELEASE is the latest that works on the schema of a database, because a later one needs something more.

    `migsafe guard` stops what is later.
    """
    from migsafe import api

    config = settings(config_file, tracker=tracker)
    return _show_bounds(api.set_ceiling(_one_release(release, no_bound=no_bound), config=config, **options), form)


def _one_release(release: str | None, *, no_bound: bool) -> str | None:
    if (release is None) is not no_bound:
        raise UsageError(
            "either a release or --none is said", hint="name a release, or take the bound away with --none"
        )
    return release


def _show_bounds(done: Bounded, form: str) -> int:
    if form == "json":
        place = {"environment": done.where.environment, "target": done.where.target}
        say_json("migsafe.bounds/1", **place, changed=done.changed, before=done.before, after=done.after)
        return ExitCode.CLEAN
    was = f", was: {_works(done.before)}" if done.changed else " already, nothing written"
    say(f"{done.where}: {_works(done.after)}{was}")
    return ExitCode.CLEAN


def _works(known: Compatibility) -> str:
    return f"works {known.spelt}{f' (in doubt: {known.doubt})' if known.doubt else ''}"


def _named_paths(paths: tuple[Path, ...], config: Config) -> tuple[Path, ...]:
    return paths or tuple(map(Path, config.paths)) or (Path(os.curdir),)


def _day(text: str | None) -> date:
    from datetime import date

    if text is None:
        return date.today()  # the day on which the person who cuts it lives
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"option --day is {text}; it must be a day such as 2027-01-31") from None


def _told(cut: Cut) -> str:
    from migsafe.reporters.neutral import neutral_line

    count = len(cut.release.migrations)
    before = f", after {len(cut.earlier)} from git's tags" if cut.earlier else ""
    lines = [f"{cut.release.name}: {count} new {'file' if count == 1 else 'files'}, in {cut.manifest}{before}"]
    return "".join(f"{neutral_line(line)}\n" for line in [*lines, *(f"  {path}" for path in cut.release.migrations)])


def _text(listing: ReleaseListing, *, named: bool) -> str:
    from migsafe.reporters.table import render_table

    if not listing.history.known:
        return _no_releases(listing)
    rows = [_row(row) for row in listing.rows if row.release is not None or row.migrations]
    table = render_table(_HEADINGS, rows)
    return table if not named else "\n".join([table, *_names(listing.rows)])


def _no_releases(listing: ReleaseListing) -> str:
    count = sum(len(row.migrations) for row in listing.rows)
    return f"no releases: no tag of git, no manifest, no header says one; {count} migrations are not released\n"


def _row(row: CarriedBy) -> Sequence[str]:
    release = row.release
    if release is None:
        return _UNRELEASED, "", "", *_carried(row)
    day = release.day.isoformat() if release.day else ""
    return release.name, day, release.source, *_carried(row)


def _carried(row: CarriedBy) -> Sequence[str]:
    """How many migrations, of which phases, what they promise, and from which to which."""
    phases = ", ".join(f"{count} {phase}" for phase, count in row.phases.items())
    return str(len(row.migrations)), phases, ", ".join(row.promised), _span(row.migrations)


def _span(migrations: Sequence[Migration]) -> str:
    """From which to which."""
    return " … ".join(dict.fromkeys(one.id for one in (*migrations[:1], *migrations[-1:])))


def _names(rows: Sequence[CarriedBy]) -> Iterator[str]:
    from migsafe.reporters.neutral import neutral_line

    for row in rows:
        if row.migrations:
            title = row.release.name if row.release is not None else _UNRELEASED
            yield "".join(f"{neutral_line(line)}\n" for line in (title, *(f"  {one.id}" for one in row.migrations)))


def _warn(listing: ReleaseListing) -> None:
    """Say that something may be missing, apart from the list."""
    from migsafe.reporters.neutral import neutral_line

    if listing.history.problem is not None:
        click.echo(neutral_line(f"there may be more releases: {listing.history.problem}"), err=True)
