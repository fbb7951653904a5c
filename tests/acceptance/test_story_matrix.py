"""No rule about phases is without its stories, and each story is about its rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from release_stories import expected, name_of, story_folders

STORIES = list(story_folders())
RULES = {
    "destructive-outside-contract", "mixed-phases", "expand-and-contract-in-one-release", "contract-too-early",
    "contract-before-rollout", "migrate-step-missing", "contract-before-verified", "still-in-use",
    "breaks-previous-release", "sync-dropped-early", "change-overdue", "changes-collide", "constrain-before-writers",
    "obligation-missing", "expand-depends-on-contract", "phases-out-of-order", "contract-without-way-back",
    "released-migration-edited", "backfill-beside-ddl", "new-values-too-early", "unscheduled-removal",
    "waiver-incomplete",
}  # fmt: skip


@pytest.mark.parametrize("rule", sorted(RULES))
def test_every_rule_about_phases_is_told_red_and_green(rule: str) -> None:
    told = {folder.name for folder in STORIES if folder.parent.name == rule}
    plain = set() if rule == "expand-depends-on-contract" else {"red", "green"}  # plain SQL has no graph
    assert plain | {"red-alembic", "green-alembic"} <= told


@pytest.mark.parametrize("folder", [each for each in STORIES if each.parent.name in RULES], ids=name_of)
def test_red_stories_name_their_rule_and_green_ones_do_not(folder: Path) -> None:
    lines = expected(folder)
    blamed = {line.rsplit(" ", 1)[1] for line in lines if " cleared " not in line}
    failed = {one.removesuffix(" fail") for evidence in lines.values() for one in evidence if one.endswith(" fail")}
    assert (folder.parent.name in blamed | failed) == folder.name.startswith("red")
