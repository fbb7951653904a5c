"""What the person who moves code from old columns to new ones has to do, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.plan.sql import quoted_list
from migsafe.rules.knowledge.dependents import of_column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migsafe.model.catalogue import Catalogue
    from migsafe.plan.targets import ColumnTarget


def code_steps(target: ColumnTarget, new: Sequence[str], catalogue: Catalogue) -> tuple[str, ...]:
    """Deployments and other work between the steps, where code moves from one column to others."""
    names = quoted_list(new)
    users = sorted({dependent.label for dependent in of_column(catalogue, target.on.table.name, target.name)})
    moved = (f"before the contract: let {', '.join(users)} use {names}",) if users else ()
    return (
        f"after the migrate steps: deploy code that reads and writes {names} and no longer {target}",
        *moved,
        f"before the contract: that code runs everywhere, and nothing that uses {target} can come back",
    )
