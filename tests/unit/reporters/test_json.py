from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from migsafe.model.finding import Category, Severity
from migsafe.model.locks import LockMode, Work
from migsafe.reporters.json import render
from sample_report import BLOCKING_INDEX, CLEAN, REPORT, SEVERAL

SCHEMA = json.loads((files("migsafe.reporters") / "schema" / "report-1.json").read_text(encoding="utf-8"))


def closed(schema: Any) -> Any:
    """The schema without room for fields that it does not name."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: closed(value) for key, value in schema.items()}
    return inner | {"additionalProperties": False} if isinstance(inner.get("properties"), dict) else inner


def enums(schema: Any) -> Iterator[set[str]]:
    if isinstance(schema, dict):
        if "enum" in schema:
            yield set(schema["enum"])
        schema = list(schema.values())
    if isinstance(schema, list):
        for item in schema:
            yield from enums(item)


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("report", [REPORT, CLEAN, SEVERAL], ids=["full", "clean", "several"])
def test_a_report_has_exactly_the_fields_of_the_schema(report: Any) -> None:
    jsonschema.validate(json.loads(render(report)), closed(SCHEMA), jsonschema.Draft202012Validator)


def test_the_schema_refuses_a_report_that_lacks_a_field() -> None:
    document = json.loads(render(REPORT))
    del document["findings"][0]["locks"]
    with pytest.raises(jsonschema.ValidationError, match="locks"):
        jsonschema.validate(document, SCHEMA)


def test_the_schema_lets_fields_be_added() -> None:
    jsonschema.validate(json.loads(render(REPORT)) | {"later": 1}, SCHEMA)


@pytest.mark.parametrize(
    "words",
    [{str(mode) for mode in LockMode}, *({member.value for member in kind} for kind in (Severity, Category, Work))],
)
def test_the_schema_knows_every_word_of_the_model(words: set[str]) -> None:
    assert words in list(enums(SCHEMA))


def test_findings_stand_in_the_order_of_reading() -> None:
    places = [(f["path"], f["line"], f["column"]) for f in json.loads(render(REPORT))["findings"]]
    assert places == sorted(places)


def test_only_rules_with_findings_are_described() -> None:
    assert set(json.loads(render(REPORT))["rules"]) == {"create-index-blocking", "drop-column"}


@given(st.text(st.characters(exclude_categories=[])))
def test_any_text_comes_back_as_it_was_and_is_plain_on_the_way(text: str) -> None:
    from dataclasses import replace

    rendered = render(replace(CLEAN, findings=(replace(BLOCKING_INDEX, message=text),)))
    assert rendered.isascii()
    assert all(char.isprintable() or char == "\n" for char in rendered.replace("\x7f", ""))
    read_back = json.loads(rendered)["findings"][0]["message"]
    assert read_back.encode("utf-16", "surrogatepass") == text.encode("utf-16", "surrogatepass")
