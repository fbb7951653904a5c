"""Gathers what phases are judged by: releases, live facts, the code of two releases, and the time; the shell of it."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from migsafe.evidence.plan import read_plans
from migsafe.history.edits import texts_at_latest
from migsafe.history.listing import declared_releases, files_of
from migsafe.history.releases import project_root, read_project_releases, with_declared
from migsafe.lint.code import CodeReader
from migsafe.lint.sameness import says_the_same
from migsafe.lint.selection import asked_for, select_rules
from migsafe.model.evidence import script_fingerprint
from migsafe.model.finding import Severity
from migsafe.model.release import NO_RELEASES, ReleaseHistory
from migsafe.phases.registry import PhaseRule
from migsafe.phases.rules import PHASE_RULES
from migsafe.phases.story import PhaseSettings, Story
from migsafe.rules import RULES, Rule

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from migsafe.config import Config
    from migsafe.lint.engine import Outcome
    from migsafe.model.evidence import CheckedQueries, LockEvidence
    from migsafe.model.plan import ChangePlan
    from migsafe.model.state import StateDocument
    from migsafe.phases.act import Chapter
    from migsafe.sources import LoadedLayout


_GIVEN_UP = "unscheduled-removal"
_EDITED = "says something else since"


def now() -> datetime:
    """The moment by which ages are judged."""
    return datetime.now(UTC)


class Storyteller:
    """Reads once what is the same for all layouts: git, the manifest, the state document."""

    def __init__(self, config: Config, layouts: Sequence[LoadedLayout], observed: LockEvidence | None = None) -> None:
        """
        Args:
            observed: what was seen on a server.
        """
        self._config = config
        self._observed = observed
        self._migrations = [one for layout in layouts for one in layout.migrations.migrations]
        self._now = now()

    def story(self, layout: LoadedLayout, outcome: Outcome) -> Story:
        """What is known around the migrations of one layout."""
        settings = self._config.release
        story = Story(
            chapters=tuple(self._with_phase_of_path(chapter) for chapter in outcome.chapters),
            releases=self._releases,
            state=self._state,
            plans=self._plans,
            edited=self._edited,
            now=self._now,
            settings=PhaseSettings(
                min_releases=settings.min_releases, min_age=settings.min_age, stage=self._config.stage
            ),
        )
        code = CodeReader(self._config, layout, story, outcome.catalogue)
        given_up = code.given_up if self._shows(_GIVEN_UP) else None
        return replace(story, usage=code.uses, writers=code.writers, given_up=given_up, checked=self._checked(layout))

    def _checked(self, layout: LoadedLayout) -> Mapping[str, CheckedQueries]:
        """What became of the running release's queries, of migrations that say what they said then."""
        observed = self._observed.migrations if self._observed is not None else ()
        seen = {one.id: one.queries for one in observed if one.queries is not None}
        ups = {one.id: one.up for one in layout.migrations.migrations if one.id in seen}
        return {
            name: seen[name]
            for name, up in ups.items()
            if up is not None and script_fingerprint(up) == seen[name].fingerprint
        }

    def _shows(self, rule: str) -> bool:
        """Whether what a light rule finds is shown: nobody pays for looking where nobody would see it."""
        config = self._config
        every: tuple[Rule | PhaseRule, ...] = (*RULES.values(), *PHASE_RULES.values())
        if rule not in {one.name for one in select_rules(every, config.select, config.extend_select, config.ignore)}:
            return False
        return config.shown_from is Severity.INFO or rule in asked_for(every, config.select, config.extend_select)

    @cached_property
    def _root(self) -> Path:
        return project_root(self._config)

    @cached_property
    def _releases(self) -> ReleaseHistory:
        files = [path for path in files_of(self._migrations) if os.path.exists(path)]
        history = read_project_releases(self._config, files) if files else NO_RELEASES
        return with_declared(history, declared_releases(self._migrations))

    @cached_property
    def _plans(self) -> Mapping[str, ChangePlan]:
        """The plans that the project keeps beside its migrations."""
        return {plan.change: plan for plan in read_plans(self._root)}

    @cached_property
    def _edited(self) -> Mapping[str, str]:
        """Migrations that say something else than when they were released."""
        scripts = {script.path: script for one in self._migrations for script in one.scripts}
        before = texts_at_latest(self._root, self._releases, scripts)
        return {path: _EDITED for path, text in before.items() if not says_the_same(scripts[path], text)}

    @cached_property
    def _state(self) -> StateDocument | None:
        if self._config.state is None:
            return None
        from migsafe.evidence.state import read_state_file, state_key, verify_integrity

        document = read_state_file(self._config.state)
        verify_integrity(document, state_key(self._config.state_key, os.environ))
        return document

    def _with_phase_of_path(self, chapter: Chapter) -> Chapter:
        """What a file says of itself wins over what its path says."""
        if chapter.declaration.phase is not None:
            return chapter
        phase = self._config.phase_at(chapter.path)
        return chapter if phase is None else replace(chapter, declaration=replace(chapter.declaration, phase=phase))
