"""Rules about files of a deployment against their fixtures: bad.txt says what expected.txt holds, good.txt nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy_cases import DeployCase, cases, findings
from migsafe.model.deploy import BaseDeployFact
from migsafe.model.finding import Finding, Severity
from migsafe.rules import RULES
from rule_fixtures import FIXTURES

NAMES = sorted(
    rule.name for rule in RULES.values() if all(issubclass(kind, BaseDeployFact) for kind in rule.operations)
)
GOOD = [
    pytest.param(name, case, id=f"{name}: {case.title}")
    for name in NAMES
    for case in cases(FIXTURES / name / "good.txt")
]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that paths are shown from."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", NAMES)
def test_bad_files_are_reported_as_expected(name: str, project: Path, update: bool) -> None:
    told = []
    for number, case in enumerate(cases(FIXTURES / name / "bad.txt")):
        found = _judged(case, project / str(number))
        assert name in {finding.rule for finding in found}, case.title
        told.append("\n".join([f"== {case.title}", *(_told(finding, str(number)) for finding in found)]) + "\n")
    expected = FIXTURES / name / "expected.txt"
    if update:
        expected.write_text("\n".join(told), encoding="utf-8")
    assert "\n".join(told) == expected.read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "case"), GOOD)
def test_good_files_are_silent_for_all_rules(name: str, case: DeployCase, project: Path) -> None:
    loud = [f for f in _judged(case, project) if f.severity is not Severity.INFO or f.rule == name]
    assert [(finding.rule, finding.message) for finding in loud] == []


def _judged(case: DeployCase, folder: Path) -> tuple[Finding, ...]:
    case.write(folder)
    return findings(folder)


def _told(finding: Finding, folder: str) -> str:
    start, end = finding.start, finding.end
    place = f"{finding.path.removeprefix(f'{folder}/')}:{start.line}:{start.column}-{end.line}:{end.column}"
    message = finding.message.replace(f"{folder}/", "")
    lines = [
        f"{place} {finding.severity} {finding.rule}: {message}",
        f"  objects: {', '.join(finding.objects)}",
    ]
    lines.extend(f"  instead: {line}" for line in finding.instead.splitlines())
    return "\n".join(lines)
