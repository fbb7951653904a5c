"""A plan as a document, and back."""

from __future__ import annotations

import json
from importlib.resources import files

import pytest
from jsonschema import Draft202012Validator

from migsafe.errors import UsageError
from migsafe.evidence.plan import document, read_plan, render_json
from plan_stories import STORIES
from plan_workloads import CASES

SCHEMA = json.loads((files("migsafe.evidence") / "schema" / "plan-1.json").read_text(encoding="utf-8"))
_PLANS = {**CASES, **STORIES}


@pytest.mark.parametrize("name", _PLANS)
def test_it_obeys_its_schema_and_comes_back(name: str) -> None:
    plan = _PLANS[name].plan()
    Draft202012Validator(SCHEMA).validate(document(plan))
    assert read_plan(render_json(plan)) == plan


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_what_is_not_known_is_passed_over() -> None:
    values = document(CASES["rename"].plan())
    values["new"] = 1
    for step in values["steps"]:
        step["new"] = 2
    assert read_plan(json.dumps(values)) == CASES["rename"].plan()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "Expecting"),
        ("[]", "list indices"),
        ("{}", "it has no 'schema'"),
        ('{"schema": "migsafe.plan/2"}', "its schema is 'migsafe.plan/2'"),
        ('{"schema": "migsafe.plan/1"}', "it has no 'change'"),
    ],
)
def test_what_is_no_plan(text: str, why: str) -> None:
    with pytest.raises(UsageError, match=f"x.json is no migsafe.plan/1: .*{why}"):
        read_plan(text, name="x.json")
