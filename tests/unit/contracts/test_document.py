"""A plan as a document, out and in again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract_cases import NOW, gate, plan, purge, step
from migsafe.contracts.document import SCHEMA, document, read_plan, render_json
from migsafe.contracts.errors import ContractRefusedError
from migsafe.contracts.values import Hold
from migsafe.model.phase import Part
from migsafe.model.state import StepStatus

if TYPE_CHECKING:
    from migsafe.contracts.values import ContractPlan


_SCHEMA = Path(__file__).parents[3] / "src" / "migsafe" / "contracts" / "schema" / "contract-1.json"


@given(
    name=st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    part=st.none() | st.sampled_from(Part),
    status=st.none() | st.sampled_from(StepStatus),
    result=st.sampled_from(["pass", "fail", "unknown", "acknowledge", "note"]),
    held=st.booleans(),
)
def test_what_is_written_is_read(
    name: str, part: Part | None, status: StepStatus | None, result: str, held: bool
) -> None:
    hold = Hold(days=14, since=NOW, until=NOW) if held else None
    one = plan(change=name, part=part, steps=(step(status=status),), gates=(gate(result, text=name),), hold=hold)
    assert read_plan(render_json(one)) == one


@pytest.mark.parametrize("one", [plan(), purge(), plan(objects=(), steps=(), made_at=None)], ids=str)
def test_it_says_what_follows_from_it(one: ContractPlan) -> None:
    written = document(one)
    assert written["schema"] == SCHEMA
    assert (written["id"], written["hash"]) == (one.plan_id, one.signed_hash)
    assert written["verdict"] == one.verdict.value
    assert render_json(one).isascii()


def test_an_edited_document_is_no_plan_any_more() -> None:
    values = json.loads(render_json(plan()))
    values["plan"]["steps"][0]["statements"][0]["sql"] = "DROP TABLE users"
    with pytest.raises(ContractRefusedError, match="has been edited since"):
        read_plan(json.dumps(values))


def test_evidence_that_was_edited_changes_no_hash_but_what_must_be_accepted_does() -> None:
    values = json.loads(render_json(plan()))
    values["plan"]["gates"][0]["result"] = "acknowledge"
    with pytest.raises(ContractRefusedError):
        read_plan(json.dumps(values))


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"schema": "migsafe.contract/2"}', '{"schema": "migsafe.contract/1"}']
)
def test_what_is_no_plan_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(ContractRefusedError) as refused:
        read_plan(text)
    assert "\n" not in refused.value.message


@pytest.mark.parametrize("one", [plan(), purge(), plan(part=None, kind=None, radius=(), hold=Hold(days=14))], ids=str)
def test_it_keeps_to_its_schema(one: ContractPlan) -> None:
    schema = json.loads(_SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    for part in (schema, schema["$defs"]["ContractPlan"], schema["$defs"]["ContractStep"], schema["$defs"]["Gate"]):
        part["additionalProperties"] = False
    jsonschema.validate(json.loads(render_json(one)), schema, jsonschema.Draft202012Validator)
