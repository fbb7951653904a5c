"""What the pages on checks and notifications show is what the code takes."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import cast

import jsonschema
import pytest

from check_cases import context
from migsafe.deploy.checks.registry import CHECKS, open_checks
from migsafe.deploy.notify.message import Event
from migsafe.deploy.notify.registry import open_sinks
from migsafe.deploy.notify.webhook import sign
from migsafe.deploy.tables import parse_document

DOCS = Path(__file__).parents[3] / "docs"
CHECKS_PAGE = (DOCS / "deploy-checks.md").read_text(encoding="utf-8")
NOTIFY_PAGE = (DOCS / "deploy-notifications.md").read_text(encoding="utf-8")
Verifier = Callable[..., bool]


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)


@pytest.mark.parametrize("example", blocks(CHECKS_PAGE, "toml"))
def test_every_check_of_the_page_can_be_opened(example: str) -> None:
    told = context(environ={"DATABASE_URL": "postgresql://127.0.0.1/shop"})
    assert open_checks(parse_document(example).root.tables("check"), told)


def test_the_page_names_every_kind() -> None:
    assert re.findall(r"^\| `(\w+)` \|", CHECKS_PAGE, re.MULTILINE) == list(CHECKS)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of what Apprise imports
def test_every_receiver_of_the_page_can_be_opened() -> None:
    pytest.importorskip("apprise", reason="Apprise is not installed")
    address = "http://127.0.0.1:1/"
    known = {"DEPLOY_WEBHOOK": address, "DEPLOY_WEBHOOK_SECRET": "hush", "PAGER_WEBHOOK": address}
    (example,) = blocks(NOTIFY_PAGE, "toml")
    sinks = open_sinks(parse_document(example).root.tables("notify"), {**known, "APPRISE_URL": "json://127.0.0.1:1/"})
    assert [sink.name for sink in sinks] == ["webhook", "pager", "apprise"]


def test_the_page_names_every_event() -> None:
    assert re.findall(r"^\| `([\w-]+)` \|", NOTIFY_PAGE, re.MULTILINE) == [event.value for event in Event]


def test_the_document_of_the_page_keeps_the_schema() -> None:
    import json
    from importlib.resources import files

    schema = json.loads((files("migsafe.deploy.notify") / "schema" / "deploy-event-1.json").read_text(encoding="utf-8"))
    (document,) = blocks(NOTIFY_PAGE, "json")
    jsonschema.validate(json.loads(document), schema)


@pytest.fixture
def is_genuine() -> Verifier:
    (snippet,) = blocks(NOTIFY_PAGE, "python")
    names: dict[str, object] = {}
    exec(snippet, names)
    return cast("Verifier", names["is_genuine"])


def test_the_receiver_of_the_page_takes_what_is_genuine(is_genuine: Verifier) -> None:
    body = b'{"id":"m1"}'
    header = sign(body, "hush", at=1_700_000_000)
    assert is_genuine(header, body, "hush", now=1_700_000_000)
    assert is_genuine(header, body, "hush", now=1_700_000_299)


@pytest.mark.parametrize(
    ("header", "body", "secret", "now"),
    [
        (sign(b"{}", "hush", at=1000), b"{ }", "hush", 1000),
        (sign(b"{}", "hush", at=1000), b"{}", "other", 1000),
        (sign(b"{}", "hush", at=1000), b"{}", "hush", 1301),
        (sign(b"{}", "hush", at=1000).replace("t=1000", "t=1001"), b"{}", "hush", 1001),
        ("t=1000", b"{}", "hush", 1000),
        ("", b"{}", "hush", 1000),
        ("nonsense", b"{}", "hush", 1000),
    ],
)
def test_the_receiver_of_the_page_takes_nothing_else(
    is_genuine: Verifier, header: str, body: bytes, secret: str, now: float
) -> None:
    assert not is_genuine(header, body, secret, now=now)
