"""How far behind the replicas are that this server sends its log to."""

from __future__ import annotations

from collections.abc import Iterator

from migsafe.postgres.live_rows import Sender
from migsafe.preflight.case import Case
from migsafe.preflight.report import Reason, Weight
from migsafe.preflight.words import duration, size

NAME = "replica-lag"


def check(case: Case) -> Iterator[Reason]:
    """What nobody says is unknown and not zero; but without a byte that is missing there, there is no lag."""
    for sender in case.live.senders:
        if sender.logical or sender.state == "backup":
            continue
        if sender.lag is None and sender.behind != 0:
            yield _reason(sender, Weight.WARNING, "nobody says how far behind it is" + _bytes(sender))
        elif sender.lag is not None and sender.lag > case.limits.far_behind:
            yield _reason(sender, Weight.NO_GO, f"{duration(sender.lag)} behind{_bytes(sender)}")
        elif sender.lag is not None and sender.lag > case.limits.lag:
            yield _reason(sender, Weight.WARNING, f"{duration(sender.lag)} behind{_bytes(sender)}")


def _reason(sender: Sender, weight: Weight, what: str) -> Reason:
    name = sender.application or sender.client or f"of process {sender.pid}"
    return Reason(
        check=NAME,
        weight=weight,
        text=f"the replica {name}: {what}",
        hint="its readers see the past; what the migrations write makes it longer",
        passing=True,
        objects=(name,),
    )


def _bytes(sender: Sender) -> str:
    return f" ({size(sender.behind)})" if sender.behind else ""
