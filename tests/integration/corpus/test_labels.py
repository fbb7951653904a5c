"""Precision and recall on statements of real migrations that were labelled by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from migsafe.model.finding import Finding
from shared_corpus import CORPUS, POSTGRES_PROJECTS, lint_project, needs_corpus

pytestmark = [pytest.mark.corpus, needs_corpus]

#: The labels speak of these categories, and of timeouts not at all.
JUDGED = {"lock", "txn", "compat", "data", "fail"}
OUT_OF_SCOPE = {"missing-lock-timeout"}
#: `unbatched-backfill` is the labels' word for its certain cases as well (the hazard table says so).
CERTAIN_CASES = {"update-without-where": "unbatched-backfill", "delete-without-where": "unbatched-backfill"}


def _labels() -> list[dict[str, object]]:
    lines = (CORPUS / "labels.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def _reported(label: dict[str, object]) -> set[str]:
    file = str(label["file"])
    name = next(name for name, folder in POSTGRES_PROJECTS.items() if file.startswith(f"{folder}/"))
    path = (CORPUS / file).resolve()
    found = (finding for finding in lint_project(name).findings if Path(finding.path).resolve() == path)
    rules = {finding.rule for finding in found if _inside(finding, label) and finding.category in JUDGED}
    return {CERTAIN_CASES.get(rule, rule) for rule in rules - OUT_OF_SCOPE}


def _inside(finding: Finding, label: dict[str, object]) -> bool:
    return int(str(label["line"])) <= finding.start.line <= int(str(label["line_end"]))


def test_labels_are_met() -> None:
    missed, false = [], []
    for label in _labels():
        truth, acceptable = set(label["truth"]), set(label["also_acceptable"])  # type: ignore[call-overload]
        reported = _reported(label)
        missed += [(label["id"], rule) for rule in sorted(truth - reported)]
        false += [(label["id"], rule) for rule in sorted(reported - truth - acceptable)]
    print(f"missed: {missed}\nfalse alarms: {false}")
    assert len(missed) <= 1, missed
    assert len(false) <= 1, false
