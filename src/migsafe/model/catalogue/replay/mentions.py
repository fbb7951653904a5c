"""Which columns constraints, indexes and expressions speak of, and the same under another name."""

from __future__ import annotations

from dataclasses import replace

from migsafe.model.catalogue.objects import Column, Index
from migsafe.model.names import QualifiedName
from migsafe.model.operation import (
    CheckConstraint,
    Constraint,
    ExclusionConstraint,
    Expression,
    ForeignKey,
    IndexElement,
    NotNullConstraint,
)


def constraint_columns(constraint: Constraint) -> frozenset[str]:
    """Every column of its own table that a constraint depends on."""
    match constraint:
        case CheckConstraint():
            return frozenset(constraint.expression.columns)
        case NotNullConstraint():
            return frozenset((constraint.column,))
        case ExclusionConstraint():
            where = constraint.where.columns if constraint.where is not None else ()
            return frozenset(where).union(*(_element_columns(element) for element in constraint.elements))
        case ForeignKey():
            return frozenset(constraint.columns)
        case _:
            return frozenset((*constraint.columns, *constraint.include))


def rename_in_constraint(constraint: Constraint, old: str, new: str) -> Constraint:
    """The constraint after a column of its own table got another name."""
    match constraint:
        case CheckConstraint():
            return replace(constraint, expression=rename_in_expression(constraint.expression, old, new))
        case NotNullConstraint():
            return replace(constraint, column=new) if constraint.column == old else constraint
        case ExclusionConstraint():
            elements = tuple(_rename_in_element(element, old, new) for element in constraint.elements)
            where = constraint.where and rename_in_expression(constraint.where, old, new)
            return replace(constraint, elements=elements, where=where)
        case ForeignKey():
            return replace(constraint, columns=renamed_in(constraint.columns, old, new))
        case _:
            columns, include = renamed_in(constraint.columns, old, new), renamed_in(constraint.include, old, new)
            return replace(constraint, columns=columns, include=include)


def rename_referenced(constraint: Constraint, table: QualifiedName, old: str, new: str) -> Constraint:
    """The constraint after a column of the table that it references got another name."""
    if not isinstance(constraint, ForeignKey) or constraint.referenced_table != table:
        return constraint
    return replace(constraint, referenced_columns=renamed_in(constraint.referenced_columns, old, new))


def rename_in_index(index: Index, old: str, new: str) -> Index:
    """The index after a column of its table got another name."""
    return replace(
        index,
        elements=tuple(_rename_in_element(element, old, new) for element in index.elements),
        include=renamed_in(index.include, old, new),
        where=index.where and rename_in_expression(index.where, old, new),
    )


def rename_in_generated(column: Column, old: str, new: str) -> Column:
    """The column after a column that it is computed from got another name."""
    if column.generated is None:
        return column
    expression = rename_in_expression(column.generated.expression, old, new)
    return replace(column, generated=replace(column.generated, expression=expression))


def rename_in_expression(expression: Expression, old: str, new: str) -> Expression:
    """The expression's facts under the new name; its text stays as it was written."""
    if old not in expression.columns and old not in expression.proves_not_null:
        return expression
    return replace(
        expression,
        columns=renamed_in(expression.columns, old, new),
        proves_not_null=frozenset(renamed_in(tuple(expression.proves_not_null), old, new)),
    )


def renamed_in(names: tuple[str, ...], old: str, new: str) -> tuple[str, ...]:
    """Names with one of them replaced."""
    return tuple(new if name == old else name for name in names) if old in names else names


def _element_columns(element: IndexElement) -> frozenset[str]:
    if element.expression is not None:
        return frozenset(element.expression.columns)
    return frozenset(() if element.column is None else (element.column,))


def _rename_in_element(element: IndexElement, old: str, new: str) -> IndexElement:
    if element.expression is not None:
        return replace(element, expression=rename_in_expression(element.expression, old, new))
    return replace(element, column=new) if element.column == old else element
