from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from lint_walks import migration, run
from migsafe.config import ConfiguredIgnore
from migsafe.lint.engine import Settings

SCENE = migration("CREATE TABLE users (id bigint PRIMARY KEY, name text);", id="1")
DROP = "ALTER TABLE users DROP COLUMN name;"
TODAY = date(2026, 11, 22)


def _said(comment: str, *, settings: Settings | None = None, names: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    settings = settings or Settings(today=TODAY)
    wanted = names or ("drop-column", "unused-suppression")
    outcome = run(SCENE, migration(f"{comment}\n{DROP}", id="2"), names=wanted, settings=settings)
    return [(finding.rule, finding.message) for finding in outcome.findings]


@pytest.mark.parametrize(
    "comment",
    [
        '-- migsafe: ignore drop-column reason="never deployed"',
        "-- migsafe: ignore drop-column reason='never deployed' by=dba until=2027-01-31",
        '/* migsafe: ignore drop-column reason="never deployed" */',
        '-- migsafe: ignore drop-column until=2026-11-22 reason="still holds today"',
        '-- migsafe: ignore drop-column, drop-column reason="twice is once"',
    ],
)
def test_an_ignore_with_a_reason_takes_the_finding_away(comment: str) -> None:
    assert _said(comment) == []


@pytest.mark.parametrize(
    ("comment", "why"),
    [
        ("-- migsafe: ignore drop-column", 'it gives no reason="…"'),
        ('-- migsafe: ignore drop-column reason=" "', 'it gives no reason="…"'),
        ('-- migsafe: ignore reason="nothing named"', "it names no rule"),
        ('-- migsafe: ignore drop-colum reason="a slip"', "there is no rule called drop-colum"),
        ('-- migsafe: ignore drop-column until=2026-11-21 reason="x"', "it held until 2026-11-21, which has passed"),
        ('-- migsafe: ignore drop-column until=soon reason="x"', "until=soon is no date (YYYY-MM-DD)"),
    ],
)
def test_an_ignore_that_cannot_hold_is_told_and_hides_nothing(comment: str, why: str) -> None:
    said = dict(_said(comment))
    assert "drop-column" in said
    assert said["unused-suppression"] == f"this ignore has no effect: {why}"


def test_an_ignore_that_covers_nothing_is_told() -> None:
    names = ("drop-column", "rename-column", "unused-suppression")
    said = dict(_said('-- migsafe: ignore rename-column reason="x"', names=names))
    assert said["unused-suppression"] == "this ignore has no effect: the next statement has no finding rename-column"


def test_an_ignore_of_a_rule_that_does_not_run_may_be_useful() -> None:
    assert [rule for rule, _ in _said('-- migsafe: ignore rename-column reason="x"')] == ["drop-column"]


def test_an_ignore_is_for_the_next_statement_only() -> None:
    said = _said('-- migsafe: ignore drop-column reason="x"\nSELECT 1;')
    assert sorted(rule for rule, _ in said) == ["drop-column", "unused-suppression"]


@pytest.mark.parametrize(
    ("ignore", "left"),
    [
        (ConfiguredIgnore(rule="drop-column", reason="x"), 0),
        (ConfiguredIgnore(rule="drop-column", reason="x", migration="2"), 0),
        (ConfiguredIgnore(rule="drop-column", reason="x", migration="1"), 1),
        (ConfiguredIgnore(rule="drop-column", reason="x", objects=("users.name",)), 0),
        (ConfiguredIgnore(rule="drop-column", reason="x", objects=("users.email",)), 1),
        (ConfiguredIgnore(rule="drop-column", reason="x", until=TODAY), 0),
        (ConfiguredIgnore(rule="drop-column", reason="x", until=date(2026, 11, 21)), 1),
        (ConfiguredIgnore(rule="drop-table", reason="x"), 1),
    ],
)
def test_the_configuration_ignores_too(ignore: ConfiguredIgnore, left: int) -> None:
    outcome = run(
        SCENE, migration(DROP, id="2"), names=("drop-column",), settings=Settings(ignores=(ignore,), today=TODAY)
    )
    assert len(outcome.findings) == left
    assert outcome.suppressed == 1 - left


def test_an_ignore_behind_the_last_statement_is_told() -> None:
    last = migration(f"{DROP}\n-- migsafe: ignore drop-column reason='too late'", id="2")
    outcome = run(SCENE, last, names=("drop-column", "unused-suppression"), settings=Settings(today=TODAY))
    said = {finding.rule: finding.message for finding in outcome.findings}
    assert set(said) == {"drop-column", "unused-suppression"}
    assert said["unused-suppression"].endswith("no statement follows it")


@pytest.mark.parametrize(
    ("up", "down", "told"), [(DROP, "SELECT 1;", False), ("SELECT 1;", DROP, False), ("SELECT 1;", "SELECT 2;", True)]
)
def test_one_comment_for_both_ways_needs_an_effect_in_one(up: str, down: str, told: bool) -> None:
    comment = '-- migsafe: ignore drop-column reason="x"\n'
    both = migration(comment + up, id="2", down=comment + down)
    assert both.up is not None
    assert both.down is not None
    in_one_file = replace(both, down=replace(both.down, script=replace(both.down.script, source=both.up.script.source)))
    outcome = run(
        SCENE,
        in_one_file,
        names=("drop-column", "unused-suppression"),
        settings=Settings(today=TODAY, directions="both"),
    )
    assert [finding.rule for finding in outcome.findings] == (["unused-suppression"] if told else [])
