"""A plan for a project: made of what its migrations build, written in its layout."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from migsafe.catalogue.project import read_project
from migsafe.config.nearest import did_you_mean
from migsafe.errors import UsageError
from migsafe.evidence.plan import document_path, render_json
from migsafe.model.dialect import Dialect
from migsafe.plan import RECIPES
from migsafe.plan.explain import explain
from migsafe.plan.migrations import migrations_of
from migsafe.plan.recipe import Known, PlanRefusedError
from migsafe.plan.sql import plain, safe_name
from migsafe.sources.writing import WrittenFile, save, write_migrations

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from migsafe.catalogue.project import NotUnderstood, Project
    from migsafe.config import Config
    from migsafe.model.plan import ChangePlan
    from migsafe.plan.recipe import Recipe
    from migsafe.sources.writing import WritingOptions

#: The oldest supported major version of the server.
_OLDEST = 15
_CHANGE_BYTES = 60
_CHANGE = re.compile(r"[a-z0-9][a-z0-9._-]{0,59}\Z")


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """A plan, and the files that it becomes; nothing is written before `save`.

    Attributes:
        plan: all of its steps.
        files: the migrations of its expand and migrate steps, and last the document with all of it.
        not_understood: places of migrations for which the plan may lack something.
    """

    plan: ChangePlan
    files: tuple[WrittenFile, ...]
    not_understood: tuple[NotUnderstood, ...] = ()

    def text(self) -> str:
        """The table of steps, for people."""
        return explain(self.plan)

    def json(self) -> str:
        """For programs: one document of `migsafe.plan/1`."""
        return render_json(self.plan)

    def refuse_unless(self, *, accepted: bool) -> None:
        """Refuse a plan with promises that nobody has accepted.

        Raises:
            PlanRefusedError: when there are some.
        """
        if self.plan.promises and not accepted:
            raise PlanRefusedError(
                f"this must be accepted: {'; '.join(self.plan.promises)}",
                hint="say --accept; --explain shows the steps",
            )

    def save(self) -> None:
        """Write the files, all or none.

        Raises:
            UsageError: when one of them is there already.
            EnvironmentFailedError: when the disk refuses.
        """
        self.files[-1].path.parent.mkdir(parents=True, exist_ok=True)
        save(self.files)


def plan_change(
    kind: str,
    arguments: Mapping[str, Any],
    paths: Sequence[Path],
    config: Config,
    *,
    change: str | None = None,
    writing: WritingOptions | None = None,
) -> PlannedChange:
    """Make the plan of a change; see `migsafe.api.plan` for arguments and errors."""
    recipe = _recipe(kind)
    known_arguments = _arguments(recipe, arguments)
    project = read_project(paths, config)
    if project.layout.dialect is not Dialect.POSTGRES:
        raise PlanRefusedError(
            f"plans are for Postgres, and these migrations are for {project.layout.dialect}",
            hint="migsafe explain NAME shows the safe form of a single statement",
        )
    name = change or default_change(recipe, known_arguments)
    if not _CHANGE.match(name):
        raise UsageError(f'"{name}" is no name of a change', hint="small letters, digits, dots and dashes, 60 at most")
    plan = recipe.make(known_arguments, Known(project.catalogue, name, config.server_version or _OLDEST))
    return PlannedChange(plan, _files(plan, project, config, writing), _not_understood(project))


def default_change(recipe: Recipe, arguments: Any) -> str:
    """A name for a change that nobody has named: `users-name-to-full-name`, `drop-column-users-legacy-flags`."""
    said = {one.name: getattr(arguments, one.name) for one in recipe.parameters() if one.required}
    text = recipe.named.format(**said) if recipe.named else "-".join((recipe.kind.value, *said.values()))
    return safe_name(plain(text), limit=_CHANGE_BYTES).replace("_", "-")


def _recipe(kind: str) -> Recipe:
    known = {one.value: recipe for one, recipe in RECIPES.items()}
    if kind not in known:
        raise UsageError(f'no kind of change "{kind}"', hint=did_you_mean(kind, known, otherwise="migsafe plan --help"))
    return known[kind]


def _arguments(recipe: Recipe, said: Mapping[str, Any]) -> Any:
    """The recipe's own arguments.

    Raises:
        UsageError: when one is missing, or unknown.
    """
    known = {one.name: one for one in recipe.parameters()}
    if unknown := [name for name in said if name not in known]:
        raise UsageError(f"{recipe.kind} takes no {unknown[0]}", hint=did_you_mean(unknown[0], known))
    if missing := [name for name, one in known.items() if one.required and name not in said]:
        raise UsageError(f"{recipe.kind} needs {', '.join(missing)}")
    return recipe.arguments(**said)


def _not_understood(project: Project) -> tuple[NotUnderstood, ...]:
    """Places for which the catalogue may lack something: not what plans have written, which make what they say."""
    planned = {one.up.path for one in project.layout.migrations if one.up is not None and one.declaration.change}
    return tuple(place for place in project.not_understood if place.path not in planned)


def _files(
    plan: ChangePlan, project: Project, config: Config, writing: WritingOptions | None
) -> tuple[WrittenFile, ...]:
    timeouts = not any(setting.partition("=")[0] == "lock_timeout" for setting in config.runner_sets)
    now = datetime.now(UTC)
    written = write_migrations(project.layout, migrations_of(plan, timeouts=timeouts), now=now, options=writing)
    root = (config.source.parent if config.source else Path.cwd()).absolute()
    return (*written, WrittenFile(root / document_path(plan.change), render_json(plan)))
