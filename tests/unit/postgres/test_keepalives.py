"""A machine that has vanished is noticed."""

from __future__ import annotations

import pytest

from migsafe.errors import EnvironmentFailedError
from migsafe.postgres import live
from migsafe.postgres.keepalives import with_keepalives


def test_what_the_address_says_of_keepalives_stands() -> None:
    dsn = with_keepalives("host=db keepalives_idle=99")
    assert "keepalives_idle=99" in dsn
    assert "keepalives_count=3" in dsn


def test_an_address_that_cannot_be_read_is_left_to_who_says_so() -> None:
    assert with_keepalives("postgresql://ann:s3cr%ZZet@db/app") == "postgresql://ann:s3cr%ZZet@db/app"


def test_a_look_at_a_server_ends_where_its_machine_has_vanished(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def connect(dsn: str, **_: object) -> None:
        asked.append(dsn)
        raise EnvironmentFailedError("not there")

    monkeypatch.setattr(live, "connect", connect)
    with pytest.raises(EnvironmentFailedError, match="not there"):
        live.open_live("postgresql://db/app")
    assert "keepalives_idle=10" in asked[0]
    assert "tcp_user_timeout=25000" in asked[0]
