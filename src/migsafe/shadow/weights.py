"""How much a failure on generated rows weighs: more where any row fails, whatever its values."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from migsafe.model.finding import Finding, Severity
from migsafe.rules.proofs import MIGRATION_FAILS, SECOND_UP_FAILS, WAY_BACK_FAILS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from migsafe.shadow.migration import Failure
    from migsafe.shadow.round_trip import RoundTrip


def weighed(
    findings: Iterable[Finding], trip: RoundTrip, fails_on_any_row: Callable[[Failure], bool]
) -> Iterator[Finding]:
    """Findings with those on generated rows raised to warnings where their values do not matter.

    Args:
        fails_on_any_row: whether a statement that works on empty tables fails as soon as there is a row.
    """
    on_rows = {
        MIGRATION_FAILS: trip.filled.up if trip.clean.up is None else None,
        WAY_BACK_FAILS: trip.filled.down if trip.clean.down is None else None,
        SECOND_UP_FAILS: trip.filled.second_up if trip.clean.second_up is None else None,
    }
    for finding in findings:
        failure = on_rows.get(finding.rule)
        lifts = failure is not None and finding.severity is Severity.INFO and fails_on_any_row(failure)
        yield replace(finding, severity=Severity.WARNING) if lifts else finding
