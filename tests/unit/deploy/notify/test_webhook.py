"""Signed posts to a receiver on 127.0.0.1."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from loopback import Asked, Says, free_address, serving
from migsafe.deploy.notify.message import Event
from migsafe.deploy.notify.webhook import Webhook, sign

DOCUMENT = {"id": "m1", "event": "step", "text": "so – es läuft"}


def webhook(url: str, secret: str | None = "hush-hush", timeout_s: float = 10) -> Webhook:
    return Webhook("it", url, secret, timeout_s=timeout_s, events=[Event.STEP], clock=lambda: 1_700_000_000.9)


def send(says: Says, document: Mapping[str, Any] = DOCUMENT, **more: Any) -> tuple[str, str, float | None, list[Asked]]:
    with serving(lambda _: says) as server:
        sent = webhook(f"{server.url}/T0/secret-path", **more).send(document)
    assert "secret-path" not in sent.why
    return sent.result, sent.why.replace(server.url, "HERE"), sent.wait_s, server.asked


def test_the_document_is_posted_and_signed() -> None:
    result, why, _, (asked,) = send(Says(200))
    assert (result, why) == ("delivered", "")
    assert (asked.method, asked.path) == ("POST", "/T0/secret-path")
    assert json.loads(asked.body) == DOCUMENT
    assert asked.headers["content-type"] == "application/json; charset=utf-8"
    assert asked.headers["migsafe-event-id"] == "m1"
    assert asked.headers["migsafe-signature"] == sign(asked.body, "hush-hush", at=1_700_000_000)


def test_a_signature_is_of_the_time_the_body_and_the_secret() -> None:
    """Worked out by hand: printf '1700000000.{}' | openssl dgst -sha256 -hmac key."""
    known = "t=1700000000,v1=9d713ed406bb7076d4123f0dc2c39d2df5c654ed4b0cd56b52c8b4c940bd63ae"
    assert sign(b"{}", "key", at=1_700_000_000) == known
    others = {sign(b"{ }", "key", at=1_700_000_000), sign(b"{}", "kez", at=1_700_000_000), sign(b"{}", "key", at=1)}
    assert known not in others
    assert len(others) == 3


def test_without_a_secret_nothing_is_signed() -> None:
    *_, (asked,) = send(Says(200), secret=None)
    assert "migsafe-signature" not in asked.headers


@pytest.mark.parametrize(
    ("says", "result", "why", "wait_s"),
    [
        (Says(204), "delivered", "", None),
        (Says(500), "retry", "HERE answers 500", None),
        (Says(503, headers={"Retry-After": "7"}), "retry", "HERE answers 503", 7.0),
        (Says(503, headers={"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}), "retry", "HERE answers 503", None),
        (Says(429, headers={"Retry-After": "999999999"}), "retry", "HERE answers 429", 3600.0),
        (Says(408), "retry", "HERE answers 408", None),
        (Says(400), "refused", "HERE answers 400", None),
        (Says(403), "refused", "HERE answers 403", None),
        (Says(404), "refused", "HERE answers 404", None),
        (Says(410), "refused", "HERE answers 410", None),
        (Says(drops=True), "retry", "HERE broke the connection off", None),
    ],
)
def test_what_an_answer_means(says: Says, result: str, why: str, wait_s: float | None) -> None:
    assert send(says)[:3] == (result, why, wait_s)


def test_a_redirect_is_never_followed() -> None:
    for status in (301, 302, 303, 307, 308):
        result, why, _, asked = send(Says(status, headers={"Location": "/other"}))
        assert (result, len(asked)) == ("refused", 1)
        assert "a redirect" in why


def test_a_receiver_that_hangs_or_is_away_is_tried_later() -> None:
    result, why, *_ = send(Says(hangs=True), timeout_s=0.05)
    assert (result, why) == ("retry", "HERE gave no answer in 0.05 s")
    assert webhook(free_address()).send(DOCUMENT).result == "retry"


def test_it_wants_what_it_was_opened_for_and_knows_its_secrets() -> None:
    one = webhook("http://127.0.0.1/x")
    assert (one.wants(Event.STEP), one.wants(Event.HOLD)) == (True, False)
    assert one.secrets == ("http://127.0.0.1/x", "hush-hush")
