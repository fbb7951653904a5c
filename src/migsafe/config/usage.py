"""Where a project's code stands, and what else says who uses a table or column: `[tool.migsafe.usage]`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from migsafe.config import values


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageSettings:
    """How "nobody uses it" is looked for; every field has a default.

    Attributes:
        code: folders and files, or patterns of them, in which the application's code stands, as seen from the
            repository's root; the whole repository when empty, without what nobody writes by hand.
        exclude: folders, files and patterns that are not looked at.
        statements: exports of `pg_stat_statements`, CSV or JSON: of each server the latest, or the first and the last
            of a time in which the new release was out everywhere.
        nodes: what the exports call the servers, all of them; what the primary says of its replicas when empty.
    """

    code: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    statements: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()


#: Which reader turns a key of the table `usage` into what `UsageSettings` holds.
READERS: Mapping[str, Callable[[object], Any]] = MappingProxyType(
    {"code": values.texts, "exclude": values.texts, "statements": values.texts, "nodes": values.texts}
)
