"""What migrations build on a server: all ways up applied to an empty database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from migsafe.errors import EnvironmentFailedError
from migsafe.shadow.execution import is_wrapped, run_script
from migsafe.shadow.lacks import missing_role, what_is_lacking
from migsafe.shadow.server import ThrowawayServer
from migsafe.shadow.snapshot import Snapshot, take_snapshot

if TYPE_CHECKING:
    from migsafe.catalogue.progress import Progress
    from migsafe.catalogue.project import ReadUp
    from migsafe.model.statement import ReadScript
    from migsafe.postgres.connection import Session
    from migsafe.shadow.choice import ShadowServer
    from migsafe.shadow.migration import Failure

_HINT = "migsafe verify shows what fails; --shadow-url names a server that has what is lacking; --static needs none"


def build(server: ShadowServer, database: str, ups: Sequence[ReadUp], progress: Progress | None = None) -> Snapshot:
    """Make a database of migrations, and say what it has.

    Args:
        database: what it is called; it stays on the server.
        progress: called with the number of migrations done and of all.

    Raises:
        EnvironmentFailedError: when the server refuses a migration.
    """
    server.create_database(database)
    with server.connect(database) as session:
        apply_all(session, ups, may_make_roles=isinstance(server, ThrowawayServer), progress=progress)
        return take_snapshot(session)


def apply_all(
    session: Session, ups: Sequence[ReadUp], *, may_make_roles: bool = False, progress: Progress | None = None
) -> None:
    """Apply ways up in their order.

    Args:
        session: in autocommit, on an empty database.
        may_make_roles: roles that migrations name and nobody makes are made: the server is thrown away.
        progress: called with the number of migrations done and of all.

    Raises:
        EnvironmentFailedError: when the server refuses one.
    """
    for done, up in enumerate(ups, 1):
        failure = _apply(session, up.read, may_make_roles=may_make_roles)
        if failure is not None:
            raise EnvironmentFailedError(_sentence(up, failure), hint=_HINT)
        # A tool connects anew for each release: settings and temporary tables of one migration do not reach the next.
        session.execute("discard all")
        if progress is not None:
            progress(done, len(ups))


def _apply(session: Session, read: ReadScript, *, may_make_roles: bool) -> Failure | None:
    while True:
        failure = run_script(session, read)
        role = missing_role(failure) if failure is not None and may_make_roles else None
        if failure is None or role is None:
            return failure
        session.execute_with_names("create role {role}", role=role)
        if failure.statement is not None and not is_wrapped(read):
            # What came before is committed: go on where it stopped.
            read = replace(read, statements=read.statements[read.statements.index(failure.statement) :])


def _sentence(up: ReadUp, failure: Failure) -> str:
    place = up.migration.path
    if failure.statement is not None:
        line, column = failure.script.position(failure.statement.span.start)
        place = f"{failure.script.path}:{line}:{column}"
    lacking = what_is_lacking(failure)
    because = failure.message if lacking is None else f"{failure.message} ({lacking})"
    return f"{place}: the migration {up.migration.id} cannot be applied to the shadow: {because}"
