"""Renders a Django project's migrations to SQL, over connections that never connect.

One file, run by the project's own interpreter by its path, in the folder of the project: `PYTHON driver.py`. It needs
Django (3.2 or later) and the standard library (Python 3.8 or later), and nothing of the program that started it: a
*job* comes in as one line of JSON, and messages go out, one JSON object a line.

What makes this true to `manage.py migrate`: the real database backends, schema editors, states and operations run; only
the cursor below them is replaced by one that writes down. What they ask of the database's catalogue is asked of the
parent, which replays the SQL of all earlier migrations. Data migrations see one made-up row wherever they look, so that
their loops show what they do; one that fails on it is run again on empty tables.
"""

from __future__ import annotations

import ast
import collections
import contextlib
import datetime
import decimal
import enum
import functools
import gc
import importlib
import importlib.util
import itertools
import json
import os
import re
import runpy
import signal
import sys
import traceback
import types
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import (
    TYPE_CHECKING,
    Any,
    NamedTuple,
    NoReturn,
)

if TYPE_CHECKING:
    _List = list[Any]
else:
    _List = list  # Python 3.8 does not know `list[Any]` where it is run

#: The families of databases that are understood, by what Django calls a backend's vendor.
DIALECTS = {"postgresql": "postgres", "cockroachdb": "postgres", "mysql": "mysql", "sqlite": "sqlite"}
ENGINES = {
    "postgres": "django.db.backends.postgresql",
    "mysql": "django.db.backends.mysql",
    "sqlite": "django.db.backends.sqlite3",
}
DEFAULT_VERSIONS = {"postgres": 15, "mysql": 8}

#: How often the same question from the same line finds a row: a loop "until nothing is left" has to end.
ROWS_PER_QUESTION = 10
#: How many made-up rows one operation finds: a walk down a tree of rows has to end.
ROWS_PER_OPERATION = 200
#: How many statements one operation may send, and how many seconds one attempt at it may take, before it counts as a
#: loop without end.
STATEMENTS_PER_OPERATION = 20_000
SECONDS_PER_ATTEMPT = 10.0


# --- The pipe -----------------------------------------------------------------------------------------------------


class Pipe:
    """Messages to the parent and answers from it. Whatever else the project prints goes to standard error."""

    def __init__(self) -> None:
        sys.stdout.flush()
        self._out = os.fdopen(os.dup(1), "w", encoding="utf-8", newline="\n")
        self._in = os.fdopen(os.dup(0), encoding="utf-8")
        os.dup2(2, 1)
        with open(os.devnull) as nothing:
            os.dup2(nothing.fileno(), 0)
        sys.stdin = open(os.devnull)  # noqa: SIM115 - stays open as long as the process lives
        sys.stdout = sys.stderr

    def receive(self) -> Any:
        """The next line; the parent is gone when there is none."""
        line = self._in.readline()
        if not line:
            raise SystemExit(1)
        return json.loads(line)

    def say(self, what: str, **fields: Any) -> None:
        """One message."""
        self._out.write(json.dumps({"say": what, **fields}) + "\n")
        self._out.flush()

    def ask(self, **fields: Any) -> Any:
        """One question, and its answer."""
        self.say("ask", **fields)
        return self.receive()["answer"]


class Failed(Exception):
    """Nothing can be rendered at all."""

    def __init__(self, reason: str, hint: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint


# --- Values as SQL ------------------------------------------------------------------------------------------------


def inline(sql: Any, params: Any, vendor: str) -> str:
    """A statement with its parameters as literals: `%s`, `%(name)s` and `%%` as database drivers understand them."""
    text = composed(sql, vendor)
    if params is None:
        return text
    if isinstance(params, dict):
        return text % {key: literal(value, vendor) for key, value in params.items()}
    values = tuple(literal(value, vendor) for value in params)
    try:
        return text % values
    except TypeError:
        if vendor != "sqlite" or text.count("?") != len(values):
            raise
        pieces = text.split("?")
        return "".join(piece + value for piece, value in itertools.zip_longest(pieces, values, fillvalue=""))


def composed(sql: Any, vendor: str) -> str:
    """The text of a statement, which may be made of psycopg's building blocks."""
    if isinstance(sql, bytes):
        return sql.decode("utf-8", "replace")
    if not type(sql).__module__.startswith("psycopg"):
        return str(sql)
    kind = type(sql).__name__
    if kind == "Composed":
        return "".join(composed(part, vendor) for part in sql)
    if kind == "Identifier":
        names = getattr(sql, "strings", None) or sql._obj
        return ".".join('"{}"'.format(name.replace('"', '""')) for name in names)
    if kind == "Literal":
        return literal(getattr(sql, "wrapped", getattr(sql, "_obj", None)), vendor)
    return str(getattr(sql, "string", getattr(sql, "_obj", "%s")))


def quoted(text: str, vendor: str) -> str:
    """A text as an SQL literal."""
    if vendor == "mysql":
        text = text.replace("\\", "\\\\")
    return "'{}'".format(text.replace("'", "''"))


def literal(value: Any, vendor: str, *, cast: bool = True) -> str:
    """A value as an SQL literal.

    Args:
        cast: whether Postgres is told the type of dates and the like, as its drivers do for parameters.
    """
    if isinstance(value, enum.Enum):
        value = value.value
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return ("true" if value else "false") if vendor == "postgresql" else str(int(value))
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, (float, decimal.Decimal)):
        return _number(value, vendor)
    if isinstance(value, str):
        return quoted(str.__str__(value), vendor)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _binary(bytes(value), vendor, cast=cast)
    if isinstance(value, (list, tuple, set, frozenset)):
        return _many(value, vendor)
    return _typed(value, vendor, cast=cast)


def _number(value: Any, vendor: str) -> str:
    text = str(value) if isinstance(value, decimal.Decimal) else float.__repr__(value)
    return text if text.lower().lstrip("-") not in {"nan", "inf", "infinity"} else quoted(text, vendor)


def _binary(value: bytes, vendor: str, *, cast: bool) -> str:
    if vendor == "postgresql":
        return "'\\x{}'{}".format(value.hex(), "::bytea" if cast else "")
    return f"X'{value.hex()}'"


def _many(values: Iterable[Any], vendor: str) -> str:
    inner = ", ".join(literal(value, vendor) for value in values)
    if isinstance(values, list) and vendor == "postgresql":
        return f"ARRAY[{inner}]" if inner else "'{}'"
    return f"({inner})"


def _typed(value: Any, vendor: str, *, cast: bool) -> str:
    """Dates, intervals, documents, and whatever else a driver would turn into text."""
    kind = ""
    if isinstance(value, datetime.datetime):
        text, kind = value.isoformat(" "), "timestamptz" if value.tzinfo else "timestamp"
    elif isinstance(value, datetime.date):
        text, kind = value.isoformat(), "date"
    elif isinstance(value, datetime.time):
        text, kind = value.isoformat(), "timetz" if value.tzinfo else "time"
    elif isinstance(value, datetime.timedelta):
        text, kind = f"{value.days} days {value.seconds}.{value.microseconds:06d} seconds", "interval"
    elif isinstance(value, uuid.UUID):
        text, kind = str(value), "uuid"
    elif type(value).__name__ in {"Json", "Jsonb", "JsonAdapter"}:
        text, kind = _document(value), "jsonb" if type(value).__name__ == "Jsonb" else ""
    elif isinstance(value, dict):
        text = json.dumps(value, default=str)
    elif hasattr(value, "lower") and hasattr(value, "upper"):
        text = _range(value)
    else:
        text = str(getattr(value, "addr", value))
    suffix = f"::{kind}" if kind and cast and vendor == "postgresql" else ""
    return quoted(text, vendor) + suffix


def _document(value: Any) -> str:
    """The text of psycopg's wrapper around a JSON value: `obj` in psycopg, `adapted` in psycopg2."""
    dumps = getattr(value, "dumps", None) or getattr(value, "_dumps", None)
    content = getattr(value, "obj", getattr(value, "adapted", None))
    return str(dumps(content)) if callable(dumps) else json.dumps(content, default=str)


