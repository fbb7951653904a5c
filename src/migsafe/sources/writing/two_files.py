"""Tools with a file for each direction in one folder: golang-migrate, pop, plain SQL."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.errors import UsageError
from migsafe.model.dialect import Dialect
from migsafe.model.script import Direction, TransactionRule
from migsafe.sources.numbered import NumberedFile, parse_name
from migsafe.sources.writing.new import NewMigration, WrittenFile
from migsafe.sources.writing.numbering import TIME, by_number, by_text
from migsafe.sources.writing.sql_text import one_statement_each, way_down, way_up, with_breaks

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from migsafe.sources.writing.numbering import Key
    from migsafe.sources.writing.site import Site

#: A plain file's name: a mark, a version (a number, or a date with separators), what parts it from the name, the name.
_PLAIN = re.compile(
    r"(?P<mark>[vV]?)(?P<version>[0-9]{4}[-_.][0-9]{2}[-_.][0-9]{2}(?:[-_.][0-9]{4,6})?|[0-9]+)"
    r"(?P<between>[._-]*)(?P<name>.*)\Z",
    re.DOTALL,
)
_ENDING = re.compile(r"(?:\.(?:up|down))?\.sql\Z", re.IGNORECASE)


def write_golang_migrate(site: Site, new: Sequence[NewMigration]) -> list[WrittenFile]:
    """golang-migrate: a file is one query, so that statements which need no transaction get a file each."""
    if site.layout.dialect is Dialect.POSTGRES:
        new = [part for one in new for part in one_statement_each(one)]
    files = _numbered_files(site)
    names = _stems(site, new, files, by_number)
    return [file for stem, one in zip(names, new, strict=True) for file in _pair(site, stem, one)]


def write_pop(site: Site, new: Sequence[NewMigration]) -> list[WrittenFile]:
    """pop: `.autocommit` in the name takes the transaction away; the files are templates.

    Raises:
        UsageError: a statement has `{{`, which would be a template.
    """
    for one in new:
        refuse_templates(one, "{{", "pop")
    files = _numbered_files(site)
    stems = _stems(site, new, files, by_text)
    infix = _infix(files)
    found = []
    for stem, one in zip(stems, new, strict=True):
        found += _pair(site, stem + infix + ("" if one.transaction else ".autocommit"), one)
    return found


def write_plain(site: Site, new: Sequence[NewMigration]) -> list[WrittenFile]:
    """Plain SQL: `X.up.sql` and `X.down.sql` where the neighbours are so or there are none; else `X.sql`.

    Where the neighbours have no ways back, whatever runs the files may run every one of them, so the way back is
    written into the file as a comment.
    """
    stems = [_ENDING.sub("", name) for name in site.root.sql_files()]
    named = [match for stem in dict.fromkeys(stems) if (match := _PLAIN.match(stem))]
    last = max(named, key=lambda match: by_number(match["version"]), default=None)
    after = None if site.last is None else _PLAIN.match(Path(site.last.path).name)
    versions = site.versions(
        [match["version"] for match in named],
        len(new),
        key=by_number,
        first="0001",
        after=None if after is None else after["version"],
    )
    mark, between = (last["mark"], last["between"] or "_") if last else ("", "_")
    neighbours = [match["name"] for match in named]
    stems = [
        f"{mark}{version}{between}{site.words(one, neighbours)}" for version, one in zip(versions, new, strict=True)
    ]
    directed = not site.layout.migrations or any(
        script.path.endswith((".up.sql", ".down.sql")) for one in site.layout.migrations for script in one.scripts
    )
    make = _pair if directed else _alone
    wrap = not _opened_by_others(site)
    return [file for stem, one in zip(stems, new, strict=True) for file in make(site, stem, one, wrap=wrap)]


def refuse_templates(new: NewMigration, mark: str, tool: str) -> None:
    """Refuse statements that the tool would take for its templates.

    Raises:
        UsageError: a statement has the mark.
    """
    if any(mark in statement for statement in (*new.up, *new.down)):
        raise UsageError(f"{new.name} has {mark!r} in a statement, which {tool} would replace")


def _opened_by_others(site: Site) -> bool:
    """Whether the user says that somebody opens a transaction around the files."""
    scripts = [script for one in site.layout.migrations for script in one.scripts]
    return bool(scripts) and all(script.transaction is TransactionRule.TOOL for script in scripts)


def _numbered_files(site: Site) -> list[NumberedFile]:
    """Also files in fizz, which take their versions too."""
    names = (re.sub(r"\.fizz\Z", ".sql", name) for name in site.root.files)
    return [file for name in names if (file := parse_name(name)) is not None]


def _stems(site: Site, new: Sequence[NewMigration], files: list[NumberedFile], key: Callable[[str], Key]) -> list[str]:
    after = None if site.last is None else parse_name(Path(site.last.path).name)
    versions = site.versions(
        list(dict.fromkeys(file.version for file in files)),
        len(new),
        key=key,
        first=TIME,
        after=None if after is None else after.version,
    )
    neighbours = [file.name for file in files]
    return [f"{version}_{site.words(one, neighbours)}" for version, one in zip(versions, new, strict=True)]


def _infix(files: list[NumberedFile]) -> str:
    """The dialect in the names, where every neighbour has the same."""
    infixes = {file.infix for file in files}
    only = infixes.pop() if len(infixes) == 1 else None
    return f".{only}" if only else ""


def _pair(site: Site, stem: str, new: NewMigration, *, wrap: bool = False) -> list[WrittenFile]:
    """Both directions; none back where there is none on purpose, so that the tool cannot go back by doing nothing."""
    files = [_file(site, f"{stem}.{Direction.UP}.sql", way_up(new, wrap=wrap))]
    if new.down or (new.reason is None and site.has_ways_back):
        files.append(_file(site, f"{stem}.{Direction.DOWN}.sql", way_down(new, wrap=wrap)))
    return files


def _alone(site: Site, stem: str, new: NewMigration, *, wrap: bool = False) -> list[WrittenFile]:
    lines = way_down(new, wrap=wrap).splitlines() if new.down else []
    back = "".join(f"-- {line}".rstrip() + "\n" for line in ["The way back:", *lines] if line) if lines else ""
    text = way_up(new, wrap=wrap) + (f"\n{back}" if back else "")
    return [_file(site, f"{stem}.sql", text)]


def _file(site: Site, name: str, text: str) -> WrittenFile:
    return WrittenFile(site.path / name, with_breaks(text, site.newline))
