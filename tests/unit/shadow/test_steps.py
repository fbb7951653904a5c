from __future__ import annotations

from dataclasses import replace

import pytest

from lite_scripts import script
from migsafe.catalogue.progress import Counter
from migsafe.model.dialect import Dialect
from migsafe.model.script import Direction, Gap, Migration, MigrationSet, Script, SourceText, Span, TransactionRule
from migsafe.shadow.migration import ShadowMigration
from migsafe.shadow.steps import Steps, doubts_of, read_migration
from migsafe.sources import LoadedLayout


def direction(name: str, way: Direction, text: str = "SELECT 1;") -> Script:
    return Script(way, text, SourceText(f"{name}.{way}.sql", text), TransactionRule.TOOL, Dialect.SQLITE)


def migration(name: str, *, down: bool = True, up: str = "SELECT 1;") -> Migration:
    back = direction(name, Direction.DOWN) if down else None
    return Migration(name, name, direction(name, Direction.UP, up), back)


def steps(*migrations: Migration, selected: set[str]) -> Steps:
    layout = MigrationSet("plain", ".", Dialect.SQLITE, migrations)
    return Steps(LoadedLayout(layout, frozenset(selected)))


def test_what_comes_behind_the_last_wanted_one_is_not_needed() -> None:
    three = [migration(name) for name in "abc"]
    found = steps(*three, selected={"b.up.sql"})
    assert (found.wanted, found.needed) == ({"b"}, tuple(three[:2]))


def test_either_direction_makes_a_migration_wanted() -> None:
    assert steps(migration("a"), selected={"a.down.sql"}).wanted == {"a"}


def test_nothing_selected_needs_nothing() -> None:
    found = steps(migration("a"), selected={"other.sql"})
    assert (found.wanted, found.needed) == (set(), ())


@pytest.mark.parametrize(("kept", "missing", "expected"), [(2, 1, True), (1, 1, False), (0, 2, False), (1, 0, True)])
def test_a_project_keeps_ways_back_when_most_migrations_have_one(kept: int, missing: int, expected: bool) -> None:
    migrations = [migration(f"k{n}") for n in range(kept)] + [migration(f"m{n}", down=False) for n in range(missing)]
    assert steps(*migrations, selected=set()).keeps_ways_back is expected


def test_a_migration_is_read_with_its_marker() -> None:
    read = read_migration(migration("a", up='-- migsafe: irreversible reason="gone"\nDROP TABLE t;'), wanted=False)
    assert (read.irreversible, read.wanted) == ("gone", False)
    assert read_migration(migration("a", down=False)).down is None


def test_what_nobody_knows_of_a_script_is_a_doubt() -> None:
    read = script("DROP TABLE ${name};")
    with_placeholder = replace(read, script=replace(read.script, placeholders=(Span(11, 18),)))
    with_gap = replace(read, script=replace(read.script, gaps=(Gap(Span(0, 0), "it asks a server"),)))
    assert list(doubts_of(ShadowMigration("a", "a", read, read))) == []
    assert list(doubts_of(ShadowMigration("a", "a", with_gap, with_placeholder))) == [
        "not all of its SQL is known (it asks a server)",
        "the placeholder ${name} has no value",
    ]


def test_progress_is_told_step_by_step() -> None:
    seen: list[tuple[int, int]] = []
    counter = Counter(lambda done, total: seen.append((done, total)), 2)
    counter.next()
    counter.next()
    Counter(None, 1).next()
    assert seen == [(1, 2), (2, 2)]
