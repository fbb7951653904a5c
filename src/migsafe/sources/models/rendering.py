"""Run the driver by the project's interpreter, and take the DDL that it says."""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from migsafe.errors import EnvironmentFailedError, UsageError
from migsafe.model.dialect import Dialect
from migsafe.model.names import QualifiedName
from migsafe.model.script import Direction, Script, SourceText, TransactionRule
from migsafe.sources.base import SourceOptions
from migsafe.sources.django.project import interpreter
from migsafe.sources.files import shown_path

_DRIVER = Path(__file__).with_name("driver.py")
_TARGET = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*:[^\W\d]\w*(?:\.[^\W\d]\w*)*\Z")

#: How long importing the models may take, in seconds.
TIME_LIMIT = 120.0


@dataclass(frozen=True, slots=True)
class ModelTable:
    """A table that models declare, by its full name, and the line at which its class begins."""

    name: str
    path: str
    line: int


@dataclass(frozen=True, slots=True)
class RenderedModels:
    """The DDL of models.

    Attributes:
        target: what was asked for, `package.module:Base`.
        statements: as SQLAlchemy would send them to an empty database, without `;`.
        script: the same as one script.
    """

    target: str
    statements: tuple[str, ...]
    script: Script
    tables: tuple[ModelTable, ...]


def render_models(
    target: str,
    dialect: Dialect,
    *,
    python: str | None = None,
    server_version: int | None = None,
    folder: Path | None = None,
    time_limit: float = TIME_LIMIT,
) -> RenderedModels:
    """Import a project's models in a process of their own, and have SQLAlchemy write their DDL.

    Args:
        target: `package.module:name`: a declarative base, a `MetaData`, or anything that has one as `metadata`.
        python: the project's interpreter; when None the active environment's, that in the folder, else migsafe's own.
        server_version: the major version that the DDL is for.
        folder: the project's folder, from which it is imported, as is its `src`; the current one when None.
        time_limit: seconds.

    Raises:
        UsageError: when `target` is not written so, or leads to nothing that has tables.
        EnvironmentFailedError: when the interpreter cannot be started, or the models cannot be imported.
    """
    if not _TARGET.match(target):
        raise UsageError(f"--models {target} names no models", hint="write package.module:Base")
    folder = (folder or Path.cwd()).absolute()
    job = {
        "target": target,
        "dialect": dialect.value,
        "server_version": server_version,
        "sys_path": [str(folder), str(folder / "src")],
    }
    answer = _ask(interpreter(folder, SourceOptions(python=python)), job, folder, time_limit)
    statements = tuple(answer["statements"])
    text = "".join(f"{statement.strip()};\n" for statement in statements)
    script = Script(Direction.UP, text, SourceText(target, text), TransactionRule.TOOL, dialect)
    return RenderedModels(target, statements, script, tuple(_table(table, dialect) for table in answer["tables"]))


def _table(table: dict[str, Any], dialect: Dialect) -> ModelTable:
    schema = table["schema"] or ("public" if dialect is Dialect.POSTGRES else None)
    return ModelTable(str(QualifiedName(table["name"], schema)), shown_path(Path(table["path"])), table["line"])


def _ask(python: str, job: dict[str, Any], folder: Path, time_limit: float) -> dict[str, Any]:
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1"}
    try:
        done = subprocess.run(  # noqa: S603 - the project's own interpreter, a list of arguments, and no shell
            [python, str(_DRIVER)],
            input=json.dumps(job).encode(),
            capture_output=True,
            cwd=folder,
            env=environment,
            timeout=time_limit,
            check=False,
        )
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise EnvironmentFailedError(
            f"{python} cannot be started: {reason}", hint="name another interpreter with --python"
        ) from None
    except subprocess.TimeoutExpired:
        raise EnvironmentFailedError(
            f"{job['target']} was not imported within {time_limit:.0f} s", hint="does the module wait for something?"
        ) from None
    return _answer(done, job["target"])


def _answer(done: subprocess.CompletedProcess[bytes], target: str) -> dict[str, Any]:
    """What the driver said.

    Raises:
        UsageError: when the target leads nowhere.
        EnvironmentFailedError: when it could not do its work.
    """
    try:
        answer: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        reason = last[0] if last else f"its process ended with status {done.returncode}"
        raise EnvironmentFailedError(f"{target} cannot be imported: {reason}") from None
    if "failed" in answer:
        error = UsageError if answer.get("usage") else EnvironmentFailedError
        raise error(answer["failed"], hint=answer.get("hint"))
    return answer
