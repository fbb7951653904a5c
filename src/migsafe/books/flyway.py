"""Flyway: `flyway_schema_history`, a row for all that it has ever done.

Read from Flyway 11 (`PostgreSQLDatabase.getRawCreateScript`, `JdbcTableSchemaHistory`, `ChecksumCalculator`,
`MigrationInfoServiceImpl`); checksums are compared with those of Java's own CRC32 and `readLine`. The last row of a
version counts. A script that fails in its transaction leaves no row; one that fails outside of one leaves a row without
success. A baseline says that everything up to its version is there already.

The checksum is the CRC-32 of the text without its line breaks, as a signed number; for a repeatable migration, of the
text with its placeholders filled in. The table's name and schema are those of `flyway.table` and `flyway.defaultSchema`
(else the first of `flyway.schemas`, else the current schema), from its configuration files or the environment.
"""

from __future__ import annotations

import os
import re
import zlib
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from migsafe.books.base import Applied, BookError, Outcome
from migsafe.books.place import TableName
from migsafe.books.table import ToolTable
from migsafe.sources.files import Folder
from migsafe.sources.flyway import FILE_NAME, version_key
from migsafe.sources.flyway_config import find_values

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from migsafe.model.script import Migration, Script
    from migsafe.postgres.connection import Session

_DEFAULT = "flyway_schema_history"
_CREATE = (
    "create table {table} (installed_rank int not null, version varchar(50), description varchar(200) not null, "
    "type varchar(20) not null, script varchar(1000) not null, checksum integer, installed_by varchar(100) not null, "
    "installed_on timestamp not null default now(), execution_time integer not null, success boolean not null); "
    "alter table {table} add constraint {key} primary key (installed_rank); "
    "create index {index} on {table} (success)"
)
_INSERT = (
    "insert into {table} (installed_rank, version, description, type, script, checksum, installed_by, execution_time, "
    "success) select coalesce(max(installed_rank), 0) + 1, nullif({}, ''), {}, {}, {}, {}::integer, current_user, "
    "{}::integer, true from {table}"
)
_REPAIR = "delete from {table} where not success and version is not distinct from nullif({}, '') and description = {}"
_LONGEST_DESCRIPTION = 200
_FAILED = "Flyway ran it outside of a transaction, and it failed; flyway repair takes the row away"
_OLDER = "an older text of it has run; Flyway runs it again when it comes by"


class _Row(NamedTuple):
    version: str | None
    description: str
    type: str
    checksum: int | None
    at: datetime | None
    success: bool


@dataclass
class _Told:
    """What the rows come to, one after the other."""

    baseline: tuple[int, ...] | None = None
    baseline_at: datetime | None = None
    versioned: dict[tuple[int, ...], _Row] = field(default_factory=dict)
    repeatable: dict[str, _Row] = field(default_factory=dict)

    def take(self, row: _Row) -> None:
        """Take the next row."""
        if row.version is None:
            self._take_repeatable(row)
        elif row.type in {"BASELINE", "INIT"}:  # INIT is what it was called up to Flyway 3
            self._raise_baseline(row)
        elif row.type == "DELETE" or (row.type.startswith("UNDO") and row.success):
            self.versioned.pop(version_key(row.version), None)
        elif row.type != "SCHEMA":
            self.versioned.pop(version_key(row.version), None)
            self.versioned[version_key(row.version)] = row
            if row.type.endswith("BASELINE") and row.success:
                self._raise_baseline(row)

    def _take_repeatable(self, row: _Row) -> None:
        self.repeatable.pop(row.description, None)
        if row.type not in {"DELETE", "SCHEMA"}:
            self.repeatable[row.description] = row

    def _raise_baseline(self, row: _Row) -> None:
        key = version_key(row.version or "")
        if self.baseline is None or key > self.baseline:
            self.baseline, self.baseline_at = key, row.at


