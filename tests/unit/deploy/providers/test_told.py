"""What a team's program says of its engine: read strictly, and as the schema in the package has it."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from migsafe.deploy.providers.told import read_counts, read_observed
from migsafe.deploy.words import Counts, Motion, Observed, Readiness
from migsafe.errors import EnvironmentFailedError

WHOLE = {
    "schema": "migsafe.observed/1", "stable": "1.8.0", "candidate": "1.9.0", "weight": 5,
    "ready": {"1.8.0": {"ready": 3, "wanted": 3}, "1.9.0": {"ready": 0, "wanted": 1}},
    "motion": "progressing", "etag": "7", "notes": ["one is slow"],
}  # fmt: skip
LEAST = {"stable": None, "ready": {}}


def schema(name: str) -> Draft202012Validator:
    text = (files("migsafe.deploy.providers") / "schema" / f"{name}-1.json").read_text(encoding="utf-8")
    Draft202012Validator.check_schema(json.loads(text))
    return Draft202012Validator(json.loads(text))


OBSERVED, COUNTS = schema("observed"), schema("counts")


def test_a_whole_document() -> None:
    assert read_observed(json.dumps(WHOLE)) == Observed(
        stable="1.8.0",
        candidate="1.9.0",
        weight=5,
        ready={"1.8.0": Readiness(3, 3), "1.9.0": Readiness(0, 1)},
        motion=Motion.PROGRESSING,
        etag="7",
        notes=("one is slow",),
    )


def test_the_least_document() -> None:
    assert read_observed(json.dumps(LEAST)) == Observed(stable=None)


@pytest.mark.parametrize(("change", "said"), [
    ({"schema": "migsafe.observed/2"}, 'schema is "migsafe.observed/2"'),
    ({"stable": 1.8}, "stable must be a version, or null"),
    ({"stable": " "}, "stable must be a version, or null"),
    ({"candidate": "1.8.0"}, "candidate is the stable version"),
    ({"weight": 101}, "weight is 101; it must be a whole number, from 0 to 100"),
    ({"weight": -1}, "weight is -1"),
    ({"weight": 0.05}, "weight is 0.05"),
    ({"weight": "5%"}, 'weight is "5%"'),
    ({"weight": True}, "weight is true"),
    ({"candidate": None}, "weight is the candidate's share, and there is no candidate"),
    ({"ready": []}, "ready must be an object"),
    ({"ready": {"1.8.0": 3}}, "ready of 1.8.0 must be an object"),
    ({"ready": {"1.8.0": {"ready": 3}}}, "ready of 1.8.0: wanted is missing"),
    ({"ready": {"1.8.0": {"ready": -3, "wanted": 3}}}, "ready of 1.8.0: ready is -3"),
    ({"ready": {"1.8.0": {"redy": 3, "wanted": 3}}}, "ready of 1.8.0 has a member redy"),
    ({"motion": "still"}, "motion must be one of idle, progressing, paused, degraded"),
    ({"motion": []}, "motion must be one of"),
    ({"etag": 7}, "etag must be a text"),
    ({"notes": "one is slow"}, "notes must be a list of texts"),
    ({"wieght": 5}, "it has a member wieght"),
])  # fmt: skip
def test_what_is_wrong_is_named_and_the_schema_says_so_too(change: dict[str, Any], said: str) -> None:
    document = WHOLE | change
    with pytest.raises(EnvironmentFailedError) as caught:
        read_observed(json.dumps(document))
    assert said in caught.value.message
    assert not OBSERVED.is_valid(document) or change == {"candidate": "1.8.0"}  # a schema cannot compare two members


@pytest.mark.parametrize("missing", ["stable", "ready", "weight"])
def test_what_is_missing_is_named(missing: str) -> None:
    document = {name: value for name, value in WHOLE.items() if name != missing}
    with pytest.raises(EnvironmentFailedError, match=f"{missing} is missing"):
        read_observed(json.dumps(document))
    assert not OBSERVED.is_valid(document)


@pytest.mark.parametrize(("text", "said"), [
    ("", "it printed nothing"),
    ("stable: 1.8.0", "line 1, column 1: expecting value"),
    ("[]", "it must be an object"),
    ('{"stable": "1", "stable": "2", "ready": {}}', "stable is there twice"),
    ('{"stable": NaN, "ready": {}}', "NaN is no number of JSON"),
    ("[" * 100_000, "nested too deeply"),
    ('{"stable": null, "ready": {}, "weight": ' + "9" * 5_000 + "}", "a number in it is too long"),
    ('{"stable": "1", "ready": {}, "notes": ["\\ud83d"]}', "half of a character"),
    ('{"stable": "1\\u0000", "ready": {}}', "stable must be a version"),
])  # fmt: skip
def test_what_is_no_document(text: str, said: str) -> None:
    with pytest.raises(EnvironmentFailedError, match=said):
        read_observed(text)


def test_both_halves_of_a_character_are_one() -> None:
    assert read_observed('{"stable": "1", "ready": {}, "notes": ["\\ud83d\\ude80"]}').notes == ("\U0001f680",)


def test_counts_of_one_side_or_both() -> None:
    both = {"stable": {"requests": 95, "errors": 1}, "candidate": {"requests": 5, "errors": 0, "hidden": 2}}
    assert read_counts(json.dumps(both)) == {
        "stable": Counts(requests=95, errors=1),
        "candidate": Counts(requests=5, errors=0, hidden=2),
    }
    assert read_counts('{"candidate": null}') == {}


@pytest.mark.parametrize(("document", "said"), [
    ({"stable": {"requests": 1}}, "stable: errors is missing"),
    ({"stable": {"requests": 1.5, "errors": 0}}, "stable: requests is 1.5"),
    ({"stable": 1}, "stable must be an object"),
    ({"blue": {"requests": 1, "errors": 0}}, "it has a member blue"),
])  # fmt: skip
def test_counts_that_are_none(document: dict[str, Any], said: str) -> None:
    with pytest.raises(EnvironmentFailedError, match=said):
        read_counts(json.dumps(document))
    assert not COUNTS.is_valid(document)


_VERSIONS = st.sampled_from(["1.8.0", "1.9.0", "", None, 7])
_NUMBERS = st.one_of(st.integers(-1, 101), st.sampled_from([None, True, "5"]))
_READINESS = st.fixed_dictionaries({"ready": _NUMBERS}, optional={"wanted": _NUMBERS, "more": _NUMBERS})
_DOCUMENTS = st.fixed_dictionaries({}, optional={
    "schema": st.sampled_from(["migsafe.observed/1", "migsafe.observed/2"]), "stable": _VERSIONS,
    "candidate": _VERSIONS, "weight": _NUMBERS, "ready": st.dictionaries(st.just("1.8.0"), _READINESS),
    "motion": st.sampled_from(["idle", "paused", "moving"]), "etag": st.sampled_from(["", 1]),
    "notes": st.lists(st.sampled_from(["", 1]), max_size=1), "other": st.none(),
})  # fmt: skip


@given(_DOCUMENTS)
def test_reader_and_schema_agree(document: dict[str, Any]) -> None:
    try:
        read_observed(json.dumps(document))
        is_read = True
    except EnvironmentFailedError as error:
        if "is the stable version" in error.message:
            return  # that two values differ is more than a schema can say
        is_read = False
    assert is_read is OBSERVED.is_valid(document)
