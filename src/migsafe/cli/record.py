"""`migsafe record`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from migsafe.cli.choices import NearestChoice
from migsafe.cli.place_options import CREATE_ENVIRONMENT, ENVIRONMENT, TARGET, UNPROTECTED
from migsafe.cli.tracker_options import HELP, moment, say, say_json, settings, tracker_options
from migsafe.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from datetime import datetime

    from migsafe.api import Record, Verification, Where
    from migsafe.tracker.facts import Written

_STATUSES = ["done", "failed", "reverted", "skipped"]
_EXAMPLES = """\b
Examples:
  migsafe record 3f2a91 9c1b04 --env production --status done     behind: alembic upgrade head
  migsafe record 004_drop_name --env production --status skipped --reason "never had the column"
  migsafe record 004_drop_name --env production --status done --floor 1.8.0
  migsafe record --check "full_name is the same as name" --change users-name-to-full-name \\
          --env production --ok --observed 0
"""


@click.command("record", epilog=_EXAMPLES, context_settings=HELP)
@click.argument("migrations", nargs=-1, metavar="[MIGRATION…]")
@ENVIRONMENT
@TARGET
@click.option("--status", type=NearestChoice(_STATUSES), help="What became of the migrations.")
@click.option("--at", metavar="TIME", help="When that was; now when left out.")
@click.option("--reason", metavar="TEXT", help="Why; a step that is skipped needs one.")
@click.option("--change", metavar="NAME", help="The change that they belong to, where their headers do not say.")
@click.option("--phase", type=NearestChoice(["expand", "migrate", "contract"]), help="Their phase, likewise.")
@click.option("--release", metavar="R", help="The release that carries them, likewise.")
@click.option("--floor", metavar="R", help="Of a contract: the oldest release that works on the schema now.")
@click.option("--check", "name", metavar="NAME", help="Record a verification of a change, instead of migrations.")
@click.option("--ok/--failed", "ok", default=None, help="Whether the verification held.")
@click.option("--observed", metavar="TEXT", help="What its query gave.")
@CREATE_ENVIRONMENT
@UNPROTECTED
@click.option("--dialect", type=NearestChoice(["postgres", "mysql", "sqlite"]), help="Of a new database.")
@tracker_options(writes=True)
def command(
    migrations: tuple[str, ...],
    environment: str,
    form: str,
    by: str | None,
    config_file: Path | None,
    **options: Any,
) -> int:
    """Record what became of MIGRATIONs that another tool has run, or what a verification has found.

    What is so already is not written again, so that a pipeline may say it as often as it runs. In a project's folder
    migsafe reads phase, change and release from the migrations themselves.
    """
    from migsafe import api

    where = api.Where(
        environment=environment,
        target=options["target"],
        create=options["create_env"],
        protected=not options["unprotected"],
    )
    config = settings(config_file, tracker=options["tracker"], dialect=options["dialect"])
    at = moment(options["at"], "--at")
    written: tuple[Written, ...]
    if options["name"] is not None:
        written = (api.record_check(_verification(migrations, where, at, options), config, by=by),)
    else:
        written = api.record_steps(_record(migrations, where, at, options), config, by=by)
    _show(written, form)
    return ExitCode.CLEAN


def _record(migrations: tuple[str, ...], where: Where, at: datetime | None, options: dict[str, Any]) -> Record:
    from migsafe import api
    from migsafe.model.phase import Phase
    from migsafe.model.state import StepStatus

    if not migrations or options["status"] is None:
        missing = "which migration" if not migrations else "what became of it"
        raise UsageError(f"nobody has said {missing}", hint="migsafe record MIGRATION --env E --status done")
    if options["ok"] is not None or options["observed"] is not None:
        raise UsageError("--ok, --failed and --observed are of a verification", hint="--check NAME says which one")
    return api.Record(
        migrations=migrations,
        where=where,
        status=StepStatus(options["status"]),
        change=options["change"],
        phase=Phase(options["phase"]) if options["phase"] else None,
        release=options["release"],
        at=at,
        floor=options["floor"],
        reason=options["reason"],
    )


def _verification(
    migrations: tuple[str, ...], where: Where, at: datetime | None, options: dict[str, Any]
) -> Verification:
    from migsafe import api

    others = [name for name in ("status", "phase", "release", "floor") if options[name] is not None]
    if migrations or others:
        raise UsageError(f"--check is recorded apart from migrations; leave out {' '.join([*migrations, *others])}")
    if options["change"] is None or options["ok"] is None:
        raise UsageError(
            "a verification is of a change, and has held or failed",
            hint="--check NAME --change CHANGE --env E --ok, or --failed",
        )
    return api.Verification(
        name=options["name"],
        change=options["change"],
        where=where,
        ok=options["ok"],
        observed=options["observed"],
        at=at,
        reason=options["reason"],
    )


def _show(written: tuple[Written, ...], form: str) -> None:
    if form == "json":
        facts = [
            {"subject": one.subject, "changed": one.changed, "before": one.before, "after": one.after}
            for one in written
        ]
        say_json("migsafe.recorded/1", recorded=facts)
        return
    say(*map(_line, written))


def _line(one: Written) -> str:
    return f"{one.subject}: {one.after}" if one.changed else f"{one.subject}: {one.after} already, nothing written"
