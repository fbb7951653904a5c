"""Replication slots: a consumer that is away keeps the log until the disk is full."""

from __future__ import annotations

from collections.abc import Iterator

from migsafe.postgres.live_rows import Slot
from migsafe.preflight.case import Case
from migsafe.preflight.report import Reason, Weight
from migsafe.preflight.words import size

NAME = "replication-slots"
_MEGABYTE = 1 << 20


def check(case: Case) -> Iterator[Reason]:
    """Inactive, `wal_status` other than reserved, or more kept than 1 GB or a tenth of the server's limit."""
    for slot in case.live.slots:
        wrong = ", ".join(_wrong(slot, _limit(case)))
        if wrong:
            kept = f"; it keeps {size(slot.retained)} of the log" if slot.retained is not None else ""
            yield Reason(
                check=NAME,
                weight=Weight.NO_GO,
                text=f"the {slot.kind} replication slot {slot.name} is {wrong}{kept}",
                hint="start its consumer again, or drop the slot if nobody needs it",
                passing=slot.active,
                objects=(slot.name,),
            )


def _wrong(slot: Slot, limit: float) -> Iterator[str]:
    if not slot.active:
        yield "inactive"
    if slot.wal_status is not None and slot.wal_status != "reserved":
        yield slot.wal_status
    if (slot.retained or 0) > limit:
        yield f"behind by more than {size(limit)}"


def _limit(case: Case) -> float:
    keep = case.live.server.slot_keep_mb
    part = keep * _MEGABYTE * case.limits.retained_part if keep > 0 else 0
    return max(case.limits.retained, part)
