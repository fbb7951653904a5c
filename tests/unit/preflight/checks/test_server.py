"""Is it the server, and is it spoken to directly?"""

from __future__ import annotations

import pytest

from preflight_cases import STANDBY, ask, case, live, weights


def test_a_standby_is_refused() -> None:
    assert weights("standby", case(live(server=STANDBY))) == ["no-go"]
    assert weights("standby", case()) == []


def test_a_pooler_tells_of_another_process() -> None:
    assert weights("pooler", case(live(libpq_pid=101))) == ["no-go"]
    assert weights("pooler", case(live(libpq_pid=100))) == []


@pytest.mark.parametrize(("wanted", "expected"), [(19, ["no-go"]), (18, []), (17, ["note"]), (None, [])])
def test_the_version_that_migrations_are_linted_for(wanted: int | None, expected: list[str]) -> None:
    assert weights("server-version", case(wanted_major=wanted)) == expected


def test_an_older_server_is_nothing_to_wait_for() -> None:
    assert not ask("server-version", case(wanted_major=19))[0].passing
