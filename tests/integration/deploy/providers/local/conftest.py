"""A shop for each test, on a real HAProxy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deploy_shop import Shop, why_no_haproxy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """One instance of each version; nothing runs before the test starts it, and nothing after the test."""
    if (why := why_no_haproxy()) is not None:
        pytest.skip(why)
    with Shop(tmp_path) as shop:
        yield shop


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Shop]:
    """The same with two instances of each version."""
    if (why := why_no_haproxy()) is not None:
        pytest.skip(why)
    with Shop(tmp_path, replicas=2) as shop:
        yield shop
