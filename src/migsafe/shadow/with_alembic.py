"""Migrations that the project's real Alembic runs, in the place of the SQL that was rendered from them.

Alembic commits, and its `env.py` may keep what it has read: connections, settings with the address. So there is one
database by one name for a whole run, and one process; what must be as before is put into the place of that database
again from a copy (`Prover`).
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.errors import EnvironmentFailedError
from migsafe.shadow.migration import Failure
from migsafe.sources.alembic.driven import RealAlembic, StepFailed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migsafe.model.script import MigrationSet
    from migsafe.model.statement import ReadScript, Statement
    from migsafe.postgres.connection import Session
    from migsafe.sources.alembic.driven import Stood

_TOKEN_BYTES = 16
_ELSEWHERE = "Alembic has run, and its table is not in the throw-away database"
_HINT = "let env.py take config's sqlalchemy.url, or name the variable from which it takes it with --url-variable"


def is_of_alembic(layout: MigrationSet) -> bool:
    """Whether a layout has an environment that Alembic runs: SQL that it once wrote has none."""
    scripts = [script for migration in layout.migrations for script in migration.scripts]
    return layout.tool == "alembic" and any(script.rendered for script in scripts)


class AlembicTool:
    """Runs the revisions of one layout on one database."""

    def __init__(self, layout: MigrationSet, *, python: str | None = None, variables: Sequence[str] = ()) -> None:
        """
        Args:
            python: the project's interpreter; found when None.
            variables: environment variables from which `env.py` takes the address.
        """
        self._root = Path(layout.root)
        self._python = python
        self._variables = variables
        self._revisions = {(s.path, s.direction): m.id for m in layout.migrations for s in m.scripts}
        self._real: RealAlembic | None = None
        self._token: str | None = None

    def run(self, session: Session, read: ReadScript) -> Failure | None:
        """Run a direction of a revision, on the database of a session that is in no transaction.

        Raises:
            EnvironmentFailedError: the project's Alembic cannot be run, or means another database.
        """
        real = self._on(session)
        assert self._token is not None, "the database has been marked"
        script = read.script
        outcome = real.step(self._token, script.direction, self._revisions[script.path, script.direction])
        if isinstance(outcome, StepFailed):
            return _as_failure(read, outcome)
        _see(session, outcome)
        return None

    def prepare(self, session: Session) -> None:
        """Have Alembic make its table, and nothing else, on the database of a session.

        Raises:
            EnvironmentFailedError: as for `run`.
        """
        real = self._on(session)
        assert self._token is not None, "the database has been marked"
        _see(session, real.prepare(self._token))

    def leave(self, session: Session) -> None:
        """The database is about to be copied or dropped: a process that stays connected is ended."""
        self._token = None
        if self._real is not None and _others_on(session):
            self._real.close()

    def stop(self) -> None:
        """End it from another thread, where a step fails then."""
        if self._real is not None:
            self._real.stop()

    def close(self) -> None:
        """End the project's interpreter. Closing twice is fine."""
        if self._real is not None:
            self._real.close()

    def _on(self, session: Session) -> RealAlembic:
        if self._real is None:
            self._real = RealAlembic(self._root, session.address, python=self._python, variables=self._variables)
        if self._token is None:
            # A database is not copied with its comment, so that none but this one has it; its owner may write one,
            # where since Postgres 15 only a superuser may give it a setting of another name.
            self._token = secrets.token_hex(_TOKEN_BYTES)
            session.execute_with_names(
                "comment on database {database} is {}", [self._token], database=session.address["dbname"]
            )
        return self._real


def _see(session: Session, stood: Stood) -> None:
    """Prove that the database that was meant is the one that was touched.

    Raises:
        EnvironmentFailedError: it is not.
    """
    names = (stood.schema, stood.table) if stood.schema else (stood.table,)
    ((there,),) = session.query("select to_regclass(%s) is not null", (".".join(map(_quoted, names)),))
    rows = session.query_with_names("select version_num::text from {table}", table=names) if there else []
    if not there or {name for (name,) in rows} != set(stood.heads):
        raise EnvironmentFailedError(_ELSEWHERE, hint=_HINT)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _others_on(session: Session) -> bool:
    rows = session.query(
        "select 1 from pg_catalog.pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
    )
    return bool(rows)


def _as_failure(read: ReadScript, failed: StepFailed) -> Failure:
    statement = None if failed.at_end else _statement_of(read, failed)
    placed = failed.at_end or statement is not None
    line = f" (in line {failed.line})" if not placed and failed.line is not None else ""
    return Failure(read.script, statement, failed.sqlstate, failed.message + line, placed=placed)


def _statement_of(read: ReadScript, failed: StepFailed) -> Statement | None:
    """The rendered statement that stands for the one that failed: the same text, else the same line."""
    sent = _normal(failed.statement or "")
    for statement in read.statements:
        if sent and _normal(statement.text) == sent:
            return statement
    for statement in read.statements:
        if read.script.extent(statement.span)[0].line == failed.line:
            return statement
    return None


def _normal(sql: str) -> str:
    return " ".join(sql.split()).rstrip(" ;").lower()
