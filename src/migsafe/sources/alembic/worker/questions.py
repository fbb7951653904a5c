"""What exists in the database, as the parent knows it from the migrations before."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from migsafe.sources.alembic.worker.stub import make_stub

if TYPE_CHECKING:
    from collections.abc import Iterable

    from migsafe.sources.alembic.worker.job import RevisionFile
    from migsafe.sources.alembic.worker.recording import Recording
    from migsafe.sources.alembic.worker.wire import Wire

Description = dict[str, Any]


class Supposed(Enum):
    """What is taken to be there of tables that no migration has made."""

    NOTHING = auto()
    TABLES = auto()
    """Every table that is looked for, with the columns that foreign keys point at."""
    COLUMNS = auto()
    """The same, with every column that is looked for."""


class Questions:
    """Asks the parent, once for each thing as long as nothing new has run."""

    def __init__(self, wire: Wire, database: str | None) -> None:
        self._wire = wire
        self._database = database
        self._recording: Recording | None = None
        self._known: dict[tuple[str | None, ...], Any] = {}
        self._referred: dict[tuple[str | None, str], set[str]] = {}
        self._supposing = Supposed.NOTHING
        self.missed: set[str] = set()

    def begin(self, revision: RevisionFile, direction: str, recording: Recording, *, supposing: Supposed) -> None:
        """Ask from here on with what this recording holds; what the parent was told of an earlier one is void.

        Args:
            supposing: what is there all the same of tables that no migration has made.
        """
        self._recording = recording
        self._supposing = supposing
        self.missed = set()
        self._known.clear()
        self._wire.say("begin", migration=revision.id, direction=direction, path=revision.path, database=self._database)

    def table(self, schema: str | None, name: str) -> Description | None:
        """A table, or None where there is none of that name.

        What a foreign key points at exists, though no migration may have made it: an application's base tables, those
        of another library. What such a table holds besides is not known, which is not the same as absent.
        """
        known: Description | None = self._ask(("table", schema, name), "table", schema=schema, name=name)
        referred = self._referred.get((schema, name), set())
        if known is None or not known["complete"]:
            self.missed.add(name)
            if known is None and not referred and self._supposing is Supposed.NOTHING:
                return None
            known = known or _supposed_table(schema, name)
            if self._supposing is Supposed.COLUMNS:
                known = {**known, "columns": [*known["columns"], _supposed_column(_AnyName(name))]}
        have = {column["name"] for column in known["columns"]}
        added = [_supposed_column(column) for column in sorted(referred - have)]
        return {**known, "columns": [*known["columns"], *added]}

    def refer(self, schema: str | None, name: str, columns: list[str]) -> None:
        """Take note of what a foreign key points at."""
        self._referred.setdefault((schema, name), set()).update(columns)

    def table_names(self, schema: str | None) -> list[str]:
        """The tables of a schema; asking whether one is among them is noted."""
        return _Names(self.relations(schema).get("tables") or (), self)

    def suppose(self, name: str) -> bool:
        """Whether a table that no migration has made is taken to be there."""
        self.missed.add(name)
        return self._supposing is not Supposed.NOTHING

    def relations(self, schema: str | None) -> Description:
        """The names of all that a schema holds."""
        answer: Description = self._ask(("relations", schema), "relations", schema=schema, name=None)
        return answer or {}

    def _ask(self, key: tuple[str | None, ...], about: str, **details: Any) -> Any:
        ran = list(self._recording.untold()) if self._recording is not None else []
        if ran:
            self._known.clear()
        if key not in self._known:
            self._known[key] = self._wire.ask(about, ran=ran, database=self._database, **details)
        return self._known[key]


class _AnyName(str):
    """The name of a column of which only the table is known: the one that it is held against.

    Its text carries the mark of the unknown, so that no SQL can be made of it.
    """

    __hash__ = str.__hash__

    def __new__(cls, table: str) -> _AnyName:
        return super().__new__(cls, make_stub(f"a column of {table}"))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str)

    def __ne__(self, other: object) -> bool:
        return not isinstance(other, str)


class _Names(list[str]):
    """Names of tables that know when one is looked for in vain."""

    def __init__(self, names: Iterable[str], questions: Questions) -> None:
        super().__init__(names)
        self._questions = questions

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or (isinstance(name, str) and self._questions.suppose(name))


def _supposed_table(schema: str | None, name: str) -> Description:
    lists = ("columns", "unique", "foreign_keys", "checks", "indexes")
    return {"schema": schema, "name": name, "complete": False, "primary_key": None, **{each: [] for each in lists}}


def _supposed_column(name: str) -> Description:
    """What a foreign key points at is most often a number."""
    return {
        "name": name, "type": "integer", "nullable": False, "default": None, "identity": None, "generated": None
    }  # fmt: skip
