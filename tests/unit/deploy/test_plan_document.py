"""The document keeps to its schema, and its hash can be made again from what is said of it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import jsonschema
import pytest

from deploy_plans import plan, schema
from migsafe.deploy.plan import ReleasePlan
from migsafe.deploy.plan_document import document, hashed_body, render_json
from migsafe.deploy.plan_text import render
from migsafe.evidence.state.canonical import canonical

_SCHEMA = Path(__file__).parents[3] / "src" / "migsafe" / "deploy" / "schema" / "deploy-plan-1.json"
PLANS = [
    plan(),
    plan(environment="staging"),
    plan(('"canary"', '"recreate"')),
    plan(stable=None, running=()),
    plan(('"1min"', '"500ms"'), ('"./switch"', '"./sw\\u00efitch"'), facts=schema(carried=())),
    plan(("[provider]", "[provider]\nday = 2026-11-23\nshare = 1e-7\nnested = { a = [1, 2.5, { b = true }] }")),
    plan(("[provider]", "[provider]\nenv = { a = nan, b = inf }")),
]


@pytest.mark.parametrize("one", PLANS, ids=lambda one: one.short_id)
def test_it_keeps_to_its_schema(one: ReleasePlan) -> None:
    text = render_json(one)
    assert text.isascii()
    jsonschema.validate(json.loads(text, parse_constant=pytest.fail), json.loads(_SCHEMA.read_text()))


@pytest.mark.parametrize("one", PLANS, ids=lambda one: one.short_id)
def test_the_hash_is_of_the_canonical_form(one: ReleasePlan) -> None:
    body = json.loads(json.dumps(hashed_body(one)))
    assert one.plan_id == hashlib.sha256(canonical(body)).hexdigest()
    assert document(one)["id"] == one.plan_id


def test_fractions_and_times_have_one_way_to_be_written() -> None:
    body = hashed_body(plan(('"1min"', '"500ms"')))
    assert body["settings"]["checks"][0]["max_error_rate"] == "0.02"
    assert [step["milliseconds"] for step in body["steps"] if step["kind"] == "shift"] == [500] * 4


def test_the_same_plan_is_the_same_text() -> None:
    assert {render_json(plan()) for _ in range(3)} == {render_json(plan())}
    assert render(plan(), "json") == render_json(plan())


def test_it_shows_no_password_that_somebody_has_written_into_the_file() -> None:
    own = 'env = { DATABASE_URL = "postgresql://app:hunter2@db/shop", API_TOKEN = "hunter3", MODE = "fast" }'
    text = render_json(plan(("[provider]", f"[provider]\n{own}")))
    assert "hunter" not in text
    assert json.loads(text)["settings"]["provider"]["env"]["MODE"] == "fast"
