"""The rules, in words and with examples."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from migsafe.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migsafe.model.report import RuleDescriptor
    from migsafe.phases.registry import PhaseRule
    from migsafe.rules.registry import Rule


def rules() -> Mapping[str, Rule | PhaseRule]:
    """Every rule, by name: about operations, then about phases."""
    from migsafe.phases.rules import PHASE_RULES
    from migsafe.rules import RULES

    return {**RULES, **PHASE_RULES}


def rule(name: str) -> Rule | PhaseRule:
    """One rule.

    Args:
        name: its name, or its number (`XR04`).

    Raises:
        UsageError: when no rule has that name.
    """
    from migsafe.phases.rules import numbered

    known = rules()
    name = name if name in known else numbered(name) or name
    if name not in known:
        from migsafe.config.nearest import did_you_mean

        raise UsageError(f'no rule "{name}"', hint=did_you_mean(name, known, otherwise="migsafe rules lists them all"))
    return known[name]


def descriptor(name: str) -> RuleDescriptor:
    """What a rule, or a check of `verify` and `drift`, looks for, in words.

    Args:
        name: its name, or its number (`XR04`).

    Raises:
        UsageError: when nothing has that name.
    """
    from migsafe.phases.rules import numbered
    from migsafe.rules.proofs import CHECKS

    if name in CHECKS:
        return CHECKS[name]
    known = rules()
    name = name if name in known else numbered(name) or name
    if name not in known:
        from migsafe.config.nearest import did_you_mean

        hint = did_you_mean(name, [*known, *CHECKS], otherwise="migsafe rules lists them all")
        raise UsageError(f'no rule "{name}"', hint=hint)
    return known[name].descriptor


class Examples(NamedTuple):
    """A migration, or a file of a deployment, that a rule reports, and one that it does not."""

    bad: str
    good: str


def examples(name: str) -> Examples | None:
    """A rule's two examples; None where the installation ships none."""
    from importlib.resources import files

    folder = files("migsafe.rules") / "examples" / name
    for ending in ("sql", "txt"):
        bad, good = folder / f"bad.{ending}", folder / f"good.{ending}"
        if bad.is_file() and good.is_file():
            return Examples(bad.read_text(encoding="utf-8"), good.read_text(encoding="utf-8"))
    return None
