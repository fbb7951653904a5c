"""Changes as a table and as a page."""

from __future__ import annotations

from migsafe.cli.boards import document, listing, page
from migsafe.model.finding import Evidence
from migsafe.model.phase import Phase
from migsafe.phases.board import BoardEntry, StepLine

_ADD = StepLine(Phase.EXPAND, "002_add", "002_add.sql", "1.8.0")
_DROP = StepLine(Phase.CONTRACT, "004_drop", "004_drop.sql", None)
_ENTRY = BoardEntry("names", "rename-column", True, ("users.name",), "blocked", "by 1.9.0", (_ADD, _DROP), ())
_UNSEEN = BoardEntry("drop-table \x1b[31mt", None, False, (), "unknown", None, (), ())


def test_columns_stand_under_each_other() -> None:
    lines = listing([_ENTRY, _UNSEEN]).splitlines()
    assert [line.split()[0] for line in lines] == ["CHANGE", "names", "drop-table"]
    assert len({line.index(word) for line, word in zip(lines, ("KIND", "rename-column", "?"), strict=True)}) == 1
    assert not any(line.endswith(" ") for line in lines)


def test_steps_are_told_by_release() -> None:
    steps = (
        _ADD,
        StepLine(Phase.MIGRATE, "3", "3.sql", "1.8.0"),
        StepLine(Phase.MIGRATE, "4", "4.sql", "1.8.0"),
        _DROP,
    )
    entry = BoardEntry("names", None, True, (), "ready", None, steps, ())
    assert listing([entry]).endswith("expand, 2 migrate (1.8.0); contract (no release yet)")


def test_nothing_is_said_in_words() -> None:
    assert listing([]) == "no change is open"


def test_what_a_terminal_would_obey_is_not_printed() -> None:
    assert "\x1b" not in listing([_UNSEEN]) + page(_UNSEEN)


def test_a_page_says_what_is_not_known() -> None:
    lines = page(_UNSEEN).splitlines()
    assert lines[1:3] == ["  about:  nothing that could be seen", "  due:    nobody has said when"]
    assert lines[-1].startswith("  nothing is known of releases")


def test_a_page_gives_each_reason() -> None:
    reason = Evidence("still-in-use", "fail", "models", "app.py:3", "1.8.0: app.py maps users.name")
    entry = BoardEntry("names", None, True, ("users.name",), "blocked", None, (_DROP,), (reason,))
    assert page(entry).splitlines()[-1] == "  fail    still-in-use: 1.8.0: app.py maps users.name"


def test_the_document_says_everything() -> None:
    (change,) = document([_ENTRY])["changes"]
    assert (change["name"], change["steps"][1]["release"], change["objects"]) == ("names", None, ("users.name",))
