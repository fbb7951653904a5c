"""Operations on tables as wholes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from migsafe.model.locks import LockMode
from migsafe.model.names import QualifiedName
from migsafe.model.operation.base import BaseOperation, TableOperation
from migsafe.model.operation.values import ColumnDefinition, Constraint, Expression


@dataclass(frozen=True, slots=True)
class PartitionKey:
    """PARTITION BY: how a partitioned table spreads its rows."""

    strategy: str
    text: str


@dataclass(frozen=True, slots=True)
class PartitionBound:
    """FOR VALUES …, or DEFAULT."""

    default: bool
    text: str


@dataclass(frozen=True, slots=True)
class LikeClause:
    """LIKE other INCLUDING …: columns copied from another table; `including` holds upper-case words."""

    table: QualifiedName
    including: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateTable(TableOperation):
    """CREATE TABLE, also PARTITION OF and AS.

    Attributes:
        query: the text of AS SELECT …; the columns are unknown then, or named by `columns` without types.
        reads: tables that the query reads.
    """

    columns: tuple[ColumnDefinition, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    if_not_exists: bool = False
    temporary: bool = False
    unlogged: bool = False
    foreign: bool = False
    partition_of: QualifiedName | None = None
    bound: PartitionBound | None = None
    partition_by: PartitionKey | None = None
    inherits: tuple[QualifiedName, ...] = ()
    likes: tuple[LikeClause, ...] = ()
    query: str | None = None
    reads: tuple[QualifiedName, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DropTable(TableOperation):
    """DROP TABLE, one per table that it names."""

    cascade: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameTable(TableOperation):
    """ALTER TABLE … RENAME TO, RENAME TABLE; `new_name` has a schema only where the dialect moves it too (MySQL)."""

    new_name: QualifiedName


@dataclass(frozen=True, slots=True, kw_only=True)
class TruncateTable(TableOperation):
    """TRUNCATE, one per table that it names."""

    cascade: bool = False
    restart_identity: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SetLogged(TableOperation):
    """SET LOGGED or SET UNLOGGED."""

    logged: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SetTablespace(TableOperation):
    """SET TABLESPACE, of a table, an index, or all of them in a tablespace (`table` names the tablespace then)."""

    tablespace: str
    of_index: bool = False
    all_in_tablespace: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAccessMethod(TableOperation):
    """SET ACCESS METHOD."""

    method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetStorageParameters(TableOperation):
    """SET (…) or RESET (…) of storage parameters, on a table or an index; names are lower case."""

    parameters: tuple[str, ...]
    of_index: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SetReplicaIdentity(TableOperation):
    """REPLICA IDENTITY."""

    identity: Literal["default", "full", "nothing", "index"]
    index: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlterInheritance(TableOperation):
    """INHERIT parent, or NO INHERIT parent."""

    parent: QualifiedName
    attach: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SetRowSecurity(TableOperation):
    """ENABLE, DISABLE, FORCE or NO FORCE ROW LEVEL SECURITY."""

    action: Literal["enable", "disable", "force", "no force"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachPartition(TableOperation):
    """ATTACH PARTITION; `table` is the parent. For ALTER INDEX … ATTACH PARTITION see `AttachIndexPartition`."""

    partition: QualifiedName
    bound: PartitionBound


@dataclass(frozen=True, slots=True, kw_only=True)
class DetachPartition(TableOperation):
    """DETACH PARTITION; `table` is the parent."""

    partition: QualifiedName
    concurrently: bool = False
    finalize: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LockTable(TableOperation):
    """LOCK TABLE, one per table that it names."""

    mode: LockMode
    nowait: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterTable(BaseOperation):
    """CLUSTER; `table` is None for all tables that were clustered before."""

    table: QualifiedName | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VacuumTable(BaseOperation):
    """VACUUM, one per table that it names; `table` is None for the whole database."""

    table: QualifiedName | None
    full: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AlterTableOther(TableOperation):
    """An ALTER TABLE action that is understood and has no hazard of its own, for example OWNER TO.

    Attributes:
        action: its leading words in lower case, for example "owner to", "cluster on", "set statistics".
        metadata_only: changes nothing that a running query can see.
    """

    action: str
    metadata_only: bool = True
    where: Expression | None = None
