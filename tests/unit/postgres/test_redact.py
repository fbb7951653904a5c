from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migsafe.postgres.redact import redact


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("postgresql://ann:s3cret@db/app", "postgresql://ann:***@db/app"),
        ("postgres+psycopg://ann:p@ss@db:5432/app", "postgres+psycopg://ann:***@db:5432/app"),
        ("postgresql://:only@db", "postgresql://:***@db"),
        ("two: x://a:b@c and y://d:e@f", "two: x://a:***@c and y://d:***@f"),
        ("host=db password=s3cret user=ann", "host=db password=*** user=ann"),
        ("password='it\\'s long' user=ann", "password=*** user=ann"),
        ("PASSWORD = x", "PASSWORD = ***"),
        ("sslpassword=key", "sslpassword=***"),
        ("postgresql://db/app?user=ann&password=s3cret&x=1", "postgresql://db/app?user=ann&password=***&x=1"),
    ],
)
def test_passwords_go(text: str, hidden: str) -> None:
    assert redact(text) == hidden


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://db:5432/app",
        "postgresql://ann@db/app",
        'password authentication failed for user "ann"',
        "see https://example.org/a:b@c",
        "",
    ],
)
def test_everything_else_stays(text: str) -> None:
    assert redact(text) == text


def test_known_secrets_go_wherever_they_stand() -> None:
    assert redact("the server said: hunter2 is wrong", "", "hunter2") == "the server said: *** is wrong"


@given(st.text(st.characters(exclude_characters="@/:'\\ *&", categories=("L", "N", "P", "S")), min_size=1))
def test_no_password_survives_in_either_form(password: str) -> None:
    secret = f"<{password}>"
    assert secret not in redact(f"postgresql://ann:{secret}@db/app")
    assert secret not in redact(f"host=db password={secret} user=ann")
    assert secret not in redact(f"host=db password='{secret}' user=ann")
