"""`migsafe plan KIND`: one command for each kind of change, made of its recipe."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from migsafe.cli.choices import NearestChoice
from migsafe.cli.output import emit
from migsafe.cli.project_options import project_options
from migsafe.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from migsafe.plan.project import PlannedChange
    from migsafe.plan.recipe import Argument, Recipe

_HELP = {"help_option_names": ["-h", "--help"]}
_EXAMPLES = """\b
Examples:
  migsafe plan rename-column users.name full_name --explain
  migsafe plan set-not-null orders.currency --fill "'EUR'" --default "'EUR'" --dry-run
  migsafe plan drop-column users.legacy_flags --change drop-legacy-flags
  migsafe plan rename-column --help                the arguments of one kind
"""


class _Kinds(click.Group):
    """Makes a command of each recipe when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every kind that there is a recipe for, in the order of the model."""
        from migsafe.model.plan import ChangeKind
        from migsafe.plan import RECIPES

        return [kind.value for kind in ChangeKind if kind in RECIPES]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a kind; None when there is none of that name."""
        from migsafe.plan import RECIPES

        return next((_command(recipe) for kind, recipe in RECIPES.items() if kind.value == cmd_name), None)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the first word names; an unknown word gets the nearest names as a hint.

        Raises:
            UsageError: when there is no such kind.
        """
        name = args[0]
        known = self.list_commands(ctx)
        if name not in known and not name.startswith("-") and not ctx.resilient_parsing:
            from migsafe.config.nearest import did_you_mean  # on the way of an error only

            hint = did_you_mean(name, known, otherwise="migsafe plan --help lists them all")
            raise UsageError(f'no kind of change "{name}"', hint=hint)
        return super().resolve_command(ctx, args)


@click.group("plan", cls=_Kinds, epilog=_EXAMPLES, context_settings=_HELP)
def command() -> None:
    """Plan a change in steps that run beside code, old and new, and write the first of them as migrations.

    Every kind has its own arguments. The steps of expand and migrate become migrations in the project's own layout;
    all steps, those of the contract too, are kept in migsafe/changes/CHANGE.json until they are due.
    """


_OPTIONS = (
    click.option("--explain", "explained", is_flag=True, help="Show the steps; write nothing."),
    click.option("--dry-run", is_flag=True, help="Show the files; write nothing."),
    click.option("--accept", is_flag=True, help="Accept what the plan says that must be accepted."),
    click.option("--change", metavar="NAME", help="The change's name; made of its arguments when left out."),
    click.option(
        "--path",
        "paths",
        multiple=True,
        type=click.Path(path_type=Path),
        metavar="PATH",
        help="The migrations; those of the configuration, or of this folder, when left out.",
    ),
    click.option(
        "--format", "form", type=NearestChoice(["text", "json"]), default="text", show_default=True, help="Form of it."
    ),
    click.option("--head", metavar="REVISION", help="Alembic: the head to build on, where there are several."),
    click.option("--app", metavar="LABEL", help="Django: the app, where there are several."),
)


def _command(recipe: Recipe) -> click.Command:
    names = [one.name for one in recipe.parameters()]

    def run(**said: Any) -> int:
        arguments = {name: said.pop(name) for name in names}
        return _run(recipe, arguments, **said)

    callback: Any = project_options(run)
    for option in reversed(_OPTIONS):
        callback = option(callback)
    for parameter in reversed([_parameter(one) for one in recipe.parameters()]):
        callback = parameter(callback)
    examples = "\n".join(f"  migsafe plan {recipe.kind.value} {example}" for example in recipe.examples)
    made = click.command(
        recipe.kind.value, help=_help(recipe), epilog=f"\b\nExamples:\n{examples}\n", context_settings=_HELP
    )
    command: click.Command = made(callback)
    return command


def _help(recipe: Recipe) -> str:
    """What the kind is for, and the words that must be said, which click does not explain by itself."""
    words = [one for one in recipe.parameters() if one.required]
    listed = "".join(f"\n  {one.name.upper():10}{one.help}" for one in words)
    return f"{recipe.summary}\n\n\b{listed}"


def _parameter(one: Argument) -> Any:
    if one.required:
        return click.argument(one.name, metavar=one.name.upper())
    option = f"--{one.name.replace('_', '-')}"
    if one.flag:
        return click.option(option, one.name, is_flag=True, help=one.help)
    return click.option(
        option,
        one.name,
        multiple=one.repeatable,
        default=() if one.repeatable else one.default,
        show_default=bool(one.default),
        metavar="TEXT",
        help=one.help,
    )


def _run(  # noqa: PLR0913  # each is an option
    recipe: Recipe,
    arguments: dict[str, Any],
    *,
    explained: bool,
    dry_run: bool,
    accept: bool,
    change: str | None,
    paths: tuple[Path, ...],
    form: str,
    head: str | None,
    app: str | None,
    config_file: Path | None,
    **options: Any,
) -> int:
    from migsafe import api
    from migsafe.config import load_config

    config = load_config(config_file, options=options)
    planned = api.plan(
        recipe.kind.value, arguments, paths or config.paths or (Path(),), config, change=change, head=head, app=app
    )
    _warn(planned)
    writes = not (explained or dry_run)
    if writes:
        planned.refuse_unless(accepted=accept)
        planned.save()
    emit(planned.json() if form == "json" else _text(planned, explained=explained, written=writes), None)
    return ExitCode.CLEAN


def _text(planned: PlannedChange, *, explained: bool, written: bool) -> str:
    from migsafe.reporters.neutral import neutral

    if explained:
        return neutral(planned.text())
    names = [(os.path.relpath(file.path), file) for file in planned.files]
    if written:
        return "".join(f"wrote {neutral(name)}\n" for name, _ in names)
    return "\n".join(f"-- {name}\n{file.text}" for name, file in names)


def _warn(planned: PlannedChange) -> None:
    if planned.not_understood:
        place = planned.not_understood[0]
        more = f", and {len(planned.not_understood) - 1} more places" if len(planned.not_understood) > 1 else ""
        click.echo(f"the plan may lack what {place.path}:{place.line} makes: {place.reason}{more}", err=True)