def _range(value: Any) -> str:
    if getattr(value, "isempty", False):
        return "empty"
    bounds = getattr(value, "bounds", None) or getattr(value, "_bounds", None) or "[)"
    low, high = ("" if end is None else str(end) for end in (value.lower, value.upper))
    return f"{bounds[0]}{low},{high}{bounds[1]}"


# --- Places in a migration's file ---------------------------------------------------------------------------------


class Place(NamedTuple):
    """A range of a file; lines and columns count from 1, columns in code points."""

    line: int
    column: int
    end_line: int
    end_column: int


class MigrationFile:
    """The file of one migration, and where its operations stand."""

    def __init__(self, path: str) -> None:
        self.path = path
        try:
            with open(path, encoding="utf-8-sig") as file:
                self._text = file.read()
            self._tree = ast.parse(self._text)
        except (OSError, SyntaxError, ValueError):
            self._text, self._tree = "", ast.Module(body=[], type_ignores=[])
        self._lines = self._text.split("\n")

    def operation_places(self, operations: Sequence[Any]) -> dict[int, Place]:
        """The place of each operation by its `id`, those inside of other operations too."""
        places: dict[int, Place] = {}
        self._collect(operations, self._operations_nodes(), self.start(), places)
        return places

    def start(self) -> Place:
        """The line of the class: where things stand that have no better place."""
        node = self._class()
        return self._line(node.lineno) if node is not None else Place(1, 1, 1, 1)

    def of_frame(self, frame: types.FrameType) -> Place:
        """The expression that a frame is at; its line where Python does not know columns (before 3.11)."""
        return self._of_code(frame.f_code, frame.f_lasti, frame.f_lineno)

    def of_error(self, error: BaseException) -> Place | None:
        """The innermost place of this file in an error's traceback."""
        found = None
        step = error.__traceback__
        while step is not None:
            if step.tb_frame.f_code.co_filename == self.path:
                found = self._of_code(step.tb_frame.f_code, step.tb_lasti, step.tb_lineno)
            step = step.tb_next
        return found

    def _of_code(self, code: types.CodeType, instruction: int, line: int) -> Place:
        positions = getattr(code, "co_positions", None)
        if positions is not None and instruction >= 0:
            first, last, column, end = next(itertools.islice(positions(), instruction // 2, None), (None,) * 4)
            if first is not None and last is not None and column is not None and end is not None:
                return self._place(first, column, last, end)
        return self._line(line)

    def _collect(
        self, operations: Sequence[Any], nodes: list[ast.expr] | None, otherwise: Place, places: dict[int, Place]
    ) -> None:
        if nodes is None or len(nodes) != len(operations):
            nodes = None
        for index, operation in enumerate(operations):
            node = nodes[index] if nodes is not None else None
            place = otherwise if node is None else self._of_node(node)
            places[id(operation)] = place
            inner = getattr(operation, "database_operations", None)
            if isinstance(inner, (list, tuple)):
                self._collect(inner, self._inner_nodes(node), place, places)

    def _inner_nodes(self, node: ast.expr | None) -> list[ast.expr] | None:
        """The elements of `database_operations=[…]`, or of the first argument, in a call."""
        if not isinstance(node, ast.Call):
            return None
        named = [keyword.value for keyword in node.keywords if keyword.arg == "database_operations"]
        return self._elements(next(iter([*named, *node.args]), None))

    def _class(self) -> ast.ClassDef | None:
        classes = (node for node in ast.walk(self._tree) if isinstance(node, ast.ClassDef) and node.name == "Migration")
        return next(classes, None)

    def _operations_nodes(self) -> list[ast.expr] | None:
        node = self._class()
        return self._assigned("operations", node.body) if node is not None else None

    def _assigned(self, name: str, body: Sequence[ast.stmt]) -> list[ast.expr] | None:
        """The elements of a list that `body` assigns to a name and may add to."""
        found: list[ast.expr] | None = None
        for statement in body:
            if isinstance(statement, ast.AugAssign) and _is_name(statement.target, name):
                more = self._elements(statement.value)
                found = None if found is None or more is None else found + more
            elif isinstance(statement, (ast.Assign, ast.AnnAssign)):
                targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
                if any(_is_name(target, name) for target in targets):
                    found = self._elements(statement.value)
        return found

    def _elements(self, node: ast.expr | None) -> list[ast.expr] | None:
        """The elements of a list as it is written; None where only running the code tells them."""
        if isinstance(node, ast.Name):
            return self._assigned(node.id, self._tree.body)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            parts = [self._elements(node.left), self._elements(node.right)]
        elif isinstance(node, (ast.List, ast.Tuple)):
            parts = [self._elements(one.value) if isinstance(one, ast.Starred) else [one] for one in node.elts]
        else:
            return None
        return None if None in parts else [one for part in parts for one in part or ()]

    def _of_node(self, node: ast.expr) -> Place:
        last, end = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
        return self._place(node.lineno, node.col_offset, last, end)

    def _place(self, line: int, column: int, end_line: int, end_column: int) -> Place:
        return Place(line, self._points(line, column) + 1, end_line, self._points(end_line, end_column) + 1)

    def _points(self, line: int, offset: int) -> int:
        """Code points in the first `offset` bytes of a line."""
        return len(self._at(line).encode()[:offset].decode("utf-8", "ignore"))

    def _line(self, line: int) -> Place:
        text = self._at(line)
        return Place(line, len(text) - len(text.lstrip()) + 1, line, len(text) + 1)

    def _at(self, line: int) -> str:
        return self._lines[line - 1] if 1 <= line <= len(self._lines) else ""


def _is_name(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


# --- What a script sends ------------------------------------------------------------------------------------------


class Irreversible(BaseException):
    """There is no way back; no error to the migration's own code."""


class TooMuch(BaseException):
    """An operation sends statements without end; no error that the migration's own code may catch."""


#: Errors of migrations: whatever they raise, and an attempt to end the process.
ERRORS = (Exception, SystemExit, TooMuch)

_REPEATABLE = re.compile(r"\s*(?:SELECT|WITH|INSERT|UPDATE|DELETE)\b", re.IGNORECASE)
_QUESTION = re.compile(r"\s*(?:SELECT|PRAGMA|SHOW)\b", re.IGNORECASE)
_LINE_COMMENT_AT_END = re.compile(r"--[^\n]*\Z")
_FRAMEWORK = re.compile(r"django\.(?:db|contrib\.gis\.db)\.backends\.|django\.contrib\.postgres\.")
_PROBE = re.compile(r"\.(?:features|introspection)$")
_BETWEEN = {__name__, "django.db.backends.utils", "django.db.utils", "django.utils.asyncio", "contextlib", "functools"}


class Script:
    """One direction of one migration while it is rendered."""

    def __init__(self, pipe: Pipe, file: MigrationFile, head: dict[str, Any]) -> None:
        """
        Args:
            head: what every message about this script says: migration, direction, path, database, dialect.
        """
        self.file = file
        self.head = head
        self.statements: list[dict[str, Any]] = []
        self.gaps: list[tuple[Place, str]] = []
        self.made_up = True
        self.made_up_rows = 0
        self.sent = 0
        self._pipe = pipe
        self._told = 0
        self._places: list[Place] = []
        self._deferred: Place | None = None
        self._asked: dict[tuple[int, str], int] = {}
        self._seen: set[tuple[Place, str]] = set()
        self._begin()

    def _begin(self) -> None:
        self._told = 0
        self._pipe.say("begin", **self.head)

    @property
    def in_step(self) -> bool:
        """Whether an operation runs."""
        return bool(self._places)

    def ask(self, about: str, schema: str | None, name: str | None) -> Any:
        """What the parent knows, after everything that this script has sent so far."""
        ran = [statement["sql"] for statement in self.statements[self._told :]]
        self._told = len(self.statements)
        database, dialect = self.head["database"], self.head["dialect"]
        return self._pipe.ask(about=about, schema=schema, name=name, ran=ran, database=database, dialect=dialect)

    def add(self, sql: str) -> None:
        """A statement is sent. Rows that are written in a loop are shown once where they are written alike."""
        self.sent += 1
        if self.sent > STATEMENTS_PER_OPERATION:
            raise TooMuch(f"sends more than {STATEMENTS_PER_OPERATION} statements")
        text = sql.strip().rstrip(";").rstrip()
        place = self.place()
        if text and not (_REPEATABLE.match(text) and (place, text) in self._seen):
            self._seen.add((place, text))
            self.statements.append({"sql": text, **place._asdict()})

    def place(self) -> Place:
        """Where a statement comes from: the line of the migration's own code, else its operation."""
        if self._deferred is not None:
            return self._deferred
        frame: types.FrameType | None = sys._getframe(1)
        while frame is not None and frame.f_code is not Script.step.__code__:
            if frame.f_code.co_filename == self.file.path:
                return self.file.of_frame(frame)
            frame = frame.f_back
        return self._places[-1] if self._places else self.file.start()

    @contextlib.contextmanager
    def deferred(self, place: Place | None) -> Iterator[None]:
        """What is sent here was put off by an operation at `place`."""
        before = self._deferred
        self._deferred = place or before
        try:
            yield
        finally:
            self._deferred = before

    def has_row(self, sql: str) -> bool:
        """Whether a question finds its made-up row (again)."""
        if not self.made_up:
            return False
        key = (self.place().line, sql)
        self._asked[key] = self._asked.get(key, 0) + 1
        self.made_up_rows += 1
        return self._asked[key] <= ROWS_PER_QUESTION and self.made_up_rows <= ROWS_PER_OPERATION

    def step(self, place: Place, run: Callable[[], None], editor: Any) -> None:
        """Run one operation; one that fails leaves a gap, and its neighbours go on.

        It sees made-up rows first. If it fails on them, it runs once more on empty tables, which is what counts; where
        both fail, the attempt that came further.
        """
        self._places.append(place)
        before = _Before(self, editor)
        self.sent = self.made_up_rows = 0
        try:
            error = self._attempt(run)
            if error is not None and self.made_up_rows:
                first, first_error = self.statements[before.statements :], error
                self._back_to(before, editor)
                self.made_up = False
                error = self._attempt(run)
                if error is not None and len(first) > len(self.statements) - before.statements:
                    self.statements[before.statements :] = first
                    error = first_error
            if error is not None:
                before.mend(editor)
                self.fail(error)
        finally:
            self.made_up = True
            self._places.pop()

    def _attempt(self, run: Callable[[], None]) -> BaseException | None:
        try:
            with time_limit(SECONDS_PER_ATTEMPT):
                run()
        except ERRORS as error:
            if self.head["direction"] == "down" and _says_no_way_back(error):
                raise Irreversible from error
            return error
        return None

    def _back_to(self, before: _Before, editor: Any) -> None:
        del self.statements[before.statements :]
        if self._told > before.statements:
            self._begin()
        self._asked.clear()
        self._seen.clear()
        self.sent = 0
        before.mend(editor)
        editor.deferred_sql = before.deferred

    def fail(self, error: BaseException) -> None:
        """Something could not be followed to its end."""
        place = self.file.of_error(error) or (self._places[-1] if self._places else self.file.start())
        self.gaps.append((place, reason_of(error)))

    def message(self, transaction: str) -> dict[str, Any]:
        """What the parent is told when all is done."""
        gap = None
        if self.gaps:
            place, reason = self.gaps[0]
            more = "".join(f"; at line {place.line}: {reason}" for place, reason in self.gaps[1:])
            gap = {"line": place.line, "column": place.column, "reason": reason + more}
        return {**self.head, "transaction": transaction, "statements": self.statements, "gap": gap}


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """End a loop that sends nothing; only where the system has timers, and by the parent elsewhere."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def ring(*_: Any) -> NoReturn:
        raise TooMuch(f"does not end within {seconds:.0f} s")

    before = signal.signal(signal.SIGALRM, ring)
    remaining, _ = signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)  # again, where it is lost
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, remaining)
        signal.signal(signal.SIGALRM, before)


class _Before:
    """What must be put back when an operation fails half-way."""

    def __init__(self, script: Script, editor: Any) -> None:
        self.statements = len(script.statements)
        self.deferred = list(editor.deferred_sql)
        connection = editor.connection
        self._connection = {name: getattr(connection, name) for name in ("in_atomic_block", "autocommit")}
        self._savepoints = list(connection.savepoint_ids)
        self._blocks = list(getattr(connection, "atomic_blocks", ()))

    def mend(self, editor: Any) -> None:
        connection = editor.connection
        for name, value in self._connection.items():
            setattr(connection, name, value)
        connection.savepoint_ids = list(self._savepoints)
        if hasattr(connection, "atomic_blocks"):
            connection.atomic_blocks = list(self._blocks)
        connection.needs_rollback = False
        connection.closed_in_transaction = False


def _says_no_way_back(error: BaseException) -> bool:
    from django.db.migrations.exceptions import IrreversibleError

    return isinstance(error, (NotImplementedError, IrreversibleError))


def reason_of(error: BaseException) -> str:
    """An error in one line."""
    text = " ".join(str(error).split())
    if isinstance(error, TooMuch):
        return f"the operation {text}: a loop that waits for a database to change"
    name = type(error).__name__
    return f"{name}: {text}" if text else name


class Recorder:
    """The script that is rendered at the moment, if any; one of these for the whole process."""

    def __init__(self) -> None:
        self.script: Script | None = None

    def of(self, alias: str) -> Script | None:
        """The script, if it is one of this database."""
        return self.script if self.script is not None and self.script.head["database"] == alias else None


RECORDER = Recorder()


# --- The cursor ---------------------------------------------------------------------------------------------------


class RecordingCursor:
    """A cursor that sends nothing: it writes down, and finds made-up rows."""

    arraysize = 1

    def __init__(self, wrapper: Any) -> None:
        """
        Args:
            wrapper: Django's connection.
        """
        self.connection = wrapper.connection
        self.description: list[Column] | None = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self.query: str | None = None
        self.closed = False
        self._wrapper = wrapper
        self._rows: list[tuple[Any, ...]] = []

    def execute(self, sql: Any, params: Any = None, *_: Any, **__: Any) -> RecordingCursor:
        """Write one statement down."""
        text = inline(sql, params, self._wrapper.vendor)
        self.query = text
        issuer = _issuer()
        script = RECORDER.of(self._wrapper.alias)
        if script is not None and not _is_frameworks_own(text, issuer):
            script.add(text)
        result = answer(text, issuer, self._wrapper)
        self._rows, self.description, self.rowcount = result.rows, result.description, result.changed
        self.lastrowid = next(_NUMBERS)
        return self

    def executemany(self, sql: Any, param_list: Iterable[Any], *_: Any, **__: Any) -> RecordingCursor:
        """Write a statement down for each set of parameters."""
        count = 0
        for params in param_list:
            self.execute(sql, params)
            count += 1
        self.rowcount = count
        return self

    def executescript(self, sql: str) -> RecordingCursor:
        """Write several statements down (SQLite)."""
        return self.execute(sql)

    def callproc(self, name: str, params: Sequence[Any] = (), *_: Any) -> Sequence[Any]:
        """Call a function of the database."""
        self.execute("SELECT {}({})".format(name, ", ".join(["%s"] * len(params))), params)
        return params

    def copy_expert(self, sql: Any, *_: Any, **__: Any) -> None:
        """COPY of psycopg2: what it copies is not shown."""
        self.execute(sql)

    def copy(self, sql: Any, params: Any = None, **_: Any) -> Copy:
        """COPY of psycopg: what it copies is not shown."""
        self.execute(sql, params)
        return Copy()

    def mogrify(self, sql: Any, params: Any = None) -> Any:
        """The statement with its parameters filled in: bytes in psycopg2, text in psycopg."""
        text = inline(sql, params, self._wrapper.vendor)
        return text.encode() if "psycopg2" in sys.modules else text

    def fetchone(self) -> tuple[Any, ...] | None:
        """The next row."""
        return self._rows.pop(0) if self._rows else None

    def fetchmany(self, size: int | None = None, **_: Any) -> list[tuple[Any, ...]]:
        """The next rows."""
        size = size or self.arraysize
        rows, self._rows = self._rows[:size], self._rows[size:]
        nothing: list[tuple[Any, ...]] = self._wrapper.features.empty_fetchmany_value  # loops compare with it
        return rows or nothing

    def fetchall(self) -> list[tuple[Any, ...]]:
        """All rows that are left."""
        rows, self._rows = self._rows, []
        return rows

    def nextset(self) -> None:
        """There is no other set of rows."""

    def setinputsizes(self, *_: Any) -> None:
        """Nothing to prepare."""

    def close(self) -> None:
        """The end."""
        self.closed = True

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        while self._rows:
            yield self._rows.pop(0)

    def __enter__(self) -> RecordingCursor:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()


class Copy:
    """What psycopg's `cursor.copy()` gives: takes everything, has nothing."""

    def __enter__(self) -> Copy:
        return self

    def __exit__(self, *_: Any) -> None:
        return None

    def write(self, _: Any) -> None:
        """Take data."""

    def write_row(self, _: Any) -> None:
        """Take a row."""

    def __iter__(self) -> Iterator[bytes]:
        return iter(())


class Column(NamedTuple):
    """A column of `cursor.description`."""

    name: str
    type_code: int | None = None
    display_size: int | None = None
    internal_size: int | None = None
    precision: int | None = None
    scale: int | None = None
    null_ok: bool | None = None


def _issuer() -> types.FrameType | None:
    """The frame that speaks to the cursor, behind Django's wrappers."""
    frame: types.FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__") in _BETWEEN:
        frame = frame.f_back
    return frame


def _is_frameworks_own(sql: str, issuer: types.FrameType | None) -> bool:
    """Whether Django asks something for itself, which belongs to no migration."""
    module = "" if issuer is None else str(issuer.f_globals.get("__name__"))
    return bool(_PROBE.search(module) or (_FRAMEWORK.match(module) and _QUESTION.match(sql)))


# --- Made-up rows -------------------------------------------------------------------------------------------------


class Result(NamedTuple):
    """What a statement gives."""

    rows: list[tuple[Any, ...]]
    changed: int
    description: list[Column] | None = None


_NUMBERS = itertools.count(2)
_CATALOGUE = re.compile(
    r"\binformation_schema\b|\bpg_(?!sleep|advisory|try|typeof|notify)\w+|\bsqlite_(?:master|schema)\b"
    r"|^\s*(?:PRAGMA|SHOW|DESCRIBE|EXPLAIN)\b",
    re.IGNORECASE,
)
_SELECT = re.compile(r"\s*(?:WITH\b.*?\)\s*)?SELECT\s+(?:DISTINCT\s+)?", re.IGNORECASE | re.DOTALL)
_RETURNING = re.compile(r"\bRETURNING\s+(?P<names>.+)\Z", re.IGNORECASE | re.DOTALL)
_KEYWORD = re.compile(r"\s*(\w+)")
_AGGREGATE = re.compile(r"\s*(COUNT|SUM|MIN|MAX|AVG|EXISTS|BOOL_OR|BOOL_AND|COALESCE\s*\(\s*MAX)\s*\(", re.IGNORECASE)
_ALIAS = re.compile(r"(?:\bAS\s+)?[\"`]?(\w+)[\"`]?\s*\Z", re.IGNORECASE)
_FROM_ONE = re.compile(r"\s*SELECT\s+(?:\w+\.)?\*\s+FROM\s+[\"`]?(\w+)[\"`]?", re.IGNORECASE)


def answer(sql: str, issuer: types.FrameType | None, wrapper: Any) -> Result:
    """What the database would say: one made-up row, or that there is nothing."""
    match = _KEYWORD.match(sql)
    keyword = match[1].upper() if match else ""
    script = RECORDER.of(wrapper.alias)
    rows = script is not None and not _CATALOGUE.search(sql) and script.has_row(sql)
    compiler = issuer.f_locals.get("self") if issuer is not None and _is_compiler(issuer) else None
    if keyword == "INSERT":
        return _inserted(sql, compiler, wrapper)
    if keyword in {"UPDATE", "DELETE", "MERGE"}:
        return _changed(sql, rows=rows)
    if compiler is not None and hasattr(compiler, "query") and keyword in {"SELECT", "WITH"}:
        return _selected(compiler, wrapper, rows=rows)
    if _CATALOGUE.search(sql):
        return _catalogue_rows(sql, script)
    if keyword in {"SELECT", "WITH", "VALUES"}:
        return _raw_rows(sql, script, rows=rows)
    return Result([], 0)


def _is_compiler(frame: types.FrameType) -> bool:
    return frame.f_code.co_name == "execute_sql"


def _inserted(sql: str, compiler: Any, wrapper: Any) -> Result:
    """One new row for each object, with numbers as keys."""
    if compiler is not None:
        fields = getattr(compiler, "returning_fields", None) or ()
        objects = len(compiler.query.objs)
        rows = [tuple(_new_value(field, wrapper) for field in fields) for _ in range(objects)]
        return Result(rows, objects)
    returning = _RETURNING.search(sql)
    if returning is None:
        return Result([], 1)
    items = split_list(returning["names"])
    return Result([tuple(next(_NUMBERS) for _ in items)], 1, _columns(items))


def _new_value(field: Any, wrapper: Any) -> Any:
    return next(_NUMBERS) if "AutoField" in field.get_internal_type() else made_up_value(field, wrapper.vendor)


def _changed(sql: str, *, rows: bool) -> Result:
    returning = _RETURNING.search(sql)
    if returning is None:
        return Result([], int(rows))
    items = split_list(returning["names"])
    return Result([tuple(_raw_value(item) for item in items)] if rows else [], int(rows), _columns(items))


def _selected(compiler: Any, wrapper: Any, *, rows: bool) -> Result:
    """A query of Django's own: the types of its columns are known."""
    columns = [column[0] for column in getattr(compiler, "select", None) or ()]
    aggregates = not columns or (
        compiler.query.group_by is None and all(getattr(one, "contains_aggregate", False) for one in columns)
    )
    columns = columns or list(compiler.query.annotation_select.values())
    if rows:
        return Result([tuple(made_up(column, wrapper.vendor) for column in columns)], 1)
    if aggregates:
        return Result([tuple(0 if type(one).__name__ == "Count" else None for one in columns)], 1)
    return Result([], 0)


def _catalogue_rows(sql: str, script: Script | None) -> Result:
    """The catalogue's own tables are not made up; Django's question whether foreign keys are checked is answered."""
    if re.match(r"\s*PRAGMA\s+foreign_keys\s*$", sql, re.IGNORECASE):
        return Result([(0,)], 1)
    going_back = script is not None and script.head["direction"] == "down"
    if going_back and "pg_extension" in sql:
        return Result([(1,)], 1, [Column("?column?")])
    return _none(split_list(_select_list(sql)))


def _raw_rows(sql: str, script: Script | None, *, rows: bool) -> Result:
    """A query in SQL: its columns are read from the text."""
    items = split_list(_select_list(sql))
    if any(item.strip().endswith("*") for item in items):
        items = _all_columns(sql, script)
        if not items:
            return Result([], 0, [])
    if rows or not _has_from(sql):
        return Result([tuple(_raw_value(item) for item in items)], 1, _columns(items))
    return _none(items)


def _none(items: Sequence[str]) -> Result:
    """What an empty table gives: no row, or the one row of aggregates."""
    matches = [_AGGREGATE.match(item) for item in items]
    if not items or None in matches:
        return Result([], 0, _columns(items))
    empty = {"COUNT": 0, "EXISTS": False}
    return Result([tuple(empty.get(match[1].upper()) for match in matches if match)], 1, _columns(items))


def _all_columns(sql: str, script: Script | None) -> list[str]:
    """The columns behind `SELECT * FROM one_table`."""
    match = _FROM_ONE.match(sql)
    table = script.ask("table", None, match[1]) if match and script is not None else None
    return [column["name"] for column in table["columns"]] if table else []


def _select_list(sql: str) -> str:
    match = _SELECT.match(sql)
    rest = sql[match.end() :] if match else ""
    end = _top_level(rest, re.compile(r"\bFROM\b", re.IGNORECASE))
    return rest if end is None else rest[:end]


def _has_from(sql: str) -> bool:
    match = _SELECT.match(sql)
    return match is None or _top_level(sql[match.end() :], re.compile(r"\bFROM\b", re.IGNORECASE)) is not None


def split_list(text: str) -> list[str]:
    """The items of a list in SQL, parted at commas that stand in no brackets and no quotes."""
    items, start = [], 0
    comma = re.compile(",")
    while True:
        end = _top_level(text[start:], comma)
        items.append(text[start:] if end is None else text[start : start + end])
        if end is None:
            return [item.strip() for item in items if item.strip()]
        start += end + 1


def _top_level(text: str, wanted: Any) -> int | None:
    """Where a pattern first matches outside of brackets and quotes."""
    depth, index = 0, 0
    while index < len(text):
        char = text[index]
        if char in "'\"`":
            closing = text.find(char, index + 1)
            index = len(text) if closing < 0 else closing
        elif char in "([":
            depth += 1
        elif char in ")]":
            depth -= 1
        elif depth == 0 and wanted.match(text, index):
            return index
        index += 1
    return None


def _columns(items: Sequence[str]) -> list[Column]:
    names = (_ALIAS.search(item) for item in items)
    return [Column(match[1] if match else "?column?") for match in names]


def _raw_value(item: str) -> Any:
    """A value for a column of which only the name is known."""
    if re.match(r"\s*EXISTS\s*\(", item, re.IGNORECASE):
        return True
    match = _ALIAS.search(item)
    name = match[1].lower() if match else ""
    numeric = _AGGREGATE.match(item) or "(" in item or name.endswith(("id", "count", "number"))
    return 1 if numeric or name.isdigit() else "1"


def made_up(expression: Any, vendor: str) -> Any:
    """A value for a column of a query, as the database driver would give it."""
    try:
        field = expression.output_field
    except Exception:  # Django raises several kinds of errors for expressions without one type
        return 1
    return made_up_value(field, vendor)


def made_up_value(field: Any, vendor: str) -> Any:
    """A value for a field; a row's parent of its own kind is nobody, so that trees have a root."""
    seen = 0
    while getattr(field, "remote_field", None) is not None and hasattr(field, "target_field") and seen < 5:
        if field.null and field.remote_field.model is field.model:
            return None
        field = field.target_field
        seen += 1
    choices = getattr(field, "flatchoices", None)
    if choices and isinstance(choices[0][0], (str, int)):
        return choices[0][0]
    return _value_of(field.get_internal_type(), vendor)


def _value_of(kind: str, vendor: str) -> Any:
    from django.conf import settings

    native = vendor == "postgresql"
    utc = datetime.UTC if native and settings.USE_TZ else None
    values: dict[str, Any] = {
        "BooleanField": True if native else 1,
        "NullBooleanField": True if native else 1,
        "FloatField": 1.0,
        "DecimalField": 1.0 if vendor == "sqlite" else decimal.Decimal(1),
        "DateField": datetime.date(2020, 1, 1),
        "DateTimeField": datetime.datetime(2020, 1, 1, tzinfo=utc),
        "TimeField": datetime.time(0, 0),
        "DurationField": datetime.timedelta(1) if native else 1,
        "UUIDField": uuid.UUID(int=1) if native else uuid.UUID(int=1).hex,
        "JSONField": "{}",
        "BinaryField": b"1",
        "GenericIPAddressField": "127.0.0.1",
        "ArrayField": [],
        "HStoreField": {},
    }
    if kind in values:
        return values[kind]
    if kind.endswith(("AutoField", "IntegerField")):
        return 1
    return None if "Range" in kind else "1"


# --- The connection -----------------------------------------------------------------------------------------------


class NoConnection:
    """Stands where a driver's connection would."""

    autocommit = True
    closed = 0
    encoding = "utf8"
    isolation_level = None

    def __init__(self, wrapper: Any, version: int) -> None:
        self._wrapper = wrapper
        self.server_version = version

    def cursor(self, *_: Any, **__: Any) -> RecordingCursor:
        """A cursor without Django's wrapper."""
        return RecordingCursor(self._wrapper)

    def commit(self) -> None:
        """Nothing to commit."""

    def rollback(self) -> None:
        """Nothing to roll back."""

    def close(self) -> None:
        """Nothing to close."""


class RecordingWrapper:
    """Over a backend's `DatabaseWrapper`: everything that would reach a server stays here."""

    alias: str
    vendor: str
    connection: Any
    queries_logged = False

    def connect(self) -> None:
        """Never."""

    def ensure_connection(self) -> None:
        """There is all that is needed."""

    def get_new_connection(self, _: Any) -> Any:
        """The stand-in."""
        return self.connection

    def is_usable(self) -> bool:
        """Always."""
        return True

    def close(self) -> None:
        """Nothing to close."""

    def close_if_unusable_or_obsolete(self) -> None:
        """Nothing to close."""

    def create_cursor(self, name: str | None = None) -> RecordingCursor:
        """A cursor that writes down."""
        return RecordingCursor(self)

    def _savepoint(self, sid: str) -> None:
        """Savepoints are Django's own way to nest; they change nothing that is of interest."""

    def _savepoint_commit(self, sid: str) -> None:
        """Nothing."""

    def _savepoint_rollback(self, sid: str) -> None:
        """Nothing."""

    def _set_autocommit(self, autocommit: bool) -> None:
        if not autocommit:
            self._control("BEGIN")

    def _start_transaction_under_autocommit(self) -> None:
        self._control("BEGIN")

    def _commit(self) -> None:
        self._control("COMMIT")

    def _rollback(self) -> None:
        self._control("ROLLBACK")

    def _control(self, sql: str) -> None:
        """A transaction that an operation opens or ends; the one around a whole migration is not said."""
        script = RECORDER.of(self.alias)
        if script is not None and script.in_step:
            script.add(sql)


class RecordingEditor:
    """Over a backend's schema editor: knows which operation has put a statement off to the end of the migration."""

    connection: Any
    _deferred_sql: Deferred

    @property
    def deferred_sql(self) -> Deferred:
        """Statements for the end of the migration."""
        return self._deferred_sql

    @deferred_sql.setter
    def deferred_sql(self, statements: Iterable[Any]) -> None:
        self._deferred_sql = Deferred(statements, getattr(self, "_deferred_sql", None))

    def execute(self, sql: Any, params: Any = ()) -> None:
        """Send one statement, in the name of the operation that wanted it."""
        script = RECORDER.of(self.connection.alias)
        base: Any = super()
        place = self._deferred_sql.places.get(id(sql))
        with script.deferred(place) if script is not None else contextlib.nullcontext():
            base.execute(sql, params)

    def quote_value(self, value: Any) -> str:
        """A literal; `%` is doubled, as Django's own editors do for drivers that fill in parameters."""
        text = literal(value, self.connection.vendor, cast=False)
        return text.replace("%", "%%") if isinstance(value, str) else text


class Deferred(_List):
    """A list that remembers by whom each of its statements was added."""

    def __init__(self, statements: Iterable[Any] = (), before: Deferred | None = None) -> None:
        super().__init__(statements)
        self.places: dict[int, Place] = {} if before is None else before.places
        self._kept: list[Any] = [] if before is None else before._kept

    def append(self, statement: Any) -> None:
        """Add a statement of the running operation."""
        if RECORDER.script is not None:
            self.places[id(statement)] = RECORDER.script.place()
            self._kept.append(statement)  # so that its `id` stays its own
        super().append(statement)

    def extend(self, statements: Iterable[Any]) -> None:
        """Add statements of the running operation."""
        for statement in statements:
            self.append(statement)


def watch_connections(server_versions: Mapping[str, int]) -> None:
    """Make every connection, in every thread, one that never connects.

    Args:
        server_versions: the major version of each database's server; a usual one where it is not said.
    """
    from django.db import connections

    versions = {**DEFAULT_VERSIONS, **server_versions}
    create = connections.create_connection

    def recording(alias: str) -> Any:
        wrapper = create(alias)
        _record(wrapper, versions)
        return wrapper

    connections.create_connection = recording


def _record(wrapper: Any, versions: dict[str, int]) -> None:
    dialect = DIALECTS.get(wrapper.vendor, "")
    version = versions.get(dialect, 0)
    editor = wrapper.SchemaEditorClass
    wrapper.__class__ = _mixed(RecordingWrapper, type(wrapper))
    wrapper.connection = NoConnection(wrapper, version * 10_000)
    wrapper.autocommit = True
    quoting = (RecordingEditor,) if wrapper.vendor != "sqlite" else (_SqliteEditor, RecordingEditor)
    wrapper.SchemaEditorClass = _mixed(*quoting, editor) if editor is not None else None
    wrapper.introspection.__class__ = _mixed(AskingIntrospection, type(wrapper.introspection))
    wrapper.ops.compose_sql = functools.partial(_compose, wrapper.vendor)
    _know_version(wrapper, version)
    _never_connect(getattr(wrapper, "Database", None))


class _SqliteEditor:
    """SQLite's editor quotes without a connection already, and does not double `%`."""

    def quote_value(self, value: Any) -> str:
        """A literal, as the backend itself writes it."""
        backend: Any = super(RecordingEditor, self)
        return str(backend.quote_value(value))


def _mixed(*classes: type) -> type:
    """A class of its own for each backend: the backends are known only when they are loaded."""
    return type(classes[0].__name__, classes, {"__module__": classes[-1].__module__})


def _compose(vendor: str, sql: Any, params: Any) -> str:
    return inline(sql, params, vendor)


def _know_version(wrapper: Any, version: int) -> None:
    """What a backend would ask its server once."""
    known = wrapper.__dict__
    if wrapper.vendor == "postgresql":
        known["pg_version"] = version * 10_000
    elif wrapper.vendor == "mysql":
        known["mysql_server_data"] = {
            "version": f"{version}.4.0",
            "sql_mode": "STRICT_TRANS_TABLES",
            "default_storage_engine": "InnoDB",
            "sql_auto_is_null": False,
            "lower_case_table_names": False,
            "has_zoneinfo_database": True,
        }
    elif wrapper.vendor == "sqlite":
        wrapper.features.__dict__["supports_json_field"] = True


def _never_connect(driver: Any) -> None:
    """Drivers written in C reach servers behind Python's back."""
    if driver is not None and driver.__name__.split(".")[0] != "sqlite3":
        for owner in (driver, getattr(driver, "Connection", None)):
            with contextlib.suppress(AttributeError, TypeError):
                owner.connect = refuse  # type: ignore[union-attr]  # None has none, and is let pass


def refuse(*_: Any, **__: Any) -> NoReturn:
    """No connection."""
    raise ConnectionRefusedError("nothing is connected to while migrations are rendered")


# --- What exists --------------------------------------------------------------------------------------------------


class AskingIntrospection:
    """Over a backend's introspection: the parent knows what exists."""

    connection: Any

    def _description(self, table: str) -> Any:
        script = RECORDER.of(self.connection.alias)
        if script is None:
            return None
        schema, _, name = table.strip('"`').replace("`", '"').rpartition('"."')
        return script.ask("table", schema or None, name)

    def get_table_list(self, cursor: Any) -> list[Any]:
        """All tables and views."""
        script = RECORDER.of(self.connection.alias)
        found = script.ask("relations", None, None) if script is not None else {}
        kinds = (("tables", "t"), ("views", "v"), ("materialized_views", "v"))
        return [self._info("TableInfo", name=name, type=kind) for key, kind in kinds for name in found.get(key, ())]

    def get_table_description(self, cursor: Any, table_name: str) -> list[Any]:
        """The columns of a table."""
        table = self._description(table_name) or {"columns": ()}
        return [
            self._info("FieldInfo", name=one["name"], null_ok=one["nullable"], default=one["default"])
            for one in table["columns"]
        ]

    def get_constraints(self, cursor: Any, table_name: str) -> dict[str, dict[str, Any]]:
        """Constraints and indexes by their names."""
        table = self._description(table_name)
        return {} if table is None else describe_constraints(table, self.connection.vendor)

    def get_relations(self, cursor: Any, table_name: str) -> dict[str, tuple[str, str]]:
        """Foreign keys of one column."""
        table = self._description(table_name) or {"foreign_keys": ()}
        return {
            key["columns"][0]: (key["referred_columns"][0], key["referred_table"])
            for key in table["foreign_keys"]
            if len(key["columns"]) == len(key["referred_columns"]) == 1
        }

    def get_primary_key_column(self, cursor: Any, table_name: str) -> str | None:
        """The first column of the key."""
        return next(iter(self.get_primary_key_columns(cursor, table_name)), None)

    def get_primary_key_columns(self, cursor: Any, table_name: str) -> list[str]:
        """The columns of the key."""
        key = (self._description(table_name) or {}).get("primary_key")
        return list(key["columns"]) if key else []

    def get_sequences(self, cursor: Any, table_name: str, table_fields: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """Sequences that columns take their values from."""
        table = self._description(table_name) or {"columns": ()}
        found = ((column["name"], _sequence_of(table_name, column)) for column in table["columns"])
        return [{"name": name, "table": table_name, "column": column} for column, name in found if name]

    def get_storage_engine(self, cursor: Any, table_name: str) -> str:
        """MySQL's default."""
        return "InnoDB"

    def _info(self, kind: str, **values: Any) -> Any:
        """A backend's own named tuple, of which only some values are known."""
        for base in type(self).__mro__:
            made = getattr(sys.modules[base.__module__], kind, None)
            if made is not None:
                return made(**{**dict.fromkeys(made._fields), **values})
        return collections.namedtuple(kind, values)(**values)  # a backend without its own


def _sequence_of(table: str, column: dict[str, Any]) -> str | None:
    default = re.search(r"nextval\('(?:\w+\.)?\"?(\w+)", column["default"] or "", re.IGNORECASE)
    if default:
        return default[1]
    serial = "serial" in (column["type"] or "").lower()
    return "{}_{}_seq".format(table, column["name"]) if column["identity"] or serial else None


def describe_constraints(table: dict[str, Any], vendor: str) -> dict[str, dict[str, Any]]:
    """What Django's `get_constraints` gives, from the parent's description of a table.

    A unique constraint counts as an index too, save on Postgres: that is how the backends tell it.
    """
    found: dict[str, dict[str, Any]] = {}
    backed = vendor != "postgresql"
    key = table["primary_key"]
    if key:
        found[key["name"]] = _constraint(key["columns"], primary_key=True, unique=True, index=vendor == "mysql")
    for one in table["unique"]:
        found[one["name"]] = _constraint(one["columns"], unique=True, index=backed)
    for one in table["foreign_keys"]:
        target = (one["referred_table"], (one["referred_columns"] or [None])[0])
        found[one["name"]] = _constraint(one["columns"], foreign_key=target)
    for one in table["checks"]:
        found[one["name"]] = _constraint([], check=True)
    for one in table["indexes"]:
        if one["name"] not in found and not one["constraint"]:
            columns = [column for column in one["columns"] if column is not None]
            method = one["method"] or "btree"
            kind = "idx" if method == "btree" and vendor == "postgresql" else method
            found[one["name"]] = _constraint(columns, unique=one["unique"], index=True, type=kind)
    return found


def _constraint(columns: Sequence[str], **facts: Any) -> dict[str, Any]:
    empty = {"primary_key": False, "unique": False, "foreign_key": None, "check": False, "index": False}
    return {"columns": list(columns), "orders": [], "type": None, "definition": None, "options": None, **empty, **facts}


# --- Drivers that are not installed -------------------------------------------------------------------------------


class Anything:
    """A class of a driver that is not there: can be made, called, and derived from."""

    def __init__(self, *args: Any, **_: Any) -> None:
        self.adapted = args[0] if args else None
        ends = args if len(args) > 1 else (None, None)
        self.lower: Any = ends[0]
        self.upper: Any = ends[1]

    def __call__(self, *_: Any, **__: Any) -> Any:
        return None


class StandIn(types.ModuleType):
    """A module of a driver that is not there: has every name, as a class of its own."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        made = type(name, (Exception if name.endswith("Error") else Anything,), {})
        setattr(self, name, made)
        return made


def stand_in_for_drivers() -> None:
    """Backends import their driver; where it is missing, something stands in for it."""
    if not (_installed("psycopg") or _installed("psycopg2")):
        levels = {"READ_COMMITTED": 1, "REPEATABLE_READ": 2, "SERIALIZABLE": 3, "READ_UNCOMMITTED": 4}
        module = _stand_in("psycopg2", "extensions", "extras", "errors", "errorcodes", "sql", "_psycopg")
        module.__dict__["__version__"] = "2.9.9"
        module.extensions.__dict__.update({f"ISOLATION_LEVEL_{name}": level for name, level in levels.items()})
    if not (_installed("MySQLdb") or "MySQLdb" in sys.modules):
        module = _stand_in("MySQLdb", "constants", "constants.CLIENT", "constants.FIELD_TYPE", "converters")
        module.__dict__.update(__version__="2.2.4", version_info=(2, 2, 4, "final", 0))
        module.converters.__dict__["conversions"] = {}


def _installed(name: str) -> bool:
    """Whether a driver works: psycopg can be there without the library that it needs."""
    if importlib.util.find_spec(name) is None:
        return False
    try:
        importlib.import_module(name)
    except Exception:  # a driver's library may be missing or broken in any way
        for loaded in [module for module in sys.modules if module.split(".")[0] == name]:
            del sys.modules[loaded]
        return False
    return True


def _stand_in(name: str, *below: str) -> Any:
    module = sys.modules[name] = StandIn(name)
    for path in below:
        parent, _, last = f"{name}.{path}".rpartition(".")
        made = sys.modules[f"{name}.{path}"] = StandIn(f"{name}.{path}")
        setattr(sys.modules[parent], last, made)
        sys.modules[parent].__path__ = []  # so that it counts as a package
    return module


# --- The project --------------------------------------------------------------------------------------------------


class _Reached(BaseException):
    """`manage.py` has come to the point where it would run a command."""


_NETWORK = frozenset({"socket.connect", "socket.getaddrinfo", "socket.gethostbyname"})
_PROGRAMS = frozenset({"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork"})


def refuse_outside(event: str, _: Any) -> None:
    """An audit hook: nobody is there to speak to; while a migration runs, no other program is started either."""
    if event in _NETWORK:
        refuse()
    if event in _PROGRAMS and RECORDER.script is not None:
        raise PermissionError("no other program is started while migrations are rendered")


def prepare(job: dict[str, Any]) -> None:
    """Bring the project up as its `manage.py` does.

    Raises:
        Failed: it cannot be brought up.
    """
    manage = job.get("manage")
    here = os.path.dirname(os.path.abspath(__file__))  # its files are no modules of the project's
    sys.path[:] = [os.path.dirname(manage) if manage else os.getcwd(), *(path for path in sys.path if path != here)]
    sys.path[:0] = [path for path in job.get("sys_path", ()) if path not in sys.path]
    try:
        import django
    except ImportError as error:
        raise Failed(
            f"Django cannot be imported by {sys.executable}: {error}",
            "name the project's own interpreter with --python, such as .venv/bin/python",
        ) from error
    _choose_settings(job)
    _load_settings(job)
    watch_connections(job.get("server_versions") or {})
    _guarded("the project's apps do not load", django.setup)


def _choose_settings(job: dict[str, Any]) -> None:
    """Which settings: the ones that were named, else those of the environment, else those of `manage.py`."""
    if job.get("settings"):
        os.environ["DJANGO_SETTINGS_MODULE"] = job["settings"]
    named = os.environ.get("DJANGO_SETTINGS_MODULE")
    if job.get("manage"):
        _run_manage(job["manage"])
        if named:
            os.environ["DJANGO_SETTINGS_MODULE"] = named
    settings = os.environ.get("DJANGO_SETTINGS_MODULE") or _settings_in(job.get("manage"))
    if not settings:
        raise Failed(
            "it is not known which settings the project runs with",
            "name their module with --settings, or set DJANGO_SETTINGS_MODULE",
        )
    os.environ["DJANGO_SETTINGS_MODULE"] = settings


def _run_manage(path: str) -> None:
    """Run `manage.py` up to where it would run a command: it may extend `sys.path` or read an environment file."""
    from django.core import management

    def reached(*_: Any, **__: Any) -> NoReturn:
        raise _Reached

    original, management.execute_from_command_line = management.execute_from_command_line, reached
    arguments, sys.argv = sys.argv, [path, "migrate"]
    try:
        runpy.run_path(path, run_name="__main__")
    except (_Reached, *ERRORS):  # whatever it raises before: its settings may be read from its text
        pass
    finally:
        management.execute_from_command_line = original
        sys.argv = arguments


def _settings_in(manage: str | None) -> str | None:
    """The settings that a `manage.py` names as a constant."""
    try:
        with open(manage or os.devnull, encoding="utf-8") as file:
            tree = ast.parse(file.read())
    except (OSError, SyntaxError, ValueError):
        return None
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and len(node.args) == 2 and _constant(node.args[0]) == "DJANGO_SETTINGS_MODULE":
            return _constant(node.args[1])
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
            constants = [_constant(child) for child in ast.walk(node.targets[0])]
            if "DJANGO_SETTINGS_MODULE" in constants:
                return _constant(node.value)
    return None


def _constant(node: ast.AST) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _load_settings(job: dict[str, Any]) -> None:
    from django.conf import settings

    name = os.environ["DJANGO_SETTINGS_MODULE"]
    _guarded(f"the settings {name} do not load", lambda: settings.DATABASES)
    settings.LOGGING_CONFIG = None  # what a project logs to may not be there, and nothing is to be written
    stand_in_for_drivers()
    for database in settings.DATABASES.values():
        _choose_engine(database, job.get("engine"))
    if not any(database.get("ENGINE") for database in settings.DATABASES.values()):
        if not job.get("engine"):
            raise Failed(f"the settings {name} name no database", "say which one runs with --dialect")
        settings.DATABASES["default"] = {"ENGINE": ENGINES[job["engine"]], "NAME": "unreached"}


def _choose_engine(database: dict[str, Any], wanted: str | None) -> None:
    """Another backend, where the user says so and the project's own speaks another dialect."""
    if wanted is None:
        return
    try:
        backend = importlib.import_module("{}.base".format(database["ENGINE"]))
        fits = DIALECTS.get(backend.DatabaseWrapper.vendor) == wanted
    except Exception:  # a backend that does not load is replaced, for whatever reason
        fits = False
    if not fits:
        database.update(ENGINE=ENGINES[wanted], OPTIONS={})


def _guarded(what: str, run: Callable[[], Any]) -> None:
    """Run the project's own code, and say where it fails."""
    try:
        run()
    except (Exception, SystemExit) as error:
        traceback.print_exc()
        raise Failed(f"{what}: {reason_of(error)}{_where(error)}", _advice(error)) from error


def _where(error: BaseException) -> str:
    """The innermost place of a traceback that is neither Python's nor Django's own."""
    frames = traceback.extract_tb(error.__traceback__)
    here = os.getcwd() + os.sep
    own = [frame for frame in frames if frame.filename.startswith(here) and "site-packages" not in frame.filename]
    return f" ({os.path.relpath(own[-1].filename)}:{own[-1].lineno})" if own else ""


def _advice(error: BaseException) -> str:
    if isinstance(error, ModuleNotFoundError):
        return "run it with the project's own interpreter: --python .venv/bin/python"
    if isinstance(error, ConnectionRefusedError):
        return "nothing is connected to while migrations are rendered; --settings takes settings that need no server"
    return "settings may need variables of the environment; made-up values will do, for no database is reached"


# --- Rendering ----------------------------------------------------------------------------------------------------


class Project:
    """The graph of migrations, as it is when none is applied."""

    def __init__(self, pipe: Pipe, job: dict[str, Any]) -> None:
        from django.db.migrations.loader import MigrationLoader

        self._pipe = pipe
        self._done = set(job.get("done", ()))
        self._directions = job.get("directions") or ["up", "down"]
        self._all_back = bool(job.get("installed_apps_back"))
        self.loader = MigrationLoader(None)
        self.plan = self._full_plan()
        self._files = {migration: self._file(migration) for migration in self.plan}

    def _full_plan(self) -> list[Any]:
        """All migrations in the order in which `migrate` runs them on an empty database."""
        graph = self.loader.graph
        keys = dict.fromkeys(key for leaf in graph.leaf_nodes() for key in graph.forwards_plan(leaf))
        return [graph.nodes[key] for key in keys]

    def _file(self, migration: Any) -> MigrationFile:
        """The file of a migration; its operations are watched from here on."""
        module = sys.modules.get(type(migration).__module__)
        file = MigrationFile(os.path.abspath(getattr(module, "__file__", None) or ""))
        places = file.operation_places(migration.operations)
        for operation in _with_inner(migration.operations):
            for method in ("database_forwards", "database_backwards"):
                _watch(operation, method, places[id(operation)])
        return file

    def render(self, alias: str, connection: Any) -> None:
        """All migrations for one database."""
        dialect = DIALECTS[connection.vendor]
        state = self._empty_state()
        state.apps  # noqa: B018 - rendered once: each migration then changes only what it touches
        for migration in self.plan:
            state = self._render(migration, state, alias, connection, dialect)

    def refuse(self, alias: str, kind: str) -> None:
        """Say once, at the project's first migration, that a database is of a kind that is not read."""
        own = [migration for migration in self.plan if _is_own(self._files[migration].path)]
        if own:
            path, name = self._files[own[0]].path, f"{own[0].app_label}.{own[0].name}"
            head = {"migration": name, "path": path, "database": alias, "dialect": None, "direction": "up"}
            script = Script(self._pipe, self._files[own[0]], head)
            script.gaps.append((script.file.start(), f"the database {alias} is {kind}, which is not read"))
            self._pipe.say("script", **script.message("none"))

    def _empty_state(self) -> Any:
        import django
        from django.db.migrations.state import ProjectState

        unmigrated = self.loader.unmigrated_apps
        return ProjectState(real_apps=list(unmigrated) if django.VERSION < (4, 0) else set(unmigrated))

    def _render(self, migration: Any, state: Any, alias: str, connection: Any, dialect: str) -> Any:
        name = f"{migration.app_label}.{migration.name}"
        if f"{alias}:{name}" in self._done or name in self._done:
            return migration.mutate_state(state, preserve=False)
        head = {"migration": name, "path": self._files[migration].path, "database": alias, "dialect": dialect}
        wanted = "down" in self._directions and (self._all_back or _is_own(head["path"]))
        back = wanted and _can_go_back(migration)
        after = state.clone() if back else state  # models know the registry of the state that they were made in
        self._script(migration, {**head, "direction": "up"}, connection, functools.partial(migration.apply, after))
        if back:
            down = functools.partial(migration.unapply, state)
            self._script(migration, {**head, "direction": "down"}, connection, down)
        return after

    def _script(self, migration: Any, head: dict[str, Any], connection: Any, run: Callable[[Any], None]) -> None:
        """Render one direction and say it, unless there is no such way."""
        script = RECORDER.script = Script(self._pipe, self._files[migration], head)
        transaction = "none"
        try:
            with connection.schema_editor(atomic=migration.atomic) as editor:
                transaction = "tool" if editor.atomic_migration else "none"
                run(editor)
        except Irreversible:
            return
        except ERRORS as error:
            script.fail(error)
        finally:
            RECORDER.script = None
            _reset(connection)
        if head["direction"] in self._directions:
            self._pipe.say("script", **script.message(transaction))


def _reset(connection: Any) -> None:
    connection.in_atomic_block = connection.needs_rollback = connection.closed_in_transaction = False
    connection.autocommit = True
    connection.savepoint_ids, connection.run_on_commit = [], []
    if hasattr(connection, "atomic_blocks"):
        connection.atomic_blocks = []


def _is_own(path: str) -> bool:
    """Whether a file is one of the project's, not of a package that it has installed."""
    return path.startswith(os.getcwd() + os.sep) and not {"site-packages", "dist-packages"} & set(path.split(os.sep))


def _can_go_back(migration: Any) -> bool:
    return all(operation.reversible for operation in migration.operations)


def _with_inner(operations: Iterable[Any]) -> Iterator[Any]:
    for operation in operations:
        yield operation
        inner = getattr(operation, "database_operations", None)
        if isinstance(inner, (list, tuple)):
            yield from _with_inner(inner)


def _watch(operation: Any, method: str, place: Place) -> None:
    """Let an operation run as a step of the script that is rendered then."""
    original = getattr(operation, method)

    def watched(app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        script = RECORDER.script
        run = functools.partial(original, app_label, schema_editor, from_state, to_state)
        if script is None:
            run()
        else:
            script.step(place, run, schema_editor)

    setattr(operation, method, watched)


def load_project(pipe: Pipe, job: dict[str, Any]) -> Project:
    """The project's graph of migrations.

    Raises:
        Failed: a migration cannot be imported, or depends on one that is not there.
    """
    found: list[Project] = []
    _guarded("the migrations do not load", lambda: found.append(Project(pipe, job)))
    return found[0]


def render_all(pipe: Pipe, job: dict[str, Any]) -> None:
    """Render every database of the project, one after another.

    Raises:
        Failed: nothing can be rendered.
    """
    sys.addaudithook(refuse_outside)
    prepare(job)
    from django.db import connections

    project = load_project(pipe, job)
    gc.freeze()  # what is loaded stays; collecting it again and again costs more than all rendering
    gc.set_threshold(50_000, 20, 20)
    unknown = [alias for alias in connections if connections[alias].vendor not in DIALECTS]
    if len(unknown) == len(list(connections)):
        names = ", ".join(connections[alias].display_name for alias in unknown)
        raise Failed(f"the project's database is {names}, which is not read", "say which to render for with --dialect")
    for alias in connections:
        if alias in unknown:
            project.refuse(alias, connections[alias].display_name)
        else:
            project.render(alias, connections[alias])


def main() -> None:
    """Read the job, render, and say that all is done or why nothing is."""
    pipe = Pipe()
    try:
        render_all(pipe, pipe.receive())
        pipe.say("end")
    except Failed as failed:
        pipe.say("failed", reason=failed.reason, hint=failed.hint)


if __name__ == "__main__":
    main()
