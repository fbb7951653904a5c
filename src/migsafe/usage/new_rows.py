"""Whether a mapped column of SQLAlchemy gets a value in every new row; by its declaration's syntax."""

from __future__ import annotations

import ast
import re

from migsafe.model.usage import Giving
from migsafe.usage.classes import keyword

#: What the program itself puts into a row that lacks the value.
_DEFAULTS = ("default", "insert_default", "default_factory")
_OPTIONAL = re.compile(r"\bNone\b|\bOptional\b")


def giving_of(value: ast.expr | None, annotation: str) -> Giving:
    """What a declaration does to new rows (SQLAlchemy 2.0, "Table Configuration with Declarative": `nullable` comes
    from the annotation where nothing else says it; "Column INSERT/UPDATE Defaults").

    Args:
        value: the call that declares the column, or what else is assigned.
        annotation: the attribute's type as it is written, where that has a say.
    """
    if isinstance(value, ast.Call):
        if any(_says(keyword(value, name)) for name in _DEFAULTS):
            return Giving.GIVES
        if keyword(value, "server_default") is not None or keyword(value, "server_onupdate") is not None:
            return Giving.MAY_LEAVE_OUT
        nullable = keyword(value, "nullable")
        if nullable is not None:
            return _where(isinstance(nullable, ast.Constant) and nullable.value is False)
        primary = keyword(value, "primary_key")
        if isinstance(primary, ast.Constant) and primary.value is True:
            return Giving.GIVES
    elif _says(value):
        return Giving.GIVES
    return _where(bool(annotation) and _OPTIONAL.search(annotation) is None)


def _says(value: ast.expr | None) -> bool:
    """Whether a default is given; None is none."""
    return value is not None and not (isinstance(value, ast.Constant) and value.value in (None, ...))


def _where(always: bool) -> Giving:
    return Giving.GIVES if always else Giving.MAY_LEAVE_OUT
