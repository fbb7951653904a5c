"""Flyway: `V8__name.sql`, `U8__name.sql` where the project has undo migrations, `V8__name.sql.conf`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.sources.files import Folder
from migsafe.sources.flyway import FILE_NAME
from migsafe.sources.writing.new import NewMigration, WrittenFile
from migsafe.sources.writing.numbering import by_number
from migsafe.sources.writing.sql_text import way_down, way_up, with_breaks
from migsafe.sources.writing.two_files import refuse_templates

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from migsafe.sources.writing.numbering import Key
    from migsafe.sources.writing.site import Site

_WITHOUT_TRANSACTION = "executeInTransaction=false\n"


def write_flyway(site: Site, new: Sequence[NewMigration]) -> list[WrittenFile]:
    """Versioned migrations in the folder of the last one.

    Raises:
        UsageError: a statement has `${`, which Flyway would replace.
    """
    for one in new:
        refuse_templates(one, "${", "Flyway")
    known = [match for folder in _folders(site) for name in folder.files if (match := FILE_NAME.match(name))]
    after = None if site.last is None else FILE_NAME.match(Path(site.last.path).name)
    versions = site.versions(
        [match["version"] for match in known if match["kind"] in {"V", "B"}],
        len(new),
        key=_as_flyway,
        first="1",
        after=None if after is None else after["version"],
    )
    neighbours = [match["description"] for match in known]
    stems = [f"{at}__{site.words(one, neighbours)}" for at, one in zip(versions, new, strict=True)]
    return [file for stem, one in zip(stems, new, strict=True) for file in _files(site, stem, one)]


def _as_flyway(version: str) -> Key:
    """A version part by part, missing parts being 0 (`1` and `1.0` are the same)."""
    parts = list(by_number(version))
    while parts and parts[-1] == 0:
        parts.pop()
    return tuple(parts)


def _folders(site: Site) -> Iterator[Folder]:
    """The layout's folders, as far as migrations of its database were read from them."""
    paths = {Path(script.path).absolute().parent for one in site.layout.migrations for script in one.scripts}
    yield from map(Folder, sorted(paths | {site.path}))


def _files(site: Site, stem: str, new: NewMigration) -> Iterator[WrittenFile]:
    ups = None if site.last is None else site.last.up
    folder = site.path if ups is None else Path(ups.path).absolute().parent
    yield from _with_settings(folder / f"V{stem}.sql", way_up(new), new, site.newline)
    downs = [one.down.path for one in site.layout.migrations if one.down is not None]
    if downs and new.reason is None:
        below = Path(downs[-1]).absolute().parent
        yield from _with_settings(below / f"U{stem}.sql", way_down(new), new, site.newline)


def _with_settings(path: Path, text: str, new: NewMigration, newline: str) -> Iterator[WrittenFile]:
    yield WrittenFile(path, with_breaks(text, newline))
    if not new.transaction:
        yield WrittenFile(path.with_name(f"{path.name}.conf"), _WITHOUT_TRANSACTION)
