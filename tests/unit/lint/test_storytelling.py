"""What is looked for only where it would be shown."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from migsafe.config import Config
from migsafe.lint.storytelling import Storyteller
from migsafe.model.dialect import Dialect
from migsafe.model.evidence import CheckedQueries, LockEvidence, ObservedMigration, statement_fingerprint
from migsafe.model.finding import Severity
from migsafe.model.script import Direction, Migration, MigrationSet, Script, SourceText, TransactionRule
from migsafe.sources import LoadedLayout
from phase_stories import run


@pytest.mark.parametrize(
    ("settings", "looks"),
    [
        ({}, False),
        ({"min_severity": Severity.INFO}, True),
        ({"min_severity": Severity.INFO, "ignore": ("unscheduled-removal",)}, False),
        ({"min_severity": Severity.INFO, "select": ("drop-column",)}, False),
        ({"select": ("unscheduled-removal",)}, True),
        ({"extend_select": ("XR21",)}, True),
    ],
)
def test_who_gave_up_what_is_asked_only_where_it_is_shown(settings: dict[str, Any], looks: bool) -> None:
    layout = LoadedLayout(MigrationSet("plain", "x", Dialect.POSTGRES, ()), frozenset())
    story = Storyteller(Config(**settings), [layout]).story(layout, run({}))
    assert (story.given_up is not None) is looks
    assert story.writers is not None


_UP = "ALTER TABLE users DROP COLUMN name;"


@pytest.mark.parametrize(
    ("text", "known"),
    [(_UP, True), ("alter  table users\n drop column name;", True), ("ALTER TABLE users DROP COLUMN id;", False)],
)
def test_what_a_server_said_counts_only_of_a_migration_as_it_was_then(text: str, known: bool) -> None:
    queries = CheckedQueries(3, fingerprint=statement_fingerprint(_UP))
    observed = LockEvidence("18.6", date(2026, 11, 23), (ObservedMigration("2", "2.sql", (), queries=queries),))
    up = Script(Direction.UP, text, SourceText("2.sql", text), TransactionRule.NONE, Dialect.POSTGRES)
    layout = LoadedLayout(MigrationSet("plain", "x", Dialect.POSTGRES, (Migration("2", "2.sql", up=up),)), frozenset())
    story = Storyteller(Config(), [layout], observed).story(layout, run({}))
    assert story.checked == ({"2": queries} if known else {})
