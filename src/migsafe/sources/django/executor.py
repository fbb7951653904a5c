"""Runs in the project's own interpreter: its `migrate` on the database that is meant, one migration at a time.

What the two pipes carry says `../executing/child.py`. The job:

    {"manage": "/project/manage.py" or null, "settings": null, "sys_path": [], "variables": ["DATABASE_URL"],
     "address": {…}, "url": "postgresql://…", "database": "default"}

Two things are other than with `manage.py migrate`. `migrate` is only run where its own plan is exactly the migration
that is meant. And a migration that is atomic is one transaction with its row in django_migrations: Django writes that
row after the transaction where a migration has deferred SQL, and on every way back, so that a kill between the two
would leave a migration that is there and is not recorded (Django 5.2, `MigrationExecutor.apply_migration`).
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import ModuleType

    from migsafe.sources.django import driver
    from migsafe.sources.executing import child
else:

    def _beside(*path: str) -> ModuleType:
        """A file of this package, which the project's interpreter cannot import by name."""
        file = os.path.join(os.path.dirname(os.path.abspath(__file__)), *path)
        spec = importlib.util.spec_from_file_location("migsafe_" + os.path.basename(file)[:-3], file)
        module = importlib.util.module_from_spec(spec)
        # Its named tuples and dataclasses look themselves up there.
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
        return module

    child = _beside(os.pardir, "executing", "child.py")
    driver = _beside("driver.py")

_HINT = "name another database of the settings with --django-database"
_OTHER_HINT = "only one database is migrated at a time: let the migration use schema_editor.connection.alias"
#: Django's own, around whatever may fail.
_SAVEPOINTS = re.compile(r"(?:SAVEPOINT|RELEASE SAVEPOINT|ROLLBACK TO SAVEPOINT) ")
_TABLE = "django_migrations"
_SCHEMA = (
    "select n.nspname from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace "
    "where c.oid = pg_catalog.to_regclass('django_migrations')"
)


