"""The name that each dialect makes up for a constraint."""

from __future__ import annotations

from migsafe.model.catalogue import naming
from migsafe.model.catalogue.catalogue import Catalogue
from migsafe.model.catalogue.objects import Table
from migsafe.model.dialect import Dialect
from migsafe.model.operation import (
    CheckConstraint,
    Constraint,
    ExclusionConstraint,
    ForeignKey,
    NotNullConstraint,
    PrimaryKey,
    UniqueConstraint,
)


def constraint_name(catalogue: Catalogue, table: Table, constraint: Constraint) -> str:
    """The name of a constraint for which the SQL gives none."""
    match catalogue.dialect:
        case Dialect.POSTGRES:
            return _postgres_name(catalogue, table, constraint)
        case Dialect.MYSQL:
            return _mysql_name(catalogue, table, constraint)
        case Dialect.SQLITE:
            return _sqlite_name(catalogue, table, constraint)


def _postgres_name(catalogue: Catalogue, table: Table, constraint: Constraint) -> str:
    match constraint:
        case PrimaryKey():
            return naming.choose_relation_name(catalogue, table.name, None, "pkey", constraint=True)
        case UniqueConstraint():
            columns = naming.index_column_names((), (*constraint.columns, *constraint.include))
            return naming.choose_relation_name(
                catalogue, table.name, naming.join_columns(columns), "key", constraint=True
            )
        case ExclusionConstraint():
            columns = naming.index_column_names(constraint.elements)
            return naming.choose_relation_name(
                catalogue, table.name, naming.join_columns(columns), "excl", constraint=True
            )
        case ForeignKey():
            middle = naming.join_columns(constraint.columns)
            return naming.choose_constraint_name(catalogue, table.name, middle, "fkey")
        case NotNullConstraint():
            return naming.choose_constraint_name(catalogue, table.name, constraint.column, "not_null")
        case CheckConstraint():
            # Only a check that reads exactly one column is named after it (AddRelationNewConstraints).
            distinct = tuple(dict.fromkeys(constraint.expression.columns))
            only = distinct[0] if len(distinct) == 1 else None
            return naming.choose_constraint_name(catalogue, table.name, only, "check")


def _mysql_name(catalogue: Catalogue, table: Table, constraint: Constraint) -> str:
    match constraint:
        case PrimaryKey():
            return "PRIMARY"
        case UniqueConstraint():
            return naming.mysql_index_name(catalogue, table.name, constraint.columns)
        case ForeignKey():
            return naming.mysql_constraint_name(table, "ibfk")
        case _:
            return naming.mysql_constraint_name(table, "chk")


def _sqlite_name(catalogue: Catalogue, table: Table, constraint: Constraint) -> str:
    if isinstance(constraint, PrimaryKey | UniqueConstraint):
        return naming.sqlite_index_name(catalogue, table.name)
    return naming.sqlite_constraint_name(table, "foreign key" if isinstance(constraint, ForeignKey) else "check")
