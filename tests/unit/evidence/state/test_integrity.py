"""A digest shows an accident, an HMAC an intent; neither can be left out to get through."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migsafe.errors import ConfigurationError
from migsafe.evidence.state import (
    StateError,
    TamperedStateError,
    read_state,
    read_state_file,
    seal,
    state_key,
    verify_integrity,
    write_state,
)
from migsafe.model.state import StateDocument
from state_documents import FIXTURES, documents

KEY = b"an example, not a secret"
OTHER = b"another key of some length"


def test_a_document_with_an_hmac_is_verified_by_it() -> None:
    document = read_state_file(FIXTURES / "hmac.json")
    assert verify_integrity(document, KEY) == "hmac"
    assert verify_integrity(document) == "digest"


def test_another_key_is_refused() -> None:
    with pytest.raises(TamperedStateError, match=r"^\$\.hmac: it was not made of this document with this key$"):
        verify_integrity(read_state_file(FIXTURES / "hmac.json"), OTHER)


def test_with_a_key_a_document_without_an_hmac_is_refused() -> None:
    with pytest.raises(TamperedStateError, match=r"^\$\.hmac: it is missing, and a state_key is set$"):
        verify_integrity(read_state_file(FIXTURES / "full.json"), KEY)


def test_who_edits_and_seals_anew_without_the_key_is_found_out() -> None:
    value = json.loads((FIXTURES / "hmac.json").read_text(encoding="utf-8"))
    value["environments"][0]["rollouts"][0]["status"] = "planned"
    forged = json.loads(seal(json.dumps(value)))
    forged["hmac"] = value["hmac"]
    with pytest.raises(TamperedStateError):
        verify_integrity(read_state(json.dumps(forged)), KEY)


def test_what_was_never_read_cannot_be_verified() -> None:
    document = replace(read_state_file(FIXTURES / "full.json"), seal=None)
    with pytest.raises(StateError, match="never sealed"):
        verify_integrity(document)


@settings(max_examples=25)
@given(documents(), st.binary(min_size=16, max_size=40))
def test_what_was_sealed_with_a_key_is_verified_with_it(document: StateDocument, key: bytes) -> None:
    assert verify_integrity(read_state(write_state(document, key=key)), key) == "hmac"


@given(st.data())
def test_any_edit_of_a_scalar_is_found(data: st.DataObject) -> None:
    text = (FIXTURES / "full.json").read_text(encoding="utf-8")
    places = [index for index, letter in enumerate(text) if letter.isdigit()]
    index = data.draw(st.sampled_from(places))
    edited = text[:index] + str((int(text[index]) + 1) % 10) + text[index + 1 :]
    with pytest.raises(StateError):
        read_state(edited)


def test_layout_and_order_of_members_are_free() -> None:
    value = json.loads((FIXTURES / "hmac.json").read_text(encoding="utf-8"))
    turned = json.dumps(dict(reversed(value.items())), indent=7, ensure_ascii=False)
    assert verify_integrity(read_state(turned), KEY) == "hmac"


def test_the_key_comes_from_the_environment() -> None:
    assert state_key(None, {}) is None
    assert state_key("env:STATE_KEY", {"STATE_KEY": KEY.decode()}) == KEY


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("env:", "names the variable"),
        ("secret", "names the variable"),
        ("file:key", "names the variable"),
        ("env:NONE", "the variable NONE is not set"),
        ("env:SHORT", "the variable SHORT has 5 bytes; a key has at least 16"),
    ],
)
def test_a_setting_that_gives_no_key_is_refused(setting: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        state_key(setting, {"SHORT": "short"})
    assert message in refused.value.message
