"""Sqitch: `changes` in the registry `sqitch`, a row per change that is deployed; read only.

Read from Sqitch 1.4 (`lib/App/Sqitch/Engine/pg.sql`), and compared with what Sqitch 1.3.1 has deployed. Several
projects may share a registry. A change that was reworked has a row for each of its deployments, all of one name;
`script_hash` is the SHA-1 of the deploy script (the change's id in registries from before 0.998). The registry's name
is that of `engine.pg.registry`.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from migsafe.books.base import Applied
from migsafe.books.table import ToolTable
from migsafe.sources.files import Folder

if TYPE_CHECKING:
    from migsafe.model.script import Migration
    from migsafe.postgres.connection import Session

_PROJECT = re.compile(r"^%\s*project\s*=\s*(?P<name>\S+)", re.MULTILINE)


class SqitchHistory(ToolTable):
    """Sqitch's table of changes."""

    tool = "sqitch"
    columns = frozenset({"change_id", "change", "project", "committed_at"})
    select = (
        "select change::text, project::text, committed_at, to_jsonb(c) ->> 'script_hash', change_id::text "
        "from {table} c order by committed_at, change_id"
    )

    def applied(self, session: Session) -> tuple[Applied, ...]:
        """The changes that are deployed; the n-th deployment of a name is the n-th change of it in the plan."""
        rows = self._rows(session)
        project = _PROJECT.search(Folder(Path(self._layout.root)).text("sqitch.plan"))
        waiting: dict[str, list[Migration]] = defaultdict(list)
        for migration in self._layout.migrations:
            waiting[migration.id.partition("@")[0]].append(migration)
        return tuple(_read(row, waiting[row[0]]) for row in rows if project is None or row[1] == project["name"])


def _read(row: tuple[Any, ...], waiting: list[Migration]) -> Applied:
    name, _, at, script_hash, change_id = row
    migration = waiting.pop(0) if waiting else None
    text = migration.up.source.text if migration is not None and migration.up is not None else None
    unknown = text is None or script_hash in {None, change_id}
    return Applied(
        id=migration.id if migration is not None else name,
        known=migration is not None,
        at=at,
        checksum=script_hash,
        changed=None if unknown else hashlib.sha1(str(text).encode(), usedforsecurity=False).hexdigest() != script_hash,
    )
