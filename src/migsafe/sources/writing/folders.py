"""Tools with a folder for each migration: diesel and Prisma."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.model.dialect import Dialect
from migsafe.sources.writing.new import NewMigration, WrittenFile
from migsafe.sources.writing.numbering import TIME, by_text
from migsafe.sources.writing.sql_text import one_statement_each, way_down, way_up, with_breaks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from migsafe.sources.writing.site import Site

_FIRST_OF_DIESEL = "%Y-%m-%d-%H%M%S"


def write_diesel(site: Site, new: Sequence[NewMigration]) -> list[WrittenFile]:
    """diesel: `up.sql` and `down.sql`, and `metadata.toml` where there is to be no transaction.

    Without a transaction a file is one query, so that each statement gets a folder of its own.
    """
    new = _parted(site, new)
    return [
        WrittenFile(folder / name, with_breaks(text, site.newline))
        for folder, one in zip(_folders(site, new, _FIRST_OF_DIESEL), new, strict=True)
        for name, text in _files_of_diesel(site, one)
    ]


def write_prisma(site: Site, new: Sequence[NewMigration]) -> list[WrittenFile]:
    """Prisma: `migration.sql`; `down.sql` only where the project keeps some.

    A file is one query: with several statements an implicit transaction, so that each statement gets a folder of its
    own where there is to be none.
    """
    new = _parted(site, new)
    keeps_down = any(one.down is not None for one in site.layout.migrations)
    files = []
    for folder, one in zip(_folders(site, new, TIME), new, strict=True):
        files.append(WrittenFile(folder / "migration.sql", with_breaks(way_up(one), site.newline)))
        if keeps_down and one.reason is None:
            files.append(WrittenFile(folder / "down.sql", with_breaks(way_down(one), site.newline)))
    return files


def _parted(site: Site, new: Sequence[NewMigration]) -> Sequence[NewMigration]:
    if site.layout.dialect is not Dialect.POSTGRES:
        return new
    return [part for one in new for part in one_statement_each(one)]


def _files_of_diesel(site: Site, new: NewMigration) -> Iterator[tuple[str, str]]:
    yield "up.sql", way_up(new)
    if new.down or (new.reason is None and site.has_ways_back):
        yield "down.sql", way_down(new)
    if not new.transaction:
        yield "metadata.toml", "run_in_transaction = false\n"


def _folders(site: Site, new: Sequence[NewMigration], first: str) -> list[Path]:
    """The folders of new migrations: `VERSION_name`."""
    known = [child.name for child in site.root.children() if "_" in child.name]
    after = None if site.last is None else Path(site.last.path).parent.name.split("_", 1)[0]
    versions = site.versions(
        [name.split("_", 1)[0] for name in known if name[0].isdigit()], len(new), key=by_text, first=first, after=after
    )
    neighbours = [name.split("_", 1)[1] for name in known]
    return [site.path / f"{at}_{site.words(one, neighbours)}" for at, one in zip(versions, new, strict=True)]
