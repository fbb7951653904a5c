"""Queries in SQL files and in programs: each is read once, and judged for every subject."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from migsafe.model.usage import Place, Use
from migsafe.parse.query_uses import HOLE, QueryUses, fragment_uses, query_uses
from migsafe.parse.split import PieceKind, split
from migsafe.usage.comments import blanked, style_of
from migsafe.usage.files import CODE_SUFFIXES, Kind, is_test
from migsafe.usage.insertions import writers_in
from migsafe.usage.judgement import judge
from migsafe.usage.literals import Literal, may_hold_sql, other_literals, python_literals
from migsafe.usage.sightings import Sighting, counted, evidence
from migsafe.usage.subjects import words_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from migsafe.model.dialect import Dialect
    from migsafe.model.usage import UsageEvidence, Writer
    from migsafe.usage.code import Code, CodeFile
    from migsafe.usage.subjects import Wanted

FILES, LITERALS = "query-files", "sql-literals"

_NAME = re.compile(r"(?:name:|:name)\s*(?P<name>[\w.$-]+)")
#: dbt: `{{ ref('users') }}` and `{{ source('app', 'users') }}` are tables; other templates are holes.
_REFERENCE = re.compile(r"\{\{-?\s*(?:ref|source)\(\s*(?:['\"][\w-]+['\"]\s*,\s*)?['\"](?P<name>\w+)['\"][^}]*\}\}")
_TEMPLATE = re.compile(r"\{\{.*?\}\}|\$\{[^{}\n]*\}", re.DOTALL)
_TAG = re.compile(r"\{%.*?%\}|\{#.*?#\}", re.DOTALL)
#: Parameters that a parser would take for columns or for operators.
_SQLC = re.compile(r"\bsqlc\s*\.\s*(?:n?arg|slice)\s*\([^()]*\)", re.IGNORECASE)
_EMBED = re.compile(r"\bsqlc\s*\.\s*embed\s*\(\s*(\w+)\s*\)", re.IGNORECASE)
_PYFORMAT = re.compile(r"%\(\w+\)s|(?<!%)%s\b")
#: Statements that make and change objects; those that sqlglot cannot read are still no queries.
_DEFINES = re.compile(
    r"\s*(?:alter|drop|grant|revoke|comment|set|begin|commit|create\s+(?:or\s+replace\s+)?(?:temp\w*\s+|unlogged\s+"
    r"|unique\s+|foreign\s+)?(?:table|index|type|domain|sequence|schema|extension|role|user|publication|database))\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class FoundQuery:
    """One query, or a part of one.

    Attributes:
        uses: what it names; None where it cannot be read.
        words: all its words, in lower case.
        around: the sought words that stand in its file.
    """

    uses: QueryUses | None
    words: frozenset[str]
    around: frozenset[str]
    literal: Literal
    path: str
    name: str = ""

    def place(self, line: int) -> Place:
        """The place of a line of the query's text."""
        return Place(self.path, self.literal.line(line))

    @property
    def called(self) -> str:
        """What to call it in a sentence."""
        if self.name:
            return f"query {self.name}"
        return f"SQL in {self.literal.run}(…)" if self.literal.run else "a query"


