"""The server that the driver pretends to speak to: statements in, made-up answers out."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from migsafe.sources.alembic.worker import queries
from migsafe.sources.alembic.worker.literals import with_literals
from migsafe.sources.alembic.worker.places import inspector_is_running
from migsafe.sources.alembic.worker.recording import Recording, Rows
from migsafe.sources.alembic.worker.values import ResultColumn, driver_value, guessed_value, typed_columns

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

    from migsafe.sources.alembic.worker.questions import Questions

# `while rows := execute(...)`: after so many answers to one and the same statement the rows have been worked off
MOST_REPEATS = 5

# what most settings say that are off or without limit
SETTING = "0"


class Answer(NamedTuple):
    """What a cursor shows after a statement; `rowcount` is -1 where a driver would not know."""

    names: tuple[str, ...] = ()
    rows: tuple[tuple[Any, ...], ...] = ()
    rowcount: int = -1
    last_id: int = 0


class PretendedServer:
    """Records what it is sent; answers from nothing but the statement and the descriptions of tables."""

    def __init__(self, dialect: Dialect, dialect_word: str, recording: Recording, questions: Questions) -> None:
        self._dialect = dialect
        self._word = dialect_word
        self._recording = recording
        self._questions = questions
        self._seen: Counter[str] = Counter()
        self._last_id = 0

    def control(self, sql: str) -> None:
        """BEGIN, COMMIT or ROLLBACK of the migration's own transaction."""
        if self._recording.in_transaction:
            self._recording.record(sql)

    def run(self, sql: str, parameters: object, context: Any) -> Answer:
        """Record one statement and answer it."""
        compiled = getattr(context, "compiled", None)
        text = with_literals(sql, parameters, self._word, compiled=compiled is not None)
        if not self._recording.running:
            return Answer()
        if queries.asks_catalogue(text):
            if inspector_is_running():
                # a question of SQLAlchemy's that the answers from the parent do not cover yet
                return Answer(("unknown",), ())
            self._recording.asked_raw_catalogue = True
        self._recording.record(text)
        self._seen[text] += 1
        return self._answer(text, compiled)

    def _answer(self, text: str, compiled: Any) -> Answer:
        worked_off = self._recording.rows is Rows.NONE or self._seen[text] > MOST_REPEATS
        inserts = queries.is_insert(text)
        if inserts:
            self._last_id += 1
        columns = self._columns(text, compiled)
        rowcount = 1 if inserts or not worked_off else 0
        if not columns:
            return Answer(rowcount=rowcount, last_id=self._last_id)
        names = tuple(column.name for column in columns)
        if queries.asks_setting(text):
            return Answer(names, (tuple(SETTING for _ in columns),), 1)
        if queries.asks_catalogue(text):
            return Answer(names, (), 0)
        if not inserts and worked_off:
            counts = all(column.counts for column in columns)
            return Answer(names, (tuple(0 for _ in columns),) if counts else (), int(counts))
        return Answer(names, (tuple(self._value(column, inserts) for column in columns),), 1, self._last_id)

    def _columns(self, text: str, compiled: Any) -> list[ResultColumn]:
        if typed := typed_columns(compiled):
            return typed
        return [
            found
            for item in queries.result_items(text)
            for found in (self._star(item) if item.star else [ResultColumn(item.name, None, item.counts)])
        ]

    def _star(self, item: queries.ResultItem) -> list[ResultColumn]:
        table = self._questions.table(None, item.table) if item.table else None
        if table is None:
            return [ResultColumn("id", None, counts=False)]
        return [ResultColumn(column["name"], None, counts=False) for column in table["columns"]]

    def _value(self, column: ResultColumn, inserts: bool) -> Any:
        if column.type is None:
            return guessed_value(column)
        value = driver_value(column, self._dialect)
        # rows that are inserted one after another must not seem to be one and the same
        return self._last_id if inserts and isinstance(value, int) and not isinstance(value, bool) else value
