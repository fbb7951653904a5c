"""The document that is sent, and its schema."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from importlib.resources import files
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from migsafe.deploy.notify.message import Event, Message, encode, plain_text, to_document
from migsafe.deploy.redaction import Redaction

SCHEMA = json.loads((files("migsafe.deploy.notify") / "schema" / "deploy-event-1.json").read_text(encoding="utf-8"))
AT = datetime(2026, 11, 1, 14, 0, 0, 123_456, tzinfo=timezone(timedelta(hours=2)))


def message(event: Event = Event.STEP, **more: Any) -> Message:
    known = {"id": "m1", "at": AT, "environment": "production", "release": "2026.11", "said": "20 % of the traffic"}
    return Message(event=event, **{**known, **more})


@pytest.mark.parametrize("event", list(Event))
def test_every_event_keeps_the_schema(event: Event) -> None:
    document = to_document(message(event), Redaction())
    jsonschema.validate(document, SCHEMA)
    assert document["event"] == event.value
    assert json.loads(encode(document)) == document


def test_the_schema_knows_all_events_and_no_other() -> None:
    assert SCHEMA["properties"]["event"]["enum"] == [event.value for event in Event]
    document = to_document(message(), Redaction())
    for wrong in ({"event": "paused"}, {"id": ""}, {"at": "2026-11-01 12:00"}, {"details": []}, {"text": ""}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**document, **wrong}, SCHEMA)


def test_the_text_says_where_what_and_why() -> None:
    assert to_document(message(), Redaction())["text"] == "production, 2026.11: step done. 20 % of the traffic"
    bare = message(Event.LOCK_STOLEN, release=None, said="")
    assert to_document(bare, Redaction())["text"] == "production: its lock was taken by somebody else"


def test_the_time_is_utc() -> None:
    assert to_document(message(), Redaction())["at"] == "2026-11-01T12:00:00.123Z"


def test_a_text_can_call_nobody_in_slack() -> None:
    document = to_document(message(release="<!channel>", said="a & b\nc"), Redaction())
    assert document["text"] == "production, &lt;!channel&gt;: step done. a &amp; b c"
    assert document["release"] == "<!channel>"
    assert plain_text(document) == "production, <!channel>: step done. a & b c"


def test_no_secret_is_in_it() -> None:
    said = "cannot reach postgresql://me:hush@db/shop with s3cr3t"
    told = message(Event.HOLD, said=said, details={"url": said, "token": "t0k", "checks": [{"text": said}]})
    body = encode(to_document(told, Redaction(["s3cr3t"]))).decode()
    assert all(secret not in body for secret in ("hush", "s3cr3t", "t0k"))
    assert "postgresql://me:***@db/shop" in body


@given(st.text(), st.text(min_size=1).filter(str.strip))
def test_whatever_is_said_can_be_sent(said: str, environment: str) -> None:
    document = to_document(message(said=said, environment=environment), Redaction())
    assert json.loads(encode(document)) == document
    assert encode(document).isascii()
    assert not {"<", ">", "\n"} & set(document["text"])
