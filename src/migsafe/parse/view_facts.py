"""CREATE VIEW of the dialects whose column names compare without regard to case."""

from __future__ import annotations

from dataclasses import replace

from migsafe.model.names import QualifiedName
from migsafe.model.operation import CreateView
from migsafe.model.script import Span
from migsafe.parse.cursor import Cursor
from migsafe.parse.queries import read_query


def create_view(
    span: Span,
    view: QualifiedName,
    query: Cursor,
    *,
    or_replace: bool = False,
    if_not_exists: bool = False,
    temporary: bool = False,
    columns: tuple[str, ...] = (),
) -> CreateView:
    """The view, with what its query reads.

    Args:
        query: a cursor on the query's tokens.
        columns: output names that the statement gives; else the query's own, where they can be told.
    """
    facts = read_query(query)
    return CreateView(
        span=span,
        view=view,
        query=facts.text,
        or_replace=or_replace,
        if_not_exists=if_not_exists,
        temporary=temporary,
        reads=facts.reads,
        uses=tuple(dict.fromkeys(replace(use, column=use.column.lower()) for use in facts.uses)),
        star=facts.star,
        understood=facts.understood,
        columns=columns or tuple(column.lower() for column in facts.columns),
    )
