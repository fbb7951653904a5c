"""SQL by name: `.sql` files of blocks that start with `-- name --`."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_HEADING = re.compile(r"^-- (?P<name>[a-z][a-z0-9_]*) --$", re.MULTILINE)


def parse(text: str) -> dict[str, str]:
    """Cut a file into its blocks, by name.

    What stands before the first heading is a comment on the file.

    Raises:
        ValueError: when two blocks have one name, or a block is empty.
    """
    _, *pieces = _HEADING.split(text)
    blocks: dict[str, str] = {}
    for name, body in zip(pieces[::2], pieces[1::2], strict=True):
        if name in blocks:
            raise ValueError(f"two queries are called {name}")
        if not body.strip():
            raise ValueError(f"the query {name} is empty")
        blocks[name] = body.strip()
    return blocks


@cache
def load(file: str = "queries.sql") -> Mapping[str, str]:
    """The blocks of one of this package's files, in their order."""
    return parse(resources.files("migsafe.postgres").joinpath(file).read_text(encoding="utf-8"))


def query(name: str, file: str = "queries.sql") -> str:
    """The text of one query.

    Raises:
        KeyError: when the file has no such query.
    """
    return load(file)[name]
