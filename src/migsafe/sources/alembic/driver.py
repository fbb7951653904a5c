"""Runs in the project's own interpreter: the project's real Alembic with its own `env.py`, one revision at a time.

One file that needs nothing but the standard library, SQLAlchemy and Alembic: migsafe cannot be imported there. It reads
JSON objects, one a line, from standard input, and answers each with one on what standard output was at the start. The
first says what is run, and where; it stands here and in no argument, because the address may hold a password:

    {"config": "/project/alembic.ini", "toml": null, "section": "alembic", "script_location": "/project/migrations",
     "sys_path": ["/project"], "variables": ["DATABASE_URL"], "address": {"host": "…", "dbname": "…"}}
    {"ready": "1.20.1"}

Each further one is a step, or none, which only makes Alembic's own table:

    {"token": "…", "step": ["up", "7c1a5e0b9d21"]}
    {"done": {"schema": null, "table": "alembic_version", "heads": ["7c1a5e0b9d21"]}}
    {"failed": {"message": "…", "sqlstate": "42P01", "statement": "ALTER …", "line": 12, "at_end": false}}
    {"refused": "why nothing was run", "hint": "what to do" or null}

No other database is reached through SQLAlchemy: an engine that would connect elsewhere is refused before it does, and
each new connection must show the token, a comment that only the database that is meant has.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import sys
import traceback
from typing import Any

#: What libpq takes from its environment for what an address does not say (manual of PostgreSQL 18, 32.15).
_LIBPQ = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE"}
_MISLEADING = ("PGSERVICE", "PGSERVICEFILE", "PGHOSTADDR", "PGOPTIONS", "PGPASSFILE", "PGTARGETSESSIONATTRS")

#: Drivers of Postgres by the name that SQLAlchemy has for them, in the order in which they are preferred.
_DRIVERS = {"psycopg": "psycopg", "psycopg2": "psycopg2", "asyncpg": "asyncpg", "pg8000": "pg8000"}
_ASYNC = ("asyncpg", "psycopg")

_TOKEN = (
    "select pg_catalog.shobj_description(oid, 'pg_database') "  # noqa: S105 - the question, and no secret
    "from pg_catalog.pg_database where datname = pg_catalog.current_database()"
)
_NAME_IT = "where it lacks a variable with the database's address, name that with --url-variable"
_HINT = "let env.py take config's sqlalchemy.url, or name the variable from which it takes it with --url-variable"


class Refused(BaseException):
    """Nothing may be run. No `Exception`, so that an `env.py` which goes on after errors does not go on after this."""

    def __init__(self, reason: str, hint: str | None = None) -> None:
        super().__init__(reason)
        self.answer = {"refused": reason, "hint": hint}


def main() -> None:
    """Serve steps until standard input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    # Python puts the driver's folder first, where modules of the project might be looked for.
    del sys.path[0]
    alembic: Alembic | None = None
    for line in sys.stdin:
        try:
            if alembic is None:
                alembic = Alembic(json.loads(line))
                answer: dict[str, Any] = {"ready": alembic.version}
            else:
                answer = alembic.run(json.loads(line))
        except Refused as refused:
            answer = refused.answer
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


