"""What each MySQL statement becomes: `fixtures/parse/mysql` says it above the statement."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migsafe.model.dialect import Dialect
from migsafe.model.operation import AddColumn, CreateTable, DropColumn, Operation, Unreadable, Update
from migsafe.model.script import Span
from migsafe.model.statement import Statement
from migsafe.parse.mysql import read
from operation_words import FIXTURES, expected_words, fixture_statements, in_words, script_of

STATEMENTS = list(fixture_statements(Dialect.MYSQL, read))
WORDS = sorted({word for path in (FIXTURES / "mysql").glob("*.sql") for word in path.read_text("utf-8").split()})


def operations(sql: str) -> list[Operation]:
    return [
        operation for statement in read(script_of(sql, Dialect.MYSQL)).statements for operation in statement.operations
    ]


@pytest.mark.parametrize("statement", [pytest.param(found, id=name) for name, found in STATEMENTS])
def test_a_statement_becomes_what_its_fixture_says(statement: Statement) -> None:
    assert [in_words(operation) for operation in statement.operations] == expected_words(statement)


def test_each_file_of_fixtures_has_statements() -> None:
    read_files = {name.partition(":")[0] for name, _ in STATEMENTS}
    assert read_files == {path.stem for path in (FIXTURES / "mysql").glob("*.sql")}


def test_only_the_unreadable_fixtures_are_unreadable() -> None:
    files = {
        name.partition(":")[0]
        for name, statement in STATEMENTS
        if any(isinstance(operation, Unreadable) for operation in statement.operations)
    }
    assert files == {"unreadable"}


def test_each_action_has_its_own_span() -> None:
    sql = "ALTER TABLE t ADD COLUMN (a int, b int), DROP COLUMN c;"
    assert [sql[slice(*operation.span)] for operation in operations(sql)] == ["a int", "b int", "DROP COLUMN c"]


def test_an_action_that_cannot_be_read_is_said_with_its_place_alone() -> None:
    sql = "ALTER TABLE t ADD COLUMN a int, FROBNICATE (x, y), DROP COLUMN c"
    added, unreadable, dropped = operations(sql)
    assert isinstance(added, AddColumn)
    assert isinstance(unreadable, Unreadable)
    assert isinstance(dropped, DropColumn)
    assert sql[slice(*unreadable.span)] == "FROBNICATE (x, y)"


def test_spans_survive_executable_comments() -> None:
    sql = "/*!50003 ALTER TABLE t DROP COLUMN a */;"
    (statement,) = read(script_of(sql, Dialect.MYSQL)).statements
    assert statement.text == "ALTER TABLE t DROP COLUMN a"
    assert sql[slice(*statement.operations[0].span)] == "DROP COLUMN a"


def test_columns_are_folded_also_beside_a_query() -> None:
    (update,) = operations("UPDATE T SET a = 1 WHERE `Name` IN (SELECT Label FROM Other) AND ID IS NOT NULL")
    assert isinstance(update, Update)
    assert update.table.name == "T"
    assert update.where is not None
    assert set(update.where.columns) == {"name", "label", "id"}


def test_a_template_placeholder_may_stand_for_a_name() -> None:
    (create,) = operations("CREATE TABLE ${prefix}_users (id int);")
    assert isinstance(create, CreateTable)
    assert create.table.name == "${prefix}_users"


def test_a_configured_placeholder_may_hold_quotes_and_semicolons() -> None:
    sql = "DROP TABLE <'it;s'>; DROP TABLE b;"
    span = Span(sql.index("<"), sql.index(">") + 1)
    statements = read(script_of(sql, Dialect.MYSQL, placeholders=(span,))).statements
    assert [statement.text for statement in statements] == ["DROP TABLE <'it;s'>", "DROP TABLE b"]
    assert not any(isinstance(operation, Unreadable) for each in statements for operation in each.operations)


@given(st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join) | st.text(max_size=120))
def test_nothing_makes_it_raise_and_every_statement_says_something(sql: str) -> None:
    for statement in read(script_of(sql, Dialect.MYSQL)).statements:
        assert statement.operations
        assert statement.text == sql[slice(*statement.span)]


@given(st.sampled_from([found.text for _, found in STATEMENTS]), st.data())
def test_a_statement_with_a_word_too_many_or_too_few_never_raises(sql: str, data: st.DataObject) -> None:
    words = sql.split()
    at = data.draw(st.integers(0, len(words) - 1))
    words[at : at + 1] = data.draw(st.sampled_from([[], [words[at], words[at]], ["("], [")"], [","]]))
    for statement in read(script_of(" ".join(words), Dialect.MYSQL)).statements:
        assert statement.operations


def test_deep_parentheses_are_said_and_not_raised() -> None:
    sql = "UPDATE t SET a = 1 WHERE " + "(" * 3000 + "1" + ")" * 3000
    assert len(operations(sql)) == 1
