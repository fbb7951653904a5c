"""Words in everything else: templates, configuration, other languages, and Python that maps nothing.

A word is no proof, so it is weak; and it must not cry wolf. A column of several words that no other table has
(`legacy_code`) counts wherever it stands in a program or template; in files of data and configuration, which are full
of other people's words, only where its table's word stands as well. Every other column (`name`, `user_id`) counts only
where its table qualifies it (`user.name`, `users["name"]`), or in a program alone in quotes near its table. A table of
several words counts everywhere; one of a plain word only where it is said to be a table. Comments, prose, dumps,
bundles and migrations never count.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from migsafe.model.usage import Place, Use
from migsafe.usage.comments import blanked, style_of
from migsafe.usage.files import CODE_SUFFIXES, Kind, is_test
from migsafe.usage.literals import python_without_queries, without_queries
from migsafe.usage.sightings import Sighting, counted, evidence
from migsafe.usage.subjects import words_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from migsafe.model.usage import UsageEvidence
    from migsafe.usage.code import Code, CodeFile
    from migsafe.usage.subjects import Wanted

SOURCE = "words"

#: What is called with the name of a table, by its last word.
_TABLE_CALLS = r"\w*(?:table|entity|knex|from|into|to_sql|collection|copy)\w*"
#: Files that hold data rather than code.
_DATA = frozenset({".yaml", ".yml", ".json", ".jsonl", ".toml", ".ini", ".cfg", ".conf", ".txt", ".xml", ".properties",
                   ".env", ".parquet", ""})  # fmt: skip

#: Lines between a column's word and its table's, at most, where neither is qualified by the other.
NEAR = 25


class Words:
    """The words of one release's code, outside of models and queries."""

    def __init__(self, code: Code) -> None:
        self._code = code
        self._quiet: dict[str, str] = {}

    def evidence(
        self, sought: Wanted, release: str | None, *, classes: Collection[str] = (), mapped: bool = False
    ) -> UsageEvidence | None:
        """What stands elsewhere of a subject's words.

        Args:
            classes: names of the classes that map its table, in lower case.
            mapped: models map the table, so that they say what Python uses.
        """
        kinds = (Kind.CODE, Kind.TEXT) if mapped else (Kind.CODE, Kind.TEXT, Kind.PYTHON)
        sightings = [seen for file in self._code.files(*kinds) for seen in self._in(file, sought, classes)]
        number, built = self._code.count(*kinds), self._code.built
        left_out = f" ({counted(built, 'bundle')} not searched)" if built else ""
        otherwise = Use.NONE, f"no word of {sought.shown} stands in {counted(number, 'other file')}{left_out}"
        return evidence(SOURCE, sightings, release, otherwise=otherwise if number else None)

    def _in(self, file: CodeFile, sought: Wanted, classes: Collection[str]) -> Iterator[Sighting]:
        words = sought.column_words or sought.table_words
        if file.words.isdisjoint(words):
            return
        near = sought.table_words | frozenset(classes)
        if next(_lines(file, file.text, sought, near), None) is None:
            return  # what is blanked below can only take more away
        beside = "" if sought.alone or sought.column is None else f" beside one for {sought.subject.table.name}"
        test = ", in a test" if is_test(file.path) else ""
        word = sought.column or sought.subject.table.name
        for line in _lines(file, self._text(file), sought, near):
            yield Sighting(Use.WEAK, Place(file.path, line), f"the word {word} stands in {file.path}{beside}{test}")

    def _text(self, file: CodeFile) -> str:
        """What is left of a file without its comments and queries."""
        if file.path not in self._quiet:
            self._quiet[file.path] = self._without(file)
        return self._quiet[file.path]

    def _without(self, file: CodeFile) -> str:
        style = style_of(PurePosixPath(file.path).suffix.lower(), CODE_SUFFIXES)
        if file.kind is Kind.CODE:
            return without_queries(file.text, style)
        if file.kind is Kind.PYTHON:
            tree = self._code.module(file.path)
            return blanked(file.text, "hash") if tree is None else python_without_queries(tree, file.text)
        return blanked(file.text, style)


def _lines(file: CodeFile, text: str, sought: Wanted, near: frozenset[str]) -> Iterator[int]:
    """The lines that count, from 1."""
    if sought.column is None:
        pattern = _table_pattern(sought)
    elif sought.alone:
        if _is_data(file) and near.isdisjoint(words_of(text)):
            return
        pattern = _word(sought.column_words)
    else:
        yield from _plain_column(text, file.kind, sought, near)
        return
    yield from (_line(text, found) for found in pattern.finditer(text))


def _is_data(file: CodeFile) -> bool:
    return PurePosixPath(file.path).suffix.lower() in _DATA


def _plain_column(text: str, kind: Kind, sought: Wanted, near: frozenset[str]) -> Iterator[int]:
    """A word that others have too: qualified by its table, or in a program by itself in quotes near it."""
    for found in _qualified(near, sought.column_words).finditer(text):
        yield _line(text, found)
    if kind is Kind.TEXT:
        return
    tables = [_line(text, found) for found in _word(near).finditer(text)]
    for found in _quoted(sought.column_words).finditer(text) if tables else ():
        line = _line(text, found)
        if min(abs(line - table) for table in tables) <= NEAR:
            yield line


def _table_pattern(sought: Wanted) -> re.Pattern[str]:
    name = sought.subject.table.name.lower()
    if "_" in name.strip("_"):
        return _word({name})
    schema = re.escape((sought.subject.table.schema or "public").lower())
    written = rf"[\"'`]?\b(?:{schema}\.)?{re.escape(name)}\b"
    return re.compile(
        rf"\b{_TABLE_CALLS}\s*[\[(]\s*(?:\w+\s*=\s*)?(?=[\"'`]){written}(?=[\"'`])"
        rf"|\btable(?:_?name)?[\"']?\s*[:=]\s*{written}(?![\w.-])|\b{schema}\.{re.escape(name)}\b",
        re.IGNORECASE,
    )


def _word(words: Collection[str]) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{_any(words)})\b", re.IGNORECASE)


def _qualified(tables: Collection[str], columns: Collection[str]) -> re.Pattern[str]:
    access = r"(?:\.c\b|\?|!)?\s*(?:\.|->|::|\[\s*[\"':]|\.get\(\s*[\"'])\s*"
    return re.compile(rf"\b(?:{_any(tables)}){access}(?:{_any(columns)})\b", re.IGNORECASE)


def _quoted(columns: Collection[str]) -> re.Pattern[str]:
    return re.compile(rf"[\"'`:](?:{_any(columns)})[\"'`,;)]", re.IGNORECASE)


def _any(words: Collection[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words))


def _line(text: str, found: re.Match[str]) -> int:
    return text.count("\n", 0, found.start()) + 1
