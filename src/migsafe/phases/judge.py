"""What the whole story shows, by every check."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.phases.checks import CHECKS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.phases.story import Remark, Story


def remarks(story: Story) -> Iterator[tuple[str, Remark]]:
    """What every check finds, with the name of its rule."""
    for rule in CHECKS:
        if rule.look is not None:
            yield from ((rule.name, remark) for remark in rule.look(story))
