"""What may be taken back: for every state of the code beside every state of the schema, one answer; data, and pure.

The code is looked at from the step that would be taken back: new code is that of releases which carry the step or came
after it, and so may need what it made.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Code(StrEnum):
    """Which code runs."""

    UNTOLD = "untold"
    """Nobody has said."""
    OLD = "old"
    """None that carries the step: old code, or none at all."""
    BOTH = "both"
    """Old code beside new: a rollout is open."""
    NEW_WARM = "new, old warm"
    """All traffic goes to new code; old code still stands by."""
    NEW = "new"
    """New code only."""


class Schema(StrEnum):
    """What has become of the step, and of what it made."""

    IDLE = "idle"
    """Nothing of it stands."""
    EXPANDING = "expanding"
    """An expand was cut off half-way."""
    EXPANDED = "expanded"
    EXPANDED_ALONE = "expanded, with data that only it has"
    MIGRATING = "migrating"
    """Rows are on their way."""
    MIGRATED = "migrated"
    """Old and new structures say the same, and are kept so."""
    MIGRATED_ALONE = "migrated, with data that only it has"
    SWITCHED = "switched"
    """Nothing keeps the old structures in step any more."""
    CONTRACTING = "contracting"
    """A contract was cut off half-way."""
    QUARANTINED = "quarantined"
    """Out of reach, and restorable; also rules that were made stricter, and can be taken away."""
    CONTRACTED = "contracted"
    """Gone."""


class Verdict(StrEnum):
    """Whether a step can be taken back."""

    NOTHING = "nothing to do"
    SAFE = "safe"
    LOSES_DATA = "loses data"
    FORBIDDEN = "forbidden"
    """Not now; what must happen first is said."""
    IMPOSSIBLE = "impossible"
    """There is no recorded way."""

    @property
    def weight(self) -> int:
        """The more stands against it, the greater."""
        return list(Verdict).index(self)


@dataclass(frozen=True, slots=True)
class Rule:
    """One answer.

    Attributes:
        why: a sentence without a full stop; `{new}` is the new code that runs, `{to}` the release that is gone back to.
    """

    verdict: Verdict
    why: str


_V = Verdict
_UNTOLD = Rule(_V.FORBIDDEN, "nobody has said which releases run here: migsafe release mark says so")
_ABORT = "{new} runs and needs it: route its traffic back and retire it first"
_SWITCH_BACK = "{new} runs and needs it: switch back to {to}, which still stands by, and retire {new} first"
_REDEPLOY = "{new} runs and needs it: deploy {to} again and retire {new} first"
_STALE = "nothing keeps the old structures in step any more: bring that back, and copy the rows back, first"
_READS_STALE = f"old code would read what is stale: {_STALE}, or roll forward"
_HALF = "a half-done expand beside {new}: route its traffic back first"
_RUNS = "its backfill runs: migsafe backfill pause first"
_HALF_CONTRACT = "a contract was cut off half-way: migsafe run resume brings it to its end, or repair says what is so"
_GONE = "what it took away is gone: roll forward; older code needs a restored backup"
_ONLY_HERE = "rows hold values that exist nowhere else"
_REVERSIBLE = Rule(
    _V.SAFE, "what it took away, or forbade, can be given back as it was, and all code that runs works with it"
)
_LEAVE = "no code that runs needs it; to leave it is as safe"


def _row(untold: Rule, old: Rule, both: Rule, new_warm: Rule, new: Rule) -> Mapping[Code, Rule]:
    return MappingProxyType(
        {Code.UNTOLD: untold, Code.OLD: old, Code.BOTH: both, Code.NEW_WARM: new_warm, Code.NEW: new}
    )


def _all(rule: Rule) -> Mapping[Code, Rule]:
    return _row(rule, rule, rule, rule, rule)


def _when_old(rule: Rule) -> Mapping[Code, Rule]:
    """New code forbids it, whatever the schema is like."""
    forbidden = (Rule(_V.FORBIDDEN, why) for why in (_ABORT, _SWITCH_BACK, _REDEPLOY))
    return _row(_UNTOLD, rule, *forbidden)


DECISIONS: Mapping[Schema, Mapping[Code, Rule]] = MappingProxyType(
    {
        Schema.IDLE: _all(Rule(_V.NOTHING, "nothing of it stands")),
        Schema.EXPANDING: _row(
            _UNTOLD,
            Rule(_V.SAFE, "what was applied of it is taken back; migsafe run resume would bring it to its end"),
            *(Rule(_V.FORBIDDEN, _HALF),) * 3,
        ),
        Schema.EXPANDED: _when_old(Rule(_V.SAFE, _LEAVE)),
        Schema.EXPANDED_ALONE: _when_old(Rule(_V.LOSES_DATA, _ONLY_HERE)),
        Schema.MIGRATING: _row(
            _UNTOLD,
            Rule(_V.FORBIDDEN, _RUNS),
            *(Rule(_V.FORBIDDEN, f"{why}; and {_RUNS}") for why in (_ABORT, _SWITCH_BACK, _REDEPLOY)),
        ),
        Schema.MIGRATED: _when_old(Rule(_V.SAFE, "no code that runs needs it, and no value goes with it")),
        Schema.MIGRATED_ALONE: _when_old(Rule(_V.LOSES_DATA, _ONLY_HERE)),
        Schema.SWITCHED: _row(
            _UNTOLD,
            Rule(_V.FORBIDDEN, _STALE),
            Rule(_V.FORBIDDEN, f"{_ABORT}; but before that {_STALE}"),
            *(Rule(_V.FORBIDDEN, f"{{new}} runs, and {_READS_STALE}"),) * 2,
        ),
        Schema.CONTRACTING: _all(Rule(_V.FORBIDDEN, _HALF_CONTRACT)),
        Schema.QUARANTINED: _all(_REVERSIBLE),
        Schema.CONTRACTED: _all(Rule(_V.IMPOSSIBLE, _GONE)),
    }
)
