"""Refusals that are the shadow's fault: it lacks what production has. They say nothing of a migration."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from migsafe.model.operation import DropFunction, Unreadable
from migsafe.model.script import Direction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migsafe.mysql.connection import ServerVersion
    from migsafe.shadow.migration import Failure

_NO_SUCH_ROUTINE = "1305"
_NO_SUCH_TABLE = "1146"

#: Syntax, expressions in generated columns and defaults, and types: MySQL and MariaDB have grown apart in them.
_OF_ONE_PRODUCT = frozenset({"1064", "1901", "1905", "4161"})
_QUOTED = re.compile(r"['`](?P<name>[^'`]+)['`]")
_ROUTINE = re.compile(r"(?P<kind>FUNCTION|PROCEDURE) (?P<name>\S+) does not exist")

#: The error number, and what to make of it; numbers of the MySQL 8.4 and MariaDB error references.
_LACKING = {
    "1044": "its account may not: {message}",
    "1142": "its account may not: {message}",
    "1227": "its account may not: {message}",
    "1419": "its account may not: {message}",
    "1115": "it has no character set {name}",
    "1273": "it has no collation {name}",
    "1286": "it has no storage engine {name}",
    "1128": "it has no function {name}",
    "1298": "it knows no time zone {name}",
    "1290": "it was started with an option that forbids it: {message}",
}


def what_is_lacking(failure: Failure, version: ServerVersion, history: Sequence[str]) -> str | None:
    """What the server lacks, in words that go on from "… is not proved: "; None for the migration's own fault.

    Args:
        history: the texts of the migrations before it.
    """
    words = _LACKING.get(failure.sqlstate or "")
    if words is not None:
        name = _QUOTED.search(failure.message)
        named = words.format(name=name["name"] if name else "of that name", message=failure.message)
        return f"the shadow cannot run it, as {named}"
    if failure.sqlstate in _OF_ONE_PRODUCT and version.product == "MariaDB" and _is_understood(failure):
        return f"MariaDB {version} does not take what MySQL may: {failure.message}"
    return _missing_routine(failure) or _made_by_nobody(failure, history)


def _is_understood(failure: Failure) -> bool:
    """Whether the reader of MySQL's SQL has understood the statement, so that it is none of MariaDB's at most."""
    operations = failure.statement.operations if failure.statement is not None else ()
    return not any(isinstance(operation, Unreadable) for operation in operations)


def _missing_routine(failure: Failure) -> str | None:
    match = _ROUTINE.search(failure.message) if failure.sqlstate == _NO_SUCH_ROUTINE else None
    operations = failure.statement.operations if failure.statement is not None else ()
    if match is None or any(isinstance(operation, DropFunction) for operation in operations):
        return None
    return f"the shadow cannot run it, as it has no {match['kind'].lower()} {match['name']}"


def _made_by_nobody(failure: Failure, history: Sequence[str]) -> str | None:
    """A table that a migration needs and that none before it as much as names: production has it from elsewhere."""
    match = _QUOTED.search(failure.message) if failure.sqlstate == _NO_SUCH_TABLE else None
    # What a way back misses is missing because of its own way up.
    if match is None or failure.script.direction is Direction.DOWN:
        return None
    word = re.compile(rf"\b{re.escape(match['name'])}\b", re.IGNORECASE)
    if any(word.search(text) for text in history):
        return None
    return f"no migration before it makes {match['name']}: give what production has from elsewhere with --setup"
