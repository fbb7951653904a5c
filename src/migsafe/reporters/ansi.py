"""Colours of a terminal, by hand: six codes are not worth a library's start-up time."""

from __future__ import annotations

from enum import StrEnum

from migsafe.model.finding import Severity


class Ink(StrEnum):
    """A look, as the number of its SGR code (ECMA-48, 8.3.117)."""

    BOLD = "1"
    FAINT = "2"
    RED = "1;31"
    YELLOW = "1;33"
    BLUE = "1;34"
    GREEN = "32"
    CYAN = "36"


SEVERITY_INK = {Severity.ERROR: Ink.RED, Severity.WARNING: Ink.YELLOW, Severity.INFO: Ink.BLUE}


class Painter:
    """Puts text in colour, or leaves it as it is where nobody can see colours."""

    def __init__(self, colour: bool) -> None:
        self._colour = colour

    def __call__(self, text: str, ink: Ink) -> str:
        """`text` in that look; it must be neutral already."""
        return f"\x1b[{ink}m{text}\x1b[0m" if self._colour and text else text
