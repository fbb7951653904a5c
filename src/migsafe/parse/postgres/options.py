"""Lists of options that say little about safety: read to the end, so that nothing behind them is missed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.model.names import QualifiedName
from migsafe.parse.cursor import NUMBER, Cursor
from migsafe.parse.postgres.types import read_type

if TYPE_CHECKING:
    from migsafe.model.operation import DataType


@dataclass(slots=True)
class SequenceOptions:
    """What the options of a sequence say."""

    type: DataType | None = None
    owned_by: tuple[QualifiedName, str] | None = None
    disowned: bool = False
    restart: bool = False


def read_sequence_options(cursor: Cursor) -> SequenceOptions:
    """Read the options of CREATE and ALTER SEQUENCE and of identity columns, to a comma or the end."""
    options = SequenceOptions()
    while not cursor.at_end and cursor.word() != ",":
        _sequence_option(cursor, options)
    return options


def skip_sequence_options(cursor: Cursor) -> None:
    """Read them for their end only."""
    read_sequence_options(cursor)
    cursor.finish()


def _sequence_option(cursor: Cursor, options: SequenceOptions) -> None:
    if cursor.take("AS"):
        options.type = read_type(cursor)
    elif cursor.take("OWNED", "BY"):
        _owner(cursor, options)
    elif cursor.take("RESTART"):
        options.restart = True
        cursor.take("WITH")
        _take_number(cursor)
    elif cursor.take("SEQUENCE", "NAME"):
        cursor.qualified_name()
    elif cursor.take_any("START", "INCREMENT", "MINVALUE", "MAXVALUE", "CACHE"):
        cursor.take_any("WITH", "BY")
        if not _take_number(cursor):
            cursor.stuck("a number")
    elif not (
        cursor.take("NO", "MINVALUE")
        or cursor.take("NO", "MAXVALUE")
        or cursor.take("NO", "CYCLE")
        or cursor.take_any("CYCLE", "LOGGED", "UNLOGGED")
    ):
        cursor.stuck("an option of a sequence")


def _owner(cursor: Cursor, options: SequenceOptions) -> None:
    if cursor.take("NONE"):
        options.disowned = True
        return
    parts = [cursor.identifier()]
    while cursor.take("."):
        parts.append(cursor.identifier())
    if len(parts) < 2:
        cursor.stuck("a column")
    options.owned_by = QualifiedName(parts[-2], parts[-3] if len(parts) > 2 else None), parts[-1]


def _take_number(cursor: Cursor) -> bool:
    sign = cursor.take_any("-", "+")
    if cursor.kind() not in (NUMBER, 5):
        if sign:
            cursor.stuck("a number")
        return False
    cursor.next()
    return True


def parameter_names(cursor: Cursor) -> tuple[str, ...]:
    """The names in `(fillfactor = 70, toast.autovacuum_enabled)`, in lower case; they are `label [= value]`."""
    names = []
    for item in cursor.group().items():
        name = item.identifier()
        while item.take("."):
            name += "." + item.identifier()
        if item.take("=") or item.word():
            item.rest()
        else:
            item.at = item.stop
        names.append(name.lower())
    return tuple(names)


def skip_assignments(cursor: Cursor) -> None:
    """Move past a parenthesised list that is known and has no hazard."""
    cursor.group()
