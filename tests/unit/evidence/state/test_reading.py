"""What is written is read back as it was; what is no state document is refused with its place, in one line."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migsafe.errors import ExitCode, PathNotFoundError
from migsafe.evidence.state import (
    StateError,
    TamperedStateError,
    canonical,
    in_order,
    read_state,
    read_state_file,
    seal,
    write_state,
)
from migsafe.evidence.state.integrity import digest_of
from migsafe.model.state import RolloutStatus, StateDocument
from state_documents import FIXTURES, documents

SCHEMA = json.loads((files("migsafe.evidence") / "schema" / "state-1.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
FULL = json.loads((FIXTURES / "full.json").read_text(encoding="utf-8"))
SOUND = sorted(path for path in FIXTURES.glob("*.json") if path.name != "tampered.json")

Spoil = Callable[[dict[str, Any]], object]


def spoilt(spoil: Spoil) -> str:
    value = deepcopy(FULL)
    spoil(value)
    return json.dumps(value)


@settings(max_examples=40)
@given(documents())
def test_what_is_written_is_read_back_and_keeps_the_schema(document: StateDocument) -> None:
    text = write_state(document)
    assert text.isascii()
    VALIDATOR.validate(json.loads(text))
    assert read_state(text) == in_order(document)
    assert read_state(text).unread == ()


@settings(max_examples=25)
@given(documents(), st.randoms(use_true_random=False))
def test_equal_facts_in_another_order_give_equal_text(document: StateDocument, random: Any) -> None:
    value = json.loads(write_state(document))
    for list_ in (value["environments"], value["changes"], value["steps"], value["checks"], value["statistics"]):
        random.shuffle(list_)
    assert json.loads(seal(json.dumps(value))) == json.loads(write_state(document))


@pytest.mark.parametrize("path", SOUND, ids=lambda path: path.stem)
def test_the_fixtures_are_in_the_form_in_which_migsafe_writes(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    VALIDATOR.validate(json.loads(text))
    assert unsealed(text) == unsealed(write_state(read_state_file(path)))


def unsealed(text: str) -> list[str]:
    """The lines that do not depend on a key, or on the version of migsafe."""
    return [
        line.rstrip(",") for line in text.splitlines() if not line.startswith(('  "migsafe"', '  "digest"', '  "hmac"'))
    ]


def test_what_a_later_version_adds_is_accepted_and_named() -> None:
    def add(value: dict[str, Any]) -> None:
        value["regions"] = ["eu"]
        value["environments"][0]["targets"][0]["ring"] = 2

    value = json.loads(spoilt(add))
    VALIDATOR.validate(value)
    with pytest.raises(TamperedStateError):
        read_state(json.dumps(value))
    assert read_state(seal(json.dumps(value))) == read_state(json.dumps(FULL))


def test_members_that_are_not_known_are_sealed_with_the_rest() -> None:
    value = deepcopy(FULL)
    value["steps"][0]["ring"] = 2
    value["digest"] = digest_of(canonical(value))
    assert read_state(json.dumps(value)).unread == ("$.steps[0].ring",)
    value["steps"][0]["ring"] = 3
    with pytest.raises(TamperedStateError):
        read_state(json.dumps(value))


def test_an_edit_is_refused() -> None:
    with pytest.raises(TamperedStateError) as refused:
        read_state_file(FIXTURES / "tampered.json")
    assert refused.value.message == (
        f"{FIXTURES / 'tampered.json'}: $.digest: the document was changed after it was sealed"
    )
    assert refused.value.exit_code is ExitCode.USAGE


def set_at(*path: str | int) -> Callable[[object], Spoil]:
    """What puts a value at a place."""

    def to(new: object) -> Spoil:
        def spoil(value: Any) -> None:
            for key in path[:-1]:
                value = value[key]
            value[path[-1]] = new

        return spoil

    return to


def renamed(old: str, new: str, *path: str | int) -> Spoil:
    def spoil(value: Any) -> None:
        for key in path:
            value = value[key]
        value[new] = value.pop(old)

    return spoil


ROLLOUT = ("environments", 0, "rollouts", 1)
RUN = ("steps", 1, "runs", 0)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (set_at(*ROLLOUT, "status")("deploied"), '.status: "deploied" is not known; did you mean deployed?'),
        (set_at(*ROLLOUT, "status")("gone"), '.status: "gone" is not known: planned, expanding, rolling, deployed'),
        (set_at(*ROLLOUT, "status")(3), "$.environments[0].rollouts[1].status: 3 is not text"),
        (set_at(*ROLLOUT, "percent")(101), ".percent: 101 is not from 0 to 100"),
        (set_at(*ROLLOUT, "percent")(-1), ".percent: -1 is not from 0 to 100"),
        (set_at(*ROLLOUT, "percent")(True), ".percent: true is not a whole number"),
        (set_at(*ROLLOUT, "percent")(99.5), "$.environments[0].rollouts[1].percent: 99.5 is not a whole number"),
        (set_at(*ROLLOUT, "full_at")("2026-10-05"), '.full_at: "2026-10-05" is no time with its zone'),
        (set_at(*ROLLOUT, "full_at")("2026-10-05T08:00:00"), "is no time with its zone"),
        (set_at(*ROLLOUT, "full_at")("2026-13-05T08:00:00Z"), "is no time with its zone"),
        (set_at("exported")("20261123T090000Z"), "$.exported: "),
        (set_at("changes", 0, "due")("20270131"), '$.changes[0].due: "20270131" is no day such as'),
        (set_at("changes", 0, "due")("2027-02-30"), '$.changes[0].due: "2027-02-30" is no day such as'),
        (set_at("environments")({}), "$.environments: {} is not an array"),
        (set_at("environments")(None), "$.environments: null is not an array"),
        (set_at("environments", 0)("production"), '$.environments[0]: "production" is not an object'),
        (set_at("environments", 0, "name")(""), "$.environments[0].name: the text is empty"),
        (set_at("environments", 0, "protected")(1), "$.environments[0].protected: 1 is not true or false"),
        (renamed("protected", "proteced", "environments", 0),
         "$.environments[0]: protected is missing (is proteced meant for it?)"),
        (renamed("exported", "when"), "$: exported is missing"),
        (renamed("digest", "hash"), "$: digest is missing"),
        (set_at("digest")("sha256:00"), "$.digest: "),
        (set_at("chain", "head")("9B1D" * 16), "$.chain.head: "),
        (set_at("chain", "events")(-1), "$.chain.events: -1 is below 0"),
        (set_at(*RUN, "target")("mian"),
         "$.steps[1].runs[0]: production/mian is no target of this document; did you mean production/main?"),
        (set_at(*RUN, "status")("purged"),
         "$.steps[1].runs[0].status: only a contract is purged, and this is migrate"),
        (set_at("steps", 1, "part")("purge"), "$.steps[1].part: only a contract has parts, and this is migrate"),
        (set_at("steps", 1, "migration")(None), "$.steps[1]: neither migration nor name says which step it is"),
        (set_at("checks", 0, "environment")("staging"), "$.checks[0]: staging/main is no target of this document"),
        (lambda value: value["environments"].append(value["environments"][0]),
         "$.environments[1]: the environment production is there twice"),
        (lambda value: value["environments"][0]["rollouts"].append(value["environments"][0]["rollouts"][0]),
         "$.environments[0].rollouts[3]: the release 1.7.0 is there twice"),
        (lambda value: value["steps"].append(value["steps"][1]),
         "$.steps[2]: the step 003_fill_full_name of users-name-to-full-name is there twice"),
        (lambda value: value["steps"][1]["runs"].append(value["steps"][1]["runs"][0]),
         "$.steps[1].runs[1]: the target production/main is there twice"),
        (set_at("later")(1.5), "$.later: 1.5 is a fraction; numbers of a state document are whole"),
        (set_at("later")([2**53]), "$.later[0]: 9007199254740992 is too far from 0"),
        (set_at("installation")("\ud800"), "$.installation: '\\ud800' holds half of a surrogate pair"),
        (set_at("schema")("migsafe.state/2"), '$.schema: "migsafe.state/2" is not "migsafe.state/1"'),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_its_place(spoil: Spoil, message: str) -> None:
    with pytest.raises(StateError) as refused:
        read_state(spoilt(spoil))
    assert message in refused.value.message
    assert "\n" not in refused.value.message
    assert refused.value.message.startswith("$")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "$: no JSON: "),
        ("[]", '$.schema: null is not "migsafe.state/1"'),
        ('{"schema": "migsafe.state/1", "exported": NaN}', "$: NaN is no number of JSON"),
        ('{"schema": "migsafe.state/1", "schema": 1}', '$: the member "schema" is there twice in one object'),
        ("[" * 100_000, "$: no JSON: "),
        ('{"a": ' + "9" * 5000 + "}", "$: no JSON: "),
    ],
)
def test_what_is_no_document_is_refused(text: str, message: str) -> None:
    with pytest.raises(StateError) as refused:
        read_state(text)
    assert refused.value.message.startswith(message)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(PathNotFoundError, match="no state document at"):
        read_state_file(tmp_path / "none.json")


def test_a_file_that_is_no_text_is_said(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    file.write_bytes(b"\xff")
    with pytest.raises(StateError, match=r"state\.json cannot be read: "):
        read_state_file(file)


def test_the_facts_of_a_document() -> None:
    document = read_state_file(FIXTURES / "two-environments.json")
    production = document.environment("production")
    assert production is not None
    assert [each.release for each in production.running] == ["1.8.0"]
    seventh = production.rollout("1.7.0")
    assert seventh is not None
    assert seventh.status is RolloutStatus.RETIRED
    assert [each.name for each in document.protected] == ["production", "production-eu"]
    assert document.environment("prod") is None
    assert [step.label for step in document.steps_of("users-name-to-full-name")] == [
        "002_users_full_name",
        "003_fill_full_name",
    ]
