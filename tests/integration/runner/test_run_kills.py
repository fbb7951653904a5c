"""`migsafe run`, ended by SIGKILL somewhere and run again: nothing is missing, and nothing was done twice.

Every commit is a point in `tests/heavy/run_kills.py`; here are a few, and those around what stands outside of
transactions.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from run_forks import Forks, forks
from run_shops import Shop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="it needs fork and SIGKILL")


@pytest.fixture(scope="module")
def forked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forks]:
    """One process that has imported everything."""
    with forks(tmp_path_factory.mktemp("forks")) as running:
        yield running


@pytest.mark.parametrize("beside", [True, False], ids=["beside", "apart"])
@pytest.mark.long
def test_killed_and_run_again(beside: bool, forked: Forks, tmp_path: Path, make_database: Callable[[str], str]) -> None:
    undisturbed = Shop.open(tmp_path / "undisturbed", make_database(""), beside=beside)
    undisturbed.begin(forked)
    whole = undisturbed.run(forked, "expand")
    assert whole.code == 0, whole.output

    for place in (6,):  # of eight parts of the run: the index that is built alone
        shop = Shop.open(tmp_path / f"killed_{place}", make_database(""), beside=beside)
        shop.begin(forked)
        killed = shop.run(forked, "expand", kill_at=whole.points * place // 8)
        assert killed.code is None
        again = shop.run(forked, "expand")
        assert again.code == 0, again.output
        assert shop.facts() == undisturbed.facts()
        assert shop.command(forked, "tracker", "check").code == 0


def test_what_is_done_is_left_alone(forked: Forks, tmp_path: Path, make_database: Callable[[str], str]) -> None:
    shop = Shop.open(tmp_path / "shop", make_database(""), beside=True)
    shop.begin(forked)
    assert shop.run(forked, "expand").code == 0
    before = shop.facts()
    again = shop.run(forked, "expand")
    assert (again.code, shop.facts()) == (0, before)
    assert "nothing to run" in again.output
    refused = shop.run(forked, "contract")
    assert (refused.code, shop.facts()) == (4, before)
    assert "migrate comes before contract" in refused.output