class Alembic:
    """One environment on one database."""

    def __init__(self, job: dict[str, Any], guard: type[Guard] | None = None) -> None:
        """
        Args:
            guard: another one than that of a throw-away database.
        """
        for name in ("alembic", "sqlalchemy"):
            if importlib.util.find_spec(name) is None:
                raise Refused(f"{sys.executable} has no {name}", "name the project's interpreter with --python")
        import alembic

        self.version: str = alembic.__version__
        self._address: dict[str, str] = job["address"]
        self._guard = (guard or Guard)(self._address)
        _demand_connection()
        self._config = _configured(job)
        url = self._url(job)
        _announce(job["variables"], self._address, url)
        # An ini file takes % as the beginning of a variable.
        for section in dict.fromkeys((self._config.config_ini_section, "alembic")):
            self._config.set_section_option(section, "sqlalchemy.url", url.replace("%", "%%"))
        sys.path += [path for path in job["sys_path"] if path not in sys.path]
        self._scripts: Any = None

    def run(self, request: dict[str, Any]) -> dict[str, Any]:
        """Do one step."""
        self._guard.token = request["token"]
        self._guard.refusal = None
        work = Work(self._guard, request["step"])
        try:
            self._run(work)
            error: BaseException | None = None
        except (Exception, SystemExit, Refused) as raised:  # env.py and revisions may raise anything
            error = raised
        refusal = self._guard.refusal
        if refusal is not None:
            return refusal.answer
        if isinstance(error, Refused):
            return error.answer
        if error is not None:
            return work.failed(error)
        if work.done is None:
            return {"refused": "env.py has run no migrations", "hint": "it must call context.run_migrations()"}
        return {"done": work.done}

    def _run(self, work: Work) -> None:
        from alembic.runtime.environment import EnvironmentContext
        from alembic.script import ScriptDirectory

        if self._scripts is None:
            self._scripts = ScriptDirectory.from_config(self._config)
        work.scripts = self._scripts
        with EnvironmentContext(self._config, self._scripts, fn=work, destination_rev=work.revision):
            self._scripts.run_env()

    def _url(self, job: dict[str, Any]) -> str:
        """The address as SQLAlchemy writes it, for the driver that the project has."""
        drivers = [name for name, module in _DRIVERS.items() if importlib.util.find_spec(module) is not None]
        if not drivers:
            raise Refused(
                f"{sys.executable} has no driver of Postgres",
                "install the one that the project uses, or name its interpreter with --python",
            )
        said = [_driver_of(_configured_url(self._config)), *(_driver_of(os.environ.get(v)) for v in job["variables"])]
        named = next((name for name in said if name in drivers), None)
        if named is None and "async" in _text(os.path.join(job["script_location"], "env.py")):
            named = next((name for name in _ASYNC if name in drivers), None)
        return _spelt(named or drivers[0], self._address)


class Work:
    """What Alembic does between the beginning and the end of `env.py`; called by it with the heads and its context.

    Attributes:
        done: what came of it; None as long as nothing did.
    """

    def __init__(self, guard: Guard, step: list[str] | None) -> None:
        self._guard = guard
        self._direction = step[0] if step else None
        self.revision = step[1] if step else None
        self.scripts: Any = None
        self._began = self._inside = False
        self._path = ""
        self.done: dict[str, Any] | None = None

    def __call__(self, _: Any, context: Any) -> Any:
        """The steps, as Alembic takes them."""
        self._guard.check(context.connection.connection)
        if self.revision is not None:
            self._began = True
            yield self._step()
        else:
            # Where each revision has a transaction, nobody commits the new table before the first one does.
            with context.begin_transaction(_per_migration=True):
                pass
        self.done = {
            "schema": context.version_table_schema,
            "table": context.version_table,
            "heads": list(context.get_current_heads()),
        }

    @property
    def began(self) -> bool:
        """Whether the revision has been handed to Alembic."""
        return self._began

    def _step(self) -> Any:
        from alembic.runtime.migration import MigrationStep

        script = self.scripts.get_revision(self.revision)
        self._path = script.path
        make = MigrationStep.upgrade_from_script if self._direction == "up" else MigrationStep.downgrade_from_script
        step: Any = make(self.scripts.revision_map, script)
        run = step.migration_fn

        def watched(*arguments: Any, **named: Any) -> Any:
            self._inside = True
            result = run(*arguments, **named)
            self._inside = False
            return result

        step.migration_fn = watched
        return step

    def failed(self, error: BaseException) -> dict[str, Any]:
        """What went wrong, and whose fault it is."""
        if not self._began:
            hint = _NAME_IT if isinstance(error, KeyError) else None
            return {"refused": f"Alembic's environment fails{_where(error)}: {_last_line(error)}", "hint": hint}
        original = getattr(error, "orig", None) or error
        sqlstate = getattr(original, "sqlstate", None) or getattr(original, "pgcode", None) or _of_pg8000(original, "C")
        statement = getattr(error, "statement", None)
        return {
            "failed": {
                "message": _said_by_server(original) if sqlstate else _last_line(error),
                "sqlstate": sqlstate,
                "statement": statement if isinstance(statement, str) else None,
                "line": self._line(error),
                "at_end": not self._inside,
            }
        }

    def _line(self, error: BaseException) -> int | None:
        frames = traceback.extract_tb(error.__traceback__)
        return next((one.lineno for one in reversed(frames) if one.filename == self._path), None)


