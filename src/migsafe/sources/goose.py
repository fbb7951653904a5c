"""goose: one SQL file per migration, both directions in it, marked by annotations.

Rules from goose's documentation ("Annotations", goose 3.24) and its parser:
annotations stand on lines of their own, in any case; `-- +goose NO TRANSACTION` holds for both directions wherever it
stands; files sort by the number before the first `_`; files without a number are not migrations.
Go migrations (`NNN_name.go`) run between the SQL ones.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from migsafe.model.dialect import Dialect
from migsafe.model.script import (
    Direction,
    Migration,
    MigrationSet,
    Script,
    SourceText,
    TransactionRule,
)
from migsafe.sources.base import FlatSource, SourceOptions
from migsafe.sources.build import ScriptMaker, Sorter, make_migration
from migsafe.sources.dialects import choose_dialect
from migsafe.sources.placeholders import UNKNOWN_TOOL, Style
from migsafe.sources.sections import split_sections

if TYPE_CHECKING:
    from migsafe.sources.files import Folder

_SECTION = re.compile(r"^--[ \t]*\+goose[ \t]+(?P<direction>up|down)[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_NO_TRANSACTION = re.compile(r"^[ \t]*--[ \t]*\+goose[ \t]+no[ \t]+transaction[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_ENVSUB = re.compile(r"^--[ \t]*\+goose[ \t]+envsub[ \t]+on[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_NUMBERED = re.compile(r"(?P<version>[0-9]+)_.*\.(?:sql|go)\Z", re.DOTALL)


class Goose(FlatSource):
    """The layout of pressly/goose."""

    name = "goose"

    def claims(self, folder: Folder) -> bool:
        """A numbered SQL file bears a goose annotation."""
        return any(_NUMBERED.match(name) and _SECTION.search(folder.text(name)) for name in folder.sql_files())

    def accepts(self, folder: Folder) -> bool:
        """Any numbered SQL file will do when the user says that it is goose."""
        return any(_NUMBERED.match(name) for name in folder.sql_files())

    def takes_name(self, name: str) -> bool:
        """SQL files and numbered Go files, tests of theirs aside."""
        if name.endswith(".go"):
            return _NUMBERED.match(name) is not None and not name.endswith("_test.go")
        return name.endswith(".sql")

    def read(self, root: Folder, options: SourceOptions) -> MigrationSet:
        """All migrations, by number."""
        dialect = choose_dialect(root, options)
        sorter = Sorter()
        for name in sorted(filter(self.takes_name, root.files), key=_order):
            self._read_file(root, name, ScriptMaker(options, dialect), sorter)
        return MigrationSet(
            self.name, root.shown(), dialect, tuple(sorter.migrations), unreadable=tuple(sorter.unreadable)
        )

    def _read_file(self, root: Folder, name: str, maker: ScriptMaker, sorter: Sorter) -> None:
        if name.endswith(".go"):
            sorter.refuse(root.shown(name), "is a migration written in Go: its SQL can only be seen by running it")
        elif not _NUMBERED.match(name):
            self._note_unnumbered(root, name, sorter)
        elif (source := sorter.text(root.source(name))) is not None:
            scripts = _scripts(source, maker)
            if scripts == (None, None):
                sorter.refuse(source.path, "has no `-- +goose Up`: goose refuses the file")
            sorter.add(name.removesuffix(".sql"), scripts)

    @staticmethod
    def _note_unnumbered(root: Folder, name: str, sorter: Sorter) -> None:
        if _SECTION.search(root.text(name)):
            sorter.refuse(root.shown(name), "has goose annotations, but goose runs only files named NUMBER_name.sql")

    def read_text(self, source: SourceText, options: SourceOptions) -> tuple[Migration, ...] | None:
        """A single text with annotations."""
        up, down = _scripts(source, ScriptMaker(options, options.dialect or Dialect.POSTGRES))
        return None if up is None and down is None else (make_migration(source.path, up, down),)


def _styles(text: str) -> Style:
    """goose fills in `${NAME}` from the environment after `-- +goose ENVSUB ON` (goose 3.17)."""
    return UNKNOWN_TOOL | Style.DOLLAR | Style.IN_STRINGS if _ENVSUB.search(text) else UNKNOWN_TOOL


def _order(name: str) -> tuple[bool, int, str]:
    match = _NUMBERED.match(name)
    return match is None, int(match["version"]) if match else 0, name


def _scripts(source: SourceText, maker: ScriptMaker) -> tuple[Script | None, Script | None]:
    """Both directions of a file: goose sends their statements one by one."""
    text = source.text
    rule = TransactionRule.NONE if _NO_TRANSACTION.search(text) else TransactionRule.TOOL
    sections, maker = split_sections(text, _SECTION.finditer(text)), replace(maker, styles=_styles(text))

    def script(direction: Direction) -> Script | None:
        kept = sections.kept(direction, text)
        return None if kept is None else maker.make(direction, source, rule, kept)

    return script(Direction.UP), script(Direction.DOWN)
