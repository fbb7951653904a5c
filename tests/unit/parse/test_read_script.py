"""`read_script` on anything at all, and what it promises about places."""

from __future__ import annotations

import itertools
import subprocess
import sys
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from migsafe.model.dialect import Dialect
from migsafe.model.operation import AddColumn, DropTable, PsqlCommand, SetParameter, Unreadable
from migsafe.model.script import Direction, Script, SourceText, Span, TransactionRule
from migsafe.parse import read_script

if TYPE_CHECKING:
    from migsafe.model.statement import ReadScript


def read(text: str, *placeholders: Span) -> ReadScript:
    source = SourceText("x.sql", text)
    script = Script(Direction.UP, text, source, TransactionRule.NONE, Dialect.POSTGRES, placeholders=placeholders)
    return read_script(script)


def check_places(script: ReadScript) -> None:
    text = script.script.text
    spans = [statement.span for statement in script.statements]
    assert all(before.end <= after.start for before, after in itertools.pairwise(spans))
    for statement in script.statements:
        assert statement.text == text[slice(*statement.span)]
        assert statement.operations
        for operation in statement.operations:
            assert statement.span.start <= operation.span.start <= operation.span.end <= statement.span.end
    covered = [*spans, *(comment.span for comment in script.comments)]
    inside = {offset for start, end in covered for offset in range(start, end)}
    assert all(text[offset].isspace() or text[offset] == ";" for offset in set(range(len(text))) - inside)


_SOUP_WORDS = (
    "alter table t add column a int not null default ( ) , ; drop index constraint check references create view as "
    "select from where insert into values update set delete on conflict do $$ begin if then execute 'x' end type "
    "enum grant to 1 = . :: [ ] * ' \" -- with merge using when {{ x }} function returns language trigger "
    "before each row policy"
)
_SOUP = st.sampled_from(_SOUP_WORDS.split(" "))


@given(st.lists(_SOUP, max_size=25).map(" ".join))
def test_token_soup_is_read_without_an_exception(text: str) -> None:
    check_places(read(text))


@given(st.text(max_size=60))
def test_any_text_is_read_without_an_exception(text: str) -> None:
    check_places(read(text))


def test_one_bad_statement_hides_none_of_its_neighbours() -> None:
    script = read("DROP TABLE a; ALTER TABLE t FROBNICATE x; DROP TABLE b")
    first, bad, last = (statement.operations[0] for statement in script.statements)
    assert isinstance(first, DropTable)
    assert isinstance(last, DropTable)
    assert isinstance(bad, Unreadable)
    assert "FROBNICATE" in bad.reason
    assert script.script.text[slice(*bad.span)] == "FROBNICATE"


def test_each_action_has_its_own_place() -> None:
    script = read("ALTER TABLE t ADD a int, ADD COLUMN b text DEFAULT 'x, y' NOT NULL")
    actions = [script.script.text[slice(*operation.span)] for operation in script.statements[0].operations]
    assert actions == ["ADD a int", "ADD COLUMN b text DEFAULT 'x, y' NOT NULL"]


def test_a_placeholder_is_a_part_of_a_name() -> None:
    operation = read("ALTER TABLE {{ schema }}.users ADD COLUMN ${prefix}_a int").statements[0].operations[0]
    assert isinstance(operation, AddColumn)
    assert (operation.table.schema, operation.table.name) == ("{{ schema }}", "users")
    assert operation.definition.name == "${prefix}_a"


def test_a_placeholder_that_is_no_name_is_said() -> None:
    operation = read("{{ everything }}; SELECT 1").statements[0].operations[0]
    assert isinstance(operation, Unreadable)
    assert "template placeholder" in operation.reason


def test_psql_commands_and_set_config() -> None:
    script = read("\\restrict abc\nSELECT pg_catalog.set_config('search_path', '', false);")
    assert isinstance(script.statements[0].operations[0], PsqlCommand)
    setting = script.statements[1].operations[1]
    assert isinstance(setting, SetParameter)
    assert (setting.name, setting.values, setting.local) == ("search_path", ("",), False)


def test_the_package_is_imported_without_sqlglot() -> None:
    code = "import sys, migsafe.parse; sys.exit('sqlglot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
