"""A shadow on somebody else's server: nothing but its own schemas is touched, and none of them stays."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from migsafe.errors import EnvironmentFailedError, UsageError
from migsafe.mysql.connection import connect
from migsafe.mysql.schemas import create_schema, hold_lock
from migsafe.shadow.maria.choice import start_server
from migsafe.shadow.maria.given import GivenServer
from migsafe.shadow.options import ServerChoice

if TYPE_CHECKING:
    from migsafe.shadow.maria.server import ThrowawayMaria


def schemas(server: ThrowawayMaria) -> set[str]:
    with server.connect() as session:
        return {name for (name,) in session.query("show databases")}


def test_schemas_are_made_and_gone_at_the_end(maria: ThrowawayMaria) -> None:
    before = schemas(maria)
    with GivenServer.open(maria.address) as server:
        assert server.create_schema("app") in schemas(maria) - before
        with server.connect("app") as session:
            session.execute("create table t (a int)")
        server.drop_schema("app")
        server.drop_schema("app")
        server.create_schema("other")
    assert schemas(maria) == before
    server.stop()


def test_what_a_killed_run_left_is_dropped_and_what_lives_is_not(maria: ThrowawayMaria) -> None:
    owners = [f"migsafe_{secrets.token_hex(6)}" for _ in range(2)]
    with maria.connect() as alive, maria.connect() as dead:
        for owner, session in zip(owners, (alive, dead), strict=True):
            hold_lock(session, owner)
            create_schema(session, f"{owner}_app")
        create_schema(dead, "migsafe_of_somebody")
        dead.close()
        with GivenServer.open(maria.address):
            assert {f"{owners[0]}_app", "migsafe_of_somebody"} <= schemas(maria)
            assert f"{owners[1]}_app" not in schemas(maria)
        maria.drop_schema(f"{owners[0]}_app")
        maria.drop_schema("migsafe_of_somebody")


def test_an_account_that_may_not_is_refused_with_what_to_do(maria: ThrowawayMaria) -> None:
    with maria.connect() as session:
        session.execute("create or replace user poor@localhost identified by 'pass<word'")
    poor = replace(maria.address, user="poor", password="pass<word")
    connect(poor).close()
    with pytest.raises(EnvironmentFailedError, match="may make no schemas") as raised:
        GivenServer.open(poor)
    assert "GRANT ALL" in (raised.value.hint or "")
    with pytest.raises(EnvironmentFailedError, match="Access denied") as raised:
        connect(replace(poor, password="wrong<word"))
    assert "wrong<word" not in raised.value.message


def test_an_account_with_its_own_prefix_alone_may(maria: ThrowawayMaria) -> None:
    with maria.connect() as session:
        session.execute("create or replace user fenced@localhost")
        session.execute(r"grant all on `migsafe\_%`.* to fenced@localhost")
    with GivenServer.open(replace(maria.address, user="fenced")) as server:
        server.create_schema("app")
        with server.connect("app") as session:
            session.execute("create table t (a int)")


def test_the_url_decides(maria: ThrowawayMaria) -> None:
    environ = {"DB": f"mysql://root@/?unix_socket={maria.address.socket}"}
    with start_server(ServerChoice(url="env:DB"), environ=environ) as server:
        assert server.shared
        assert server.version == maria.version
    with pytest.raises(UsageError, match="holds a password"):
        start_server(ServerChoice(url="mysql://root:secret@h"))
