"""What a schema holds, from information_schema; for MySQL 8.0.16 and MariaDB 10.5 and newer.

Rows come as dictionaries by the views' own column names, since the two products and their versions differ in what they
have besides. Texts are as the server spells them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migsafe.mysql.connection import Session

Row: TypeAlias = "Mapping[str, Any]"

_TABLES = "select * from information_schema.tables where table_schema = %s order by table_name"
_COLUMNS = "select * from information_schema.columns where table_schema = %s order by table_name, ordinal_position"
_INDEXES = (
    "select * from information_schema.statistics where table_schema = %s order by table_name, index_name, seq_in_index"
)
_CONSTRAINTS = (
    "select * from information_schema.table_constraints where table_schema = %s order by table_name, constraint_name"
)
_KEY_COLUMNS = (
    "select * from information_schema.key_column_usage where table_schema = %s and referenced_table_name is not null "
    "order by table_name, constraint_name, ordinal_position"
)
_ACTIONS = "select * from information_schema.referential_constraints where constraint_schema = %s"
_CHECKS = "select * from information_schema.check_constraints where constraint_schema = %s"
_VIEWS = "select * from information_schema.views where table_schema = %s"
_TRIGGERS = (
    "select * from information_schema.triggers where trigger_schema = %s "
    "order by event_object_table, action_timing, event_manipulation, action_order"
)
_ROUTINES = "select * from information_schema.routines where routine_schema = %s order by routine_name"
_PARAMETERS = (
    "select * from information_schema.parameters where specific_schema = %s "
    "order by specific_name, routine_type, ordinal_position"
)
_EVENTS = "select * from information_schema.events where event_schema = %s"
_PARTITIONS = (
    "select * from information_schema.partitions where table_schema = %s and partition_name is not null "
    "order by table_name, partition_ordinal_position, subpartition_ordinal_position"
)


@dataclass(frozen=True, slots=True)
class Schema:
    """All that one schema holds, as rows of the views of information_schema.

    Attributes:
        tables: base tables, views, and MariaDB's sequences.
        indexes: one row for each column of each index.
        key_columns: one row for each column of each foreign key.
        actions: one row for each foreign key.
    """

    tables: list[dict[str, Any]]
    columns: list[dict[str, Any]]
    indexes: list[dict[str, Any]]
    constraints: list[dict[str, Any]]
    key_columns: list[dict[str, Any]]
    actions: list[dict[str, Any]]
    checks: list[dict[str, Any]]
    views: list[dict[str, Any]]
    triggers: list[dict[str, Any]]
    routines: list[dict[str, Any]]
    parameters: list[dict[str, Any]]
    events: list[dict[str, Any]]
    partitions: list[dict[str, Any]]


def read_schema(session: Session, name: str) -> Schema:
    """Read everything of a schema.

    Raises:
        StatementRefusedError: when the server refuses a query.
    """
    queries = (
        _TABLES,
        _COLUMNS,
        _INDEXES,
        _CONSTRAINTS,
        _KEY_COLUMNS,
        _ACTIONS,
        _CHECKS,
        _VIEWS,
        _TRIGGERS,
        _ROUTINES,
        _PARAMETERS,
        _EVENTS,
        _PARTITIONS,
    )
    return Schema(*(session.facts(sql, (name,)) for sql in queries))
