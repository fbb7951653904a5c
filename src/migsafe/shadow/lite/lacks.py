"""Refusals that are the shadow's fault: an application gives its connections what a bare SQLite has not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from migsafe.shadow.migration import Failure

_FUNCTION = re.compile(r"no such function: (?P<name>.+)")
_COLLATION = re.compile(r"no such collation sequence: (?P<name>.+)")

#: How SQLite's message begins, and what to make of it.
_LACKING = (
    (_FUNCTION, "it has no function {name}"),
    (_COLLATION, "it has no collation {name}"),
    (re.compile(r"no such module: (?P<name>.+)"), "it has no module {name}"),
    (re.compile(r"(?:no such|unknown) database:? (?P<name>.+)"), "no database {name} is attached"),
    (re.compile(r"not authorized|authorization denied"), "it reaches no file, and loads no extension"),
)


def what_is_lacking(failure: Failure) -> str | None:
    """What the shadow lacks, in words that go on from "… is not proved: "; None for the migration's own fault."""
    for message, words in _LACKING:
        match = message.match(failure.message)
        if match:
            return f"the shadow cannot run it, as {words.format(**match.groupdict())}"
    return None


def missing_function(failure: Failure) -> str | None:
    """The function that a script calls and nobody has defined."""
    return _named(_FUNCTION, failure)


def missing_collation(failure: Failure) -> str | None:
    """The collation that a script names and nobody has defined."""
    return _named(_COLLATION, failure)


def _named(pattern: re.Pattern[str], failure: Failure) -> str | None:
    match = pattern.match(failure.message)
    return match["name"] if match else None
