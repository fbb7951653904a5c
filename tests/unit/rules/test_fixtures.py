"""Every rule against its own fixtures: bad.sql says what expected.txt holds, good.sql is silent."""

from __future__ import annotations

from pathlib import Path

import pytest

from migsafe.model.deploy import BaseDeployFact
from migsafe.model.finding import Finding, Severity
from migsafe.rules import RULES
from rule_fixtures import FIXTURES, Case, cases, findings

NAMES = sorted(RULES)
#: These speak of a whole file or of the linter itself; the tests of the engine and of the command show them.
WITHOUT_SQL = {"could-not-read", "template-placeholder", "unused-suppression", "waiver-incomplete"}
#: These speak of other files than migrations; see test_deploy_fixtures.py.
OF_DEPLOYMENTS = {
    name for name, rule in RULES.items() if all(issubclass(kind, BaseDeployFact) for kind in rule.operations)
}
WITH_SQL = [name for name in NAMES if name not in WITHOUT_SQL | OF_DEPLOYMENTS]


@pytest.mark.parametrize("name", WITH_SQL)
def test_bad_sql_is_reported_as_expected(name: str, update: bool) -> None:
    folder = FIXTURES / name
    text = "\n".join(_told(case) for case in cases(folder / "bad.sql"))
    expected = folder / "expected.txt"
    if update:
        expected.write_text(text, encoding="utf-8")
    assert text == expected.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", WITH_SQL)
def test_every_bad_case_has_the_rule_s_own_finding(name: str) -> None:
    for case in cases(FIXTURES / name / "bad.sql"):
        assert name in {finding.rule for finding in findings(case)}, case.title


@pytest.mark.parametrize("name", WITH_SQL)
def test_good_sql_is_silent_for_all_rules(name: str) -> None:
    for case in cases(FIXTURES / name / "good.sql"):
        loud = [f for f in findings(case) if f.severity is not Severity.INFO or f.rule == name]
        last = case.steps[-1].id
        assert [_line(finding) for finding in loud if finding.migration == last or finding.rule == name] == [], (
            case.title
        )


def test_every_fixture_folder_belongs_to_a_rule() -> None:
    assert {folder.name for folder in FIXTURES.iterdir()} <= set(NAMES)


def _told(case: Case) -> str:
    own = case.path.parent.name
    shown = [f for f in findings(case) if f.severity is not Severity.INFO or f.rule == own]
    title = [f"== {case.title}"] if case.title else []
    return "\n".join([*title, *(_told_finding(finding) for finding in shown)]) + "\n"


def _told_finding(finding: Finding) -> str:
    locks = ", ".join(f"{claim.table} {claim.mode} (blocks {claim.mode.blocks})" for claim in finding.locks)
    lines = [_line(finding), f"  objects: {', '.join(finding.objects)}"]
    if locks:
        lines.append(f"  locks: {locks}; work: {finding.work}")
    lines.extend(f"  instead: {line}" for line in finding.instead.splitlines())
    return "\n".join(lines)


def _line(finding: Finding) -> str:
    start, end = finding.start, finding.end
    place = f"{start.line}:{start.column}-{end.line}:{end.column}"
    return f"{place} {finding.severity} {finding.rule}: {finding.message}"


def test_a_missing_fixture_is_a_failure_of_the_rule() -> None:
    missing = [
        name for name in WITH_SQL if not all((FIXTURES / name / file).is_file() for file in ("bad.sql", "good.sql"))
    ]
    assert missing == [], f"write fixtures/rules/<name>/bad.sql and good.sql for: {missing}"
    assert Path(FIXTURES).is_dir()
