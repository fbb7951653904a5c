"""Whether the release that runs bears a column that must have a value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from migsafe.lint.phasing import set_in_time
from migsafe.model.evidence import BrokenQuery, CheckedQueries
from migsafe.model.finding import Severity
from migsafe.model.usage import Giving, Place, Writer, Writers
from migsafe.phases.act import Chapter
from migsafe.phases.story import Story
from migsafe.phases.verdict import evidence_for, verdict
from phase_stories import NOW, history, run, tell

_USERS = "CREATE TABLE users (id bigint PRIMARY KEY, name text, kind text DEFAULT 'x');"
_NOT_NULL = "ALTER TABLE users ALTER name SET NOT NULL;"
_RULE = "breaks-previous-release"


def _found(*giving: Giving, files: int = 2, doubt: str = "") -> Callable[..., Writers]:
    writers = tuple(
        Writer("sql-literals", one, Place("app.py", line), f"SQL {one} {line}") for line, one in enumerate(giving, 1)
    )
    return lambda *_: Writers(writers, files, doubt)


def _said(
    writers: Callable[..., Writers | None] | None, sql: str = _NOT_NULL, *, before: str = "", **more: Any
) -> list[tuple[str, str, str]]:
    story = tell({"1": _USERS + before, "2": sql}, {"1.8.0": ("1",)}, writers=writers, **more)
    return _told(story, story.chapters[-1])


def _told(story: Story, chapter: Chapter) -> list[tuple[str, str, str]]:
    evidence = evidence_for(story, chapter, chapter.acts)
    return [(one.result, one.text, one.place) for one in evidence if one.rule == _RULE]


def test_an_insert_that_leaves_it_out_fails_with_its_place() -> None:
    assert _said(_found(Giving.GIVES, Giving.LEAVES_OUT)) == [("fail", "1.8.0: SQL leaves out 2", "app.py:2")]


def test_of_many_only_the_first_are_named() -> None:
    said = _said(_found(*[Giving.LEAVES_OUT] * 5))
    assert [place for _, _, place in said] == ["app.py:1", "app.py:2", "app.py:3", ""]
    assert said[-1][:2] == ("fail", "1.8.0: 2 more places leave out users.name")


def test_what_always_gives_it_passes() -> None:
    text = "1.8.0: all 2 places that write users give name a value"
    assert _said(_found(Giving.GIVES, Giving.GIVES)) == [("pass", text, "")]


def test_what_may_leave_it_out_is_unknown() -> None:
    assert _said(_found(Giving.GIVES, Giving.MAY_LEAVE_OUT)) == [("unknown", "1.8.0: SQL may leave out 2", "app.py:2")]


def test_a_default_fills_what_is_left_out_but_not_what_is_null() -> None:
    check = "ALTER TABLE users ADD CONSTRAINT c CHECK (kind IS NOT NULL) NOT VALID;"
    assert [result for result, *_ in _said(_found(Giving.LEAVES_OUT), check)] == ["pass"]
    assert [result for result, *_ in _said(_found(Giving.LEAVES_OUT, Giving.MAY_LEAVE_OUT), check)] == ["unknown"]


def test_a_trigger_that_fills_it_needs_no_look_at_code() -> None:
    before = (
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.name := 'x'; RETURN NEW; END $$;"
        "CREATE TRIGGER t BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION f();"
    )
    assert _said(None, before=before) == [("pass", "the trigger t fills name", "")]


def test_a_trigger_that_may_fill_it_leaves_it_open() -> None:
    before = "CREATE TRIGGER t BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION theirs();"
    text = "1.8.0: SQL leaves out 1; the trigger t may fill name"
    assert _said(_found(Giving.LEAVES_OUT), before=before) == [("unknown", text, "app.py:1")]


@pytest.mark.parametrize(
    ("writers", "result"),
    [
        (None, "unknown"),
        (lambda *_: None, "unknown"),
        (_found(files=0), "unknown"),
        (_found(), "pass"),
        (_found(doubt="a.py cannot be searched"), "unknown"),
        (_found(Giving.GIVES, doubt="a.py cannot be searched"), "unknown"),
        (_found(Giving.LEAVES_OUT, doubt="a.py cannot be searched"), "fail"),
    ],
)
def test_what_cannot_be_looked_at_is_unknown(writers: Callable[..., Writers | None] | None, result: str) -> None:
    assert [said for said, *_ in _said(writers)] == [result]


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE users ADD CONSTRAINT c CHECK (name <> '') NOT VALID;",
        "ALTER TABLE users ADD CONSTRAINT c UNIQUE (name);",
        "ALTER TABLE users ADD CONSTRAINT c FOREIGN KEY (id) REFERENCES users (id);",
    ],
)
def test_other_constraints_are_no_question_of_it(sql: str) -> None:
    assert _said(_found(Giving.LEAVES_OUT), sql) == []


def test_it_asks_the_release_that_runs() -> None:
    asked: list[str] = []

    def look(_chapter: object, _subject: object, release: Any) -> Writers:
        asked.append(release.name)
        return Writers()

    texts = {"1": _USERS, "2": _NOT_NULL}
    story = tell(texts, {"1.8.0": ("1",), "1.9.0": ("2",)}, writers=look)
    _told(story, story.chapters[-1])
    assert asked == ["1.8.0"]


def test_without_a_release_before_and_of_the_past_nobody_is_asked() -> None:
    def never(*_: object) -> Writers:
        raise AssertionError("asked")

    texts = {"1": _USERS, "2": _NOT_NULL}
    for releases in ({"1.8.0": ("1", "2")}, {"1.8.0": ("1", "2"), "1.9.0": ()}):
        story = tell(texts, releases, writers=never)
        assert _told(story, story.chapters[-1]) == []


def test_a_light_finding_stays_light_where_no_code_was_found() -> None:
    story = tell({"1": _USERS, "2": _NOT_NULL}, {"1.8.0": ("1",)}, writers=lambda *_: None)
    chapter = story.chapters[-1]
    evidence = evidence_for(story, chapter, chapter.acts)
    assert verdict(story, chapter, evidence, usual=Severity.INFO) is Severity.INFO


def _seen(checked: int, *certain: bool, unchecked: int = 0) -> dict[str, CheckedQueries]:
    broken = tuple(
        BrokenQuery("SELECT 1", f"q.sql:{line}", "no column", certain=one) for line, one in enumerate(certain, 1)
    )
    return {"2": CheckedQueries(checked, broken, unchecked)}


@pytest.mark.parametrize("sql", ["ALTER TABLE users ADD CONSTRAINT c UNIQUE (name);", "DROP TABLE users;"])
@pytest.mark.parametrize(
    ("checked", "said"),
    [
        (_seen(3, True), [("fail", "a query of the running release fails: no column", "q.sql:1")]),
        (_seen(3, False), [("unknown", "a query of the running release may fail: no column", "q.sql:1")]),
        (_seen(3), [("pass", "none of 3 queries of the running release fails on a server", "")]),
        (
            _seen(3, unchecked=1),
            [
                (
                    "pass",
                    "none of 3 queries of the running release fails on a server; 1 could not be asked in full",
                    "",
                )
            ],
        ),
        (_seen(0, unchecked=2), []),
        ({}, []),
    ],
)
def test_what_a_server_said_of_its_queries_counts_for_contracts_too(
    sql: str, checked: dict[str, CheckedQueries], said: list[tuple[str, str, str]]
) -> None:
    assert _said(None, sql, checked=checked) == said


def test_of_many_broken_queries_only_the_first_are_named() -> None:
    said = _said(None, "DROP TABLE users;", checked=_seen(9, *[True] * 5))
    assert [place for _, _, place in said] == ["q.sql:1", "q.sql:2", "q.sql:3", ""]
    assert said[-1][:2] == ("fail", "and so do 2 more")


def test_a_column_that_is_added_not_null_says_whose_inserts_fail() -> None:
    outcome = run({"1": _USERS, "2": "ALTER TABLE users ADD phone text NOT NULL;"})
    story = Story(
        chapters=outcome.chapters, releases=history({"1.8.0": ("1",)}), now=NOW, writers=_found(Giving.LEAVES_OUT)
    )
    phased = set_in_time(outcome, story, frozenset({_RULE}))
    (finding,) = [one for one in phased.findings if one.rule == "add-column-not-null-no-default"]
    assert (finding.severity, [one.result for one in finding.evidence]) == (Severity.ERROR, ["fail"])


def test_it_stays_an_error_where_no_insert_fails() -> None:
    outcome = run({"1": _USERS, "2": "ALTER TABLE users ADD phone text NOT NULL;"})
    story = Story(chapters=outcome.chapters, releases=history({"1.8.0": ("1",)}), now=NOW, writers=_found())
    phased = set_in_time(outcome, story, frozenset({_RULE}))
    (finding,) = [one for one in phased.findings if one.rule == "add-column-not-null-no-default"]
    assert (finding.severity, [one.result for one in finding.evidence]) == (Severity.ERROR, ["pass"])
