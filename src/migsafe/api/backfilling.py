"""Writing the rows of a backfill in batches, beside the application that is at work."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from migsafe.config import Config

if TYPE_CHECKING:
    from threading import Event

    from migsafe.backfill.rehearsal import Rehearsal
    from migsafe.backfill.task import Progress
    from migsafe.bookkeeping.asked import Where
    from migsafe.runner.by_hand import BackfillRequest, ByHand
    from migsafe.tracker.facts import Written


def backfill(
    request: BackfillRequest,
    config: Config | None = None,
    *,
    on_progress: Callable[[Progress], None] | None = None,
    stop: Event | None = None,
    by: str | None = None,
) -> ByHand:
    """Write the rows of a backfill; one that was stopped or killed goes on from where it was.

    Args:
        on_progress: called now and then with how far it has come.
        stop: set it, and the batch that runs is the last one.
        by: who runs it; the CI's user, else the login, when None.

    Returns:
        What became of it: whether it came to its end, and whether what must hold afterwards does.

    Raises:
        UsageError: when the project has no plan of the change, or that has no such backfill.
        BackfillRefusedError: when it may not begin now; nothing was written.
        BackfillFailedError: when it stops on the way.
        TrackerRefusedError: when the tracker may not be used.
        EnvironmentFailedError: when the database or the tracker cannot be reached.
    """
    from migsafe.bookkeeping.author import author
    from migsafe.runner.by_hand import backfill_by_hand

    return backfill_by_hand(request, config or Config(), author(by), on_progress=on_progress, stop=stop)


def rehearse_backfill(
    request: BackfillRequest, config: Config | None = None, *, by: str | None = None
) -> tuple[str, Rehearsal]:
    """Which step `backfill` would do, its ranges, and the plan of its first batch; nothing is written.

    Args:
        by: who asks; the CI's user, else the login, when None.

    Raises:
        MigsafeError: as `backfill`; what stands against its beginning is in what is returned.
    """
    from migsafe.bookkeeping.author import author
    from migsafe.runner.by_hand import rehearse_by_hand

    return rehearse_by_hand(request, config or Config(), author(by))


def pause_backfills(
    url: str, where: Where, config: Config | None = None, *, reason: str | None, by: str | None = None
) -> Written:
    """Let all backfills of a database wait, or go on; those that run follow within a second or two.

    Args:
        url: the database: `env:NAME`, the name of a service, or an address without a password.
        reason: why they wait; None lets them go on.
        by: who says so; the CI's user, else the login, when None.

    Raises:
        UsageError: when the address cannot be used.
        UnknownNameError: when nobody knows the environment or the database.
        TrackerRefusedError: when the tracker may not be used.
        EnvironmentFailedError: when the database or the tracker cannot be reached.
    """
    from migsafe.bookkeeping.author import author
    from migsafe.runner import by_hand

    return by_hand.pause_backfills(url, where, config or Config(), author(by), reason)
