"""`migsafe rules` and `migsafe explain` on the rules that there are."""

from __future__ import annotations

import json

import pytest

from migsafe.cli.main import run
from migsafe.phases.rules import PHASE_RULES
from migsafe.rules import RULES

_EVERY = {**RULES, **PHASE_RULES}


def test_the_table_names_every_rule_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rules"]) == 0
    rows = [line.split()[0] for line in capsys.readouterr().out.splitlines() if line.startswith("  ")]
    assert sorted(rows) == sorted(_EVERY)


def test_the_list_is_the_same_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rules", "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "migsafe.rules/1"
    assert [(rule["name"], rule["default"]) for rule in document["rules"]] == sorted(
        (name, rule.descriptor.default) for name, rule in _EVERY.items()
    )


def test_a_rule_is_explained_in_its_parts(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "could-not-read"]) == 0
    page = capsys.readouterr().out.splitlines()
    assert page[0] == "could-not-read (fail, error)"
    assert [line for line in page if line in {"Why it hurts", "Do instead", "Fine when", "Source"}] == [
        "Why it hurts",
        "Do instead",
        "Fine when",
        "Source",
    ]
    assert page[-1] == RULES["could-not-read"].descriptor.url


def test_a_rule_about_phases_goes_by_its_number_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "xr04"]) == 0
    assert capsys.readouterr().out.startswith("contract-too-early (phase, error)\n")
