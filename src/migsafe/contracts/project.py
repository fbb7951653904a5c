"""What a project says of a change's contract: its migrations, its plan, and the story around them; the shell of it."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.catalogue.following import ReadScripts
from migsafe.catalogue.progress import Counter
from migsafe.catalogue.project import source_options
from migsafe.config.nearest import did_you_mean
from migsafe.contracts.drafts import Draft, drafts_of
from migsafe.errors import UsageError
from migsafe.evidence.plan import document_path, read_plans
from migsafe.history.releases import project_root
from migsafe.lint.engine import lint
from migsafe.lint.run import read_migrations, settings_of
from migsafe.lint.storytelling import Storyteller
from migsafe.model.dialect import Dialect
from migsafe.model.phase import Phase
from migsafe.sources import read_paths

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from migsafe.config import Config
    from migsafe.model.plan import ChangePlan
    from migsafe.model.script import Migration, Script
    from migsafe.model.statement import ReadScript
    from migsafe.phases.act import Chapter
    from migsafe.phases.changes import Change
    from migsafe.phases.story import Story
    from migsafe.sources import LoadedLayout


@dataclass(frozen=True)
class ProjectContract:
    """A change's contract as its project tells it.

    Attributes:
        story: with the steps that are still to be written, as if they were.
        layout: the migrations that the project has.
        plan: the change's plan; None where the project keeps none.
        drafts: the steps of the contract, in order.
    """

    name: str
    story: Story
    layout: LoadedLayout
    plan: ChangePlan | None
    drafts: tuple[Draft, ...]

    @property
    def change(self) -> Change | None:
        """The change as the story sees it."""
        return next((one for one in self.story.changes if one.name == self.name), None)

    def chapters(self, drafts: Sequence[Draft]) -> list[Chapter]:
        """What the story tells of some steps."""
        wanted = {draft.migration.id for draft in drafts}
        return [chapter for chapter in self.story.chapters if chapter.migration in wanted]


def read_contract(config: Config, change: str) -> ProjectContract:
    """Read the contract of a change.

    Raises:
        UsageError: when nobody knows the change, or it has no contract, or is not for Postgres.
        NoMigrationsError: when there is no project here.
    """
    paths = [Path(path) for path in config.paths or (os.curdir,)]
    scripts = _KeptScripts()
    layouts = read_paths(paths, source_options(config, scripts.read))
    plans = {plan.change: plan for plan in read_plans(project_root(config))}
    stories = [(layout, _story(layout, config, layouts, scripts)) for layout in layouts]
    layout, story = _home(change, stories, plans)
    if layout.migrations.dialect is not Dialect.POSTGRES:
        raise UsageError(f"contract plans are for Postgres, and these migrations are for {layout.migrations.dialect}")
    drafts = drafts_of(_contract_of(change, layout, story), plans.get(change), layout.migrations.root)
    if not drafts:
        raise UsageError(
            f"{change} has no contract: no migration of it is one, and {document_path(change).as_posix()} has none",
            hint="a migration says so in its header: -- migsafe: phase=contract change=… part=quarantine",
        )
    if any(not draft.written for draft in drafts):
        story = _story(_with(layout, drafts), config, layouts, scripts)
    return ProjectContract(change, story, layout, plans.get(change), drafts)


def _home(
    change: str, stories: Sequence[tuple[LoadedLayout, Story]], plans: Mapping[str, ChangePlan]
) -> tuple[LoadedLayout, Story]:
    """The layout that a change belongs to."""
    for layout, story in stories:
        if any(one.name == change for one in story.changes):
            return layout, story
    if change in plans and len(stories) == 1:
        return stories[0]
    known = list({*plans, *(one.name for _, story in stories for one in story.changes if one.declared)})
    raise UsageError(
        f'no change "{change}" in this project',
        hint=did_you_mean(change, known, otherwise="migsafe change list shows what there is"),
    )


def _contract_of(change: str, layout: LoadedLayout, story: Story) -> list[Migration]:
    wanted = {
        chapter.migration
        for one in story.changes
        if one.name == change
        for chapter in one.chapters
        if chapter.phase is Phase.CONTRACT
    }
    return [migration for migration in layout.migrations.migrations if migration.id in wanted]


def _with(layout: LoadedLayout, drafts: Sequence[Draft]) -> LoadedLayout:
    """The layout as it will be when all steps are written."""
    new = [draft.migration for draft in drafts if not draft.written]
    migrations = replace(layout.migrations, migrations=(*layout.migrations.migrations, *new))
    return replace(layout, migrations=migrations, selected=layout.selected | {one.path for one in new})


class _KeptScripts(ReadScripts):
    """Reads each script once, however often its story is told."""

    def take(self, script: Script) -> ReadScript:
        """The script's statements, kept for the next time."""
        return self.read(script)


def _story(layout: LoadedLayout, config: Config, layouts: Sequence[LoadedLayout], scripts: ReadScripts) -> Story:
    count = Counter(None, len(layout.migrations.migrations))
    outcome = lint(read_migrations(layout, count, scripts), (), settings_of(layout, config))
    return Storyteller(replace(config, state=None), layouts).story(layout, outcome)
