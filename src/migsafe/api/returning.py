"""Taking back the steps that are newer than a release."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.api.progress import Say, say_nothing
from migsafe.config import Config

if TYPE_CHECKING:
    from migsafe.runner.backward.steps import BackwardOptions, BackwardOutcome


def go_back(
    options: BackwardOptions, config: Config | None = None, *, say: Say = say_nothing, by: str | None = None
) -> BackwardOutcome:
    """Take back every step that is newer than a release, the newest first, by the SQL that was kept when it ran.

    Args:
        say: takes what happens, a line at a time.
        by: who takes them back; the CI's user, else the login, when None.

    Returns:
        What was taken back; `problem` where a step failed, and can be gone on with.

    Raises:
        BackwardRefusedError: when the way is not free, or data would be lost that nobody has given up; nothing was
            changed.
        UnknownNameError: when nobody knows the release, the change, the environment or the database.
        UsageError: when the address cannot be used.
        TrackerRefusedError: when the tracker may not be used, or somebody else runs migrations there.
        EnvironmentFailedError: when the database or the tracker cannot be reached.
    """
    from migsafe.bookkeeping.author import author
    from migsafe.runner.backward import steps

    return steps.go_back(options, config or Config(), author(by), say=say)


def rehearse_backward(
    options: BackwardOptions, config: Config | None = None, *, by: str | None = None
) -> BackwardOutcome:
    """What `go_back` would do now, what it would lock and lose, and what stands against it; nothing is written.

    Args:
        by: who asks; the CI's user, else the login, when None.

    Raises:
        MigsafeError: as `go_back`; a way that is not free is told by `check_backward`.
    """
    from migsafe.bookkeeping.author import author
    from migsafe.runner.backward import steps

    return steps.rehearse_backward(options, config or Config(), author(by))


def check_backward(rehearsed: BackwardOutcome, options: BackwardOptions) -> None:
    """Whether `go_back` would begin, by what a rehearsal has found.

    Raises:
        BackwardRefusedError: when the way is not free, or data would be lost that nobody has given up.
    """
    from migsafe.runner.backward.decide import permit

    permit(rehearsed.view.decision, accepted=options.accept_data_loss, reason=options.reason)
