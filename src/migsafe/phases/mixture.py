"""Which steps of one migration do not belong together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.model.phase import Nature

if TYPE_CHECKING:
    from migsafe.phases.act import Act, Chapter

#: What adds something for code that is still to come. A view, function or trigger is often made again around a drop.
_FOR_NEW_CODE = frozenset({"add-column", "create-table"})
#: Statements on rows.
_ROWS = frozenset({"update", "delete", "insert", "merge"})


def mixture_of(chapter: Chapter) -> tuple[Act, ...]:
    """The first act of each phase that must not stand in one migration with the others; empty where all may.

    A contract stands alone; rows are not written in bulk beside a change of the schema. Expanding and constraining
    together take the later phase.
    """
    contract = next(iter(chapter.of(Nature.CONTRACT)), None)
    writing = next((act for act in chapter.of(Nature.MIGRATE) if act.operation in _ROWS), None)
    constraining = next(iter(chapter.of(Nature.CONSTRAIN)), None)
    adding = next((act for act in chapter.of(Nature.EXPAND) if act.operation in _FOR_NEW_CODE), None)
    if contract is not None:
        others = [act for act in (adding, writing, constraining) if act is not None]
        return (*others, contract) if others else ()
    schema = adding or constraining
    return (schema, writing) if writing is not None and schema is not None else ()
