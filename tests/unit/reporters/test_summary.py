"""The last line of a report."""

from __future__ import annotations

from dataclasses import replace

from migsafe.model.dialect import ASSUMED_SERVER, Dialect
from migsafe.reporters.summary import remarks, summary
from sample_report import CLEAN, REPORT


def test_a_report_may_bring_its_own_last_line() -> None:
    assert summary(replace(REPORT, closing="2 errors between a and b")) == "2 errors between a and b"
    assert summary(replace(CLEAN, closing="no drift between a and b")) == "no drift between a and b"


def test_a_report_that_compares_is_judged_for_no_assumed_version() -> None:
    assumed = replace(REPORT, server=ASSUMED_SERVER, dialect=Dialect.POSTGRES)
    assert any("the oldest supported version" in remark for remark in remarks(assumed))
    assert not any("the oldest supported version" in remark for remark in remarks(replace(assumed, closing="x")))
