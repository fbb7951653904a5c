"""The marker of a migration that has no way back on purpose.

-- migsafe: irreversible reason="the old rows were wrong"
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from migsafe.model.statement import ReadScript

_MARKER = re.compile(r"\s*migsafe:\s*irreversible\b(?P<rest>.*)", re.DOTALL)
_REASON = re.compile(r"""\breason=(?:"(?P<quoted>[^"]*)"|'(?P<single>[^']*)'|(?P<bare>\S+))""")


@dataclass(frozen=True, slots=True)
class Marker:
    """A marker; `reason` is None where it gives none, and then it does not hold."""

    reason: str | None


def find_marker(scripts: Iterable[ReadScript | None]) -> Marker | None:
    """The marker in any direction of a migration: one with a reason, where there are several."""
    markers = [_marker(comment.text) for read in scripts if read is not None for comment in read.comments]
    found = [marker for marker in markers if marker is not None]
    return next((marker for marker in found if marker.reason), found[0] if found else None)


def _marker(comment: str) -> Marker | None:
    match = _MARKER.match(comment)
    if match is None:
        return None
    reason = _REASON.search(match["rest"])
    text = (reason["quoted"] or reason["single"] or reason["bare"] or "").strip() if reason else ""
    return Marker(text or None)
