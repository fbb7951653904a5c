from __future__ import annotations

import pytest

from migsafe.model.locks import LockClaim, LockMode, Work
from migsafe.model.names import QualifiedName
from migsafe.model.observation import IndexWork, Observation

T = QualifiedName("t", "public")
OTHER = QualifiedName("other", "public")
INDEX = IndexWork(QualifiedName("i", "public"), T)


@pytest.mark.parametrize(
    ("observation", "work"),
    [
        (Observation(), Work.NONE),
        (Observation(scanned=(T,)), Work.SCAN),
        (Observation(scanned=(T,), built=(INDEX,)), Work.INDEX_BUILD),
        (Observation(scanned=(T,), rebuilt=(INDEX,)), Work.INDEX_BUILD),
        (Observation(scanned=(T,), rebuilt=(INDEX,), rewritten=(T,)), Work.REWRITE),
        (Observation(scanned=(T,), rebuilt=(INDEX,), rewritten=(T,), emptied=(T,)), Work.NONE),
    ],
)
def test_work_is_the_heaviest_of_one_table(observation: Observation, work: Work) -> None:
    assert observation.work(T) is work
    assert observation.work(OTHER) is Work.NONE


def test_mode_of_a_table() -> None:
    observation = Observation(locks=(LockClaim(T, LockMode.SHARE, "observed"),))
    assert (observation.mode(T), observation.mode(OTHER)) == (LockMode.SHARE, None)
