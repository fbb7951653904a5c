"""pop (gobuffalo/pop 6) and Ory's popx: `VERSION_name[.DIALECT][.autocommit].up.sql`, Go templates in the files.

The names look like golang-migrate's. A folder is taken for pop's when one of its versions is a time stamp (14 digits or
more, as `soda generate` and popx write them) and one of its files bears what golang-migrate does not know: a dialect
infix, `.autocommit`, the ending `.fizz`, or a template `{{ … }}`.

Rules from `migrator.go` and `migration_info.go` of pop 6 and of popx: versions compare as text; a generic file applies
only where the dialect has no file of that version and direction; `sqlite3`, `postgresql` and `mariadb` are synonyms;
each file runs in a transaction, `.autocommit` ones do not.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from migsafe.model.script import Direction, MigrationSet, Script, TransactionRule
from migsafe.sources.base import FlatSource, SourceOptions
from migsafe.sources.build import ScriptMaker, Sorter
from migsafe.sources.dialects import choose_dialect
from migsafe.sources.numbered import NumberedFile, pair_up, parse_name
from migsafe.sources.placeholders import Style

if TYPE_CHECKING:
    from pathlib import Path

    from migsafe.model.dialect import Dialect
    from migsafe.sources.files import Folder

_TIME_STAMP_DIGITS = 14
_PIECE = re.compile(r"(?P<time>[0-9]{14})[0-9]{6}_(?P<name>.+)", re.DOTALL)
_FIZZ = re.compile(r"[0-9]+_.*\.(?:up|down)\.fizz\Z", re.DOTALL)


class Pop(FlatSource):
    """The layout of pop's file migrator and of popx."""

    name = "pop"

    def claims(self, folder: Folder) -> bool:
        """Time stamps for versions, and something that golang-migrate does not know."""
        files = _files(folder)
        if not any(len(file.version) >= _TIME_STAMP_DIGITS for file in files):
            return False
        return (
            any(file.infix or file.autocommit for file in files)
            or any(map(_FIZZ.match, folder.files))
            or any("{{" in folder.text(file.file) for file in files)
        )

    def accepts(self, folder: Folder) -> bool:
        """Any file of that form will do when the user says that it is pop."""
        return bool(_files(folder))

    def takes_name(self, name: str) -> bool:
        """VERSION_name.up.sql and its like, and fizz files."""
        return parse_name(name) is not None or _FIZZ.match(name) is not None

    def dialect_of(self, path: Path) -> Dialect | None:
        """The dialect of the infix."""
        file = parse_name(path.name)
        return file and file.dialect

    def dialects_at(self, root: Folder, asked: tuple[Dialect, ...]) -> tuple[Dialect, ...]:
        """All, where files bear a dialect's infix: the others are then for every database."""
        infixes = any(file.infix for file in _files(root))
        return asked if infixes else super().dialects_at(root, asked)

    def read(self, root: Folder, options: SourceOptions) -> MigrationSet:
        """All migrations of one dialect, by version."""
        dialect = choose_dialect(root, options)
        maker = ScriptMaker(options, dialect, Style.GO | Style.IN_STRINGS)
        sorter = Sorter()
        for name in filter(_FIZZ.match, root.files):
            sorter.refuse(root.shown(name), "is a migration in fizz, which migsafe does not read; write it as SQL")
        pairs, doubles = pair_up(_of_dialect(_files(root), dialect), lambda file: (0, file.version))
        for double, first in doubles:
            sorter.refuse(root.shown(double.file), f"has the version {double.version}, which {first.file} has already")
        for pair in pairs:
            sorter.add(pair.id, (_script(root, pair.up, maker, sorter), _script(root, pair.down, maker, sorter)))
        migrations = tuple(replace(one, piece_of=_whole(one.id)) for one in sorter.migrations)
        return MigrationSet(self.name, root.shown(), dialect, migrations, tuple(sorter.unreadable))


def _whole(name: str) -> str | None:
    """The fizz migration that was converted into this one and others: the number of the statement follows the time."""
    found = _PIECE.fullmatch(name)
    return None if found is None else f"{found['time']}_{found['name']}"


def _files(folder: Folder) -> list[NumberedFile]:
    return [file for name in folder.sql_files() if (file := parse_name(name)) is not None]


def _of_dialect(files: list[NumberedFile], dialect: Dialect) -> list[NumberedFile]:
    """The files that run on a dialect: its own, and the generic ones that none of its own replaces."""
    own = [file for file in files if file.dialect is dialect]
    replaced = {(file.version, file.direction) for file in own}
    return own + [file for file in files if file.infix is None and (file.version, file.direction) not in replaced]


def _script(root: Folder, file: NumberedFile | None, maker: ScriptMaker, sorter: Sorter) -> Script | None:
    source = None if file is None else sorter.text(root.source(file.file))
    if file is None or source is None:
        return None
    rule = TransactionRule.NONE if file.autocommit else TransactionRule.TOOL
    return maker.make(Direction(file.direction), source, rule)
