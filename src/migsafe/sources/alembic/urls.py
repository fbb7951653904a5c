"""Which database a URL of SQLAlchemy speaks of."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from migsafe.sources.dialects import DIALECT_WORDS

if TYPE_CHECKING:
    from migsafe.model.dialect import Dialect

#: `dialect+driver://`
_SCHEME = re.compile(r"\s*[\"']?(?P<dialect>[A-Za-z0-9_]+)(?:\+\w+)?://")

#: CockroachDB speaks Postgres' SQL to SQLAlchemy too.
_ALSO = {"cockroachdb": "postgresql"}


def dialect_of_url(url: str | None) -> Dialect | None:
    """The dialect of a URL; None for one of another database, and for a template's text such as `driver://`."""
    match = _SCHEME.match(url or "")
    if match is None:
        return None
    name = match["dialect"].lower()
    return DIALECT_WORDS.get(_ALSO.get(name, name))
