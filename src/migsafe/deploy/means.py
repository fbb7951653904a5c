"""What a coordinator works with, how patient it is, and what it comes to. Values, but for what `Means` holds."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from migsafe.deploy.provider import Fencing
from migsafe.tracker.deployments import DeploymentStatus

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping

    from migsafe.deploy.decide import Answer
    from migsafe.deploy.journal import Journal
    from migsafe.deploy.provider import Provider
    from migsafe.deploy.turn import RolloutTurn
    from migsafe.deploy.verdict import Verdict, Window
    from migsafe.errors import MigsafeError


class Analyst(Protocol):
    """All that is looked at while code is watched."""

    def begin(self) -> None:
        """A window begins."""

    def judge(self, window: Window) -> tuple[Verdict, ...]:
        """What is to be said of it so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How patient a coordinator is.

    Attributes:
        ready_within: seconds until a version that does not become ready, or an engine that does not follow, is given
            up.
        look_every: seconds between two looks at an engine.
        judge_every: seconds between two looks at the running code.
        unready_for: seconds for which a candidate with traffic may be not ready, before it goes back.
        tracker_back_within: seconds for which a tracker that cannot be told is waited for between two steps.
        abort_when_unsure: what nobody can tell sends the traffic back; else it is held where it is.
    """

    ready_within: float = 300.0
    look_every: float = 0.2
    judge_every: float = 1.0
    unready_for: float = 3.0
    tracker_back_within: float = 300.0
    abort_when_unsure: bool = False


@dataclass(slots=True)
class Came:
    """What a coordinator has come to.

    Attributes:
        back_ms: how long it took until all traffic was back, in milliseconds; None where it did not go back.
    """

    status: DeploymentStatus
    reason: str | None = None
    verdicts: tuple[Verdict, ...] = ()
    back_ms: float | None = None
    notes: list[str] = field(default_factory=list)


class Halt(Exception):
    """The way forward ends here."""

    def __init__(
        self,
        status: DeploymentStatus,
        why: str,
        verdicts: tuple[Verdict, ...] = (),
        *,
        notes: tuple[str, ...] = (),
        is_failure: bool = True,
    ) -> None:
        """
        Args:
            notes: what a person should know beside it, a sentence each.
            is_failure: the step that is under way did not come true; else nothing is known to be wrong with it.
        """
        self.status = status
        self.why = why
        self.verdicts = verdicts
        self.notes = notes
        self.is_failure = is_failure
        super().__init__(why)


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What a coordinator works with.

    Attributes:
        answers: whether the versions of this rollout work on the schema as it is now.
        smoke: what the first pages of a version say that is ready and has no traffic.
        stop: set by somebody who wants it to pause where it is.
        say: takes one line for a person.
        clock: seconds, by any clock that does not go back.
        sleep: wait for so many seconds.
    """

    provider: Provider
    journal: Journal
    turn: RolloutTurn
    answers: Callable[[], Mapping[str, Answer]]
    analyst: Analyst
    smoke: Callable[[str], tuple[Verdict, ...]]
    stop: threading.Event
    say: Callable[[str], None]
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def pause_if_asked(self) -> None:
        """Stop where it is, if somebody wants that.

        Raises:
            Halt: then.
        """
        if self.stop.is_set():
            raise Halt(DeploymentStatus.PAUSED, "it was stopped by a person")

    def claim(self) -> None:
        """Leave the mark of this turn, where an engine can carry one; it may be on its way with that for a moment.

        Raises:
            ProviderRefusedError: when a later coordinator has been there.
            EnvironmentFailedError: when it is away.
        """
        if isinstance(self.provider, Fencing):
            self.provider.fence(self.turn.fence)

    def tell(self, verb: str, version: str, weight: int | None = None) -> None:
        """One verb; an engine that can carry a mark refuses it from a coordinator that comes too late.

        Raises:
            ProviderRefusedError: when the engine cannot; nothing was changed.
            EnvironmentFailedError: when it is away.
        """
        self.claim()
        if weight is None:
            getattr(self.provider, verb)(version)
        else:
            self.provider.shift(version, weight)


def spell_error(error: MigsafeError) -> str:
    """Its message, and its hint where it has one."""
    return f"{error.message} ({error.hint})" if error.hint else error.message
