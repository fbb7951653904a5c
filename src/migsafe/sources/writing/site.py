"""Where new migrations go: the layout that is there, and its habits."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.sources.files import Folder
from migsafe.sources.writing.new import NewMigration, WritingOptions
from migsafe.sources.writing.numbering import next_versions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from migsafe.model.script import Migration, MigrationSet
    from migsafe.sources.writing.numbering import Key

_NO_LETTER = re.compile(r"[^a-z0-9]+")
_LONGEST_NAME = 80


@dataclass(frozen=True)
class Site:
    """A layout that gets new migrations.

    Attributes:
        layout: what is there.
        now: the present time.
    """

    layout: MigrationSet
    now: datetime
    options: WritingOptions = field(default_factory=WritingOptions)

    @cached_property
    def root(self) -> Folder:
        """The layout's folder."""
        return Folder(Path(self.layout.root))

    @property
    def path(self) -> Path:
        """The layout's folder, absolute."""
        return self.root.path

    @cached_property
    def last(self) -> Migration | None:
        """The migration that the new ones follow."""
        known = [one for one in self.layout.migrations if not one.repeatable]
        if self.options.after is not None:
            after = self.options.after.absolute()
            known = [one for one in known if Path(one.path).absolute() == after]
        return known[-1] if known else None

    @cached_property
    def newline(self) -> str:
        """How lines end in the neighbour."""
        text = self.last.scripts[0].source.text if self.last is not None and self.last.scripts else ""
        return "\r\n" if "\r\n" in text else "\n"

    @property
    def has_ways_back(self) -> bool:
        """Whether migrations are expected to have one: some have, or there are none yet."""
        return not self.layout.migrations or any(one.down is not None for one in self.layout.migrations)

    def words(self, new: NewMigration, neighbours: Iterable[str]) -> str:
        """The name of a migration, its words parted as the neighbours' words are.

        Args:
            neighbours: names without version and ending.
        """
        signs = Counter(sign for name in neighbours for sign in name if sign in "-_")
        separator = "-" if signs["-"] > signs["_"] else "_"
        words = _NO_LETTER.sub(separator, new.name.lower()).strip(separator)[:_LONGEST_NAME].strip(separator)
        return words or "migration"

    def versions(
        self, taken: Sequence[str], count: int, *, key: Callable[[str], Key], first: str, after: str | None
    ) -> list[str]:
        """Versions for new migrations.

        Args:
            after: the version of `options.after`, where that is given.
        """
        after = after if self.options.after is not None else None
        return next_versions(taken, count, self.now, key=key, first=first, after=after)
