"""One finding for what one line of a program does again and again: a loop over tables is one thing to mend."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from migsafe.model.finding import Finding


def together_by_place(findings: Sequence[Finding]) -> list[Finding]:
    """Findings of one rule at one place of a program, as one.

    The heaviest speaks for the others and names what they are about; all locks are kept. The fingerprint is made of
    all of theirs, in whatever order the loop goes.
    """
    groups: dict[object, list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.rule, finding.start, finding.direction), []).append(finding)
    return [_one_of(group) for group in groups.values()]


def _one_of(group: list[Finding]) -> Finding:
    if len(group) == 1:
        return group[0]
    first = max(group, key=lambda finding: finding.severity.weight)
    objects = tuple(dict.fromkeys(name for finding in (first, *group) for name in finding.objects))
    others = [name for name in objects if name not in first.objects]
    prints = sorted({finding.fingerprint for finding in group})
    return replace(
        first,
        objects=objects,
        message=first.message + (f"; the same for {', '.join(others)}" if others else ""),
        locks=tuple(dict.fromkeys(lock for finding in (first, *group) for lock in finding.locks)),
        fingerprint=hashlib.sha256("\0".join(prints).encode()).hexdigest()[:32] if len(prints) > 1 else prints[0],
    )
