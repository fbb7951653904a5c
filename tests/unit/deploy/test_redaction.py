"""No secret leaves, and what only looks a little like one stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migsafe.deploy.redaction import Redaction


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgresql://me:hush@db/shop", "postgresql://me:***@db/shop"),
        ("host=db password=hush dbname=shop", "host=db password=*** dbname=shop"),
        ("Authorization: Bearer eyJhbGciOi.x.y", "Authorization: Bearer ***"),
        ("sent with bearer abcdefgh1", "sent with bearer ***"),
        ("sent with Basic bWU6aHVzaGh1c2g=", "sent with Basic ***"),
        ("api_key=abc123&x=1", "api_key=***&x=1"),
        ('{"access_token": "a b", "n": 1}', '{"access_token": "***", "n": 1}'),
        ("GITHUB_TOKEN: abc", "GITHUB_TOKEN: ***"),
        ("POST https://hooks.slack.com/services/T0/B0/xyz failed", "POST https://hooks.slack.com/*** failed"),
        ("used xoxb-123456789-abcdef", "used ***"),
        ("key AKIAIOSFODNN7EXAMPLE", "key ***"),
    ],
)
def test_secrets_are_hidden(text: str, expected: str) -> None:
    assert Redaction().text(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "candidate 12 of 340 failed (3.5 %), at most 2.0 %",
        "the token has expired",
        "a basic check of the bearer",
        "https://shop.example.org/readyz: status 503",
        "postgresql://me@db/shop",
        "version 2026.11-rc1 of shop",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert Redaction().text(text) == text


def test_known_secrets_are_hidden_wherever_they_stand() -> None:
    hidden = Redaction(["s3cr3t", "s3cr3t-and-more", "abc", ""])
    assert hidden.text("xs3cr3t-and-morex s3cr3t abc") == "x***x *** abc"  # three letters would spoil every text


def test_documents_are_searched_to_their_depths() -> None:
    document = {
        "password": "hush",
        "empty": {"token": ""},
        "list": [{"dsn": "anything"}, "postgresql://me:hush@db/shop", 5, None, True],
        "tokens": 3,
        "weight": 20,
    }
    assert Redaction().document(document) == {
        "password": "***",
        "empty": {"token": ""},
        "list": [{"dsn": "***"}, "postgresql://me:***@db/shop", 5, None, True],
        "tokens": 3,
        "weight": 20,
    }


def test_nothing_steers_a_terminal() -> None:
    assert Redaction().line("a\nb\t\x1b[2Jc\u202ed") == "a b ␛[2Jc�d"


@given(st.text(alphabet="abcdefgh0123456789", min_size=6, max_size=30), st.text(max_size=40), st.text(max_size=40))
def test_a_known_secret_is_never_left(secret: str, before: str, after: str) -> None:
    assert secret not in Redaction([secret]).text(f"{before}{secret}{after}").replace("***", "\x00")
