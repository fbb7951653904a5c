from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from migsafe.model.script import Position
from migsafe.reporters.github import render
from sample_report import BLOCKING_INDEX, CLEAN, DROPPED_COLUMNS, REPORT


def commands(page: str) -> list[str]:
    return [line for line in page.split("\n") if line.startswith("::")]


def test_heavy_findings_come_first_because_only_ten_of_a_kind_are_shown() -> None:
    kinds = [command.split(" ")[0] for command in commands(render(REPORT))]
    assert kinds == ["::error", "::error", "::error", "::warning", "::notice"]


def test_columns_are_given_only_on_one_line() -> None:
    one, several = commands(render(replace(REPORT, findings=(BLOCKING_INDEX, DROPPED_COLUMNS))))
    assert "col=1,endColumn=46" in one
    assert "col=" not in several


def test_a_clean_run_annotates_nothing() -> None:
    assert render(CLEAN) == "no findings in 1 migration\n"


def test_signs_that_end_a_property_are_escaped() -> None:
    hostile = replace(BLOCKING_INDEX, path="a,line=9:b%\nc", start=Position(1, 1), end=Position(1, 2))
    assert "file=a%2Cline=9%3Ab%25%0Ac,line=1," in render(replace(REPORT, findings=(hostile,)))


@given(st.text(), st.text())
def test_no_text_can_forge_a_command(path: str, message: str) -> None:
    page = render(replace(CLEAN, findings=(replace(BLOCKING_INDEX, path=path, message=message),)))
    assert len(page.splitlines()) == 2
    assert page.count("::error ") >= 1