class Executor:
    """One database of a project's settings."""

    def __init__(self, job: dict[str, Any], channel: child.Channel) -> None:
        self._channel = channel
        self._sessions = child.Sessions(channel, _HINT)
        self._alias: str = job["database"]
        child.announce(job["address"], job["variables"], job["url"])
        _bring_up(job)
        import django
        from django.db import connections

        self.version: str = django.get_version()
        if self._alias not in connections:
            known = ", ".join(sorted(connections))
            raise child.Refused(f'the settings have no database "{self._alias}"; they have {known}', _HINT)
        self._connection = connections[self._alias]
        if self._connection.vendor != "postgresql":
            raise child.Refused(f'the database "{self._alias}" of the settings is {self._connection.vendor}', _HINT)
        _point(self._connection.settings_dict, job["address"])
        self._watch_connections()
        self._step: Step | None = None
        self._watch_executor()

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Do what is asked."""
        self._sessions.renew(request)
        step = None if request["do"] == "stand" else Step(request, child.Statements(self._channel))
        self._step = step
        error: BaseException | None = None
        answer: dict[str, Any] = {}
        try:
            self._connection.close()  # each request has a connection of its own, which is proved
            answer = {"stood": self._stood()} if step is None else {"done": self._run(step)}
        except (Exception, SystemExit, child.Refused) as raised:  # the project's code may raise anything
            error = raised
        finally:
            self._step = None
        error = self._sessions.refusal or error
        if isinstance(error, child.Refused) and (step is None or not step.began):
            return error.answer
        return answer if error is None else self._failed(error, step)

    def _stood(self) -> dict[str, Any]:
        from django.db.migrations.loader import MigrationLoader

        self._connection.ensure_connection()
        loader = MigrationLoader(self._connection)
        applied = sorted(f"{app}.{name}" for app, name in loader.applied_migrations)
        return {"schema": child.first_value(self._connection.connection, _SCHEMA), "table": _TABLE, "applied": applied}

    def _run(self, step: Step) -> dict[str, Any]:
        from django.core.management import call_command

        app, name = self._destination(step)
        with self._connection.execute_wrapper(self._tell):
            call_command("migrate", app, name or "zero", database=self._alias, interactive=False, no_color=True)
        if not step.ended:
            raise child.Refused("the project's own migrate command has run nothing")
        return {**self._stood(), "statements": step.statements.count}

    def _destination(self, step: Step) -> tuple[str, str | None]:
        """What `migrate` is called with, so that it runs this migration and no other."""
        from django.db.migrations.executor import MigrationExecutor

        executor = MigrationExecutor(self._connection)
        executor.loader.check_consistent_history(self._connection)
        if step.key not in executor.loader.graph.nodes:
            raise child.Refused(
                f"{step.shown} is not in Django's graph of migrations on this database",
                "where a squashed migration stands for some that are only partly applied, apply the rest of them first",
            )
        plans = [(target, self._plan(executor, target)) for target in _targets(executor.loader.graph, step)]
        for target, plan in plans:
            if plan == [(step.key, not step.forward)]:
                return target
        raise _not_alone(step, plans[0][1])

    def _plan(self, executor: Any, target: tuple[str, str | None]) -> list[tuple[tuple[str, str], bool]]:
        plan = executor.migration_plan([target])
        return [((migration.app_label, migration.name), backward) for migration, backward in plan]

    def _tell(self, execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        self._sessions.check_canceled()
        step = self._step
        if step is None or not step.running:
            return execute(sql, params, many, context)
        text = driver.composed(sql, "postgresql")
        if _SAVEPOINTS.match(text) is None:
            step.statements.tell(text, alone=not self._connection.in_atomic_block)
        with self._sessions.patience(self._connection.connection, text):
            return execute(sql, params, many, context)

    def _failed(self, error: BaseException, step: Step | None) -> dict[str, Any]:
        if step is None or not step.began:
            return child.Refused(f"the project fails before a migration: {child.first_line(error)}").answer
        original = error.__cause__ or error
        sqlstate = getattr(original, "sqlstate", None) or getattr(original, "pgcode", None)
        said = getattr(getattr(original, "diag", None), "message_primary", None)
        return {
            "failed": {
                "message": said or child.first_line(error),
                "sqlstate": sqlstate,
                "statement": step.statements.last if sqlstate else None,
                "line": None if step.ended else child.line_in(error, step.path) or step.line,
                "at_end": step.ended or step.line is None,
                "committed": step.statements.committed,
            }
        }

    def _watch_connections(self) -> None:
        """Nothing but this database is connected to, and that only after it has proved itself."""
        from django.db.backends.base.base import BaseDatabaseWrapper

        sessions, alias = self._sessions, self._alias
        connect = BaseDatabaseWrapper.connect
        wrapper = type(self._connection)
        make = wrapper.get_new_connection

        def guarded(self: Any) -> None:
            if self.alias != alias:
                sessions.refuse(f'the database "{self.alias}" is used too: nothing was run there', _OTHER_HINT)
            connect(self)

        def proved(self: Any, parameters: Any) -> Any:
            connection = make(self, parameters)
            sessions.open(connection)
            return connection

        setattr(BaseDatabaseWrapper, connect.__name__, guarded)
        setattr(wrapper, make.__name__, proved)

    def _watch_executor(self) -> None:
        """See where a migration begins and ends, and put it into one transaction with its row."""
        from django.db.migrations.executor import MigrationExecutor

        for name in ("apply_migration", "unapply_migration"):
            setattr(MigrationExecutor, name, self._watched(getattr(MigrationExecutor, name)))

    def _watched(self, original: Callable[..., Any]) -> Callable[..., Any]:
        from django.db import transaction

        def watched(executor: Any, state: Any, migration: Any, *arguments: Any, **named: Any) -> Any:
            step = self._step
            if step is None or (migration.app_label, migration.name) != step.key:
                raise child.Refused(f"migrate would run {migration.app_label}.{migration.name} too")
            step.begin(migration)
            whole = transaction.atomic(self._alias) if migration.atomic else contextlib.nullcontext()
            try:
                with whole:
                    result = original(executor, state, migration, *arguments, **named)
            finally:
                step.running = False
            step.ended = True
            return result

        return watched


class Step:
    """One direction of one migration, and how far it has come.

    Attributes:
        line: of the operation that runs; None between operations.
        running: between its first statement and the row in Django's table.
        ended: all of it is behind us.
    """

    def __init__(self, request: dict[str, Any], statements: child.Statements) -> None:
        self.shown: str = request["migration"]
        app, _, name = self.shown.partition(".")
        self.key = (app, name)
        self.forward = request["direction"] == "up"
        self.statements = statements
        self.path = ""
        self.line: int | None = None
        self.began = self.running = self.ended = False

    def begin(self, migration: Any) -> None:
        """Django is about to run it."""
        self.began = self.running = True
        module = sys.modules.get(type(migration).__module__)
        self.path = os.path.abspath(getattr(module, "__file__", None) or "")
        places = driver.MigrationFile(self.path).operation_places(migration.operations)
        for operation in migration.operations:
            if id(operation) in places:
                self._watch(operation, places[id(operation)].line)

    def _watch(self, operation: Any, line: int) -> None:
        for name in ("database_forwards", "database_backwards"):
            setattr(operation, name, self._noting(getattr(operation, name), line))

    def _noting(self, original: Callable[..., Any], line: int) -> Callable[..., Any]:
        def noting(*arguments: Any, **named: Any) -> Any:
            self.line = line
            original(*arguments, **named)
            self.line = None

        return noting


def _bring_up(job: dict[str, Any]) -> None:
    """The project, as its `manage.py` brings it up."""
    try:
        import django
    except ImportError as error:
        raise child.Refused(
            f"{sys.executable} cannot import it: {error}", "name the project's interpreter with --python"
        ) from error
    manage = job["manage"]
    sys.path[:0] = [os.path.dirname(manage) if manage else os.getcwd(), *job["sys_path"]]
    try:
        driver._choose_settings(job)
        from django.conf import settings

        settings.DATABASES  # noqa: B018 - what is wrong with the settings comes up here
        django.setup()
    except driver.Failed as failed:
        raise child.Refused(failed.reason, failed.hint) from None
    except (Exception, SystemExit) as error:  # the project's code may raise anything
        hint = "where it lacks a variable with the database's address, name that with --url-variable"
        raise child.Refused(
            f"the project does not come up: {child.first_line(error)}", hint if isinstance(error, KeyError) else None
        ) from error


def _point(settings: dict[str, Any], address: dict[str, str]) -> None:
    """Let the settings of a database mean an address; what else they say of it stays."""
    settings.update(
        NAME=address["dbname"],
        HOST=address["host"],
        PORT=address["port"],
        USER=address["user"],
        PASSWORD=address.get("password", ""),
        CONN_MAX_AGE=None,
    )
    options = settings.setdefault("OPTIONS", {})
    for name in ("service", "passfile", "pool"):
        options.pop(name, None)
    options.update({key: value for key, value in address.items() if key.startswith("ssl") and key != "sslpassword"})


def _targets(graph: Any, step: Step) -> list[tuple[str, str | None]]:
    """What `migrate` may be called with, for this migration to be all that it runs."""
    app = step.key[0]
    if step.forward:
        return [step.key]
    before = sorted(parent.key for parent in graph.node_map[step.key].parents if parent.key[0] == app)
    return [*before] or [(app, None)]


def _not_alone(step: Step, plan: list[tuple[tuple[str, str], bool]]) -> child.Refused:
    if not plan:
        return child.Refused(f"{step.shown} is {'applied already' if step.forward else 'not applied'}", order=True)
    others = ", ".join(".".join(key) for key, _ in plan if key != step.key)
    way = "before it" if step.forward else "with it"
    return child.Refused(f"{step.shown} cannot be run alone: Django would run {way} {others or 'nothing'}", order=True)


def main() -> None:
    """Serve requests until whoever started this ends."""
    # Python puts the executor's folder first, where modules of the project might be looked for.
    del sys.path[0]
    channel = child.Channel()
    child.serve(channel, lambda job: Executor(job, channel))


if __name__ == "__main__":
    main()
