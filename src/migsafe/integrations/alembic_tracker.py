"""A hook for Alembic that records each revision as it runs it: `on_version_apply` in `env.py`.

The tracker is in the database that is migrated, so that a revision and what is recorded of it commit together, or not
at all. Where the tracker is elsewhere nothing is recorded here: nobody could know whether Alembic's transaction will be
committed. `migsafe record` says it afterwards.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from migsafe.errors import MigsafeError
from migsafe.integrations.alembic_sql import DIALECTS, first_line
from migsafe.model.phase import Phase
from migsafe.model.state import StepStatus, Target
from migsafe.reporters.neutral import neutral_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alembic.runtime.migration import MigrationContext, MigrationInfo
    from sqlalchemy.engine import Connection

    from migsafe.model.state import TargetName
    from migsafe.tracker.ledger import Ledger
    from migsafe.tracker.store import Store

#: The variable that names the environment, where the tracker is not of one only.
VARIABLE = "MIGSAFE_ENVIRONMENT"
#: Set in the process of the project's tool by the runner.
_RUN_BY_MIGSAFE = "MIGSAFE_RUNS_THIS"
_TARGET = "main"
_SOURCE = "alembic"


def record_version(
    *,
    ctx: MigrationContext,
    step: MigrationInfo,
    environment: str | None = None,
    target: str | None = None,
    strict: bool = False,
    **_: Any,
) -> None:
    """Record a revision that Alembic has just run up or down, on its connection and in its transaction.

    For `context.configure(on_version_apply=migsafe.alembic.record_version)`. What cannot be recorded is one line on the
    standard error, and stops nothing. What `migsafe run` has Alembic run is recorded by the runner, and not here.

    Args:
        environment: `functools.partial` sets it; else the variable MIGSAFE_ENVIRONMENT, else the tracker's only one.
        target: which of its databases this is; its only one when None.
        strict: what cannot be recorded fails, and with it the revision.

    Raises:
        MigsafeError: with `strict`, when it cannot be recorded.
    """
    if ctx.as_sql or ctx.connection is None or _RUN_BY_MIGSAFE in os.environ:
        return
    try:
        # A savepoint: what fails in here leaves the revision's own transaction as it was.
        with ctx.connection.begin_nested():
            _record(ctx.connection, step, environment or os.environ.get(VARIABLE), target)
    except MigsafeError as error:
        if strict:
            raise
        hint = f" ({error.hint})" if error.hint else ""
        _say(f"not recorded: {error.message}{hint}")
    except Exception as error:  # bookkeeping must not stop the migration that it keeps a book of
        if strict:
            raise
        _say(f"not recorded: {first_line(error)}")


def _record(connection: Connection, step: MigrationInfo, environment: str | None, target: str | None) -> None:
    from migsafe.bookkeeping.author import author
    from migsafe.tracker.opening import checked_ledger
    from migsafe.tracker.store import Store

    ledger = checked_ledger(connection, "this database", environment, writing=True)
    store = Store(ledger, author(), datetime.now(UTC), waiting=False)
    where = _where(store, ledger, environment, target)
    for facts, run in _facts(step, where):
        store.record(facts, run)
    store.finish()


def _where(store: Store, ledger: Ledger, environment: str | None, target: str | None) -> TargetName:
    """The database; the tracker's own environment is made known where nobody has spoken of it yet."""
    from migsafe.model.state import Environment
    from migsafe.tracker.place import identity_of

    marker, known = ledger.meta().get("environment"), store.names.environments()
    name = environment or marker or (known[0] if len(known) == 1 else None)
    if name is None:
        raise MigsafeError("nobody has said which environment this is", hint=f"set {VARIABLE}")
    if name not in known and name == marker:
        store.put_environment(Environment(name=name, protected=True))
    store.names.environment(name)
    if not store.names.targets(name):
        dialect = DIALECTS[ledger.connection.dialect.name]
        identity = identity_of(ledger.connection)
        store.put_target(name, Target(name=target or _TARGET, dialect=dialect, identity=identity))
    return store.names.target(name, target)


def _facts(step: MigrationInfo, where: TargetName) -> Iterator[tuple[Any, Any]]:
    """What is said of each revision of a step; a stamp may be of several."""
    from migsafe.tracker.facts import RunFacts, StepFacts

    status = StepStatus.DONE if step.is_upgrade else StepStatus.REVERTED
    reason = "stamped, not run" if step.is_stamp else None
    scripts: Any = step.up_revisions  # Alembic's types allow for a base, which nothing is run for
    for revision in scripts:
        words = vars(revision.module)
        phase = words.get("phase")
        yield (
            StepFacts(
                migration=revision.revision,
                change=_text(words.get("change")),
                phase=Phase(phase) if phase in {one.value for one in Phase} else None,
                release=_text(words.get("release")),
            ),
            RunFacts(where=where, status=status, at=datetime.now(UTC), source=_SOURCE, reason=reason),
        )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _say(text: str) -> None:
    sys.stderr.write(f"migsafe: {neutral_line(text)}\n")
    sys.stderr.flush()
