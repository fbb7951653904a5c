"""Every rule about phases, by name."""

from __future__ import annotations

from collections.abc import Mapping

from migsafe.phases.checks import CHECKS
from migsafe.phases.registry import PhaseRule
from migsafe.phases.requirements import REQUIREMENTS

PHASE_RULES: Mapping[str, PhaseRule] = {rule.name: rule for rule in (*REQUIREMENTS, *CHECKS)}


def numbered(word: str) -> str | None:
    """The name of the rule with a number, for example `XR04`, in upper or lower case; of several the first."""
    return next((rule.name for rule in PHASE_RULES.values() if rule.number == word.upper()), None)
