"""Code in memory, and what is found in it: for tests of the package `usage`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Self

from migsafe.config.usage import UsageSettings
from migsafe.model.catalogue import Catalogue
from migsafe.model.catalogue.replay import replay
from migsafe.model.dialect import Dialect
from migsafe.model.names import QualifiedName
from migsafe.model.script import Direction, Script, SourceText, TransactionRule
from migsafe.model.usage import Subject, UsageEvidence, Writers
from migsafe.parse import read_script
from migsafe.usage import ReleaseCode, Wanted, find_uses

SHOP = Path(__file__).parents[1] / "fixtures" / "usage" / "shop"

SCHEMA = """
CREATE TABLE users (id bigint PRIMARY KEY, email text, name text, full_name text, legacy_code text);
CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint REFERENCES users (id), name text, total numeric);
CREATE TABLE events (id bigint, payload text);
"""


class MemoryTree:
    """Files in memory; a text of None cannot be read, for the reason that is said."""

    def __init__(self, files: Mapping[str, str | None], reason: str = "permission denied") -> None:
        self._files = files
        self._reason = reason
        self.reads: list[str] = []
        self.skipped: dict[str, str] = {}

    def paths(self) -> tuple[str, ...]:
        return tuple(sorted(self._files))

    def read(self, path: str) -> str | None:
        self.reads.append(path)
        text = self._files.get(path)
        if text is None and path in self._files:
            self.skipped[path] = self._reason
        return text

    def close(self) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...


def folder(root: Path) -> MemoryTree:
    """The files below a folder."""
    files = [path for path in root.rglob("*") if path.is_file()]
    return MemoryTree({path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in files})


def catalogue(sql: str = SCHEMA, dialect: Dialect = Dialect.POSTGRES) -> Catalogue:
    """What a script leaves behind."""
    script = Script(Direction.UP, sql, SourceText("catalogue.sql", sql), TransactionRule.NONE, dialect)
    read = read_script(script)
    return replay((operation for statement in read.statements for operation in statement.operations), dialect)


def subject(text: str) -> Subject:
    """`table` or `table.column`, in the schema public."""
    table, _, column = text.partition(".")
    return Subject(QualifiedName(table, "public"), column or None)


def uses(
    files: Mapping[str, str | None] | MemoryTree,
    text: str,
    *,
    schema: str = SCHEMA,
    settings: UsageSettings | None = None,
    migrations: tuple[str, ...] = (),
    release: str | None = "1.0",
) -> dict[str, UsageEvidence]:
    """What is found of one subject, by the way of looking."""
    tree = files if isinstance(files, MemoryTree) else MemoryTree(files)
    wanted = subject(text)
    found = find_uses(
        [wanted], tree, release=release, catalogue=catalogue(schema), settings=settings, migrations=migrations
    )
    return {evidence.source: evidence for evidence in found[wanted]}


def verdicts(found: Mapping[str, UsageEvidence]) -> dict[str, str]:
    """The way of looking → how sure it is."""
    return {source: evidence.use.value for source, evidence in found.items()}


def writers(files: Mapping[str, str | None], text: str, *, schema: str = SCHEMA) -> Writers:
    """Who writes the table of a column, in one release's code."""
    sought = Wanted(subject(text), catalogue(schema))
    return ReleaseCode(MemoryTree(files), [sought], Dialect.POSTGRES).writers(sought)