class Guard:
    """Lets no engine reach another database than the one that is meant.

    Attributes:
        token: what that database shows.
        refusal: the first refusal of a step.
    """

    def __init__(self, address: dict[str, str]) -> None:
        from sqlalchemy import event
        from sqlalchemy.engine.default import DefaultDialect
        from sqlalchemy.pool import Pool

        self._address = address
        self.token = ""
        self.refusal: Refused | None = None
        event.listen(DefaultDialect, "do_connect", self._before_connect)
        event.listen(Pool, "connect", self._after_connect, insert=True)

    def check(self, connection: Any) -> None:
        """See that a connection is on the database that is meant; its transaction goes on."""
        cursor = connection.cursor()
        try:
            cursor.execute(_TOKEN)
            shown = cursor.fetchone()
        finally:
            cursor.close()
        if shown is None or shown[0] != self.token:
            self._refuse("another database than the throw-away one")

    def _before_connect(self, dialect: Any, _: Any, arguments: Any, parameters: dict[str, Any]) -> None:
        if dialect.name != "postgresql":
            self._refuse(f"a database of {dialect.name}, not to the throw-away Postgres")
        words = dict(part.split("=", 1) for text in arguments for part in str(text).split() if "=" in part)
        given = {**words, **parameters}
        database = given.get("dbname") or given.get("database")
        host = given.get("host") or os.path.dirname(given.get("unix_sock") or "")
        # SQLAlchemy lets a host of the query stand as a list of one.
        host = host[0] if isinstance(host, (list, tuple)) and len(host) == 1 else host
        port = given.get("port")
        elsewhere = (
            (database and database != self._address["dbname"])
            or (host and host != self._address["host"])
            or (port and not str(host or "/").startswith("/") and str(port) != self._address["port"])
        )
        if elsewhere:
            self._refuse(f'the database "{database}" on "{host or "this machine"}", not to the throw-away one')

    def _after_connect(self, connection: Any, _: Any) -> None:
        self.check(connection)
        connection.rollback()

    def _refuse(self, reached: str) -> None:
        refused = Refused(f"Alembic's environment connects to {reached}: nothing was run", _HINT)
        self.refusal = self.refusal or refused
        raise refused


def _demand_connection() -> None:
    """Alembic's own error for an `env.py` that gives it none is an assertion without words."""
    from alembic.runtime.environment import EnvironmentContext

    configure = EnvironmentContext.configure

    def demanding(self: Any, connection: Any = None, *arguments: Any, **named: Any) -> None:
        if connection is None:
            raise Refused("env.py gives Alembic no connection", "it must call context.configure(connection=…)")
        configure(self, connection, *arguments, **named)

    setattr(EnvironmentContext, configure.__name__, demanding)


def _configured(job: dict[str, Any]) -> Any:
    """The configuration as Alembic's own command reads it, with what its command line would say."""
    from alembic import command
    from alembic.config import Config

    toml = {"toml_file": job["toml"]} if job["toml"] else {}
    options = argparse.Namespace(
        config=job["config"],
        name=job["section"],
        x=None,
        raiseerr=False,
        quiet=False,
        verbose=False,
        sql=False,
        tag=None,
        revision="head",
        cmd=(command.upgrade, ["revision"], ["sql", "tag"]),
    )
    config: Any = Config(job["config"], ini_section=job["section"], stdout=sys.stderr, cmd_opts=options, **toml)
    if not config.file_config.has_section(job["section"]):
        config.file_config.add_section(job["section"])
    try:
        located = config.get_main_option("script_location") or config.toml_alembic_config.get("script_location")
    except AttributeError:  # Alembic before 1.16 reads no pyproject.toml
        located = config.get_main_option("script_location")
    if not located:
        config.set_main_option("script_location", job["script_location"].replace("%", "%%"))
    return config


