"""golang-migrate: `VERSION_title.up.sql` and `VERSION_title.down.sql`.

Rules from MIGRATIONS.md and `source/parse.go` of golang-migrate 4.18: versions sort by number; a second file of a
version and direction is an error. It opens no transaction: its Postgres driver sends a file as one query string; the
SQLite driver wraps a file in a transaction (`x-no-tx-wrap` turns that off).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from migsafe.model.dialect import Dialect
from migsafe.model.script import MigrationSet, TransactionRule
from migsafe.sources.base import FlatSource, SourceOptions, simple_query
from migsafe.sources.build import ScriptMaker, Sorter
from migsafe.sources.dialects import choose_dialect
from migsafe.sources.numbered import NumberedFile, pair_up, parse_name

if TYPE_CHECKING:
    from migsafe.sources.files import Folder


_UNDIRECTED = re.compile(r"[0-9]+_(?!.*\.(?:up|down)\.sql\Z).*\.sql\Z", re.DOTALL)


class GolangMigrate(FlatSource):
    """The layout of golang-migrate/migrate."""

    name = "golang-migrate"

    def claims(self, folder: Folder) -> bool:
        """Some files have its form, and no numbered one lacks a direction: golang-migrate would pass over that one."""
        names = folder.sql_files()
        return any(map(self.takes_name, names)) and not any(map(_UNDIRECTED.match, names))

    def accepts(self, folder: Folder) -> bool:
        """Any file of that form will do when the user says that it is golang-migrate."""
        return any(map(self.takes_name, folder.sql_files()))

    def takes_name(self, name: str) -> bool:
        """VERSION_title.up.sql and its like."""
        return parse_name(name) is not None

    def usual_rule(self, dialect: Dialect) -> TransactionRule:
        """A file is one query, save for SQLite."""
        return TransactionRule.TOOL if dialect is Dialect.SQLITE else simple_query(dialect)

    def read(self, root: Folder, options: SourceOptions) -> MigrationSet:
        """All migrations, by number."""
        maker = ScriptMaker(options, choose_dialect(root, options))
        sorter = Sorter()
        pairs, doubles = pair_up(filter(None, map(parse_name, root.sql_files())), lambda file: (int(file.version), ""))
        for double, first in doubles:
            sorter.refuse(root.shown(double.file), f"has the version {double.version}, which {first.file} has already")
        for pair in pairs:
            up, down = (sorter.text(root.source(file.file)) if file else None for file in (pair.up, pair.down))
            sorter.add(_id(pair.up or pair.down), maker.pair(up, down, self.usual_rule(maker.dialect)))
        return MigrationSet(self.name, root.shown(), maker.dialect, tuple(sorter.migrations), tuple(sorter.unreadable))


def _id(file: NumberedFile | None) -> str:
    """A file's name without direction; golang-migrate knows no infixes, so they belong to the title."""
    assert file is not None
    return file.file.removesuffix(f".{file.direction}.sql")