class QueriesInCode:
    """The queries of one release's code in which a sought word stands."""

    def __init__(self, code: Code, dialect: Dialect, telling: frozenset[str]) -> None:
        """
        Args:
            code: where to look.
            dialect: whose SQL it is.
            telling: words of which one stands in every file whose queries can use a subject: its table's, or its
                column's where that alone means it.
        """
        self._code = code
        self._dialect = dialect
        self._telling = telling

    def in_files(self, sought: Wanted, release: str | None) -> UsageEvidence | None:
        """What the SQL files say of a subject; None where there are none."""
        number = self._code.count(Kind.SQL)
        return self._evidence(FILES, self._of_files, sought, release, "query", number, (".sql",))

    def in_programs(self, sought: Wanted, release: str | None) -> UsageEvidence | None:
        """What the SQL in programs says of a subject; None where there are no programs."""
        number = self._code.count(Kind.PYTHON, Kind.CODE)
        return self._evidence(LITERALS, self._of_programs, sought, release, "SQL", number, (".py", *CODE_SUFFIXES))

    def writers(self, sought: Wanted) -> Iterator[Writer]:
        """The queries that put rows into the subject's table, outside of tests."""
        for source, queries in ((FILES, self._of_files), (LITERALS, self._of_programs)):
            for query in queries:
                if not is_test(query.path):
                    yield from writers_in(query, sought, source)

    def named(self, sought: Sequence[Wanted]) -> set[Wanted]:
        """Those of some columns that a query outside of tests names for sure."""
        by_column: dict[str, list[Wanted]] = {}
        for each in sought:
            by_column.setdefault((each.column or "").lower(), []).append(each)
        found: set[Wanted] = set()
        for query in (*self._of_files, *self._of_programs):
            uses = query.uses if not is_test(query.path) else None
            for named in {column.column.lower() for column in uses.columns} if uses is not None else ():
                for each in by_column.get(named, ()):
                    if each not in found and any(seen.use is Use.STRONG for seen in sightings_in(query, each)):
                        found.add(each)
        return found

    def _evidence(
        self,
        source: str,
        queries: tuple[FoundQuery, ...],
        sought: Wanted,
        release: str | None,
        noun: str,
        number: int,
        suffixes: tuple[str, ...],
    ) -> UsageEvidence | None:
        otherwise = None
        if number:
            otherwise = Use.NONE, f"no {noun} in {counted(number, 'file')} names {sought.shown}"
        unread = sorted(path for path in self._code.unread if path.endswith(suffixes))
        if unread:
            more = f", nor {counted(len(unread) - 1, 'other file')}" if len(unread) > 1 else ""
            otherwise = Use.UNKNOWN, f"{unread[0]} cannot be searched: {self._code.unread[unread[0]]}{more}"
        sightings = [seen for query in queries for seen in sightings_in(query, sought)]
        return evidence(source, sightings, release, otherwise=otherwise)

    @cached_property
    def _of_files(self) -> tuple[FoundQuery, ...]:
        return tuple(query for file in self._code.files(Kind.SQL) for query in self._in_sql(file))

    @cached_property
    def _of_programs(self) -> tuple[FoundQuery, ...]:
        files = self._code.files(Kind.PYTHON, Kind.CODE)
        telling = (file for file in files if not file.words.isdisjoint(self._telling) and may_hold_sql(file.text))
        return tuple(query for file in telling for query in self._in_program(file))

    def _in_sql(self, file: CodeFile) -> Iterator[FoundQuery]:
        text = _TAG.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), file.text)
        text = _TEMPLATE.sub(HOLE, _REFERENCE.sub(lambda found: found["name"], text))
        for piece in split(text).pieces:
            if piece.kind is PieceKind.PSQL:
                continue
            sql = text[slice(*piece.span)]
            names = [found["name"] for comment in piece.comments if (found := _NAME.match(comment.text))]
            start = text.count("\n", 0, piece.span.start) + 1
            yield from self._read(Literal(sql, start, sql.count("\n") + 1), file, names[-1] if names else "")

    def _in_program(self, file: CodeFile) -> Iterator[FoundQuery]:
        if file.kind is Kind.PYTHON:
            tree = self._code.module(file.path)
            literals = python_literals(tree) if tree is not None else iter(())
        else:
            literals = other_literals(file.text, style_of(PurePosixPath(file.path).suffix.lower(), CODE_SUFFIXES))
        for literal in literals:
            if not literal.whole:
                yield from self._read(literal, file)
                continue
            for piece in split(literal.sql).pieces:
                sql = literal.sql[slice(*piece.span)]
                start = literal.line(literal.sql.count("\n", 0, piece.span.start) + 1)
                height = min(sql.count("\n") + 1, literal.lines)
                yield from self._read(Literal(sql, start, height, literal.run), file)

    def _read(self, literal: Literal, file: CodeFile, name: str = "") -> Iterator[FoundQuery]:
        """Parse it, if a sought word stands in it."""
        words = words_of(blanked(literal.sql, "sql"))
        if words.isdisjoint(file.words) or (literal.whole and _DEFINES.match(literal.sql)):
            return
        read = query_uses if literal.whole else fragment_uses
        uses = read(plain_parameters(literal.sql), self._dialect)
        yield FoundQuery(uses, frozenset(words), file.words, literal, file.path, name)


def plain_parameters(sql: str) -> str:
    """The query with the parameters of psycopg and sqlc, which look like columns, written as NULL."""
    return _PYFORMAT.sub("NULL", _EMBED.sub(r"\1.*", _SQLC.sub("NULL", sql)))


def sightings_in(query: FoundQuery, sought: Wanted) -> Iterator[Sighting]:
    """All uses of a subject in a query."""
    for use, text, line in _verdicts(query, sought):
        in_tests = is_test(query.path)
        said = f"{query.called} {text}" + (", in a test" if in_tests else "")
        yield Sighting(Use.WEAK if in_tests else use, query.place(line), said)


def _verdicts(query: FoundQuery, sought: Wanted) -> Iterator[tuple[Use, str, int]]:
    if query.uses is None:
        if query.literal.whole and has_words(query.words, sought):
            yield Use.WEAK, f"cannot be read, and has the words of {sought.shown}", 1
        return
    yield from judge(query.uses, sought)
    if query.literal.whole or sought.column is None:
        return
    near = sought.alone or not query.around.isdisjoint(sought.table_words)
    for column in query.uses.columns:
        if near and not column.scopes and sought.is_column(column.column):
            yield Use.WEAK, f"may mean {sought.shown}", column.line


def has_words(words: frozenset[str], sought: Wanted) -> bool:
    """Whether the words of a text are those of a subject: its table's name, and its column's."""
    if sought.subject.table.name.lower() not in words:
        return False
    return sought.column is None or sought.column.lower() in words
