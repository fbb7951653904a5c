"""How much of an existing table a Postgres operation reads or writes under its lock.

Observed on PostgreSQL 18.6 by relfilenode changes and pg_stat_xact_all_tables; manual, ALTER TABLE, "Notes".
"""

from __future__ import annotations

from migsafe.model.catalogue import Catalogue
from migsafe.model.locks import Work
from migsafe.model.names import QualifiedName
from migsafe.model.operation import (
    AddColumn,
    AddConstraint,
    BaseOperation,
    CheckConstraint,
    ClusterTable,
    ColumnDefinition,
    CreateIndex,
    Delete,
    ExclusionConstraint,
    ForeignKey,
    NotNullConstraint,
    PrimaryKey,
    RefreshMaterializedView,
    Reindex,
    SetAccessMethod,
    SetLogged,
    SetNotNull,
    SetTablespace,
    UniqueConstraint,
    Update,
    VacuumTable,
    ValidateConstraint,
)
from migsafe.rules.knowledge.volatility import Volatility, volatility

SERIAL_TYPES = frozenset({"serial", "bigserial", "smallserial"})


def work(operation: BaseOperation, catalogue: Catalogue) -> Work:
    """The heaviest thing that an operation does to the rows of its table; type changes are judged elsewhere."""
    match operation:
        case CreateIndex(if_not_exists=True, name=str() as name) if _is_there(operation.table, name, catalogue):
            return Work.NONE
        case CreateIndex(only=False) | Reindex():
            return Work.INDEX_BUILD
        case AddConstraint():
            return _of_constraint(operation)
        case ValidateConstraint():
            return Work.SCAN
        case SetNotNull():
            return Work.NONE if proved_not_null(operation.table, operation.column, catalogue) else Work.SCAN
        case AddColumn():
            return _of_new_column(operation.definition, catalogue)
        case SetLogged() | SetAccessMethod() | SetTablespace() | ClusterTable() | RefreshMaterializedView():
            return Work.REWRITE
        case VacuumTable(full=True):
            return Work.REWRITE
        case Update(bounded=False) | Delete(bounded=False):
            return Work.SCAN
        case _:
            return Work.NONE


def _is_there(table: QualifiedName, index: str, catalogue: Catalogue) -> bool:
    return catalogue.index_key(catalogue.resolve(table), index) in catalogue.indexes


def proved_not_null(table: QualifiedName, column: str, catalogue: Catalogue) -> bool:
    """Whether Postgres can skip the scan of SET NOT NULL: it is so already, or a validated CHECK says so.

    PostgreSQL 12 and later; manual, ALTER TABLE, "SET NOT NULL".
    """
    found = catalogue.table(table)
    if found is None:
        return False
    known = found.columns.get(column)
    if known is not None and not known.nullable:
        return True
    return any(
        constraint.validated
        and (
            (
                isinstance(definition := constraint.definition, CheckConstraint)
                and column in definition.expression.proves_not_null
            )
            or (isinstance(definition, NotNullConstraint) and definition.column == column)
        )
        for constraint in found.constraints.values()
    )


def rewrites_for_default(definition: ColumnDefinition, catalogue: Catalogue) -> bool:
    """Whether a new column's values must be computed row by row (an unknown function counts as volatile)."""
    if definition.default is None:
        return False
    return volatility(definition.default, catalogue) is not Volatility.CONSTANT


def _of_constraint(operation: AddConstraint) -> Work:
    match operation.constraint:
        case UniqueConstraint(using_index=None) | PrimaryKey(using_index=None) | ExclusionConstraint():
            return Work.INDEX_BUILD
        case CheckConstraint() | NotNullConstraint() | ForeignKey():
            checked = operation.constraint.enforced and not operation.constraint.not_valid
            return Work.SCAN if checked else Work.NONE
        case _:
            return Work.NONE


def _of_new_column(definition: ColumnDefinition, catalogue: Catalogue) -> Work:
    type_name = definition.type.name if definition.type else ""
    domain = catalogue.domain(definition.type) if definition.type else None
    stored = definition.generated is not None and definition.generated.stored
    if type_name in SERIAL_TYPES or definition.identity or stored or (domain is not None and domain.constrained):
        return Work.REWRITE
    if rewrites_for_default(definition, catalogue):
        return Work.REWRITE
    if any(isinstance(constraint, UniqueConstraint | PrimaryKey) for constraint in definition.constraints):
        return Work.INDEX_BUILD
    if any(isinstance(constraint, CheckConstraint) for constraint in definition.constraints):
        return Work.SCAN
    references = any(isinstance(constraint, ForeignKey) for constraint in definition.constraints)
    has_default = definition.default is not None and not definition.default.null
    return Work.SCAN if references and has_default else Work.NONE
