"""What is kept of a step before it runs: its way back as a whole, or why there is none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from migsafe.bookkeeping.project import ProjectStep
from migsafe.model.declaration import SILENT
from migsafe.model.dialect import Dialect
from migsafe.model.phase import Phase
from migsafe.model.script import Direction, Gap, Migration, Script, SourceText, Span, TransactionRule
from migsafe.parse import read_script
from migsafe.phases.act import Chapter
from migsafe.runner.step import _kept
from migsafe.tracker.facts import StepFacts
from migsafe.tracker.kept import Kept

DROP = "ALTER TABLE users\n  DROP ${column};"
AT_THE_NAME = Span(DROP.index("$"), DROP.index(";"))


def script(direction: Direction, text: str) -> Script:
    return Script(direction, text, SourceText("db/002.sql", text), TransactionRule.TOOL, Dialect.POSTGRES)


def kept(down: Script | None, *, irreversible: str | None = None) -> Kept:
    up = script(Direction.UP, "ALTER TABLE users ADD age int;")
    declared = replace(SILENT, irreversible=irreversible)
    migration = Migration("002", "db/002.sql", up=up, down=down, declaration=declared)
    chapter = Chapter(
        migration="002", path="db/002.sql", order=0, declaration=declared, acts=(), has_way_back=True, reported=True
    )
    facts = StepFacts(migration="002", phase=Phase.EXPAND, release="1.0")
    return _kept(ProjectStep(facts, "v1:a", None, None, migration, chapter), read_script(up))


def test_a_whole_way_back_is_kept() -> None:
    found = kept(script(Direction.DOWN, DROP))
    assert (found.backward, found.backward_rule, found.no_way_back) == (DROP, TransactionRule.TOOL, None)


@pytest.mark.parametrize(
    ("unknown", "said"),
    [
        ({"gaps": (Gap(Span(18, 18), "KeyError: 'REGION'"),)}, "db/002.sql:2: KeyError: 'REGION'"),
        ({"placeholders": (AT_THE_NAME,)}, "db/002.sql:2: a placeholder has no value"),
    ],
)
def test_one_that_nobody_knows_all_of_is_not(unknown: dict[str, tuple[object, ...]], said: str) -> None:
    found = kept(replace(script(Direction.DOWN, DROP), **unknown))
    assert (found.backward, found.backward_rule) == (None, None)
    assert found.no_way_back == f"nobody knows all of its way back: {said}"


def test_what_its_author_says_comes_first() -> None:
    down = replace(script(Direction.DOWN, ""), gaps=(Gap(Span(0, 0), "KeyError"),))
    assert kept(down, irreversible="rows are gone").no_way_back == "rows are gone"


@pytest.mark.parametrize("down", [None, script(Direction.DOWN, " \n")])
def test_an_empty_way_back_is_none(down: Script | None) -> None:
    found = kept(down)
    assert (found.backward, found.backward_rule, found.no_way_back) == (None, None, None)
