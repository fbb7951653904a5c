"""Who still uses a table or column that is about to go: evidence from code, queries and the database."""

from __future__ import annotations

from migsafe.usage.code import Code
from migsafe.usage.find import find_uses

__all__ = ["Code", "find_uses"]