class FlywayBook(ToolTable):
    """Flyway's table."""

    tool = "flyway"
    columns = frozenset({"installed_rank", "version", "description", "type", "script", "checksum", "success"})
    select = (
        "select version::text, description::text, type::text, checksum, installed_on::timestamptz, success "
        "from {table} order by installed_rank"
    )

    def applied(self, session: Session) -> tuple[Applied, ...]:
        """What a baseline covers, then the versioned migrations, then the repeatable ones."""
        told = _Told()
        for row in self._rows(session):
            told.take(_Row(*row))
        return tuple(self._applied(told))

    def _applied(self, told: _Told) -> Iterator[Applied]:
        versioned = {version_key(one.id): one for one in self._layout.migrations if not one.repeatable}
        if told.baseline is not None:
            spelt = ".".join(map(str, told.baseline))
            for key, migration in versioned.items():
                if key <= told.baseline and key not in told.versioned:
                    yield Applied(id=migration.id, at=told.baseline_at, note=f"below the baseline {spelt}")
        for key, row in told.versioned.items():
            yield _read(row, versioned.get(key), row.version or "")
        repeatable = {_description(one): one for one in self._layout.migrations if one.repeatable}
        for description, row in told.repeatable.items():
            yield _read(row, repeatable.get(description), f"R__{description.replace(' ', '_')}")

    def make(self, session: Session) -> None:
        """Make the table, its key and its index."""
        name = self._name.name
        session.execute_with_names(_CREATE, table=self._name.parts, key=f"{name}_pk", index=f"{name}_s_idx")

    def mark_applied(self, session: Session, migration: Migration, *, ran_ms: int) -> None:
        """Append a row; one without success is taken away first, as `flyway repair` does it."""
        version = "" if migration.repeatable else migration.id
        session.execute_with_names(_REPAIR, (version, _description(migration)), table=self._name.parts)
        if migration.up is not None:
            self._append(session, migration, migration.up, ran_ms)

    def mark_reverted(self, session: Session, migration: Migration) -> None:
        """Append the row of its undo migration; where it has none, that by which `flyway repair` says that it is gone.

        Raises:
            BookError: when the table does not have the migration.
        """
        if not any(one.id == migration.id for one in self.applied(session)):
            raise BookError(f"{self.table} does not say that {migration.id} has run")
        if migration.down is not None:
            self._append(session, migration, migration.down, 0)
        elif migration.up is not None:
            self._append(session, migration, migration.up, 0, kind="DELETE")

    def _append(
        self, session: Session, migration: Migration, script: Script, ran_ms: int, *, kind: str | None = None
    ) -> None:
        values = (
            "" if migration.repeatable else migration.id,
            _description(migration, script),
            kind or {"U": "UNDO_SQL", "B": "SQL_BASELINE"}.get(_name(script)[:1], "SQL"),
            _relative(script.path, self._layout.root),
            str(_checksum(_text(migration, script))),
            str(ran_ms),
        )
        session.execute_with_names(_INSERT, values, table=self._name.parts)


def configured_table(root: Path, environ: Mapping[str, str]) -> TableName:
    """The table that Flyway's configuration files and its variables name."""
    values = find_values(Folder(root))
    table = environ.get("FLYWAY_TABLE") or values.get("flyway.table") or _DEFAULT
    default = environ.get("FLYWAY_DEFAULT_SCHEMA") or values.get("flyway.defaultSchema")
    first = (environ.get("FLYWAY_SCHEMAS") or values.get("flyway.schemas") or "").split(",")[0].strip()
    return TableName(table, default or first or None)


def _read(row: _Row, migration: Migration | None, name: str) -> Applied:
    changed = _is_changed(migration, row.checksum)
    older = changed and migration is not None and migration.repeatable
    undone = row.type.startswith("UNDO")
    note = _OLDER if older else None
    if not row.success:
        note = f"its undo migration failed; {_FAILED}" if undone else _FAILED
    return Applied(
        id=migration.id if migration is not None else name,
        known=migration is not None,
        at=row.at,
        checksum=None if row.checksum is None else str(row.checksum),
        outcome=Outcome.DONE if row.success else Outcome.PARTIAL,
        changed=None if undone else changed,
        note=note,
    )


def _is_changed(migration: Migration | None, checksum: int | None) -> bool | None:
    """Whether the file is another one by now; a repeatable one's checksum may be of its text as it is written, too."""
    if migration is None or migration.up is None or checksum is None:
        return None
    same = _checksum(migration.up.source.text) == checksum
    if migration.repeatable and not same:
        return None if migration.up.placeholders else _checksum(migration.up.text) != checksum
    return not same


def _text(migration: Migration, script: Script) -> str:
    return script.text if migration.repeatable and not script.placeholders else script.source.text


def _checksum(text: str) -> int:
    """Of the lines without what parts them; Java's `readLine` parts at line feeds and carriage returns."""
    value = zlib.crc32(re.sub("[\r\n]", "", text.removeprefix("\ufeff")).encode())
    return value - (1 << 32) if value >= 1 << 31 else value


def _description(migration: Migration, script: Script | None = None) -> str:
    """What stands behind the two underscores of the file's name, with blanks for underscores."""
    match = FILE_NAME.match(_name(script or migration.up or migration.down))
    told = match["description"].replace("_", " ") if match is not None else migration.id
    return told if len(told) <= _LONGEST_DESCRIPTION else f"{told[: _LONGEST_DESCRIPTION - 3]}..."


def _name(script: Script | None) -> str:
    return PurePosixPath(script.path).name if script is not None else ""


def _relative(path: str, root: str) -> str:
    """A file as its location sees it."""
    return PurePosixPath(os.path.relpath(path, root).replace(os.sep, "/")).as_posix()
