"""What a release plan is made from, beside deploy.toml: who runs, and what each database has had. Values only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from migsafe.model.phase import Phase
    from migsafe.model.state import TargetName
    from migsafe.tracker.guarding import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseFacts:
    """Who is to run, and who does.

    Attributes:
        release: the one that is to have the traffic.
        stable: the one that has it; None where none runs.
        running: all whose code runs, with `stable`.
        rehearsed_at: when the way back was last tried here; None where it never was.
        now: with its zone.
    """

    release: str
    environment: str
    stable: str | None
    running: tuple[str, ...]
    now: datetime
    rehearsed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """Steps of one phase that a release carries, or that come with it.

    Attributes:
        steps: what people call them, in their order.
        changes: the changes that they belong to.
        due: of the steps, those that a database has not had, by database; without those that have had all.
        of_earlier: of the steps, those that an earlier release carries.
    """

    phase: Phase
    steps: tuple[str, ...]
    changes: tuple[str, ...] = ()
    due: Mapping[TargetName, tuple[str, ...]] = field(default_factory=dict)
    of_earlier: tuple[str, ...] = ()

    @property
    def is_done(self) -> bool:
        """Every database has had all of them."""
        return not self.due


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaFacts:
    """What the databases of an environment have had, by the tracker.

    Attributes:
        databases: all of the environment.
        carried: by phase, of the release; a phase without steps is left out.
        now: whether each running release works on each database as it is now.
        expanded: whether each release, the new one too, works there once the expands have run.
        unsettled: what stands in an unclear state, and must be brought to its end first; a sentence each.
        no_way_back: what nobody could take back by itself; a sentence each.
        notes: what else a person should know.
    """

    databases: tuple[TargetName, ...]
    carried: tuple[Carried, ...]
    now: tuple[Verdict, ...]
    expanded: tuple[Verdict, ...]
    unsettled: tuple[str, ...] = ()
    no_way_back: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def of(self, phase: Phase) -> Carried | None:
        """The steps of a phase; None where there are none."""
        return next((one for one in self.carried if one.phase is phase), None)
