"""The last line of a report."""

from __future__ import annotations

from dataclasses import replace

from migsafe.model.dialect import ASSUMED_SERVER, Dialect
from migsafe.reporters.summary import on_databases, remarks, summary
from sample_report import CLEAN, REPORT, SEVERAL


def test_a_report_may_bring_its_own_last_line() -> None:
    assert summary(replace(REPORT, closing="2 errors between a and b")) == "2 errors between a and b"
    assert summary(replace(CLEAN, closing="no drift between a and b")) == "no drift between a and b"


def test_a_report_that_compares_is_judged_for_no_assumed_version() -> None:
    assumed = replace(REPORT, server=ASSUMED_SERVER, dialect=Dialect.POSTGRES)
    assert any("the oldest supported version" in remark for remark in remarks(assumed))
    assert not any("the oldest supported version" in remark for remark in remarks(replace(assumed, closing="x")))


def test_a_report_of_several_databases_says_for_which() -> None:
    assert summary(SEVERAL).endswith(" in 2 of 3 migrations, for postgres, mysql and sqlite")
    assert summary(replace(SEVERAL, findings=())) == "no findings in 3 migrations, for postgres, mysql and sqlite"


def test_a_report_of_nothing_is_for_no_database() -> None:
    assert summary(replace(SEVERAL, findings=(), linted=0)) == "nothing to lint: no migration is selected"


def test_of_several_databases_only_an_assumed_postgres_is_remarked() -> None:
    (remark,) = [one for one in remarks(SEVERAL) if "judged for" in one]
    assert remark == "judged for postgres 15, the oldest supported version: --server-version postgres=N says yours"


def test_a_finding_names_its_databases_only_where_there_are_others() -> None:
    everywhere, two, one = SEVERAL.findings
    assert [on_databases(SEVERAL, finding) for finding in (everywhere, two, one)] == [
        "",
        "on mysql and sqlite",
        "on mysql",
    ]
    assert on_databases(REPORT, one) == ""
