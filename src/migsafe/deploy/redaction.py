"""Secrets out of all that leaves a deployment: verdicts, messages, documents.

Beside passwords of addresses (`migsafe.postgres.redact`) there are tokens here: of bearers, of webhooks, of clouds.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from migsafe.postgres.redact import redact as redact_passwords
from migsafe.reporters.neutral import neutral

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_HIDDEN = "***"

_WORDS = "token|secret|passwd|password|passphrase|api[_-]?key|access[_-]?key|credential"
_NAMED = rf"(?:[\w-]{{0,40}}(?:{_WORDS})s?)"

#: The header, whatever stands in it.
_HEADER = re.compile(r"(?P<start>\bauthorization[\"']?\s*[:=]\s*[\"']?(?:[a-z]+\s+)?)[^\s\"',]+", re.IGNORECASE)

#: `Bearer …` alone, as a program prints it; what has no digit and is short is a word.
_BEARER = re.compile(r"(?P<start>\b(?:bearer|basic)\s+)(?=[\w+/=.~-]*\d|[\w+/=.~-]{16})[\w+/=.~-]{8,}", re.IGNORECASE)

#: `token=…`, `"api_key": "…"`, `SECRET: …`.
_ASSIGNED = re.compile(
    rf"(?P<start>\b{_NAMED}[\"']?\s*[=:]\s*)(?P<value>\"[^\"]*\"|'[^']*'|[^\s&,;\"']+)", re.IGNORECASE
)

#: The paths of incoming webhooks are secrets themselves.
_HOOK = re.compile(r"(?P<start>\bhttps?://hooks\.[\w.-]+/)[^\s\"'<>]+", re.IGNORECASE)

#: The beginnings that makers of tokens give them, so that they are found when they leak.
_MARKED = re.compile(r"\b(?:xox[abeoprs]-[\w-]{8,}|gh[pousr]_\w{20,}|glpat-[\w-]{16,}|AKIA[0-9A-Z]{16})\b")

_SECRET_KEY = re.compile(rf"{_NAMED}|dsn|authorization", re.IGNORECASE)


class Redaction:
    """Hides what is known to be secret, and what looks like it."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        """
        Args:
            secrets: known ones: tokens, keys of signatures, addresses that variables held. Too short ones are
                ignored: hiding every `1` hides nothing and spoils the text.
        """
        self._secrets = tuple(sorted({one for one in secrets if len(one) >= 4}, key=len, reverse=True))

    def text(self, text: str) -> str:
        """A text without secrets, and without characters that could steer a terminal."""
        text = redact_passwords(neutral(text), *self._secrets)
        text = _HEADER.sub(rf"\g<start>{_HIDDEN}", text)
        text = _BEARER.sub(rf"\g<start>{_HIDDEN}", text)
        text = _HOOK.sub(rf"\g<start>{_HIDDEN}", text)
        text = _ASSIGNED.sub(_hide_value, text)
        return _MARKED.sub(_HIDDEN, text)

    def line(self, text: str) -> str:
        """The same, on one line."""
        return " ".join(self.text(text).split())

    def document(self, value: Any) -> Any:
        """Every text in a document of JSON; what stands under the name of a secret is hidden whatever it is."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return self._mapping(value)
        if isinstance(value, list | tuple):
            return [self.document(one) for one in value]
        return value

    def _mapping(self, mapping: Mapping[Any, Any]) -> dict[str, Any]:
        return {
            self.text(str(key)): _HIDDEN
            if isinstance(value, str) and value and _SECRET_KEY.fullmatch(str(key))
            else self.document(value)
            for key, value in mapping.items()
        }


def _hide_value(match: re.Match[str]) -> str:
    value = match["value"]
    quote = value[0] if value[0] in "\"'" else ""
    return f"{match['start']}{quote}{_HIDDEN}{quote}"
