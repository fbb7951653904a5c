"""Findings of what a migration breaks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from migsafe.model.dialect import Dialect
from migsafe.model.finding import Category, Severity
from migsafe.model.script import Direction, Script, SourceText, TransactionRule
from migsafe.model.statement import ReadScript
from migsafe.parse import read_script
from migsafe.shadow.compat.findings import findings_of, severity_of
from migsafe.shadow.compat.query import Breakage, Layer, Origin, Query

SQL = """CREATE TABLE bios (id int);
ALTER TABLE orders DROP COLUMN note;
ALTER TABLE users
    DROP COLUMN bio;
"""
GET = Query("SELECT bio FROM users", Origin.FILE, "q.sql", 3, "GetBio")
BREAKS = Breakage(GET, Layer.PARSE, "42703", 'column "bio" does not exist', "breaks")


def migration(sql: str = SQL, *, rendered: bool = False) -> ReadScript:
    source = SourceText("migrations/2.sql", sql)
    return read_script(
        Script(Direction.UP, sql, source, TransactionRule.TOOL, Dialect.POSTGRES, rendered=rendered),
    )


def test_a_finding_stands_at_the_statement_that_is_the_cause() -> None:
    (finding,) = findings_of([BREAKS], "2", migration())
    assert (finding.rule, finding.category, finding.severity) == (
        "running-release-breaks",
        Category.COMPAT,
        Severity.ERROR,
    )
    assert (finding.path, finding.start.line, finding.end.line, finding.migration) == ("migrations/2.sql", 3, 4, "2")
    assert finding.message == 'GetBio (q.sql:3) fails: column "bio" does not exist (42703)'
    assert finding.objects == ("GetBio",)
    assert [(known.place, known.text) for known in finding.evidence] == [
        ("q.sql:3", f'column "bio" does not exist: {GET.sql}')
    ]


def test_one_cause_is_one_finding() -> None:
    # A column that is read and one that is written are missed in different words.
    words = 'column "bio" of relation "users" does not exist'
    others = [replace(BREAKS, query=replace(GET, name=f"Q{number}", line=number), message=words) for number in range(4)]
    other_cause = Breakage(GET, Layer.RESULT, None, 'its result has a new column: "x"', "shape")
    findings = findings_of([BREAKS, *others, other_cause], "2", migration())
    assert [finding.rule for finding in findings] == ["running-release-breaks", "result-shape-changes"]
    assert findings[0].message.startswith("GetBio (q.sql:3), Q0 (q.sql:0), Q1 (q.sql:1) and 2 more fail: ")
    assert len(findings[0].evidence) == 5


@pytest.mark.parametrize(
    ("kind", "layer", "sqlstate", "severity", "generated"),
    [
        ("breaks", Layer.PARSE, "42703", Severity.ERROR, Severity.WARNING),
        ("maybe", Layer.EXECUTE, "23514", Severity.WARNING, Severity.INFO),
        ("maybe", Layer.EXECUTE, "23503", Severity.INFO, Severity.INFO),
        ("shape", Layer.RESULT, None, Severity.WARNING, Severity.INFO),
    ],
)
def test_severities(kind: str, layer: Layer, sqlstate: str | None, severity: Severity, generated: Severity) -> None:
    breakage = Breakage(GET, layer, sqlstate, "", kind)  # type: ignore[arg-type]  # one of the three
    assert severity_of(breakage) is severity
    made = replace(GET, origin=Origin.GENERATED)
    assert severity_of(replace(breakage, query=made)) is generated


def test_two_statements_are_two_causes() -> None:
    other = Breakage(
        Query("SELECT note FROM orders", Origin.FILE), Layer.PARSE, "42703", 'column "note" is gone', "breaks"
    )
    findings = findings_of([BREAKS, other], "2", migration())
    assert [finding.start.line for finding in findings] == [3, 2]


def test_a_generated_query_says_so() -> None:
    made = replace(BREAKS, query=Query("SELECT bio FROM users", Origin.GENERATED, name="select on users"))
    (finding,) = findings_of([made], "2", migration())
    assert "No code is known to send it" in finding.why
    assert finding.message.startswith("select on users fails")


def test_the_cause_is_looked_for_in_the_query_where_the_message_names_nothing() -> None:
    changed = Breakage(
        Query("DELETE FROM orders WHERE id = $1", Origin.FILE),
        Layer.PARSE,
        None,
        "parameter $1 was integer and is bigint",
        "maybe",
    )
    assert findings_of([changed], "2", migration())[0].start.line == 2


def test_an_empty_script_still_has_a_place() -> None:
    (finding,) = findings_of([BREAKS], "2", migration(""))
    assert (finding.start.line, finding.start.column) == (1, 1)


def test_a_program_shows_its_statement() -> None:
    assert findings_of([BREAKS], "2", migration(rendered=True))[0].sql == "ALTER TABLE users\n    DROP COLUMN bio"
    assert findings_of([BREAKS], "2", migration())[0].sql is None


def test_a_fingerprint_outlives_lines_and_words() -> None:
    (one,) = findings_of([BREAKS], "2", migration())
    (moved,) = findings_of([replace(BREAKS, query=replace(GET, line=99))], "2", migration("\n\n" + SQL))
    (other,) = findings_of([BREAKS], "3", migration())
    assert one.fingerprint == moved.fingerprint != other.fingerprint
