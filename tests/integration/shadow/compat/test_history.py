"""On a project's real history: whoever asks only what a migration touches finds what asking everything finds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from migsafe.parse import read_script
from migsafe.postgres.connection import connect
from migsafe.shadow.compat.running_release import RunningRelease
from migsafe.shadow.compat.touched import touched_by
from migsafe.shadow.execution import run_script
from migsafe.shadow.snapshot import take_snapshot
from migsafe.sources import SourceOptions, read_paths

if TYPE_CHECKING:
    from migsafe.model.statement import ReadScript
    from migsafe.postgres.connection import Session

CRATES = Path(__file__).parents[5] / "shared" / "corpus" / "sql" / "crates.io"

#: The last ones: the schema is at its largest, with triggers and functions.
ASKED = 10


@pytest.mark.endurance
@pytest.mark.corpus
def test_nothing_is_missed(database: str) -> None:
    if not CRATES.is_dir():
        pytest.skip("the corpus of real migrations is not there")
    (layout,) = read_paths([CRATES], SourceOptions())
    ups = [read_script(migration.up) for migration in layout.migrations.migrations if migration.up is not None]
    with connect(database, autocommit=True) as session:
        for up in ups[:-ASKED]:
            assert run_script(session, up) is None
        asked = [compare(session, up) for up in ups[-ASKED:]]
    assert sum(few for few, _ in asked) < sum(all_of_them for _, all_of_them in asked)


def compare(session: Session, up: ReadScript) -> tuple[int, int]:
    """Apply a migration; returns how many queries were asked of those that it touches, and of all."""
    some, everything = RunningRelease(generate=True), RunningRelease(generate=True)
    assert some.begin(session) == everything.begin(session) == ()
    before = take_snapshot(session)
    assert run_script(session, up) is None
    few = some.after(session, touched_by(before, take_snapshot(session)))
    all_of_them = everything.after(session)
    assert few.breakages == all_of_them.breakages
    return few.asked, all_of_them.asked
