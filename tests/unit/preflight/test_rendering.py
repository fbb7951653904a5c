"""The answer for programs, and for people."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files
from typing import Any

import jsonschema
import pytest

from migsafe.model.locks import LockMode
from migsafe.preflight.document import render_json, to_document
from migsafe.preflight.report import Culprit, PreflightReport, Reason, Weight
from migsafe.preflight.text import render_text, spell_progress
from preflight_cases import NOW, USERS

SCHEMA = json.loads((files("migsafe.preflight") / "schema" / "preflight-1.json").read_text(encoding="utf-8"))

IDLE = Culprit(
    pid=4711, user="app", application="web", client="10.0.0.7", state="idle in transaction", age=42.0,
    query="update users set email = '…'",
)  # fmt: skip
BUSY = Reason(
    check="lock-holders", weight=Weight.NO_GO, text="public.users: ACCESS EXCLUSIVE must wait", hint="let it end",
    passing=True, objects=("public.users",), culprits=(IDLE, Culprit(pid=None, gid="tx1", state="prepared", age=9.0)),
)  # fmt: skip
GO = PreflightReport(database="shop on db", role="deployer", version="18.6", at=NOW, took=0.123, checks=("pooler",))
REFUSED = replace(
    GO,
    migrations=("0042",),
    locks=((USERS, LockMode.ACCESS_EXCLUSIVE),),
    reasons=(BUSY, Reason(check="disk", weight=Weight.NOTE, text="free disk cannot be seen")),
    replicas=("shop on ro",),
)


def closed(schema: Any) -> Any:
    """The schema without room for fields that it does not name."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: closed(value) for key, value in schema.items()}
    return inner | {"additionalProperties": False} if isinstance(inner.get("properties"), dict) else inner


@pytest.mark.parametrize("report", [GO, REFUSED], ids=["go", "no-go"])
def test_the_document_has_exactly_the_fields_of_the_schema(report: PreflightReport) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(json.loads(render_json(report)), closed(SCHEMA), jsonschema.Draft202012Validator)


def test_what_the_document_says() -> None:
    document = to_document(REFUSED)
    assert (document["verdict"], document["exit_code"], document["migrations"]) == ("no-go", 4, ["0042"])
    assert document["locks"] == [{"table": "public.users", "mode": "ACCESS EXCLUSIVE", "blocks": "reads and writes"}]
    culprit = document["reasons"][0]["culprits"][0]
    assert (culprit["pid"], culprit["age_seconds"], culprit["query"]) == (4711, 42.0, "update users set email = '…'")


def test_the_text() -> None:
    assert render_text(REFUSED).splitlines() == [
        "no-go: shop on db (Postgres 18.6) as deployer, for 1 migration",
        "         locks: ACCESS EXCLUSIVE on public.users",
        "no-go    public.users: ACCESS EXCLUSIVE must wait",
        "           pid 4711: app@web (10.0.0.7), idle in transaction, 42 s old",
        "             update users set email = '…'",
        "           prepared tx1: prepared, 9.0 s old",
        "         → let it end",
        "note     free disk cannot be seen",
        "         1 check in 0.1 s",
    ]


def test_quiet_is_the_first_line() -> None:
    assert render_text(GO, quiet=True) == "go: shop on db (Postgres 18.6) as deployer\n"


def test_it_fits_on_a_screen() -> None:
    crowd = replace(BUSY, culprits=(IDLE,) * 50)
    text = render_text(replace(REFUSED, reasons=(BUSY,) * 3 + (crowd,) + (REFUSED.reasons[1],) * 60))
    assert len(text.splitlines()) < 50
    assert "and 47 more" in text
    assert "and 52 lighter reasons: --format json says all" in text


def test_a_query_cannot_steer_the_terminal() -> None:
    evil = replace(IDLE, query="select \x1b[2J\n1", application="a\x1bb")
    text = render_text(replace(GO, reasons=(replace(BUSY, culprits=(evil,)),)))
    assert "\x1b" not in text
    assert "select ␛[2J 1" in text


def test_what_is_hidden_is_called_hidden() -> None:
    assert "pid 7: hidden from this role" in render_text(
        replace(GO, reasons=(replace(BUSY, culprits=(Culprit(pid=7),)),))
    )


def test_colours_only_when_asked() -> None:
    assert "\x1b[" in render_text(REFUSED, colour=True)
    assert "\x1b[" not in render_text(REFUSED)


def test_progress_is_one_line() -> None:
    assert spell_progress(REFUSED, 12.0) == "no-go: public.users: ACCESS EXCLUSIVE must wait (12 s left)"
