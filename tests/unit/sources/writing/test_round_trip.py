"""What is written is read back: the same statements in order, both ways, and the same declaration."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import Phase as Stage
from hypothesis import given, settings
from hypothesis import strategies as st

from migsafe.model.declaration import Declaration
from migsafe.model.phase import Part, Phase
from migsafe.model.script import TransactionRule
from migsafe.sources.writing import NewMigration
from written_migrations import ONE_QUERY, PROJECTS, add, project, ways

FUNCTION = (
    "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $body$\nBEGIN\n  -- a comment; with a semicolon\n\n"
    "  NEW.a := E'\\n' || 'it''s :new %s {x}';\n  RETURN NEW;\nEND\n$body$"
)
NASTY = (
    FUNCTION,
    "CREATE INDEX i ON t (a)",
    "UPDATE t SET a = 'a;b' WHERE b LIKE '%s%%' AND c = E'back\\\\slash\\'' -- some; words\n  AND d",
    "UPDATE t SET a = ' :name and ::int and \\: and :é and 12:30' WHERE b = c::text",
    "COMMENT ON TABLE t IS 'line one\n\n-- line three; é 漢 \U0001f600'",
    'ALTER TABLE "we""ird" ADD COLUMN "na me" text DEFAULT $$a "quoted" \'text\'$$',
    "SELECT /* a; comment /* nested */ */ '\"\"\"', 'x\"'",
)

letters = st.text(st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="${}"), max_size=20)


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


inner = st.one_of(
    letters.map(quoted),
    letters.map(lambda text: "E'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"),
    st.lists(letters, max_size=3).map(lambda lines: "$f$" + ";\n".join(lines).replace("$f$", "") + "$f$"),
    letters.map(lambda text: '"' + text.replace('"', '""') + 'x"'),
    letters.filter(lambda text: "*/" not in text and "/*" not in text).map(lambda text: f"/* {text}; */ 1"),
    letters.map(lambda text: f"1 -- {text};\n"),
    st.sampled_from(["a::text", ":name", "%s", "%(name)s", "arr[1:2]", "12 % 5", "a <-> b"]),
)
sql = st.lists(inner, min_size=1, max_size=4).map(lambda parts: "SELECT " + ", ".join(parts) + ", 1") | st.sampled_from(
    NASTY
)
names = st.from_regex(r"[a-z][a-z0-9.-]{0,15}", fullmatch=True)
words = st.text(st.characters(categories=("L", "N", "P", "S"), exclude_characters="\"'"), min_size=1, max_size=12)
declarations = st.builds(
    Declaration,
    phase=st.none() | st.sampled_from(Phase),
    change=st.none() | names,
    of=st.none() | words,
    release=st.none() | names,
    part=st.none() | st.sampled_from(Part),
)
migrations = st.builds(
    NewMigration,
    name=names,
    up=st.lists(sql, min_size=1, max_size=4).map(tuple),
    down=st.lists(sql, max_size=3).map(tuple),
    transaction=st.booleans(),
    declaration=declarations,
    note=st.none() | st.just("For the\nreviewer.\nmigsafe: phase=contract\n+goose Down\nmigrate:down"),
)


@pytest.mark.parametrize("tool", sorted(PROJECTS))
@settings(max_examples=12, deadline=None, phases=(Stage.explicit, Stage.reuse, Stage.generate))
@given(new=st.lists(migrations, min_size=1, max_size=2, unique_by=lambda one: one.name.replace(".", "-").strip("-")))
def test_statements_and_declarations_come_back(tool: str, new: list[NewMigration]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = add(project(Path(folder), tool), tool, new)
    assert found.unreadable == ()
    assert ways(found.migrations[1:]) == (
        [text for one in new for text in one.up],
        [text for one in reversed(new) for text in one.down],
    )
    said = [replace(one.declaration, place=None) for one in found.migrations[1:]]
    assert list(dict.fromkeys(said)) == list(dict.fromkeys(one.declaration for one in new))


@pytest.mark.parametrize("tool", sorted(PROJECTS))
def test_without_a_transaction_none_is_read(tool: str, tmp_path: Path) -> None:
    concurrently = tuple(f"CREATE INDEX CONCURRENTLY i{number} ON t (a)" for number in range(3))
    back = tuple(f"DROP INDEX CONCURRENTLY i{number}" for number in (2, 1, 0))
    new = NewMigration(name="indexes", up=concurrently, down=back, transaction=False)
    found = add(project(tmp_path, tool), tool, [new]).migrations[1:]
    assert ways(found) == (list(concurrently), list(back))
    assert len(found) == (3 if tool in ONE_QUERY else 1)
    rule = TransactionRule.IMPLICIT if tool in ONE_QUERY else TransactionRule.NONE
    assert {script.transaction for one in found for script in one.scripts} == {rule}


@pytest.mark.parametrize("tool", sorted(set(PROJECTS) - {"plain", "sqitch"}))
def test_with_a_transaction_the_tool_opens_it(tool: str, tmp_path: Path) -> None:
    new = NewMigration(name="columns", up=("SELECT 3", "SELECT 4"), down=("SELECT 5",))
    (found,) = add(project(tmp_path, tool), tool, [new]).migrations[1:]
    rules = {
        "flyway": TransactionRule.UNLESS_FORBIDDEN,
        "golang-migrate": TransactionRule.IMPLICIT,
        "prisma": TransactionRule.IMPLICIT,
    }
    assert {script.transaction for script in found.scripts} == {rules.get(tool, TransactionRule.TOOL)}


@pytest.mark.parametrize("tool", ["plain", "sqitch"])
def test_where_nobody_opens_one_the_file_does(tool: str, tmp_path: Path) -> None:
    new = NewMigration(name="columns", up=("SELECT 3", "SELECT 4"), down=("SELECT 5",))
    (found,) = add(project(tmp_path, tool), tool, [new]).migrations[1:]
    assert found.up
    assert found.down
    assert found.up.text.endswith("BEGIN;\n\nSELECT 3;\n\nSELECT 4;\n\nCOMMIT;\n")
    assert "BEGIN" not in found.down.text


@pytest.mark.parametrize("tool", sorted(PROJECTS))
def test_no_way_back_is_marked_and_leaves_no_empty_script(tool: str, tmp_path: Path) -> None:
    new = NewMigration(name="purge", up=("DELETE FROM t",), no_way_back='the "old" rows\nare gone')
    (found,) = add(project(tmp_path, tool), tool, [new]).migrations[1:]
    assert found.down is None or tool == "dbmate"  # which refuses a file without a section for it
    assert found.declaration == Declaration(irreversible='the "old" rows are gone')


@pytest.mark.parametrize("tool", sorted(PROJECTS))
def test_nothing_to_take_back_is_a_way_back(tool: str, tmp_path: Path) -> None:
    (found,) = add(project(tmp_path, tool), tool, [NewMigration(name="add", up=("SELECT 3",))]).migrations[1:]
    assert found.down is not None
    assert ways([found]) == (["SELECT 3"], [])
