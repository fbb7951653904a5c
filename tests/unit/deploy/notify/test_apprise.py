"""Apprise itself, and a receiver on 127.0.0.1."""

from __future__ import annotations

import json
import sys

import pytest

from loopback import Asked, Says, free_address, serving
from migsafe.deploy.notify.message import Event
from migsafe.deploy.notify.registry import open_sinks
from migsafe.deploy.notify.sink import Sink
from migsafe.deploy.tables import Table
from migsafe.errors import ConfigurationError, EnvironmentFailedError

#: What its plugins import on the way is old, and not ours.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

DOCUMENT = {"id": "m1", "event": "hold", "environment": "production", "text": "production: on hold. a &lt; b &amp; c"}


def sink(url: str) -> Sink:
    (found,) = open_sinks([Table.of({"kind": "apprise", "url": "env:TO"}, "notify")], {"TO": url})
    return found


def send(says: Says) -> tuple[str, str, list[Asked]]:
    with serving(lambda _: says) as server:
        sent = sink(server.url.replace("http", "json") + "/hook").send(DOCUMENT)
    return sent.result, sent.why, server.asked


@pytest.fixture
def _apprise() -> None:
    pytest.importorskip("apprise", reason="Apprise is not installed")


@pytest.mark.usefixtures("_apprise")
def test_a_message_arrives_as_plain_text() -> None:
    result, why, (asked,) = send(Says(200))
    assert (result, why, asked.path) == ("delivered", "", "/hook")
    body = json.loads(asked.body)
    assert body["title"] == "migsafe: hold in production"
    assert body["message"] == "production: on hold. a < b & c"
    assert body["type"] == "failure"


@pytest.mark.usefixtures("_apprise")
def test_a_failure_is_tried_later_and_says_no_address() -> None:
    assert send(Says(500))[:2] == ("retry", "Apprise could not deliver it")
    away = free_address().replace("http", "json")
    assert sink(f"{away}/hush").send(DOCUMENT).result == "retry"


@pytest.mark.usefixtures("_apprise")
def test_an_address_that_apprise_does_not_know_is_refused_unseen() -> None:
    with pytest.raises(ConfigurationError, match="Apprise knows no such address") as caught:
        sink("nothing-of-that-kind://hush")
    assert "hush" not in str(caught.value)


@pytest.mark.usefixtures("_apprise")
@pytest.mark.parametrize(
    ("url", "is_taken"),
    [
        ("json://127.0.0.1:1/hook", True),
        ("json://ops@127.0.0.1:1/hook", True),
        ("mmosts://chat.example.org/3ccdd113474722377935511fc85d3dd4", False),
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/", False),
    ],
)
def test_a_token_does_not_stand_in_a_committed_file(url: str, is_taken: bool) -> None:
    table = Table.of({"kind": "apprise", "url": url}, "notify")
    if is_taken:
        assert len(open_sinks([table], {})) == 1
        return
    with pytest.raises(ConfigurationError, match="url: it holds a token or a password") as caught:
        open_sinks([table], {})
    assert url not in f"{caught.value.message}{caught.value.hint}"
    assert len(open_sinks([Table.of({"kind": "apprise", "url": "env:TO"}, "notify")], {"TO": url})) == 1


@pytest.mark.usefixtures("_apprise")
def test_it_wants_all_events_and_hides_its_address() -> None:
    one = sink("json://127.0.0.1:1/hush")
    assert all(one.wants(event) for event in Event)
    assert one.secrets == ("json://127.0.0.1:1/hush",)


def test_without_apprise_its_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(EnvironmentFailedError, match="Apprise is not installed") as caught:
        sink("json://127.0.0.1:1/")
    assert "migsafe-toolkit[notify]" in str(caught.value.hint)
