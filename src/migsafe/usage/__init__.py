"""Who still uses a table or column that is about to go: evidence from code, queries and the database."""

from __future__ import annotations

from migsafe.usage.code import Code
from migsafe.usage.find import find_uses, uses_in
from migsafe.usage.release_code import ReleaseCode
from migsafe.usage.subjects import Wanted

__all__ = ["Code", "ReleaseCode", "Wanted", "find_uses", "uses_in"]
