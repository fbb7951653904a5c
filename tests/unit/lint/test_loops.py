"""A loop of a program is one finding."""

from __future__ import annotations

from dataclasses import replace

from lint_walks import migration, run, script
from migsafe.lint.engine import ReadMigration
from migsafe.model.finding import Finding
from migsafe.model.script import Migration, Segment, SourceText
from migsafe.parse import read_script

SCENE = migration("CREATE TABLE a (i int, j int); CREATE TABLE b (i int); CREATE TABLE c (i int);", id="1")
PROGRAM = "for t in tables:\n    op.execute(index(t))\nop.execute(last)\n"
LOOP, LAST = PROGRAM.index("op."), PROGRAM.rindex("op.")


def _findings(*sent: tuple[str, int]) -> list[Finding]:
    text, segments = "", []
    for sql, place in sent:
        segments.append(Segment(len(text), place, verbatim=False))
        text += f"{sql};\n"
    up = replace(script(text), source=SourceText("2.py", PROGRAM), segments=tuple(segments), rendered=True)
    read = ReadMigration(Migration("2", "2.py", up=up), up=read_script(up))
    return run(SCENE, read, names=("create-index-blocking",)).findings


def _index(table: str) -> str:
    return f"CREATE INDEX {table}_i ON {table} (i)"


def test_a_loop_is_one_finding_with_all_names_and_locks() -> None:
    (finding,) = _findings((_index("a"), LOOP), (_index("b"), LOOP), (_index("c"), LOOP))
    assert finding.objects == ("a_i", "a", "b_i", "b", "c_i", "c")
    assert finding.message.endswith("; the same for b_i, b, c_i, c")
    assert [str(lock.table) for lock in finding.locks] == ["a", "b", "c"]


def test_its_fingerprint_does_not_depend_on_the_order() -> None:
    (one,) = _findings((_index("a"), LOOP), (_index("b"), LOOP))
    (other,) = _findings((_index("b"), LOOP), (_index("a"), LOOP))
    assert one.fingerprint == other.fingerprint


def test_another_line_is_another_finding() -> None:
    assert len(_findings((_index("a"), LOOP), (_index("b"), LAST))) == 2


def test_a_single_statement_is_as_it_was() -> None:
    (finding,) = _findings((_index("a"), LOOP))
    assert "the same for" not in finding.message


def test_constants_that_a_program_makes_up_leave_the_fingerprint_alone() -> None:
    (one,) = _findings(("CREATE INDEX i ON a (i) WHERE j > 1 AND 'x' = 'now'", LOOP))
    (other,) = _findings(("CREATE INDEX i ON a (i) WHERE j > 7 AND 'x' = 'then'", LOOP))
    assert one.fingerprint == other.fingerprint
