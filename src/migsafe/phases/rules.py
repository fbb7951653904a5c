"""Every rule about phases, by name; importing this module registers them all."""

from __future__ import annotations

from collections.abc import Mapping

import migsafe.phases.checks
import migsafe.phases.requirements  # noqa: F401  # importing them registers their rules
from migsafe.phases.registry import PHASE_RULES as _RULES
from migsafe.phases.registry import PhaseRule

PHASE_RULES: Mapping[str, PhaseRule] = _RULES


def numbered(word: str) -> str | None:
    """The name of the rule with a number, for example `XR04`, in upper or lower case; of several the first."""
    return next((rule.name for rule in PHASE_RULES.values() if rule.number == word.upper()), None)
