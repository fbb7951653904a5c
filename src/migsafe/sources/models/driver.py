"""Runs in the project's own interpreter: imports models, and says the DDL that SQLAlchemy writes for them.

One file that needs nothing but the standard library and SQLAlchemy 1.4 or newer: migsafe cannot be imported there. It
reads one JSON object from standard input, and writes one to what standard output was at the start:

    {"target": "app.models:Base", "dialect": "postgres", "server_version": 16, "sys_path": ["/project"]}
    {"statements": ["CREATE TABLE …"], "tables": [{"schema": null, "name": "users", "path": "…", "line": 12}]}
    {"failed": "why, in one line", "hint": "what to do" or null, "usage": true when the target is wrong}

What models print goes to standard error. Importing them must not reach the network, and is not let.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import json
import os
import sys
import warnings
from typing import Any

#: Events of the interpreter that are refused (docs.python.org, "Audit events table").
_NETWORK = ("socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname")

_URLS = {"postgres": "postgresql://", "mysql": "mysql://", "sqlite": "sqlite://"}


class Failed(Exception):
    """Nothing can be rendered; `usage` when the target is to blame."""

    def __init__(self, reason: str, hint: str | None = None, usage: bool = False) -> None:
        super().__init__(reason)
        self.answer = {"failed": reason, "hint": hint, "usage": usage}


def main() -> None:
    """Serve one job."""
    job = json.load(sys.stdin)
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    # Python puts the driver's folder first, where modules of the project might be looked for.
    sys.path[:1] = job["sys_path"]
    try:
        answer = render(job)
    except Failed as failed:
        answer = failed.answer
    answers.write(json.dumps(answer))
    answers.flush()


def render(job: dict[str, Any]) -> dict[str, Any]:
    """The DDL of the job's models."""
    warnings.simplefilter("ignore")
    try:
        importlib.import_module("sqlalchemy")
    except ImportError:
        raise Failed(
            f"{sys.executable} has no SQLAlchemy", "name the project's interpreter with --python", usage=False
        ) from None
    sys.addaudithook(_refuse_network)
    base = _resolve(job["target"])
    metadata = _metadata(base, job["target"])
    return {"statements": _statements(metadata, job), "tables": _tables(metadata, base, job["target"])}


def _refuse_network(event: str, _arguments: tuple[Any, ...]) -> None:
    if event in _NETWORK:
        raise PermissionError("the models reach for the network while they are imported, which is refused")


def _resolve(target: str) -> Any:
    module_name, _, path = target.partition(":")
    try:
        value = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        own = error.name is not None and (module_name == error.name or module_name.startswith(error.name + "."))
        if own:
            raise Failed(f"no module {error.name}", "run migsafe in the project's folder", usage=True) from None
        hint = "name the project's interpreter with --python"
        raise Failed(f"{module_name} cannot be imported: no module {error.name}", hint) from None
    except (Exception, SystemExit) as error:  # a module of an application may raise anything
        raise Failed(f"{module_name} cannot be imported: {type(error).__name__}: {_first_line(error)}") from None
    for name in path.split("."):
        if not hasattr(value, name):
            raise Failed(f"{target}: {getattr(value, '__name__', value)} has no {name}", usage=True)
        value = getattr(value, name)
    return value


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [""])[0]


def _metadata(base: Any, target: str) -> Any:
    from sqlalchemy import MetaData

    metadata = base if isinstance(base, MetaData) else getattr(base, "metadata", None)
    if not isinstance(metadata, MetaData):
        raise Failed(f"{target} is no declarative base and no MetaData", usage=True)
    return metadata


def _statements(metadata: Any, job: dict[str, Any]) -> list[str]:
    """What `create_all` sends to an empty database, enums, sequences and events of tables included."""
    statements: list[str] = []
    engine: Any = _engine(job, lambda element, *_, **__: statements.append(_compiled(element, engine)))
    for schema in sorted({table.schema for table in metadata.tables.values() if table.schema}):
        if job["dialect"] == "postgres":
            quoted = engine.dialect.identifier_preparer.quote_schema(schema)
            statements.append(f"CREATE SCHEMA IF NOT EXISTS {quoted}")
    try:
        metadata.create_all(engine, checkfirst=False)
    except Failed:
        raise
    except Exception as error:  # SQLAlchemy's own, and whatever types and events of the project raise
        raise Failed(f"the models have no DDL for {job['dialect']}: {_first_line(error)}") from None
    return statements


def _engine(job: dict[str, Any], execute: Any) -> Any:
    """An engine that sends nothing; `named` is a way to write parameters that leaves percent signs alone."""
    from sqlalchemy import create_mock_engine

    engine: Any = create_mock_engine(_URLS[job["dialect"]], execute, paramstyle="named")
    if job.get("server_version"):
        engine.dialect.server_version_info = (job["server_version"], 0)
    return engine


def _compiled(element: Any, engine: Any) -> str:
    if isinstance(element, str):
        return element.strip()
    compiled = element.compile(dialect=engine.dialect)
    return str(compiled).strip()


def _tables(metadata: Any, base: Any, target: str) -> list[dict[str, Any]]:
    classes = _classes(base)
    module = getattr(sys.modules[target.partition(":")[0]], "__file__", None) or ""
    return [_described(table, classes.get(table.key), module) for table in metadata.sorted_tables]


def _classes(base: Any) -> dict[str, type]:
    """Tables, by their key → the class that is mapped to each; the first of a hierarchy that shares one."""
    registry = getattr(base, "registry", None)
    mappers = getattr(registry, "mappers", ()) if registry is not None else ()
    found: dict[str, type] = {}
    for mapper in sorted(mappers, key=lambda one: len(one.class_.__mro__)):
        key = getattr(mapper.local_table, "key", None)
        if key is not None:
            found.setdefault(key, mapper.class_)
    return found


def _described(table: Any, owner: type | None, module: str) -> dict[str, Any]:
    """A table and where its class stands; the module that was named, for one that no class is mapped to."""
    path, line = module, 1
    if owner is not None:
        with contextlib.suppress(OSError, TypeError):  # made at run time, or the source is not there
            path, line = inspect.getsourcefile(owner) or module, inspect.getsourcelines(owner)[1]
    return {"schema": table.schema, "name": table.name, "path": path, "line": line}


if __name__ == "__main__":
    main()
