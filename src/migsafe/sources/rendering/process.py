"""Run a worker, answer what it asks, and keep what it says; start it again after a migration that kills it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from migsafe.errors import EnvironmentFailedError
from migsafe.model.catalogue import Catalogue
from migsafe.model.catalogue.reader import CatalogueReader
from migsafe.model.dialect import Dialect
from migsafe.model.script import Direction, Migration, Script, SourceText, TransactionRule, UnreadableFile
from migsafe.sources.base import SourceOptions
from migsafe.sources.declarations import declared_in_python
from migsafe.sources.files import read_source
from migsafe.sources.rendering.answers import describe_table, list_relations
from migsafe.sources.rendering.messages import Answer, Ask, Begin, Message, Rendered
from migsafe.sources.rendering.scripts import PythonFile, build_script
from migsafe.sources.rendering.talk import Talk, Worker, started

#: How long one migration may take to render, in seconds: rendering waits for nothing, so that this means a loop.
TIME_LIMIT = 60.0


@dataclass(frozen=True)
class RenderedDatabase:
    """The migrations of one database, in the order in which they run; its name where the tool gives it one."""

    name: str | None
    dialect: Dialect
    migrations: tuple[Migration, ...]


def render(
    worker: Worker, job: Mapping[str, Any], options: SourceOptions, dialect: Dialect, *, time_limit: float = TIME_LIMIT
) -> tuple[RenderedDatabase, ...]:
    """Render all migrations of a job.

    Args:
        job: what the worker is told first; it names the migrations.
        dialect: of a database whose dialect the worker does not say.
        time_limit: seconds that one migration may take.

    Raises:
        EnvironmentFailedError: the worker cannot be started, or says that it can render nothing.
    """
    run = _Run(options, dialect)
    while True:
        with started(worker) as talk:
            talk.send({**job, "done": run.done})
            reason = run.listen(talk, time_limit)
            if reason is None:
                return run.databases()
            run.blame(reason, talk)


class _Database:
    """What is known of one database while its migrations are rendered."""

    def __init__(self, name: str | None, dialect: Dialect, options: SourceOptions) -> None:
        self.name = name
        self.dialect = dialect
        self._reader = (options.follow or _Nothing)(dialect)
        self._aside: CatalogueReader | None = None
        self._scripts: dict[str, dict[Direction, Script]] = {}

    def begin(self) -> None:
        """A script is rendered from here: what has been done aside is void."""
        self._aside = None

    def answer(self, ask: Ask) -> Answer:
        """What exists after all migrations so far and what the running one has done."""
        if self._aside is None:
            self._aside = self._reader.fork()
        if ask["ran"]:
            self._aside.follow(self._as_script(";\n".join(ask["ran"]) + ";"))
        catalogue = self._aside.catalogue
        if ask["about"] == "table":
            return describe_table(catalogue, ask["schema"], ask["name"] or "")
        return list_relations(catalogue, ask["schema"])

    def keep(self, migration: str, script: Script) -> None:
        """A script is done."""
        self._scripts.setdefault(migration, {})[script.direction] = script
        self._aside = None
        if script.direction is Direction.UP:
            self._reader.follow(script)

    def rendered(self) -> RenderedDatabase:
        """All that was kept."""
        migrations = tuple(_migration(name, scripts) for name, scripts in self._scripts.items())
        return RenderedDatabase(self.name, self.dialect, migrations)

    def _as_script(self, text: str) -> Script:
        return Script(Direction.UP, text, SourceText("", text), TransactionRule.NONE, self.dialect)


def _migration(name: str, scripts: Mapping[Direction, Script]) -> Migration:
    source = next(iter(scripts.values())).source
    up, down = scripts.get(Direction.UP), scripts.get(Direction.DOWN)
    return Migration(name, source.path, up, down, declaration=declared_in_python(source))


class _Nothing:
    """The reader of somebody who does not follow: there is nothing."""

    def __init__(self, dialect: Dialect) -> None:
        self.catalogue = Catalogue(dialect)

    def follow(self, script: Script) -> None:
        """Look away."""

    def fork(self) -> _Nothing:
        return self


class _Run:
    """One rendering, over as many lives of its worker as it takes."""

    def __init__(self, options: SourceOptions, dialect: Dialect) -> None:
        self._options = options
        self._dialect = dialect
        self._databases: dict[str | None, _Database] = {}
        self._files: dict[str, PythonFile] = {}
        self._current: Begin | None = None
        self.done: list[str] = []

    def databases(self) -> tuple[RenderedDatabase, ...]:
        """Everything that was rendered."""
        return tuple(database.rendered() for database in self._databases.values())

    def listen(self, talk: Talk, time_limit: float) -> str | None:
        """Hear a worker to its end; why it ended early, if it did.

        Raises:
            EnvironmentFailedError: it says that it can render nothing.
        """
        while True:
            try:
                message: Message | None = talk.next(time_limit)
            except TimeoutError:
                return f"rendering it did not end within {time_limit:.0f} s"
            except ValueError:
                return "its worker wrote something that is no message"
            if message is None:
                return f"it ended the process that renders it{_with_code(talk.exit_code())}"
            if message["say"] == "end":
                return None
            self._take(message, talk)

    def blame(self, reason: str, talk: Talk) -> None:
        """Keep a gap for the migration at which the worker ended, so that the next one goes on behind it.

        Raises:
            EnvironmentFailedError: there is no such migration: it would end again.
        """
        if self._current is None:
            raise EnvironmentFailedError(
                f"the program that renders the migrations failed: {talk.last_words() or reason}",
                hint="run the project's own migration command to see whether its code can be imported",
            )
        begin = self._current
        self._keep(
            {
                "say": "script",
                "migration": begin["migration"],
                "direction": begin["direction"],
                "path": begin["path"],
                "transaction": "tool",
                "statements": [],
                "gap": {"line": 1, "column": 1, "reason": reason},
                "database": begin.get("database"),
                "dialect": begin.get("dialect"),
            }
        )
        self.done.append(_mark(begin))
        self._current = None

    def _take(self, message: Message, talk: Talk) -> None:
        if message["say"] == "begin":
            self._finish_before(message)
            self._current = message
            self._database(message).begin()
        elif message["say"] == "ask":
            talk.send({"answer": self._database(message).answer(message)})
        elif message["say"] == "script":
            self._keep(message)
        elif message["say"] == "failed":
            raise EnvironmentFailedError(message["reason"], hint=message["hint"])

    def _finish_before(self, begin: Begin) -> None:
        """What came before is done; nothing of it needs to be rendered again."""
        if self._current is not None and self._current["migration"] != begin["migration"]:
            self.done.append(_mark(self._current))

    def _keep(self, rendered: Rendered) -> None:
        database = self._database(rendered)
        file = self._file(rendered["path"])
        script = build_script(rendered, file, database.dialect, self._options.transaction)
        database.keep(rendered["migration"], script)

    def _database(self, message: Begin | Ask | Rendered) -> _Database:
        name, dialect = message.get("database"), message.get("dialect")
        if name not in self._databases:
            said = Dialect(dialect) if dialect else self._dialect
            self._databases[name] = _Database(name, said, self._options)
        return self._databases[name]

    def _file(self, path: str) -> PythonFile:
        if path not in self._files:
            source = read_source(Path(path))
            self._files[path] = PythonFile(
                SourceText(source.path, "") if isinstance(source, UnreadableFile) else source
            )
        return self._files[path]


def _mark(begin: Begin) -> str:
    """How a worker is told that a migration is done."""
    database = begin.get("database")
    return begin["migration"] if database is None else f"{database}:{begin['migration']}"


def _with_code(code: int | None) -> str:
    return "" if code is None else f" (with exit status {code})"
