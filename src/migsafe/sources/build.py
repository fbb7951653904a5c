"""From a file's text to scripts: sections, placeholders and the user's overrides, in one place for all sources."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.model.script import Direction, Migration, Script, SourceText, Span, TransactionRule, UnreadableFile
from migsafe.sources.declarations import declared_in_scripts
from migsafe.sources.masking import keep_only
from migsafe.sources.placeholders import UNKNOWN_TOOL, Style, render

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migsafe.model.dialect import Dialect
    from migsafe.sources.base import SourceOptions


@dataclass(frozen=True)
class ScriptMaker:
    """Makes the scripts of one layout.

    Attributes:
        styles: the placeholders that the layout's tool knows.
    """

    options: SourceOptions
    dialect: Dialect
    styles: Style = UNKNOWN_TOOL

    def make(
        self,
        direction: Direction,
        source: SourceText,
        transaction: TransactionRule,
        kept: Sequence[Span] | None = None,
    ) -> Script:
        """One script.

        Args:
            transaction: the tool's rule; the user's wins over it.
            kept: the spans of the file that belong to the script; all of it when left out.
        """
        text = source.text if kept is None else keep_only(source.text, kept)
        rendered = render(text, self.options.placeholders, self.styles, self.dialect)
        return Script(
            direction=direction,
            text=rendered.text,
            source=source,
            transaction=self.options.transaction or transaction,
            dialect=self.dialect,
            segments=rendered.segments,
            placeholders=rendered.placeholders,
        )

    def pair(
        self, up: SourceText | None, down: SourceText | None, transaction: TransactionRule
    ) -> tuple[Script | None, Script | None]:
        """The scripts of two files with the same rule."""
        return (
            None if up is None else self.make(Direction.UP, up, transaction),
            None if down is None else self.make(Direction.DOWN, down, transaction),
        )


def make_migration(
    migration_id: str, up: Script | None, down: Script | None, *, repeatable: bool = False, checksummed: bool = False
) -> Migration:
    """A migration of one or two scripts, with what they declare: the one way in which SQL becomes a migration."""
    first = up or down
    assert first is not None
    return Migration(
        migration_id,
        first.path,
        up,
        down,
        repeatable=repeatable,
        checksummed=checksummed,
        declaration=declared_in_scripts(up, down),
    )


class Sorter:
    """Parts texts from files that cannot be read, and keeps both."""

    def __init__(self) -> None:
        self.migrations: list[Migration] = []
        self.unreadable: list[UnreadableFile] = []

    def text(self, source: SourceText | UnreadableFile | None) -> SourceText | None:
        """The text; None, with the reason kept, for a file that cannot be read."""
        if isinstance(source, UnreadableFile):
            self.unreadable.append(source)
            return None
        return source

    def refuse(self, path: str, reason: str) -> None:
        """Keep a file that the tool or migsafe does not read, and why."""
        self.unreadable.append(UnreadableFile(path, reason))

    def add(
        self, migration_id: str, scripts: tuple[Script | None, Script | None], *, checksummed: bool = False
    ) -> None:
        """Keep a migration, unless neither of its scripts can be read."""
        up, down = scripts
        if up is not None or down is not None:
            self.migrations.append(make_migration(migration_id, up, down, checksummed=checksummed))
