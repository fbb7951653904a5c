"""What exists in a database, as the operations of its migrations leave it."""

from __future__ import annotations

from migsafe.model.catalogue.catalogue import Catalogue
from migsafe.model.catalogue.objects import (
    Column,
    Domain,
    EnumType,
    Function,
    Index,
    Policy,
    Sequence,
    Table,
    TableConstraint,
    Trigger,
    View,
)

__all__ = [
    "Catalogue",
    "Column",
    "Domain",
    "EnumType",
    "Function",
    "Index",
    "Policy",
    "Sequence",
    "Table",
    "TableConstraint",
    "Trigger",
    "View",
]
