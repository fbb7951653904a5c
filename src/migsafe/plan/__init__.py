"""Plans: how a change is made in steps beside code that runs. A file for each kind; this list is all that finds it."""

from __future__ import annotations

from migsafe.plan import (
    add_column,
    add_foreign_key,
    add_unique,
    change_enum,
    change_type,
    drop_column,
    drop_table,
    move_column,
    partition_table,
    rename_column,
    rename_table,
    set_not_null,
    split_column,
    widen_key,
)
from migsafe.plan.recipe import RECIPES

#: The modules of the recipes.
MODULES = (
    add_column,
    add_foreign_key,
    add_unique,
    change_enum,
    change_type,
    drop_column,
    drop_table,
    move_column,
    partition_table,
    rename_column,
    rename_table,
    set_not_null,
    split_column,
    widen_key,
)

__all__ = ["MODULES", "RECIPES"]
