"""Revisions and Django's migrations, split: their operations move as code, with the imports that they need.

An operation moves as a whole: one that sends statements of two parts is refused, and so is a migration that is not the
last one, for what follows names it. The way back of a revision is split by position, as in SQL; Django's operations
hold theirs themselves.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.model.script import TransactionRule
from migsafe.sources.writing.alembic import with_globals
from migsafe.sources.writing.blocks import is_control, names_in
from migsafe.sources.writing.new import MovedCode, NewMigration, WrittenFile
from migsafe.sources.writing.python_code import CannotSplitError, Code, Piece
from migsafe.sources.writing.python_text import declaration_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migsafe.model.script import Migration
    from migsafe.model.statement import ReadScript
    from migsafe.sources.writing.splitting import SplitPart


def split_code(
    tool: str, migration: Migration, up: ReadScript, parts: Sequence[SplitPart]
) -> tuple[WrittenFile, list[MovedCode], bool]:
    """The file as it stays, what others take, and whether the way back stays whole in the first part.

    Raises:
        CannotSplitError: the code cannot be moved; the message says why.
    """
    code = Code(up.script.source)
    forward = code.operations() if tool == "django" else code.function("upgrade")
    groups = _groups(forward, up, parts)
    backward = [] if tool == "django" else code.function("downgrade") if migration.down is not None else []
    backs = _backs(forward, backward, groups)
    moved = [_moved(code, migration, up, part, groups[at], backs[at]) for at, part in enumerate(parts) if at]
    gone = [piece for group in (*groups[1:], *backs[1:]) for piece in group]
    text = code.without(gone, backward if backward and not backs[0] else ())
    if migration.declaration.place is None:
        text = _declared(tool, text, parts[0])
    whole = bool(backward) and not any(backs[1:])
    return WrittenFile(Path(up.script.path).absolute(), text, was=up.script.source.text), moved, whole


def _groups(pieces: list[Piece], up: ReadScript, parts: Sequence[SplitPart]) -> list[list[Piece]]:
    """The operations of each part."""
    owners: list[set[int]] = [set() for _ in pieces]
    for at, part in enumerate(parts):
        for index in part.statements:
            if is_control(up.statements[index].text):
                continue
            line = up.script.position(up.statements[index].span.start).line
            place = next((number for number, piece in enumerate(pieces) if piece.has(line)), None)
            if place is None:
                raise CannotSplitError(f"line {line} is in no operation of the migration itself")
            owners[place].add(at)
    for piece, owner in zip(pieces, owners, strict=True):
        if len(owner) != 1:
            which = "sends statements of several parts" if owner else "sends nothing that could be seen"
            raise CannotSplitError(f"the operation on line {piece.last} {which}")
    return [[piece for piece, owner in zip(pieces, owners, strict=True) if at in owner] for at in range(len(parts))]


def _backs(forward: list[Piece], backward: list[Piece], groups: list[list[Piece]]) -> list[list[Piece]]:
    """The operations of the way back of each part; all in the first where it is not known."""
    whole = [backward, *([] for _ in groups[1:])]
    if len(forward) != len(backward):
        return whole
    counterparts = list(zip(forward, reversed(backward), strict=True))
    usual = frozenset({"op", "sa", "execute", "batch_op", "batch_alter_table"})
    if not all((names_in(ahead.text) & names_in(back.text)) - usual for ahead, back in counterparts):
        return whole
    return [[back for ahead, back in reversed(counterparts) if ahead in group] for group in groups]


def _moved(
    code: Code, migration: Migration, up: ReadScript, part: SplitPart, group: list[Piece], back: list[Piece]
) -> MovedCode:
    declaration = part.declaration
    if migration.down is None:
        reason = migration.declaration.irreversible or f"see {migration.id}"
        declaration = replace(declaration, irreversible=declaration.irreversible or reason)
    declaration = replace(declaration, change=declaration.change or migration.declaration.change)
    return MovedCode(
        name=part.name,
        up=(),
        transaction=up.script.transaction is not TransactionRule.NONE,
        declaration=declaration,
        forward="".join(piece.text for piece in group),
        backward="".join(piece.text for piece in back),
        imports=code.imports_of([*group, *back]),
    )


def _declared(tool: str, text: str, first: SplitPart) -> str:
    """The file with what its part declares."""
    lines = declaration_lines(NewMigration(name=first.name, up=(), declaration=first.declaration))
    if not lines:
        return text
    newline = "\r\n" if "\r\n" in text else "\n"
    if tool == "alembic":
        declared = with_globals(text, lines)
        return text if declared is None else declared
    written = text.splitlines(keepends=True)
    at = next(number for number, line in enumerate(written) if line.startswith("class Migration("))
    return "".join([*written[: at + 1], *(f"    {line}{newline}" for line in lines), newline, *written[at + 1 :]])
