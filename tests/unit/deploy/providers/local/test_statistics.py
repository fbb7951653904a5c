"""`show stat`, as HAProxy 2.8 answered it: two of four instances were killed at 50 % under load."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from migsafe.deploy.providers.local.statistics import Server, Totals, read_statistics
from migsafe.deploy.words import Counts

_RECORDED = Path(__file__).parents[5] / "fixtures" / "deploy" / "local" / "show-stat.csv"
_FEW = (
    "# pxname,svname,status,check_status,check_code,weight,uweight,addr,scur,qcur,"
    "econ,eresp,wretr,wredis,hrsp_2xx,hrsp_5xx,\n"
)


def _one(**said: object) -> Server:
    names = _FEW.strip("# ,\n").split(",")
    usual = {"pxname": "app", "svname": "blue-1", "status": "UP", "check_status": "L7OK", "addr": "127.0.0.1:20001"}
    row = ",".join(str({**usual, **said}.get(name, "0")) for name in names)
    return read_statistics(f"{_FEW}{row},\n", "app")["blue-1"]


def test_a_recorded_answer() -> None:
    servers = read_statistics(_RECORDED.read_text(), "app")
    assert list(servers) == ["blue-1", "blue-2", "green-1", "green-2"]
    assert servers["blue-1"] == Server(
        name="blue-1",
        is_up=True,
        is_held=False,
        weight=1,
        refusal=0,
        port=28904,
        open_requests=4,
        counts=Counts(requests=1715, errors=0, hidden=0),
    )
    assert not servers["green-2"].is_up
    assert servers["green-2"].counts == Counts(requests=251, errors=25, hidden=151)


@pytest.mark.parametrize(
    ("status", "check", "is_up"),
    [
        ("UP", "L7OK", True),
        ("UP", "* L7OK", True),
        ("UP 1/3", "INI", False),
        ("UP 2/3", "L4CON", False),
        ("DOWN", "L7OK", False),
        ("DOWN", "L7STS", False),
        ("no check", "", False),
        ("MAINT", "L7OK", False),
    ],
)
def test_only_who_has_passed_a_check_can_take_traffic(status: str, check: str, is_up: bool) -> None:
    assert _one(status=status, check_status=check).is_up is is_up


@pytest.mark.parametrize(
    ("status", "is_held"), [("UP", False), ("DOWN", False), ("DRAIN", True), ("MAINT (via x)", True)]
)
def test_what_a_person_has_taken_out_is_told_apart(status: str, is_held: bool) -> None:
    assert _one(status=status).is_held is is_held


def test_what_a_readiness_probe_answers_is_kept() -> None:
    assert _one(status="DOWN", check_status="L7STS", check_code="503").refusal == 503
    assert _one(status="UP", check_status="L7OK", check_code="200").refusal == 0
    assert _one(status="DOWN", check_status="L4CON", check_code="").refusal == 0


@pytest.mark.parametrize(
    ("said", "counts"),
    [
        ({"hrsp_2xx": 90, "hrsp_5xx": 10}, Counts(requests=100, errors=10)),
        ({"hrsp_2xx": 90, "wredis": 10}, Counts(requests=90, errors=0, hidden=10)),
        ({"hrsp_2xx": 90, "wretr": 3, "eresp": 3}, Counts(requests=90, errors=0, hidden=3)),
        ({"hrsp_2xx": 90, "eresp": 3}, Counts(requests=93, errors=3)),
        ({"hrsp_2xx": 90, "econ": 2, "wredis": 20}, Counts(requests=92, errors=2, hidden=20)),
        ({}, Counts(requests=0, errors=0)),
    ],
)
def test_failures_that_a_client_has_seen_and_those_that_were_hidden(said: dict[str, int], counts: Counts) -> None:
    assert _one(**said).counts == counts


def test_a_haproxy_without_the_newer_columns() -> None:
    text = "# pxname,svname,status,check_status,weight,addr\napp,blue-1,UP,L7OK,7,127.0.0.1:20001\n"
    assert read_statistics(text, "app")["blue-1"].weight == 7


def test_totals_only_grow() -> None:
    totals, server = Totals(), _one(hrsp_2xx=100, hrsp_5xx=7)
    totals.add([server])
    assert totals.of(["blue-1"]) == Counts(requests=107, errors=7)
    totals.add([replace(server, counts=Counts(requests=120, errors=9))])
    assert totals.of(["blue-1"]) == Counts(requests=120, errors=9)
    totals.add([replace(server, counts=Counts(requests=5, errors=0))])
    assert totals.of(["blue-1"]) == Counts(requests=125, errors=9)
    totals.add([replace(server, counts=Counts(requests=6, errors=1))])
    assert totals.of(["blue-1"]) == Counts(requests=126, errors=10)
    assert totals.of(["green-1"]) == Counts(requests=0, errors=0)


def test_totals_are_of_the_side_that_is_asked_for() -> None:
    totals, server = Totals(), _one(hrsp_2xx=100)
    totals.add([server, replace(server, name="blue-2"), replace(server, name="green-1")])
    assert totals.of(["blue-1", "blue-2"]) == Counts(requests=200, errors=0)