def _configured_url(config: Any) -> str | None:
    from configparser import Error

    try:
        url: str | None = config.get_main_option("sqlalchemy.url")
    except Error:  # a variable that only the project's own call of Alembic sets
        return None
    return url


def _announce(variables: list[str], address: dict[str, str], url: str) -> None:
    """Say the address to whoever asks the environment for it."""
    for variable in _MISLEADING:
        os.environ.pop(variable, None)
    for parameter, variable in _LIBPQ.items():
        os.environ.pop(variable, None)
        if address.get(parameter):
            os.environ[variable] = address[parameter]
    for variable in variables:
        os.environ[variable] = url


def _spelt(driver: str, address: dict[str, str]) -> str:
    """A URL of SQLAlchemy; the folder of a socket stands in its query."""
    from urllib.parse import quote, urlencode

    host, port = address["host"], address["port"]
    user = quote(address["user"], safe="") + (":" + quote(address["password"], safe="") if address["password"] else "")
    on_socket = host.startswith("/")
    place = "" if on_socket else f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    query = {}
    if on_socket:
        query = {"unix_sock": f"{host}/.s.PGSQL.{port}"} if driver == "pg8000" else {"host": host, "port": port}
    if driver in ("psycopg", "psycopg2"):
        query.update({key: value for key, value in address.items() if key.startswith("ssl")})
    url = f"postgresql+{driver}://{user}@{place}/{quote(address['dbname'], safe='')}"
    return f"{url}?{urlencode(query, safe='/')}" if query else url


def _driver_of(url: str | None) -> str | None:
    """The driver that a URL names, as in `postgresql+psycopg2://`; what SQLAlchemy takes where it names none."""
    scheme = (url or "").partition("://")[0]
    if scheme in ("postgresql", "postgres"):
        import sqlalchemy

        release = tuple(int(part) for part in sqlalchemy.__version__.split(".")[:2])
        return "psycopg" if release >= (2, 1) else "psycopg2"
    name, _, driver = scheme.partition("+")
    return {"psycopg_async": "psycopg"}.get(driver, driver) if name in ("postgresql", "postgres") else None


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def _last_line(error: BaseException) -> str:
    """What the last line of a traceback says first; SQLAlchemy's errors go on for several."""
    said = "".join(traceback.format_exception_only(type(error), error)).strip().splitlines()
    return said[0] if said else type(error).__name__


def _where(error: BaseException) -> str:
    """The place in the project's own code, where it is known."""
    packages = f"{os.sep}site-packages{os.sep}"
    frames = [one for one in traceback.extract_tb(error.__traceback__) if one.filename not in (__file__, "<string>")]
    own = [one for one in frames if packages not in one.filename and not one.filename.startswith("<")]
    return f" in {os.path.relpath(own[-1].filename)}, line {own[-1].lineno}" if own else ""


def _said_by_server(error: Any) -> str:
    diagnosis = getattr(error, "diag", None)
    said = getattr(diagnosis, "message_primary", None) or _of_pg8000(error, "M") or str(error).strip()
    line: str = (said.splitlines() or [""])[0]
    # SQLAlchemy puts asyncpg's class before its words.
    return line.partition(">: ")[2] if line.startswith("<class ") else line


def _of_pg8000(error: Any, field: str) -> str | None:
    fields = error.args[0] if getattr(error, "args", None) else None
    return fields.get(field) if isinstance(fields, dict) else None


if __name__ == "__main__":
    main()
