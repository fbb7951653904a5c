"""dbmate: one SQL file per migration, `-- migrate:up` and `-- migrate:down` in it, options behind the marks.

Rules from dbmate's README ("Creating Migrations", "Migration Options", dbmate 2.28): files named by digits first, in
the order of their names as text; `transaction:false` behind a mark holds for that direction only. dbmate sends a
section as one query string, so that without its transaction Postgres makes one of its own around several statements.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from migsafe.model.dialect import Dialect
from migsafe.model.script import Direction, Migration, MigrationSet, Script, SourceText, TransactionRule
from migsafe.sources.base import FlatSource, SourceOptions, simple_query
from migsafe.sources.build import ScriptMaker, Sorter, make_migration
from migsafe.sources.dialects import choose_dialect
from migsafe.sources.sections import split_sections

if TYPE_CHECKING:
    from migsafe.sources.files import Folder

_MARK = re.compile(r"^--[ \t]*migrate:(?P<direction>up|down)(?P<options>[ \t][^\r\n]*)?\r?$", re.MULTILINE)
_NUMBERED = re.compile(r"[0-9]+.*\.sql\Z", re.DOTALL)


class Dbmate(FlatSource):
    """The layout of amacneil/dbmate."""

    name = "dbmate"

    def claims(self, folder: Folder) -> bool:
        """A numbered file bears a mark of dbmate."""
        return any(self.takes_name(name) and _MARK.search(folder.text(name)) for name in folder.sql_files())

    def accepts(self, folder: Folder) -> bool:
        """Any numbered file will do when the user says that it is dbmate."""
        return any(map(self.takes_name, folder.sql_files()))

    def takes_name(self, name: str) -> bool:
        """Files whose names begin with digits."""
        return _NUMBERED.match(name) is not None

    def read(self, root: Folder, options: SourceOptions) -> MigrationSet:
        """All migrations, by name."""
        maker = ScriptMaker(options, choose_dialect(root, options))
        sorter = Sorter()
        for name in filter(self.takes_name, root.sql_files()):
            source = sorter.text(root.source(name))
            if source is None:
                continue
            scripts = _scripts(source, maker)
            if scripts == (None, None):
                sorter.refuse(source.path, "has no `-- migrate:up`: dbmate refuses the file")
            sorter.add(name.removesuffix(".sql"), scripts)
        return MigrationSet(self.name, root.shown(), maker.dialect, tuple(sorter.migrations), tuple(sorter.unreadable))

    def read_text(self, source: SourceText, options: SourceOptions) -> tuple[Migration, ...] | None:
        """A single text with marks."""
        up, down = _scripts(source, ScriptMaker(options, options.dialect or Dialect.POSTGRES))
        return None if up is None and down is None else (make_migration(source.path, up, down),)


def _scripts(source: SourceText, maker: ScriptMaker) -> tuple[Script | None, Script | None]:
    text = source.text
    marks = list(_MARK.finditer(text))
    sections = split_sections(text, marks)

    def script(direction: Direction) -> Script | None:
        kept = sections.kept(direction, text)
        if kept is None:
            return None
        return maker.make(direction, source, _rule(marks, direction, maker.dialect), kept)

    return script(Direction.UP), script(Direction.DOWN)


def _rule(marks: list[re.Match[str]], direction: Direction, dialect: Dialect) -> TransactionRule:
    """The rule that the options behind a direction's first mark give."""
    mark = next(mark for mark in marks if mark["direction"] == direction)
    without = "transaction:false" in (mark["options"] or "").split()
    return simple_query(dialect) if without else TransactionRule.TOOL
