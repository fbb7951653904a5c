"""The whole of it, as it was at one moment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

    from migsafe.model.state.changes import Change, Check, Step
    from migsafe.model.state.environments import Environment, Target, TargetName
    from migsafe.model.state.statistics import StatisticsFact


@dataclass(frozen=True, slots=True)
class Chain:
    """The end of the chain of events that the document was made from.

    Attributes:
        head: hash of the last event, 64 hexadecimal digits; 64 zeros where there is none.
        events: how many there are.
    """

    head: str
    events: int = 0


@dataclass(frozen=True, slots=True)
class KnownRelease:
    """A release, for readers who have no git at hand; the document lists them in their order."""

    name: str
    day: date | None = None


@dataclass(frozen=True, slots=True)
class Seal:
    """What makes an edit of the document show.

    Attributes:
        body: what was sealed, in the canonical form.
        digest: `sha256:` and the SHA-256 of the body, in hexadecimal digits.
        hmac: `hmac-sha256:` and the HMAC of the body with a key that readers share; None where there is none.
    """

    body: bytes
    digest: str
    hmac: str | None = None


@dataclass(frozen=True, kw_only=True)
class StateDocument:
    """What a tracker knew when it exported it, or what a person wrote down.

    Attributes:
        exported: when.
        installation: which tracker it comes from.
        releases: in their order, the oldest first; empty where the history has to be asked.
        seal: of a document that was read; None of one that was made here. Not compared.
        unread: JSON paths of members that this version of migsafe does not know. Not compared.
    """

    exported: datetime
    installation: str
    chain: Chain
    releases: tuple[KnownRelease, ...] = ()
    environments: tuple[Environment, ...] = ()
    changes: tuple[Change, ...] = ()
    steps: tuple[Step, ...] = ()
    checks: tuple[Check, ...] = ()
    statistics: tuple[StatisticsFact, ...] = ()
    seal: Seal | None = field(default=None, compare=False, repr=False)
    unread: tuple[str, ...] = field(default=(), compare=False)

    @property
    def protected(self) -> tuple[Environment, ...]:
        """The environments for which the gates hold."""
        return tuple(environment for environment in self.environments if environment.protected)

    def environment(self, name: str) -> Environment | None:
        """The environment of that name."""
        return next((environment for environment in self.environments if environment.name == name), None)

    def target(self, where: TargetName) -> Target | None:
        """The database of that name."""
        environment = self.environment(where.environment)
        targets = environment.targets if environment else ()
        return next((target for target in targets if target.name == where.target), None)

    def change(self, id: str) -> Change | None:
        """The change of that name."""
        return next((change for change in self.changes if change.id == id), None)

    def steps_of(self, change: str) -> Iterator[Step]:
        """The steps of a change, in the document's order."""
        return (step for step in self.steps if step.change == change)
