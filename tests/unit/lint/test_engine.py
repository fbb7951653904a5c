from __future__ import annotations

from dataclasses import replace

from lint_walks import migration, run, script
from migsafe.lint.engine import ReadMigration, Settings, lint
from migsafe.model.finding import Severity
from migsafe.model.script import Direction, Gap, Migration, Span, UnreadableFile
from migsafe.parse import read_script
from migsafe.rules import RULES

SCENE = migration("CREATE TABLE users (id bigint PRIMARY KEY, name text);", id="1")
INDEX = "CREATE INDEX users_name ON users (name);"


def test_a_context_migration_is_replayed_and_not_reported() -> None:
    earlier = replace(migration(INDEX, id="2"), up_reported=False)
    widening = migration("ALTER TABLE users ALTER COLUMN name TYPE text;", id="3")
    assert run(SCENE, earlier, widening, names=("create-index-blocking", "change-column-type")).findings == []


def test_down_scripts_are_judged_for_locks_one_step_lighter_and_not_for_what_they_take_away() -> None:
    taking = migration("SELECT 1;", id="2", down=f"{INDEX} ALTER TABLE users DROP COLUMN name;")
    findings = run(SCENE, taking, names=("create-index-blocking", "drop-column")).findings
    assert [(finding.rule, finding.severity, finding.direction) for finding in findings] == [
        ("create-index-blocking", Severity.WARNING, Direction.DOWN)
    ]


def test_down_scripts_are_judged_in_full_when_asked_for() -> None:
    taking = migration("SELECT 1;", id="2", down="ALTER TABLE users DROP COLUMN name;")
    both = Settings(directions="both")
    assert [finding.rule for finding in run(SCENE, taking, names=("drop-column",), settings=both).findings] == [
        "drop-column"
    ]


def test_only_down_leaves_the_way_up_alone() -> None:
    changing = migration(INDEX, id="2", down="ALTER TABLE users DROP COLUMN name;")
    down = Settings(directions="down")
    found = run(SCENE, changing, names=("create-index-blocking", "drop-column"), settings=down).findings
    assert [finding.rule for finding in found] == ["drop-column"]


def test_a_down_script_leaves_the_catalogue_as_the_way_up_did() -> None:
    taking = migration("ALTER TABLE users ADD COLUMN age integer;", id="2", down="ALTER TABLE users DROP COLUMN age;")
    widening = migration("ALTER TABLE users ALTER COLUMN age TYPE integer;", id="3")
    assert run(SCENE, taking, widening, names=("change-column-type",)).findings == []


def test_what_is_said_once_per_project_is_said_once() -> None:
    added = [migration(f"ALTER TABLE users ADD COLUMN c{n} text;", id=str(n)) for n in (2, 3, 4)]
    assert [finding.migration for finding in run(SCENE, *added, names=("missing-lock-timeout",)).findings] == ["2"]


def test_a_file_that_cannot_be_read_is_a_finding_at_its_path() -> None:
    file = UnreadableFile("broken.sql", "not UTF-8 at byte 3")
    (finding,) = lint([(file, script("", path="broken.sql"))], RULES.values(), Settings()).findings
    assert (finding.rule, finding.path, finding.start) == ("could-not-read", "broken.sql", (1, 1))


def test_a_placeholder_is_named_once_and_hides_no_neighbour() -> None:
    sql = f"DROP TABLE {{{{ name }}}}; {INDEX}"
    up = replace(script(sql, path="2.sql"), placeholders=(Span(11, 21),))
    rendered = replace(migration("SELECT 1;", id="2"), up=read_script(up))
    found = run(
        SCENE, rendered, names=("create-index-blocking", "could-not-understand", "template-placeholder")
    ).findings
    assert sorted(finding.rule for finding in found) == ["create-index-blocking", "template-placeholder"]


def test_a_fingerprint_stays_when_lines_move() -> None:
    before = run(SCENE, migration(INDEX, id="2"), names=("create-index-blocking",)).findings[0]
    after = run(SCENE, migration(f"-- moved\n\n  {INDEX}", id="2"), names=("create-index-blocking",)).findings[0]
    assert before.start != after.start
    assert before.fingerprint == after.fingerprint


def test_equal_statements_have_fingerprints_of_their_own() -> None:
    twice = migration("UPDATE users SET name = 'x'; UPDATE users SET name = 'x';", id="2")
    prints = [finding.fingerprint for finding in run(SCENE, twice, names=("update-without-where",)).findings]
    assert len(prints) == len(set(prints)) == 2


def test_a_program_that_breaks_off_is_told_and_what_came_before_is_judged() -> None:
    sql = "CREATE INDEX i ON users (name);\n"
    up = replace(script(sql, path="2.py"), rendered=True, gaps=(Gap(Span(len(sql), len(sql)), "KeyError: 'x'"),))
    found = run(
        SCENE,
        ReadMigration(Migration("2", "2.py", up=up), up=read_script(up)),
        names=("create-index-blocking", "could-not-understand"),
    ).findings
    assert {finding.rule: finding.sql for finding in found} == {
        "create-index-blocking": sql.strip(";\n"),
        "could-not-understand": None,
    }


def test_what_a_program_could_not_be_followed_into_can_be_vouched_for() -> None:
    sql = "-- migsafe: ignore could-not-understand reason='runs on a copy first'\n"
    up = replace(script(sql, path="2.py"), rendered=True, gaps=(Gap(Span(len(sql), len(sql)), "KeyError: 'x'"),))
    read = ReadMigration(Migration("2", "2.py", up=up), up=read_script(up))
    outcome = run(SCENE, read, names=("could-not-understand", "unused-suppression"))
    assert (outcome.findings, outcome.suppressed) == ([], 1)
