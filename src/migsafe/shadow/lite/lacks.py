"""Refusals that are the shadow's fault: an application gives its connections what a bare SQLite has not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from migsafe.shadow.migration import Failure

#: How SQLite's message begins, and what to make of it.
_LACKING = (
    (re.compile(r"no such function: (?P<name>.+)"), "it has no function {name}"),
    (re.compile(r"no such module: (?P<name>.+)"), "it has no module {name}"),
    (re.compile(r"no such collation sequence: (?P<name>.+)"), "it has no collation {name}"),
    (re.compile(r"no such database: (?P<name>.+)|unknown database (?P<other>.+)"), "no database {name} is attached"),
    (re.compile(r"not authorized|authorization denied"), "it reaches no file, and loads no extension"),
)


def what_is_lacking(failure: Failure) -> str | None:
    """What the shadow lacks, in words that go on from "… is not proved: "; None for the migration's own fault."""
    for message, words in _LACKING:
        match = message.match(failure.message)
        if match:
            names = [name for name in match.groups() if name]
            return f"the shadow cannot run it, as {words.format(name=names[0] if names else '')}"
    return None
