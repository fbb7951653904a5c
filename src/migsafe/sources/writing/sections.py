"""Tools with both directions in one file: goose and dbmate."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.errors import UsageError
from migsafe.model.dialect import Dialect
from migsafe.sources.writing.new import NewMigration, WrittenFile
from migsafe.sources.writing.numbering import TIME, by_number, by_text
from migsafe.sources.writing.sql_text import (
    NO_WAY_BACK,
    NOTHING_TO_TAKE_BACK,
    header,
    one_statement_each,
    paragraphs,
    terminated,
    with_breaks,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from migsafe.sources.writing.numbering import Key
    from migsafe.sources.writing.site import Site

_NUMBERED = re.compile(r"(?P<version>[0-9]+)(?P<between>[_-]?)(?P<name>.*)\.(?:sql|go)\Z", re.DOTALL)
#: What goose does not see line by line (3.24, `internal/sqlparser`): a semicolon that ends no statement, an empty line,
#: and a word of dashes, which hides the rest of its line even in a string.
_BLOCK = re.compile(r";.|\n\s*\n|--", re.DOTALL)
_GOOSE_MARK = re.compile(r"^\s*--\s*\+goose\b", re.IGNORECASE | re.MULTILINE)
_DBMATE_MARK = re.compile(r"^--\s*migrate:(?:up|down)\b", re.MULTILINE)


def write_goose(site: Site, new: Sequence[NewMigration]) -> list[WrittenFile]:
    """goose: `NO TRANSACTION` holds for both directions; a statement with semicolons in it is marked as one.

    Raises:
        UsageError: a statement has a line that goose would take for an annotation.
    """
    _refuse_marks(new, _GOOSE_MARK, "goose")
    return [_file(site, name, _goose_text(site, one)) for name, one in _names(site, new, by_number)]


def write_dbmate(site: Site, new: Sequence[NewMigration]) -> list[WrittenFile]:
    """dbmate: `transaction:false` behind a mark; a section is one query then, so that each statement gets a file.

    Raises:
        UsageError: a statement has a line that dbmate would take for a mark.
    """
    _refuse_marks(new, _DBMATE_MARK, "dbmate")
    if site.layout.dialect is Dialect.POSTGRES:
        new = [part for one in new for part in one_statement_each(one)]
    return [_file(site, name, _dbmate_text(site, one)) for name, one in _names(site, new, by_text)]


def _refuse_marks(new: Sequence[NewMigration], mark: re.Pattern[str], tool: str) -> None:
    for one in new:
        if any(mark.search(statement) for statement in (*one.up, *one.down)):
            raise UsageError(f"{one.name} has a line in a statement that {tool} would take for one of its marks")


def _goose_text(site: Site, new: NewMigration) -> str:
    blocks = [] if new.transaction else ["-- +goose NO TRANSACTION"]
    blocks += ["\n".join(["-- +goose Up", *header(new)]), *map(_goose_statement, terminated(new.up))]
    if _goes_back(site, new):
        blocks += ["-- +goose Down", *map(_goose_statement, terminated(new.down))]
        blocks += [] if new.down else [f"-- {NOTHING_TO_TAKE_BACK}"]
    return paragraphs(blocks)


def _goose_statement(statement: str) -> str:
    if not _BLOCK.search(statement):
        return statement
    return f"-- +goose StatementBegin\n{statement}\n-- +goose StatementEnd"


def _dbmate_text(site: Site, new: NewMigration) -> str:
    option = "" if new.transaction else " transaction:false"
    blocks = ["\n".join([f"-- migrate:up{option}", *header(new)]), *terminated(new.up)]
    # dbmate refuses a file without this mark (2.28, `ErrParseMissingDown`).
    blocks += [f"-- migrate:down{option}", *terminated(new.down)]
    if not new.down:
        blocks.append(f"-- {NOTHING_TO_TAKE_BACK if new.reason is None else NO_WAY_BACK}")
    return paragraphs(blocks)


def _goes_back(site: Site, new: NewMigration) -> bool:
    return bool(new.down) or (new.reason is None and site.has_ways_back)


def _names(site: Site, new: Sequence[NewMigration], key: Callable[[str], Key]) -> Iterator[tuple[str, NewMigration]]:
    known = [match for name in site.root.files if (match := _NUMBERED.match(name))]
    after = None if site.last is None else _NUMBERED.match(Path(site.last.path).name)
    versions = site.versions(
        [match["version"] for match in known],
        len(new),
        key=key,
        first=TIME,
        after=None if after is None else after["version"],
    )
    neighbours = [match["name"] for match in known]
    for version, one in zip(versions, new, strict=True):
        yield f"{version}_{site.words(one, neighbours)}.sql", one


def _file(site: Site, name: str, text: str) -> WrittenFile:
    return WrittenFile(site.path / name, with_breaks(text, site.newline))
