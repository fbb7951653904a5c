"""Views and materialized views."""

from __future__ import annotations

from collections.abc import Iterator

from migsafe.model.finding import Category, Severity
from migsafe.model.operation import CreateFunction, CreateView, DropView, RefreshMaterializedView
from migsafe.rules.context import Context
from migsafe.rules.hazard import Hazard
from migsafe.rules.neighbours import comes_back, in_one_statement, is_made_here, locks_of_all
from migsafe.rules.registry import EVERY_DIALECT, rule
from migsafe.rules.wording import LATER_MIGRATION, name_list, recipe


@rule(Category.COMPAT, DropView, dialects=EVERY_DIALECT)
def drop_view(op: DropView, ctx: Context) -> Iterator[Hazard]:
    """A view is dropped.

    Why it hurts: every query of the running release that reads the view fails.
    Do instead: release code that does not read it, and drop it a release later.
    Fine when: the migration makes it again, or gives its name to a table, or made it itself.
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/sql-dropview.html
    """
    gone = [
        other
        for other in in_one_statement(op, ctx)
        if not (ctx.is_new(other.view) or is_made_here(ctx, other.view) or comes_back(ctx, other, other.view))
    ]
    if not gone:
        return
    names = [str(other.view) for other in gone]
    known = any(ctx.catalogue.view(other.view) is not None for other in gone)
    kind = "MATERIALIZED VIEW" if op.materialized else "VIEW"
    yield Hazard(
        message=f"code that reads {name_list(names)} fails from now on",
        severity=None if known or not op.if_exists else Severity.WARNING,
        locks=locks_of_all(gone, ctx),
        instead=recipe(
            f"-- first release code that no longer reads {name_list(names)}",
            LATER_MIGRATION,
            f"DROP {kind} {', '.join(names)};",
        ),
        objects=tuple(names),
    )


@rule(Category.LOCK, RefreshMaterializedView)
def refresh_matview_blocking(op: RefreshMaterializedView, ctx: Context) -> Iterator[Hazard]:
    """A materialized view is refreshed without CONCURRENTLY.

    Why it hurts: ACCESS EXCLUSIVE on the view for as long as its query runs: every reader waits. WITH NO DATA makes it
        unreadable besides.
    Do instead: REFRESH MATERIALIZED VIEW CONCURRENTLY, which needs a unique index on the view, better outside of the
        migration.
    Fine when: the migration itself makes the view.
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/sql-refreshmaterializedview.html
    """
    if op.concurrently or ctx.is_new(op.view):
        return
    has_key = any(index.unique and index.where is None for index in ctx.catalogue.indexes_of(op.view))
    yield Hazard(
        message=f"nobody can read {op.view} until its query is done"
        if op.with_data
        else f"{op.view} cannot be read until it is refreshed again",
        instead=recipe(
            "" if has_key else "-- in a migration that runs outside a transaction:",
            "" if has_key else f"CREATE UNIQUE INDEX CONCURRENTLY ON {op.view} (<its key>);",
            f"REFRESH MATERIALIZED VIEW CONCURRENTLY {op.view};",
        ),
        objects=(str(op.view),),
    )


@rule(Category.COMPAT, CreateView, CreateFunction, severity=Severity.INFO)
def replace_view_function(op: CreateView | CreateFunction, ctx: Context) -> Iterator[Hazard]:
    """A view or function is replaced under running code.

    Why it hurts: the running release gets the new behaviour at once. A view is locked ACCESS EXCLUSIVE for a moment.
    Do instead: give the new behaviour a new name when the running release could not live with it.
    Fine when: nothing of that name was there before.
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/sql-createview.html, sql-createfunction.html
    """
    name = op.view if isinstance(op, CreateView) else op.name
    if not op.or_replace or is_made_here(ctx, name) or not _was_there(op, ctx):
        return
    yield Hazard(message=f"running code gets the new {name} at once", objects=(str(name),))


def _was_there(op: CreateView | CreateFunction, ctx: Context) -> bool:
    if isinstance(op, CreateView):
        return ctx.catalogue.view(op.view) is not None
    return any(
        function.arguments == op.arguments
        for function in ctx.catalogue.functions.get(ctx.catalogue.resolve_function(op.name)) or ()
    )
