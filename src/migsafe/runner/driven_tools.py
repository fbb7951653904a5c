"""Alembic and Django as the runner uses them: a process of the project's, and a witness of migsafe's own beside it."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.errors import MigsafeError
from migsafe.model.script import Direction
from migsafe.postgres.connection import APPLICATION_NAME, Timeouts
from migsafe.runner.tools import Left, ToolFailure, ToolRun, left_by, says_it_commits
from migsafe.runner.witness import Witness
from migsafe.sources.executing.process import NotNextError, ToolDiedError, ToolProcess
from migsafe.sources.executing.values import Sent, StepFailed, Stood

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from migsafe.config import Config
    from migsafe.model.script import Migration, MigrationSet
    from migsafe.runner.tools import ToolSettings


class _DrivenTool(ABC):
    """What both tools have in common: a process of the project's, and a witness beside it."""

    def __init__(self, layout: MigrationSet, dsn: str, config: Config, settings: ToolSettings) -> None:
        self._layout = layout
        self._config = config
        self._settings = settings
        self._witness = Witness(dsn)
        self._process: ToolProcess | None = None

    @property
    def backend(self) -> int | None:
        """See `ProjectTool`."""
        return self._process.backend if self._process is not None else None

    def applied(self) -> frozenset[str]:
        """See `ProjectTool`."""
        return self._applied(self._stood())

    def run(
        self,
        direction: Direction,
        migration: Migration,
        *,
        timeouts: Timeouts = Timeouts(),  # noqa: B008 - a frozen value
        last_look: Callable[[], object] = lambda: None,
        on_statement: Callable[[Sent], object] | None = None,
    ) -> ToolRun | ToolFailure:
        """See `ProjectTool`."""
        process = self._started()
        self._check_next(direction, migration, self.applied())
        began = time.monotonic()
        try:
            with self._redacted():
                proof, rules = self._witness.proof(), rules_of(timeouts)
                last_look()
                outcome = process.run(direction, migration.id, proof=proof, rules=rules, on_statement=on_statement)
        except ToolDiedError as died:
            return self._after_death(direction, migration, died, _ms_since(began))
        took_ms = _ms_since(began)
        if isinstance(outcome, StepFailed):
            return self._failure(direction, migration, outcome, took_ms)
        if not self._is_committed(direction, migration, outcome):
            return self._failure(direction, migration, _NOT_COMMITTED, took_ms)
        return ToolRun(took_ms, outcome.statements, self._output())

    def cancel(self) -> None:
        """See `ProjectTool`."""
        if self._process is not None:
            self._process.cancel()

    def close(self) -> None:
        """See `ProjectTool`."""
        if self._process is not None:
            self._process.close()
        self._witness.close()

    def _started(self) -> ToolProcess:
        if self._process is None:
            self._process = self._make(self._witness.session.address)
        if not self._process.is_running:
            # What an earlier run, which was killed, has left on the server would make everything else untrue.
            self._witness.wait_until_alone()
        return self._process

    def _stood(self) -> Stood:
        process = self._started()
        with self._redacted():
            return process.stand(self._witness.proof(), rules_of(Timeouts()))

    @contextmanager
    def _redacted(self) -> Iterator[None]:
        """Refusals without the address's password; what a tool says of an address that it cannot use may have it."""
        try:
            yield
        except MigsafeError as error:
            error.message = self._witness.redact(error.message)
            error.hint = self._witness.redact(error.hint) if error.hint else None
            error.args = (error.message,)
            raise

    def _is_committed(self, direction: Direction, migration: Migration, stood: Stood) -> bool:
        """Whether another connection sees what the tool says; asked anew where migsafe's role may not look."""
        there = self._committed_rows(stood)
        applied = self.applied() if there is None else self._applied(Stood(stood.schema, stood.table, tuple(there)))
        return (migration.id in applied) is (direction is Direction.UP)

    def _failure(self, direction: Direction, migration: Migration, failed: StepFailed, took_ms: int) -> ToolFailure:
        output = self._output()
        return ToolFailure(
            took_ms,
            self._witness.redact(failed.message),
            failed.sqlstate,
            failed.statement,
            failed.line,
            failed.at_end,
            self._left(direction, migration, committed=failed.committed),
            not says_it_commits(migration, direction),
            output,
        )

    def _left(self, direction: Direction, migration: Migration, *, committed: bool) -> Left:
        if (migration.id in self.applied()) is (direction is Direction.UP):
            return Left.ALL
        return Left.UNKNOWN if committed else Left.NOTHING

    def _after_death(
        self, direction: Direction, migration: Migration, died: ToolDiedError, took_ms: int
    ) -> ToolFailure:
        left = left_by(migration, direction, self.applied())
        whole = left is Left.NOTHING
        message = self._witness.redact(died.message)
        return ToolFailure(took_ms, message, None, None, None, at_end=False, left=left, whole=whole, output="")

    def _output(self) -> str:
        return self._witness.redact(self._process.output()) if self._process is not None else ""

    @abstractmethod
    def _make(self, address: dict[str, str]) -> ToolProcess:
        """The project's process, told of an address; it is not started yet."""

    @abstractmethod
    def _applied(self, stood: Stood) -> frozenset[str]:
        """The migrations that are applied where the tool's table stands so."""

    @abstractmethod
    def _committed_rows(self, stood: Stood) -> list[str] | None:
        """The rows of the tool's table as another connection sees them; None where migsafe's role may not look."""

    def _check_next(self, direction: Direction, migration: Migration, applied: frozenset[str]) -> None:
        if (migration.id in applied) is (direction is Direction.UP):
            raise NotNextError(f"{migration.id} is {'applied already' if direction is Direction.UP else 'not applied'}")


