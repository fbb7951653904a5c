from __future__ import annotations

import pytest

from migsafe.config import Config
from migsafe.model.finding import Severity


@pytest.mark.parametrize(
    ("fail_on", "min_severity", "shown_from"),
    [
        (Severity.ERROR, Severity.WARNING, Severity.WARNING),
        (Severity.INFO, Severity.WARNING, Severity.INFO),
        (Severity.WARNING, Severity.ERROR, Severity.WARNING),
        (None, Severity.ERROR, Severity.ERROR),
        (None, Severity.INFO, Severity.INFO),
    ],
)
def test_what_makes_a_run_fail_is_never_hidden(
    fail_on: Severity | None, min_severity: Severity, shown_from: Severity
) -> None:
    assert Config(fail_on=fail_on, min_severity=min_severity).shown_from is shown_from


@pytest.mark.parametrize(
    ("fail_on", "failing"),
    [
        (Severity.ERROR, {Severity.ERROR}),
        (Severity.WARNING, {Severity.ERROR, Severity.WARNING}),
        (Severity.INFO, set(Severity)),
        (None, set()),
    ],
)
def test_a_run_fails_from_a_severity_on(fail_on: Severity | None, failing: set[Severity]) -> None:
    assert {severity for severity in Severity if Config(fail_on=fail_on).fails(severity)} == failing
