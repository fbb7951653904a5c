"""The project of the story: how it is deployed, and what its versions say."""

from __future__ import annotations

import re
import runpy
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from migsafe.demo.pace import PACES
from migsafe.demo.site import ENVIRONMENT, Site, furnish
from migsafe.deploy.settings import read_settings
from migsafe.deploy.words import Strategy
from migsafe.history.manifest import read_manifest

if TYPE_CHECKING:
    from pathlib import Path

    from migsafe.shadow.server import ThrowawayServer

VERSIONS = ("v1", "v2", "v3", "v4")


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """The project as the story begins with it; nothing of it runs."""
    server = SimpleNamespace(folder=tmp_path / "server", create_database=lambda name: f"dbname={name}")
    return furnish(tmp_path / "shop", cast("ThrowawayServer", server), 8001, PACES["fast"])


def _version(site: Site, name: str) -> dict[str, Any]:
    return runpy.run_path(str(site.folder / "versions" / f"{name}.py"))


def test_the_canary_becomes_blue_green_and_nothing_else_changes(site: Site) -> None:
    before = read_settings(site.deploy_file, ENVIRONMENT)
    site.go_blue_green()
    after = read_settings(site.deploy_file, ENVIRONMENT)
    assert (before.strategy, before.steps) == (Strategy.CANARY, (5, 20, 50, 100))
    assert (after.strategy, after.steps) == (Strategy.BLUE_GREEN, (100,))
    assert (before.step_time, before.bake, before.probes) == (after.step_time, after.bake, after.probes)
    assert before.warnings == after.warnings == ()


def test_releases_are_written_in_their_order_with_or_without_migrations(site: Site) -> None:
    site.release("v2", ["00002_a.sql"])
    site.release("v4", [])
    found = read_manifest(site.folder / "migsafe.releases.toml").releases
    assert [(one.name, one.migrations) for one in found] == [
        ("v1", ("migrations/00001_users.sql",)),
        ("v2", ("migrations/00002_a.sql",)),
        ("v4", ()),
    ]


def test_only_the_code_of_v1_and_v2_knows_the_old_column(site: Site) -> None:
    said = {name: " ".join(_version(site, name)[key] for key in ("READS", "RENAMES", "ADDS")) for name in VERSIONS}
    assert {name for name, text in said.items() if re.search(r"\bname\b", text)} == {"v1", "v2"}
    assert {name for name, text in said.items() if re.search(r"\bfull_name\b", text)} == {"v2", "v3", "v4"}
    site.forget("v1", "v2", "v3")
    assert [one.name for one in (site.folder / "versions").glob("*.py")] == ["v4.py"]


@pytest.mark.parametrize("name", ["Ada Lovelace", "Ada  King Lovelace", "Teller"])
def test_v4_shows_everybody_and_v3_fails_for_who_has_one_name(site: Site, name: str) -> None:
    assert _version(site, "v4")["shows"](name) == name
    if " " in name:
        assert _version(site, "v3")["shows"]("Ada Lovelace") == "Ada Lovelace"
    else:
        with pytest.raises(IndexError):
            _version(site, "v3")["shows"](name)
