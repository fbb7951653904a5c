"""What is applied where Alembic's table has these heads; the rest of it is run on a server."""

from __future__ import annotations

import pytest

from migsafe.errors import EnvironmentFailedError
from migsafe.model.script import Migration
from migsafe.sources.alembic.running import applied_by_heads

#: Two lines that are merged, and one of their own that another depends on.
GRAPH = tuple(
    Migration(name, f"{name}.py", needs=needs)
    for name, needs in (
        ("base", ()),
        ("left", ("base",)),
        ("right", ("base",)),
        ("merged", ("left", "right")),
        ("billing", ("base",)),
        ("after", ("merged", "billing")),
    )
)


@pytest.mark.parametrize(
    ("heads", "applied"),
    [
        ((), set()),
        (("base",), {"base"}),
        (("left",), {"base", "left"}),
        (("left", "right"), {"base", "left", "right"}),
        (("merged",), {"base", "left", "right", "merged"}),
        (("billing", "left"), {"base", "billing", "left"}),
        (("after",), {"base", "left", "right", "merged", "billing", "after"}),
    ],
)
def test_a_head_stands_for_all_that_it_needs(heads: tuple[str, ...], applied: set[str]) -> None:
    assert applied_by_heads(heads, GRAPH) == applied


def test_a_head_that_nobody_knows_is_refused() -> None:
    with pytest.raises(EnvironmentFailedError, match="at the revision f00, which the project does not have"):
        applied_by_heads(("left", "f00"), GRAPH)
