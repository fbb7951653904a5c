"""Postgres' table locks: the eight modes, which of them conflict, and whom that blocks.

Source: PostgreSQL 18 manual, 13.3.1 "Table-Level Locks", table 13.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Literal

from migsafe.model.names import QualifiedName


class LockMode(Enum):
    """A table-level lock mode; the value orders them from weakest to strongest."""

    ACCESS_SHARE = 1
    ROW_SHARE = 2
    ROW_EXCLUSIVE = 3
    SHARE_UPDATE_EXCLUSIVE = 4
    SHARE = 5
    SHARE_ROW_EXCLUSIVE = 6
    EXCLUSIVE = 7
    ACCESS_EXCLUSIVE = 8

    def __str__(self) -> str:
        return self.name.replace("_", " ")

    def __lt__(self, other: LockMode) -> bool:
        return self.value < other.value

    def __le__(self, other: LockMode) -> bool:
        return self.value <= other.value

    @classmethod
    def from_sql(cls, words: str) -> LockMode:
        """Read a mode as `LOCK TABLE … IN <words> MODE` spells it.

        Raises:
            KeyError: when there is no such mode.
        """
        return cls["_".join(words.upper().split())]

    @classmethod
    def from_pg_locks(cls, mode: str) -> LockMode:
        """Read a mode as `pg_locks.mode` spells it, for example `AccessExclusiveLock`.

        Raises:
            KeyError: when there is no such mode.
        """
        return _BY_PG_LOCKS[mode]

    def conflicts_with(self, other: LockMode) -> bool:
        """Whether a session that wants `other` waits for one that holds this mode."""
        return other in _CONFLICTS[self]

    @property
    def blocks_reads(self) -> bool:
        """Whether plain SELECTs wait."""
        return self.conflicts_with(LockMode.ACCESS_SHARE)

    @property
    def blocks_writes(self) -> bool:
        """Whether INSERT, UPDATE and DELETE wait."""
        return self.conflicts_with(LockMode.ROW_EXCLUSIVE)

    @property
    def blocks(self) -> Blocks:
        """Whom of the application's statements this lock keeps waiting."""
        if self.blocks_reads:
            return "reads and writes"
        return "writes" if self.blocks_writes else "nobody"


Blocks = Literal["reads and writes", "writes", "nobody"]

_BY_PG_LOCKS = {"".join(word.capitalize() for word in mode.name.split("_")) + "Lock": mode for mode in LockMode}

_M = LockMode
_CONFLICTS: dict[LockMode, frozenset[LockMode]] = {
    _M.ACCESS_SHARE: frozenset({_M.ACCESS_EXCLUSIVE}),
    _M.ROW_SHARE: frozenset({_M.EXCLUSIVE, _M.ACCESS_EXCLUSIVE}),
    _M.ROW_EXCLUSIVE: frozenset({_M.SHARE, _M.SHARE_ROW_EXCLUSIVE, _M.EXCLUSIVE, _M.ACCESS_EXCLUSIVE}),
    _M.SHARE_UPDATE_EXCLUSIVE: frozenset(
        {_M.SHARE_UPDATE_EXCLUSIVE, _M.SHARE, _M.SHARE_ROW_EXCLUSIVE, _M.EXCLUSIVE, _M.ACCESS_EXCLUSIVE}
    ),
    _M.SHARE: frozenset(
        {_M.ROW_EXCLUSIVE, _M.SHARE_UPDATE_EXCLUSIVE, _M.SHARE_ROW_EXCLUSIVE, _M.EXCLUSIVE, _M.ACCESS_EXCLUSIVE}
    ),
    _M.SHARE_ROW_EXCLUSIVE: frozenset(mode for mode in LockMode if mode.value >= _M.ROW_EXCLUSIVE.value),
    _M.EXCLUSIVE: frozenset(mode for mode in LockMode if mode.value >= _M.ROW_SHARE.value),
    _M.ACCESS_EXCLUSIVE: frozenset(LockMode),
}


class Work(StrEnum):
    """How much of an existing table an operation reads or writes while it holds its lock."""

    NONE = "none"
    SCAN = "scan"
    INDEX_BUILD = "index-build"
    REWRITE = "rewrite"


@dataclass(frozen=True, slots=True)
class LockClaim:
    """A lock on one existing table, and how migsafe knows: predicted from the SQL, or observed on a server."""

    table: QualifiedName
    mode: LockMode
    source: Literal["predicted", "observed"] = "predicted"
