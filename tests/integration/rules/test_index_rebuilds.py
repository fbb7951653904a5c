"""Which indexes a free change of type builds again, on a server in UTC."""

from __future__ import annotations

import pytest

from index_rebuilds import INDEX_REBUILDS
from migsafe.shadow.locks import observe

pytestmark = pytest.mark.long


@pytest.mark.parametrize("change", INDEX_REBUILDS)
def test_a_plain_index_is_built_again_for_another_operator_class(change: str, database: str) -> None:
    old, new = change.split(" -> ")
    setup = f"CREATE EXTENSION citext; CREATE TABLE t (id int, a {old}); CREATE INDEX i ON t (a);"
    seen = observe(database, setup, f"ALTER TABLE t ALTER a TYPE {new}")
    assert (seen.error, seen.rewritten) == (None, ())
    assert bool(seen.rebuilt) is INDEX_REBUILDS[change]
