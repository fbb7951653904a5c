from __future__ import annotations

from dataclasses import replace

import pytest

from migsafe.model.finding import Finding
from migsafe.model.locks import LockClaim, LockMode, Work
from migsafe.model.names import QualifiedName
from migsafe.model.report import Report
from migsafe.model.script import Position
from migsafe.reporters import Presentation
from migsafe.reporters.frame import display_width
from migsafe.reporters.text import render
from sample_report import BLOCKING_INDEX, CLEAN, DROPPED_COLUMNS, INDEX_FILE, REPORT


def report_of(*findings: Finding, **changes: object) -> Report:
    return replace(REPORT, findings=findings, **changes)  # type: ignore[arg-type]  # names of its own fields


def frame_of(sql: str, start: tuple[int, int], end: tuple[int, int], width: int = 80) -> list[str]:
    finding = replace(BLOCKING_INDEX, start=Position(*start), end=Position(*end))
    page = render(report_of(finding, sources={INDEX_FILE: sql}), Presentation(width=width))
    return [line for line in page.splitlines() if "|" in line]


def test_the_safe_form_can_be_copied_whole() -> None:
    sql = "CREATE INDEX CONCURRENTLY " + ", ".join(f"a_rather_long_column_name_{n}" for n in range(9)) + ";"
    assert sql in render(report_of(replace(BLOCKING_INDEX, instead=sql)), Presentation(width=60))


def test_the_same_explanation_is_given_once() -> None:
    page = render(report_of(BLOCKING_INDEX, replace(BLOCKING_INDEX, start=Position(4, 1))))
    assert page.count("The build reads the whole table") == 1


def test_another_explanation_of_the_same_rule_is_given_too() -> None:
    other = replace(BLOCKING_INDEX, why="Something else.")
    page = render(report_of(BLOCKING_INDEX, other))
    assert "The build reads" in page
    assert "Something else." in page


def test_a_clean_run_is_one_line() -> None:
    assert render(CLEAN) == "no findings in 1 migration\n"


def test_an_empty_selection_is_one_line() -> None:
    assert render(replace(CLEAN, linted=0, migrations=0)) == "nothing to lint: no migration is selected\n"


def test_a_clean_quiet_run_says_nothing() -> None:
    assert render(CLEAN, Presentation(quiet=True)) == ""


def test_a_clean_run_still_tells_what_was_left_out() -> None:
    assert "3 lighter findings not shown" in render(replace(CLEAN, hidden=3))


@pytest.mark.parametrize("colour", [True, False])
def test_escapes_of_the_file_never_reach_the_terminal(colour: bool) -> None:
    hostile = replace(
        BLOCKING_INDEX, path="a\x1b[2Jb", message="\x1b]8;;", why="\x1b", instead="\x1b\x07", migration="\x1b"
    )
    page = render(report_of(hostile, sources={hostile.path: "\x1b[31m\n" * 5}), Presentation(colour=colour))
    assert page.replace("\x1b[0m", "").count("\x1b") == (page.count("\x1b[0m") if colour else 0)
    assert "\x07" not in page


def test_a_migration_that_touches_two_files_counts_once() -> None:
    page = render(report_of(BLOCKING_INDEX, replace(BLOCKING_INDEX, path="down.sql")))
    assert "2 errors in 1 of 120 migrations" in page


def test_a_file_that_is_no_migration_does_not_make_more_than_there_are() -> None:
    assert "1 error in 1 of 1 migration" in render(report_of(BLOCKING_INDEX, migrations=0))


@pytest.mark.parametrize("sql", ["SELECT 1;", "\tSELECT 1;", "日本 SELECT 1;", "e\u0301 SELECT 1;"])
def test_carets_stand_under_the_place(sql: str) -> None:
    column = sql.index("1") + 1
    code, carets = frame_of(sql, (1, column), (1, column + 1))[1:3]
    assert display_width(carets[: carets.index("^")]) == display_width(code[: code.index("1", code.index("|"))])
    assert carets.endswith(" ^")


def test_a_long_line_is_cut_around_the_place() -> None:
    sql = "SELECT " + "x, " * 500 + "target, " + "y, " * 500
    column = sql.index("target") + 1
    code, carets = frame_of(sql, (1, column), (1, column + 6))[1:3]
    assert len(code) <= 80
    assert code[carets.index("^") : carets.rindex("^") + 1] == "target"
    assert code.endswith("…")


def test_an_empty_place_still_has_a_caret() -> None:
    assert frame_of("SELECT 1", (1, 9), (1, 9))[2].count("^") == 1


def test_a_place_that_ends_at_a_line_start_does_not_touch_that_line() -> None:
    assert [line for line in frame_of("a\nb\nc", (1, 1), (2, 1)) if "b" in line] == []


@pytest.mark.parametrize(("lines", "gap"), [(6, False), (7, True)])
def test_a_long_place_is_shown_with_a_gap(lines: int, gap: bool) -> None:
    sql = "\n".join(f"line {n}" for n in range(1, lines + 1))
    shown = frame_of(sql, (1, 1), (lines, 5))
    assert any(f"… {lines - 5} more lines" in line for line in shown) is gap
    assert shown[-2].endswith(f"line {lines}")


def test_a_place_behind_the_end_of_the_text_is_no_crash() -> None:
    assert frame_of("one line", (9, 3), (9, 9))


def test_the_direction_is_said_only_of_the_way_back() -> None:
    assert "way down" in render(report_of(DROPPED_COLUMNS))
    assert "way" not in render(report_of(replace(BLOCKING_INDEX, why="", message="")))


@pytest.mark.parametrize(
    ("mode", "work", "said"),
    [
        (LockMode.ACCESS_EXCLUSIVE, Work.NONE, "ACCESS EXCLUSIVE on t, predicted: reads and writes wait\n"),
        (LockMode.SHARE, Work.SCAN, "SHARE on t, predicted: writes wait, while the whole table is read\n"),
        (LockMode.ROW_EXCLUSIVE, Work.SCAN, "ROW EXCLUSIVE on t, predicted: nobody waits; the whole table is read\n"),
        (LockMode.SHARE_UPDATE_EXCLUSIVE, Work.NONE, "SHARE UPDATE EXCLUSIVE on t, predicted: nobody waits\n"),
    ],
)
def test_a_lock_is_said_with_who_waits_and_what_for(mode: LockMode, work: Work, said: str) -> None:
    locked = replace(BLOCKING_INDEX, locks=(LockClaim(QualifiedName("t"), mode),), work=work)
    assert said in render(report_of(locked))
