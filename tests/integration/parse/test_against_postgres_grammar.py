"""Each statement as the reader sees it, against the same statement as Postgres' own grammar (version 18) sees it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import postgast
import pytest

from grammar_statements import grammar_facts
from migsafe.model.dialect import Dialect
from migsafe.model.operation import Unreadable
from migsafe.model.script import Direction, Script, SourceText, TransactionRule
from migsafe.model.statement import ReadScript, Statement
from migsafe.parse import read_script
from postgres_grammar import NotPostgres, parse, reader_facts
from shared_corpus import CORPUS, needs_corpus

if TYPE_CHECKING:
    from collections.abc import Iterator

FIXTURES = Path(__file__).parents[3] / "fixtures" / "parse" / "postgres"
OTHER_DATABASES = ("mysql", "sqlite", "cockroach")

#: Statements of the corpus that the reader does not understand, by file, each with the reason why it must not.
NOT_SQL = {
    "downloads_need_no_id/down.sql": "two statements without a semicolon between them",
    "20250519145912_v1_0_21.sql": "read whole, without goose's sections, its last statement runs into the next section",
}


def read(text: str, path: str) -> ReadScript:
    source = SourceText(path, text)
    return read_script(Script(Direction.UP, text, source, TransactionRule.NONE, Dialect.POSTGRES))


def corpus_scripts() -> Iterator[ReadScript]:
    for path in sorted(CORPUS.rglob("*.sql")):
        name = path.relative_to(CORPUS).as_posix()
        if path.is_file() and not any(word in name.lower() for word in OTHER_DATABASES):
            text = path.read_text(errors="replace")
            yield read(re.sub(r'\{\{\s*index \.Options "Namespace"\s*\}\}', "auth", text), name)


def differences(statement: Statement) -> str | None:
    """Where reader and grammar disagree on a statement that the grammar accepts."""
    try:
        expected = grammar_facts(parse(statement.text))
    except NotPostgres:
        return None
    if any(isinstance(operation, Unreadable) for operation in statement.operations):
        return f"not read: {statement.operations}\n{statement.text}"
    found = reader_facts(statement.operations)
    if expected is None or expected == found:
        return None
    return f"{statement.text}\n  grammar: {expected}\n  reader:  {found}"


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.sql")), ids=lambda path: path.stem)
def test_every_fixture_statement_is_read_as_postgres_reads_it(path: Path) -> None:
    script = read(path.read_text(), path.name)
    for statement in script.statements:
        parse(statement.text)  # a fixture that Postgres refuses would prove nothing
    assert script.statements
    assert [found for statement in script.statements if (found := differences(statement))] == []


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.sql")), ids=lambda path: path.stem)
def test_fixtures_are_split_as_postgres_splits_them(path: Path) -> None:
    text = path.read_text()
    assert [without_comments(statement.text) for statement in read(text, path.name).statements] == pieces(text)


def pieces(text: str) -> list[str]:
    return [bare for piece in postgast.split(text, method="parser") if (bare := without_comments(piece))]


_SPACE_OR_COMMENT = re.compile(r"(?:\s|--[^\n]*(?:\n|\Z)|/\*.*?\*/)*", re.DOTALL)


def without_comments(text: str) -> str:
    """A statement's words: without comments in front of it and behind it, and with single spaces."""
    text = text[_SPACE_OR_COMMENT.match(text).end() :]  # type: ignore[union-attr]  # it matches the empty string
    lines = text.rstrip().split("\n")
    while lines and lines[-1].lstrip().startswith("--"):
        lines.pop()
    return " ".join(" ".join(lines).split())


def test_a_wrong_reading_would_be_seen() -> None:
    statement = read("ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID", "x.sql").statements[0]
    as_written = "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0)"
    assert differences(Statement(statement.span, as_written, statement.operations)) is not None


@needs_corpus
@pytest.mark.corpus
def test_every_corpus_statement_is_read_as_postgres_reads_it() -> None:
    compared = 0
    found = []
    for script in corpus_scripts():
        compared += len(script.statements)
        found += [difference for statement in script.statements if (difference := differences(statement))]
    assert compared > 5_000
    assert found == []


@needs_corpus
@pytest.mark.endurance
@pytest.mark.corpus
def test_what_is_not_read_of_the_corpus_is_no_sql() -> None:
    unread = [
        script.script.path
        for script in corpus_scripts()
        for statement in script.statements
        for operation in statement.operations
        if isinstance(operation, Unreadable)
    ]
    assert [path for path in unread if not path.endswith(tuple(NOT_SQL))] == []
    assert len(unread) == len(NOT_SQL)


@needs_corpus
@pytest.mark.corpus
def test_the_corpus_is_split_as_postgres_splits_it() -> None:
    wrong = []
    for script in corpus_scripts():
        text = script.script.text
        try:
            expected = pieces(text)
        except postgast.PgQueryError:
            continue
        if [without_comments(statement.text) for statement in script.statements] != expected:
            wrong.append(script.script.path)
    assert wrong == []
