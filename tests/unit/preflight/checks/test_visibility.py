"""A role that cannot see never says go."""

from __future__ import annotations

from dataclasses import replace

from preflight_cases import ROLE, ask, backend, case, live, weights

BLIND = replace(ROLE, sees_all=False)


def test_a_role_that_sees_nothing_cannot_tell() -> None:
    hidden = backend(state=None, age=None, query="<insufficient privilege>", hidden=True)
    (reason,) = ask("visibility", case(live(role=BLIND, backends=(hidden,))))
    assert (reason.weight, reason.passing) == ("unknown", False)
    assert (reason.culprits[0].pid, reason.culprits[0].query, reason.culprits[0].state) == (7, None, None)
    assert "pg_read_all_stats" in (reason.hint or "")


def test_also_where_nobody_else_is_there() -> None:
    assert weights("visibility", case(live(role=BLIND))) == ["unknown"]


def test_a_single_hidden_session_is_enough() -> None:
    assert weights("visibility", case(live(backends=(backend(hidden=True),)))) == ["unknown"]


def test_a_role_that_sees_all_can_tell() -> None:
    assert weights("visibility", case(live(backends=(backend(),)))) == []
