"""A whole small project: what Alembic itself says of it, and what linting it says."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import to_tuple

from migsafe.api import lint_paths
from migsafe.sources import SourceOptions, read_paths
from migsafe.sources.alembic.environment import environment_of
from migsafe.sources.alembic.layout import read_layout

if TYPE_CHECKING:
    from collections.abc import Iterator

SHOP = Path(__file__).parents[4] / "fixtures" / "projects" / "alembic-shop"


@pytest.fixture(autouse=True)
def _in_the_shop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(SHOP)


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptDirectory]:
    """The project as Alembic loads it: it runs the revisions' modules, for which the application must be there."""
    platform = ModuleType("shop_platform")
    platform.start = lambda _: None  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "shop_platform", platform)
    monkeypatch.setattr(sys, "path", [str(SHOP), *sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield ScriptDirectory.from_config(Config(SHOP / "alembic.ini"))
    for name in [name for name in sys.modules if name.split(".")[0] in {"shop", "migrations"}]:
        del sys.modules[name]


def test_every_file_is_read_as_alembic_reads_it(known: ScriptDirectory) -> None:
    environment = environment_of(SHOP / "migrations" / "versions")
    found = read_layout(environment.version_locations, recursive=environment.recursive)
    assert environment.script_location == Path(known.dir)
    assert environment.version_locations == tuple(known._version_locations)
    for revision in found.revisions:
        script = known.get_revision(revision.id)
        assert Path(script.path) == revision.path
        assert to_tuple(script.down_revision, default=()) == revision.down
        assert script._resolved_dependencies == revision.depends_on
        assert script._orig_branch_labels == revision.labels
    assert {revision.id for revision in found.revisions} == {script.revision for script in known.walk_revisions()}


def test_the_order_is_one_in_which_alembic_would_run_it(known: ScriptDirectory) -> None:
    (layout,) = read_paths([Path()], SourceOptions())
    order = [migration.id for migration in layout.migrations.migrations]
    assert len(order) == 11
    for at, name in enumerate(order):
        assert set(known.get_revision(name)._all_down_revisions) <= set(order[:at])


def test_findings_point_at_the_lines_of_the_operations() -> None:
    report = lint_paths(["."])
    found = [(finding.migration, finding.start.line, finding.rule) for finding in report.findings]
    assert ("b2f4c8a17e33", 19, "set-not-null-scan") in found
    assert ("e85a3b7c41d0", 19, "add-check-validating") in found
    assert [one for one in found if one[2] == "could-not-understand"] == [("a71d5c04be93", 20, "could-not-understand")]
    assert "drop-column" not in {rule for _, _, rule in found}, "its reason to be ignored stands in the file"
