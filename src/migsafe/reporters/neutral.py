"""Text from files made harmless: nothing in a migration may steer a terminal, or look like other than it is."""

from __future__ import annotations

import re

# C0 and C1 controls, marks that turn the direction of text around, breaks that only some programs know,
# invisible characters, and halves of surrogate pairs (undecodable file names).
_HARMFUL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
_CONTROL_PICTURES = 0x2400
_PICTURE_OF_DELETE = "\u2421"
_REPLACEMENT = "\ufffd"


def neutral(text: str) -> str:
    """Replace each harmful character by one visible sign; tabs and line feeds stay."""
    return _HARMFUL.sub(_visible, text.replace("\r\n", "\n"))


def neutral_line(text: str) -> str:
    """The same, on one line: tabs and line feeds become spaces."""
    return neutral(text).replace("\n", " ").replace("\t", " ")


def _visible(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(_CONTROL_PICTURES + code)
    return _PICTURE_OF_DELETE if code == 0x7F else _REPLACEMENT
