"""Everything that phases are judged by, as values: migrations, releases, live facts, who uses what, and today."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from migsafe.model.release import NO_RELEASES, Release, ReleaseHistory
from migsafe.phases.changes import Change, find_changes

if TYPE_CHECKING:
    from migsafe.model.evidence import CheckedQueries
    from migsafe.model.plan import ChangePlan
    from migsafe.model.script import Position
    from migsafe.model.state import StateDocument
    from migsafe.model.usage import Subject, UsageEvidence, Writers
    from migsafe.phases.act import Act, Chapter

Stage = Literal["pull-request", "deploy"]
Usage = Callable[["Chapter", "Subject", "Release | None"], "tuple[UsageEvidence, ...]"]
Writing = Callable[["Chapter", "Subject", "Release"], "Writers | None"]
GivenUp = Callable[[], "tuple[Subject, ...]"]


@dataclass(frozen=True, slots=True)
class PhaseSettings:
    """How strictly phases are judged.

    Attributes:
        min_releases: how many releases must lie between an expand and its contract.
        min_age: how long the release before a contract must have been rolled out in full.
        due_after: how many releases after its expand a contract is due.
        stage: what is unknown warns in a pull request, and fails in a deployment.
    """

    min_releases: int = 1
    min_age: timedelta = timedelta(days=7)
    due_after: int = 3
    stage: Stage = "pull-request"


@dataclass(frozen=True, kw_only=True)
class Story:
    """A project's migrations and what is known around them.

    Attributes:
        chapters: the migrations, in their order.
        state: live facts; None where nobody gave any.
        usage: who uses an object that a migration takes away, in the code of a release, or in the working tree for
            None; None where no code is looked at.
        writers: who writes rows of the table of a column that a migration demands a value for, in the code of a
            release; it gives None where that code is not to be had. None where no code is looked at.
        checked: migration → what became of the queries of the running release when it was applied on a server.
        given_up: the tables and columns that the latest release names, and the working tree no longer does; None where
            nobody wants to know.
        plans: change → its plan, where the project keeps one.
        edited: path → what of a released migration is no longer as it was released.
    """

    chapters: tuple[Chapter, ...]
    releases: ReleaseHistory = NO_RELEASES
    state: StateDocument | None = None
    usage: Usage | None = None
    writers: Writing | None = None
    checked: Mapping[str, CheckedQueries] = field(default_factory=dict)
    given_up: GivenUp | None = None
    now: datetime
    settings: PhaseSettings = field(default_factory=PhaseSettings)
    plans: Mapping[str, ChangePlan] = field(default_factory=dict)
    edited: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def changes(self) -> tuple[Change, ...]:
        """The changes that the migrations are steps of."""
        told = self.state.changes if self.state is not None else ()
        kinds = {change.id: change.kind for change in told if change.kind is not None}
        return find_changes(self.chapters, kinds | {name: plan.kind for name, plan in self.plans.items()})

    @property
    def told(self) -> bool:
        """Whether anything is known of releases: without it, time cannot be judged."""
        return self.releases.known

    def release_of(self, chapter: Chapter) -> Release | None:
        """The first release that carries a migration; None while none does."""
        name = chapter.declaration.release or self.releases.first.get(chapter.path)
        return self.releases.named(name) if name is not None else None

    def sequence_of(self, chapter: Chapter) -> int:
        """The place of a migration's release; what is in none yet comes after all of them."""
        release = self.release_of(chapter)
        return len(self.releases.releases) if release is None else release.sequence

    def release_name(self, chapter: Chapter) -> str:
        """For people."""
        release = self.release_of(chapter)
        return "the next release" if release is None else release.name

    def is_released(self, chapter: Chapter) -> bool:
        """Whether a release that was cut carries a migration; what only a header announces is still to come."""
        release = self.release_of(chapter)
        return release is not None and release.source != "header"

    def is_past(self, chapter: Chapter) -> bool:
        """Whether another release has followed the one that carries a migration: it has run by now."""
        release, latest = self.release_of(chapter), self.releases.latest
        return release is not None and latest is not None and release.sequence < latest.sequence

    def running_before(self, chapter: Chapter) -> Release | None:
        """The release whose code runs while a migration is applied."""
        return self.releases.before(self.release_of(chapter))

    def maker_of(self, subject: Subject) -> Chapter | None:
        """The last migration that made an object, where one did."""
        for chapter in reversed(self.chapters):
            if any(subject in act.made for act in chapter.acts):
                return chapter
        return None


@dataclass(frozen=True, slots=True)
class Case:
    """One act that takes something away or forbids it, and what is asked of it.

    Attributes:
        change: the change that it ends; None where it ends none.
    """

    story: Story
    chapter: Chapter
    act: Act
    change: Change | None

    @property
    def never_shipped(self) -> Chapter | None:
        """The migration that made what it takes away, where no release but its own has carried it: no code knows it."""
        makers = [self.story.maker_of(subject) for subject in self.act.subjects]
        here = self.story.sequence_of(self.chapter)
        if not makers or any(maker is None or self.story.sequence_of(maker) != here for maker in makers):
            return None
        return makers[0]

    @property
    def place(self) -> str:
        """Where it stands, for people."""
        return f"{self.chapter.path}:{self.act.place.line}"


@dataclass(frozen=True, slots=True)
class Remark:
    """What a check says of a migration, where no statement's hazard could carry it.

    Attributes:
        severity: one of `error`, `warning`, `info`.
        chapter: the migration that is told.
        place: where in its file.
    """

    severity: Literal["error", "warning", "info"]
    chapter: Chapter
    place: Position
    message: str
    instead: str
    objects: tuple[str, ...] = ()