class AlembicTool(_DrivenTool):
    """The project's Alembic."""

    def _make(self, address: dict[str, str]) -> ToolProcess:
        from migsafe.sources.alembic.running import alembic_process

        return alembic_process(
            Path(self._layout.root),
            address,
            python=self._config.python,
            variables=self._settings.variables,
            arguments=self._settings.arguments,
        )

    def _applied(self, stood: Stood) -> frozenset[str]:
        from migsafe.sources.alembic.running import applied_by_heads

        return applied_by_heads(stood.applied, self._layout.migrations)

    def _committed_rows(self, stood: Stood) -> list[str] | None:
        if stood.schema is None:
            return []
        return self._witness.rows("select version_num::text from {table}", stood.schema, stood.table)

    def _check_next(self, direction: Direction, migration: Migration, applied: frozenset[str]) -> None:
        super()._check_next(direction, migration, applied)
        if direction is Direction.UP:
            missing = [name for name in migration.needs if name not in applied]
            if missing:
                raise NotNextError(f"{migration.id} needs {', '.join(missing)}, which this database does not have")
            return
        above = [one.id for one in self._layout.migrations if one.id in applied and migration.id in one.needs]
        if above:
            raise NotNextError(f"{migration.id} cannot be taken back before {', '.join(above)}, which needs it")


class DjangoTool(_DrivenTool):
    """The project's Django; what a migration needs is judged by Django's own plan."""

    def _make(self, address: dict[str, str]) -> ToolProcess:
        from migsafe.sources.django.running import django_process

        return django_process(
            Path(self._layout.root),
            address,
            python=self._config.python,
            manage=self._config.manage,
            settings=self._config.settings,
            variables=self._settings.variables,
            database=self._settings.database,
        )

    def _applied(self, stood: Stood) -> frozenset[str]:
        return frozenset(stood.applied)

    def _committed_rows(self, stood: Stood) -> list[str] | None:
        if stood.schema is None:
            return []
        return self._witness.rows("select app || '.' || name from {table}", stood.schema, stood.table)


def rules_of(timeouts: Timeouts) -> str:
    """A statement that sets what a tool's session is run by; whole numbers and constants only."""
    settings = {
        "application_name": APPLICATION_NAME,
        "row_security": "off",
        "lock_timeout": f"{int(timeouts.lock)}ms",
        "statement_timeout": f"{int(timeouts.statement)}ms",
    }
    return "select " + ", ".join(
        f"pg_catalog.set_config('{name}', '{value}', false)" for name, value in settings.items()
    )


_NOT_COMMITTED = StepFailed(
    "the tool has run it, and has not committed it: env.py must run migrations in context.begin_transaction()",
    None,
    None,
    None,
    at_end=True,
    committed=False,
)


def _ms_since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
