"""The receivers of deploy.toml."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import pytest

from migsafe.deploy.notify.message import Event, Message
from migsafe.deploy.notify.registry import address, look_at_sinks, open_sinks, secrets_of
from migsafe.deploy.redaction import Redaction
from migsafe.deploy.tables import Table, parse_document
from migsafe.errors import ConfigurationError

TWO = """
[[notify]]
kind = "webhook"
url = "env:HOOK"
secret = "env:KEY"

[[notify]]
kind = "webhook"
name = "pager"
url = "http://127.0.0.1:1/page"
events = ["hold", "abort"]
"""
ENVIRON = {"HOOK": "http://127.0.0.1:1/T0/hush", "KEY": "hush-hush"}


def tables(text: str) -> tuple[Table, ...]:
    return parse_document(text).root.tables("notify")


def test_receivers_come_in_the_order_of_the_file() -> None:
    sinks = open_sinks(tables(TWO), ENVIRON)
    assert [sink.name for sink in sinks] == ["webhook", "pager"]
    assert secrets_of(sinks) == ("http://127.0.0.1:1/T0/hush", "hush-hush", "http://127.0.0.1:1/page")


def test_a_message_goes_to_those_who_want_it_and_without_their_secrets() -> None:
    sinks = open_sinks(tables(TWO), ENVIRON)
    hidden = Redaction(secrets_of(sinks))

    def channels(event: Event) -> list[str]:
        at = datetime(2026, 11, 1, tzinfo=UTC)
        told = Message(event=event, id="m", at=at, environment="e", release=None, said="see hush-hush")
        addressed = address(told, sinks, hidden)
        assert all("hush" not in str(document) for _, document in addressed)
        return [channel for channel, _ in addressed]

    assert channels(Event.HOLD) == ["webhook", "pager"]
    assert channels(Event.STEP) == ["webhook"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('name = "pager"', ""), r"deploy.toml:7: .*another one is called webhook"),
        (('"hold", ', '"hld", '), r'"hld" is no event'),
        (('"env:KEY"', '"hush-hush"'), "secret: its value must be env:NAME"),
        (('"env:KEY"', '"env:MISSING"'), "MISSING is not set"),
        (("http://127.0.0.1:1/page", "127.0.0.1/page"), "http:// or https://"),
        (('kind = "webhook"\nname', 'kind = "webhok"\nname'), "kind"),
        (("events", "event"), "event: no such key"),
        (('name = "pager"', f'name = "{"x" * 65}"'), "longer than 64"),
    ],
)
def test_a_wrong_table_is_refused(change: tuple[str, str], said: str) -> None:
    text = TWO.replace(*change)
    assert text != TWO
    with pytest.raises(ConfigurationError, match=said) as caught:
        open_sinks(tables(text), ENVIRON)
    assert "hush" not in str(caught.value)


class TestWhereSecretsAreNot:
    """A plan is made in CI, where nobody has the secrets, and still says what is wrong with the file."""

    def test_a_variable_that_is_not_set_is_no_mistake(self) -> None:
        assert look_at_sinks(tables(TWO), {}) is None

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            (('"hold", ', '"hld", '), r"deploy\.toml:11: .*\"hld\" is no event"),
            (("secret", "secrt"), r"deploy\.toml:5: .*secrt: no such key"),
            (('name = "pager"', ""), "another one is called webhook"),
            (("http://127.0.0.1:1/page", "https://hooks.slack.com/services/T0/B0/hush"), "its value must be env:NAME"),
        ],
    )
    def test_what_is_wrong_is_said(self, change: tuple[str, str], said: str) -> None:
        with pytest.raises(ConfigurationError, match=said) as caught:
            look_at_sinks(tables(TWO.replace(*change)), {})
        assert "hush" not in f"{caught.value.message}{caught.value.hint}"

    def test_an_address_that_is_there_is_judged(self) -> None:
        with pytest.raises(ConfigurationError, match="http:// or https://"):
            look_at_sinks(tables(TWO), {"HOOK": "slack.com/T0/hush"})

    def test_a_library_that_is_not_there_is_only_said(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "apprise", None)
        said = look_at_sinks(tables('[[notify]]\nkind = "apprise"\nurl = "env:TO"\n'), {})
        assert said is not None
        assert "Apprise is not installed" in said
