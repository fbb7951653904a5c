"""Passwords out of everything that a person or a log will see."""

from __future__ import annotations

import re

_HIDDEN = "***"

#: `scheme://user:password@host`; a password may hold any character but an unescaped `/`, so the last `@` ends it.
_URL_PASSWORD = re.compile(r"(?P<start>\b[a-z][a-z0-9+.-]*://[^\s:/@]*:)[^\s/]*(?=@)", re.IGNORECASE)

#: `password=…` in a connection string or in a URL's query; libpq quotes with ' and escapes with \.
_KEYWORD_PASSWORD = re.compile(
    r"(?P<start>\b(?:ssl)?password\s*=\s*)(?:'(?:[^'\\]|\\.)*'|(?:[^\s&'\\]|\\.)+)", re.IGNORECASE | re.DOTALL
)


def redact(text: str, *secrets: str) -> str:
    """Hide every password in a text.

    Args:
        text: anything: a URL, a connection string, a message of the server.
        secrets: passwords that are known, hidden wherever they stand; empty ones are ignored.
    """
    for secret in secrets:
        if secret:
            text = text.replace(secret, _HIDDEN)
    text = _URL_PASSWORD.sub(rf"\g<start>{_HIDDEN}", text)
    return _KEYWORD_PASSWORD.sub(rf"\g<start>{_HIDDEN}", text)
