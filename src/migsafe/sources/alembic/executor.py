"""Runs in the project's own interpreter: its real Alembic on the database that is meant, one revision at a time.

As `driver.py`, which does the same on a throw-away database and stands below this; what the two pipes carry says
`../executing/child.py`. The job:

    {"config": …, "toml": …, "section": …, "script_location": …, "sys_path": […], "variables": […], "address": {…},
     "x": ["url={url}"]}

Whatever `env.py` does about transactions, there is one for one revision, because `env.py` runs once for each: what it
opens, it ends.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import ModuleType

    from migsafe.sources.alembic import driver
    from migsafe.sources.executing import child
else:

    def _beside(*path: str) -> ModuleType:
        """A file of this package, which the project's interpreter cannot import by name."""
        file = os.path.join(os.path.dirname(os.path.abspath(__file__)), *path)
        spec = importlib.util.spec_from_file_location("migsafe_" + os.path.basename(file)[:-3], file)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    child = _beside(os.pardir, "executing", "child.py")
    driver = _beside("driver.py")

_HINT = (
    "let env.py take config's sqlalchemy.url, or say which variable or which argument of -x gives it the address "
    "(--url-variable, --alembic-x)"
)
_AUTOCOMMIT_HINT = "take isolation_level=AUTOCOMMIT from env.py's engine, and use autocommit_block() where it is needed"
_SCHEMA_OF = (
    "select n.nspname from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace "
    "where c.oid = pg_catalog.to_regclass(NAME)"
)


class Executor(driver.Alembic):
    """One environment on the database that is meant."""

    def __init__(self, job: dict[str, Any], channel: child.Channel) -> None:
        self._channel = channel
        self._sessions = sessions = child.Sessions(channel, _HINT)
        self._work: Step | None = None
        child.announce(job["address"], [], "")

        class Bound(Guard):
            """The one of these sessions."""

            def __init__(self, address: dict[str, str]) -> None:
                super().__init__(address)
                self.sessions = sessions

        super().__init__(job, Bound)
        url = self._url(job)
        self._config.cmd_opts.x = [argument.replace("{url}", url) for argument in job["x"]] or None
        self._patience = contextlib.ExitStack()
        self._listen()

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Do what is asked."""
        self._sessions.renew(request)
        if request["do"] == "stand":
            return self._answered(Look(self._guard, None), "stood")
        work = Step(self._guard, request, child.Statements(self._channel))
        self._work = work
        try:
            answer = self._answered(work, "done")
        finally:
            self._work = None
        answer.get("failed", {})["committed"] = work.statements.committed
        answer.get("done", {})["statements"] = work.statements.count
        return answer

    def _answered(self, work: driver.Work, kind: str) -> dict[str, Any]:
        error: BaseException | None = None
        try:
            self._run(work)
        except (Exception, SystemExit, driver.Refused, child.Refused) as raised:  # env.py may raise anything
            error = raised
        error = self._sessions.refusal or error
        if isinstance(error, (driver.Refused, child.Refused)) and not work.began:
            return _refused(error.answer)
        if error is not None:
            answer = work.failed(error)
            return _refused(answer) if "refused" in answer else answer
        if work.done is None:
            return _refused(
                {"refused": "env.py has run no migrations", "hint": "it must call context.run_migrations()"}
            )
        return {kind: work.done}

    def _run(self, work: driver.Work) -> None:
        from alembic.runtime.environment import EnvironmentContext
        from alembic.script import ScriptDirectory

        if self._scripts is None:
            self._scripts = ScriptDirectory.from_config(self._config)
        work.scripts = self._scripts
        # Whoever only looks makes no table either.
        options = {"dont_mutate": True} if isinstance(work, Look) else {"destination_rev": work.revision}
        with EnvironmentContext(self._config, self._scripts, fn=work, **options):
            self._scripts.run_env()

    def _listen(self) -> None:
        from sqlalchemy import event
        from sqlalchemy.engine import Engine

        event.listen(Engine, "before_cursor_execute", self._before)
        event.listen(Engine, "after_cursor_execute", self._after)
        event.listen(Engine, "handle_error", self._after)
        event.listen(Engine, "commit", self._committed)

    def _before(self, connection: Any, _: Any, statement: str, *__: Any) -> None:
        self._sessions.check_canceled()
        if self._work is not None and self._work.is_running:
            raw = connection.connection
            self._work.statements.tell(statement, alone=bool(getattr(raw, "autocommit", False)))
            self._patience.enter_context(self._sessions.patience(raw, statement))

    def _after(self, *_: Any) -> None:
        self._patience.close()

    def _committed(self, _: Any) -> None:
        if self._work is not None and self._work.is_inside:
            self._work.statements.committed = True


class Guard(driver.Guard):
    """Lets no engine reach another database than the one that is meant, which its connection must prove.

    Names of hosts are not compared: one server has many.
    """

    sessions: child.Sessions

    def check(self, connection: Any) -> None:
        """See that a connection is on the database that is meant; its transaction goes on."""
        self.sessions.prove(connection)

    def _before_connect(self, dialect: Any, *_: Any) -> None:
        if dialect.name != "postgresql":
            self.sessions.refuse(f"it connects to a database of {dialect.name}: nothing was run", _HINT)

    def _after_connect(self, connection: Any, *_: Any) -> None:
        self.sessions.open(connection)


class Look(driver.Work):
    """Sees what is applied, and changes nothing."""

    def __call__(self, heads: Any, context: Any) -> Any:
        """No steps."""
        connection = context.connection.connection
        self._guard.check(connection)
        self.done = {**_place(context, connection), "applied": list(heads)}
        return ()


class Step(driver.Work):
    """Runs one direction of one revision."""

    def __init__(self, guard: driver.Guard, request: dict[str, Any], statements: child.Statements) -> None:
        super().__init__(guard, [request["direction"], request["migration"]])
        self.statements = statements
        self._over = False

    @property
    def is_running(self) -> bool:
        """Whether the revision has begun, and its version row is not yet written."""
        return self._began and not self._over

    @property
    def is_inside(self) -> bool:
        """Whether the revision's own code runs."""
        return self._inside

    def __call__(self, _: Any, context: Any) -> Any:
        """The one step, as Alembic takes it."""
        connection = context.connection.connection
        self._guard.check(connection)
        if getattr(connection, "autocommit", False):
            raise child.Refused("env.py gives Alembic a connection that commits each statement", _AUTOCOMMIT_HINT)
        step = self._step()
        self._began = True
        yield step
        self._over = True
        self.done = {**_place(context, connection), "applied": list(context.get_current_heads())}


def _refused(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer of either kind, as it is expected here."""
    return {"order": False, **answer}


def _place(context: Any, connection: Any) -> dict[str, Any]:
    """Where Alembic's table is; no schema where it is not yet."""
    name = '"' + context.version_table.replace('"', '""') + '"'
    schema = context.version_table_schema or child.first_value(
        connection, _SCHEMA_OF.replace("NAME", "'" + name.replace("'", "''") + "'")
    )
    return {"schema": schema, "table": context.version_table}


def main() -> None:
    """Serve requests until whoever started this ends."""
    # Python puts the executor's folder first, where modules of the project might be looked for.
    del sys.path[0]
    channel = child.Channel()

    def start(job: dict[str, Any]) -> Executor:
        try:
            return Executor(job, channel)
        except driver.Refused as refused:
            raise child.Refused(str(refused), refused.answer["hint"]) from None

    child.serve(channel, start)


if __name__ == "__main__":
    main()
