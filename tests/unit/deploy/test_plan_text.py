"""A plan as a person reads it; the golden files are what one sees."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy_plans import plan, schema, verdict
from migsafe.deploy.facts import Carried
from migsafe.deploy.plan_text import render
from migsafe.model.phase import Phase
from tracker_books import MAIN

_FIXTURES = Path(__file__).parents[3] / "fixtures" / "deploy" / "plans"
WHOLE = schema(
    carried=(
        Carried(
            phase=Phase.EXPAND, steps=("0041_full_name",), changes=("users-name",), due={MAIN: ("0041_full_name",)}
        ),
        Carried(phase=Phase.MIGRATE, steps=("0042_fill",), changes=("users-name",), due={MAIN: ("0042_fill",)}),
        Carried(phase=Phase.CONTRACT, steps=(), changes=("users-name",)),
    ),
    now=(verdict("unknown", "1.8.0"),),
)


@pytest.mark.parametrize(("form", "ending"), [("text", "txt"), ("markdown", "md")])
def test_golden(form: str, ending: str, update: bool) -> None:
    text = render(plan(facts=WHOLE, rehearsed_at=None), form)
    golden = _FIXTURES / f"canary.{ending}"
    if update:
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


def test_it_fits_a_terminal() -> None:
    table = render(plan(facts=WHOLE), "text").partition("Done by")[0]
    assert max(map(len, table.splitlines())) <= 122
    assert all(line == line.rstrip() for line in table.splitlines())


def test_what_is_left_to_do_is_the_last_word() -> None:
    assert render(plan(), "text").endswith("  nothing is left to do: migsafe deploy run may begin\n")
    assert render(plan(facts=WHOLE), "text").rstrip().endswith("the schema says unknown")


def test_what_is_done_where_nobody_can_tell() -> None:
    assert "nothing is moved until a person has looked" in render(plan(), "text")
    other = render(plan(('soak = "30s"', 'on_inconclusive = "abort"')), "text")
    assert "where nobody can tell whether a version is well, all traffic goes back" in other


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_no_name_steers_a_terminal_or_becomes_markup(form: str) -> None:
    shown = render(plan(release="1.9\x1b[2J|<b>"), form)
    assert "\x1b" not in shown
    assert form == "text" or "|<b>" not in shown.replace(r"\|\<b\>", "")
