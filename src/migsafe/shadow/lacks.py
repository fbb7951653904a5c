"""Refusals that are the shadow's fault: it lacks what production has. They say nothing of a migration."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migsafe.shadow.migration import Failure

_MISSING_ROLE = re.compile(r'^role "(?P<name>.*)" does not exist$')
_UNDEFINED_OBJECT = "42704"
_UNDEFINED_TABLE = "42P01"
_MISSING_RELATION = re.compile(r'^relation "(?P<name>.*)" does not exist$')

#: SQLSTATE → how the server's message begins, and what to make of it.
_LACKING = (
    ("0A000", re.compile(r'extension "(?P<name>.*)" is not available'), "it has no extension {name}"),
    ("58P01", re.compile(r'could not open extension control file ".*/(?P<name>[^/]+)\.control"'), "it has no {name}"),
    ("58P01", re.compile(r'could not access file "(?P<name>.*)"'), "it has no library {name}"),
    ("0A000", re.compile(r"ICU is not supported in this build"), "it was built without ICU"),
    ("0A000", re.compile(r"unsupported XML feature"), "it was built without XML"),
    (_UNDEFINED_OBJECT, _MISSING_ROLE, "it has no role {name}"),
    (_UNDEFINED_OBJECT, re.compile(r'tablespace "(?P<name>.*)" does not exist'), "it has no tablespace {name}"),
    (_UNDEFINED_OBJECT, re.compile(r'language "(?P<name>.*)" does not exist'), "it has no language {name}"),
    (_UNDEFINED_OBJECT, re.compile(r'collation "(?P<name>.*)" for encoding'), "it has no collation {name}"),
    ("3D000", re.compile(r'database "(?P<name>.*)" does not exist'), "it has no database {name}"),
    ("42501", re.compile(r"(?P<name>.*)"), "its role may not: {name}"),
)


#: What is there only once an extension is: how the server says that it is not, and whose it is.
_OF_EXTENSIONS = (
    (re.compile(r'operator class "(?:gin|gist)_trgm_ops" does not exist'), "pg_trgm"),
    (re.compile(r"function uuid_generate_v\d\w*\("), "uuid-ossp"),
    (re.compile(r"function (?:digest|hmac|crypt|gen_salt|gen_random_bytes)\("), "pgcrypto"),
    (re.compile(r"function unaccent\("), "unaccent"),
    (re.compile(r'type "(?:\w+\.)?(?P<name>citext|hstore|ltree|vector)(?:\[\])?" does not exist'), "{name}"),
    (re.compile(r'type "(?:\w+\.)?(?:geometry|geography)" does not exist'), "postgis"),
)
_DOES_NOT_EXIST = frozenset({"42704", "42883"})


def missing_role(failure: Failure) -> str | None:
    """The role that a script names and the server lacks."""
    match = _MISSING_ROLE.match(failure.message) if failure.sqlstate == _UNDEFINED_OBJECT else None
    return match["name"] if match else None


def what_is_lacking(failure: Failure) -> str | None:
    """What the server lacks, in words that go on from "… is not proved: "; None for the migration's own fault."""
    for sqlstate, message, words in _LACKING:
        match = message.match(failure.message) if failure.sqlstate == sqlstate else None
        if match:
            return f"the shadow cannot run it, as {words.format(**match.groupdict())}"
    return _expected_extension(failure) if failure.sqlstate in _DOES_NOT_EXIST else None


def made_by_nobody(failure: Failure, history: Sequence[str]) -> str | None:
    """A relation that a migration needs and no migration before it as much as names: production has it from elsewhere.

    Args:
        history: the texts of the migrations before it.
    """
    match = _MISSING_RELATION.match(failure.message) if failure.sqlstate == _UNDEFINED_TABLE else None
    if match is None:
        return None
    name = match["name"].rpartition(".")[2]
    word = re.compile(rf"\b{re.escape(name)}\b", re.IGNORECASE)
    if any(word.search(text) for text in history):
        return None
    return f"no migration before it makes {match['name']}: give what production has from elsewhere with --setup"


def _expected_extension(failure: Failure) -> str | None:
    """An extension that a migration uses and that none before it makes: somebody makes it by hand."""
    for message, extension in _OF_EXTENSIONS:
        match = message.match(failure.message)
        if match:
            name = extension.format(**match.groupdict())
            return f"no migration before it creates the extension {name}, and production seems to have it"
    return None
