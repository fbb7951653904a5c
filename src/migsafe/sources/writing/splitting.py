"""A migration that mixes phases, written as several: the file keeps the first part, new migrations take the others.

What moves with a statement: the comments that stand directly above it or behind it on its line, also its ignores. What
stays: the file's header, a tool's marks, and comments that an empty line parts from the statement.

Python: the operations move as code (`splitting_python.py`).

The way back. Where it has as many statements as the way up, the last of one is taken as the counterpart of the first of
the other, and so on, as long as each pair has a name in common; every part then takes its own. Else all of it stays in
the first part, and the others say so: going all the way back is right then, and going back by a single one of them
takes nothing back. `Split.remarks` says it.

Not split, with the reason said: what is released or applied (the caller knows), repeatable migrations, files whose SQL
is not all known or does not stand in them, and those between which and the next one the tool has no room.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.model.declaration import SILENT, Declaration
from migsafe.model.script import TransactionRule
from migsafe.sources.declarations.words import header_words
from migsafe.sources.writing.blocks import blocks_of, is_control, is_setting, names_in, without
from migsafe.sources.writing.new import NewMigration, WritingOptions, WrittenFile
from migsafe.sources.writing.numbering import NoRoomError
from migsafe.sources.writing.planning import write_migrations
from migsafe.sources.writing.python_code import CannotSplitError
from migsafe.sources.writing.splitting_python import split_code

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from migsafe.model.script import Migration, MigrationSet
    from migsafe.model.statement import ReadScript

#: Tools that always send a file as one query: what they run has no transaction that could be taken away.
_ALWAYS_ONE_QUERY = frozenset({"golang-migrate", "prisma"})


@dataclass(frozen=True, kw_only=True)
class SplitPart:
    """A part of a migration.

    Attributes:
        name: of the new migration; the first part keeps the name that it has.
        declaration: what the part declares. Where the file declares something already, that is left alone and must be
            of the first part's phase; its change is that of all parts which name none.
        statements: places in the way up's statements, in order. Only one that sets something for its session or
            transaction (`SET lock_timeout`) may be in several parts. The caller answers for it that statements of
            different parts may change places.
    """

    name: str
    declaration: Declaration = SILENT
    statements: tuple[int, ...]


@dataclass(frozen=True)
class Split:
    """The files of a split, for `save`, and what a person should know of it."""

    files: tuple[WrittenFile, ...]
    remarks: tuple[str, ...] = ()


def split_migration(
    layout: MigrationSet,
    migration: Migration,
    up: ReadScript,
    down: ReadScript | None,
    parts: Sequence[SplitPart],
    *,
    now: datetime,
    released: bool,
    options: WritingOptions | None = None,
) -> Split:
    """Plan the files of a split; nothing is written.

    Args:
        migration: one of the layout.
        up: its way up, as it was read.
        down: its way back, as it was read.
        parts: at least two; together they have every statement of the way up, save BEGIN and COMMIT, which stay.
        now: for versions that are times.
        released: whether a release carries it, or a database has it: then it is refused.

    Raises:
        CannotSplitError: it cannot be split; the message says why.
        UsageError: the layout takes no new migrations.
    """
    _refuse(migration, up, down, parts, released=released)
    if up.script.rendered:
        return _split_code(layout, migration, up, parts, now, options or WritingOptions())
    backs = None if down is None else _backs(up, down, parts)
    remarks = () if down is None or backs is not None else (_stays_whole(migration),)
    new = [
        _new(migration, layout, up, part, _texts(down, backs, index)) for index, part in enumerate(parts) if index > 0
    ]
    if down is not None and backs is None:
        new = [replace(one, note=_note(migration)) for one in new]
    kept = _kept(migration, up, down, backs, parts[0])
    return Split((*kept, *_written(layout, migration, new, now, options or WritingOptions())), remarks)


def _refuse(
    migration: Migration, up: ReadScript, down: ReadScript | None, parts: Sequence[SplitPart], *, released: bool
) -> None:
    if released:
        raise CannotSplitError("it is released: its text must not change any more")
    if migration.repeatable:
        raise CannotSplitError("it is repeatable: all of it runs whenever it changes")
    for read in (up, down):
        reason = None if read is None else _unknown(read)
        if reason is not None:
            raise CannotSplitError(reason)
    said_phase, first = migration.declaration.phase, parts[0].declaration.phase if parts else None
    if None not in (said_phase, first) and said_phase is not first:
        raise CannotSplitError(
            f"it declares phase={said_phase}, and its first part is {first}", hint="change its header"
        )
    control = {at for at, one in enumerate(up.statements) if is_control(one.text)}
    settings = {at for at, one in enumerate(up.statements) if is_setting(one.text)}
    said = Counter(at for part in parts for at in set(part.statements) - control)
    once = all(count == 1 for at, count in said.items() if at not in settings)
    whole = said.keys() == set(range(len(up.statements))) - control
    if not (len(parts) > 1 and all(part.statements for part in parts) and once and whole):
        raise CannotSplitError("the parts do not have every statement once")


def _unknown(read: ReadScript) -> str | None:
    """Why a script cannot be cut; None where it can."""
    script = read.script
    if script.gaps:
        return "not all of its SQL is known"
    if script.rendered:
        return None
    if script.segments or script.placeholders:
        return "it has placeholders, and what they stand for is not in the file"
    copies = (one for one in read.statements if one.text[:4].upper() == "COPY" and "stdin" in one.text.lower())
    return "it has data of COPY in it" if next(copies, None) is not None else None


def _backs(up: ReadScript, down: ReadScript, parts: Sequence[SplitPart]) -> list[list[int]] | None:
    """Which statements of the way back belong to which part; None where it is not known."""
    ups = [at for at, one in enumerate(up.statements) if not (is_control(one.text) or is_setting(one.text))]
    downs = [at for at, one in enumerate(down.statements) if not (is_control(one.text) or is_setting(one.text))]
    if len(ups) != len(downs):
        return None
    counterpart = dict(zip(ups, reversed(downs), strict=True))
    if not all(names_in(up.statements[a].text) & names_in(down.statements[b].text) for a, b in counterpart.items()):
        return None
    settings = [at for at, one in enumerate(down.statements) if is_setting(one.text)]
    return [sorted([*settings, *(counterpart[at] for at in part.statements if at in counterpart)]) for part in parts]


def _stays_whole(migration: Migration) -> str:
    return (
        f"the way back of {migration.id} stays whole in its first part: which of its statements belong to which part"
        " is not known"
    )


def _split_code(
    layout: MigrationSet,
    migration: Migration,
    up: ReadScript,
    parts: Sequence[SplitPart],
    now: datetime,
    options: WritingOptions,
) -> Split:
    if layout.tool not in {"alembic", "django"}:
        raise CannotSplitError("its SQL is made by a program: split that")
    kept, moved, whole = split_code(layout.tool, migration, up, parts)
    if whole:
        moved = [replace(one, note=_note(migration)) for one in moved]
    files = write_migrations(layout, moved, now=now, options=replace(options, after=kept.path))
    return Split((kept, *files), (_stays_whole(migration),) if whole else ())


def _note(migration: Migration) -> str:
    return f"The way back stands in that of {migration.id}."


def _texts(down: ReadScript | None, backs: list[list[int]] | None, part: int) -> tuple[str, ...]:
    if down is None or backs is None:
        return ()
    blocks = blocks_of(down)
    return tuple(blocks[at].text for at in backs[part])


def _new(
    migration: Migration, layout: MigrationSet, up: ReadScript, part: SplitPart, back: tuple[str, ...]
) -> NewMigration:
    rule = up.script.transaction
    transaction = (
        rule in {TransactionRule.TOOL, TransactionRule.UNLESS_FORBIDDEN}
        or layout.tool in _ALWAYS_ONE_QUERY
        or any(is_control(one.text) for one in up.statements)
    )
    declaration = part.declaration
    if migration.down is None and declaration.irreversible is None:
        declaration = replace(declaration, irreversible=migration.declaration.irreversible)
    declaration = replace(declaration, change=declaration.change or migration.declaration.change)
    blocks = blocks_of(up)
    return NewMigration(
        name=part.name,
        up=tuple(blocks[at].text for at in part.statements if not is_control(up.statements[at].text)),
        down=back,
        transaction=transaction,
        declaration=declaration,
    )


def _kept(
    migration: Migration, up: ReadScript, down: ReadScript | None, backs: list[list[int]] | None, first: SplitPart
) -> Iterator[WrittenFile]:
    """The files of the migration itself, without what others take."""
    blocks = blocks_of(up)
    moved = [block for at, block in enumerate(blocks) if at not in first.statements and not _stays(up, at)]
    header = None if migration.declaration.place is not None else header_words(first.declaration)
    place = min(blocks[at].start for at in first.statements)
    cuts = {up.script.path: [block.span for block in moved]}
    texts = {up.script.path: up.script.source.text}
    if down is not None and backs is not None:
        texts.setdefault(down.script.path, down.script.source.text)
        downs = blocks_of(down)
        moved = [block for at, block in enumerate(downs) if at not in backs[0] and not _stays(down, at)]
        cuts.setdefault(down.script.path, []).extend(block.span for block in moved)
    for path, text in texts.items():
        inserted = (place, header) if path == up.script.path and header is not None else None
        yield WrittenFile(Path(path).absolute(), without(text, cuts[path], inserted), was=text)


def _stays(read: ReadScript, at: int) -> bool:
    return is_control(read.statements[at].text)


def _written(
    layout: MigrationSet, migration: Migration, new: list[NewMigration], now: datetime, options: WritingOptions
) -> tuple[WrittenFile, ...]:
    assert migration.up is not None
    order = [one for one in layout.migrations if not one.repeatable]
    if migration is not order[-1]:
        options = replace(options, after=Path(migration.up.path))
    try:
        return write_migrations(layout, new, now=now, options=options)
    except NoRoomError as error:
        raise CannotSplitError(
            f"a migration follows it, and {error.message}", hint="split it before others follow, or number them anew"
        ) from None
