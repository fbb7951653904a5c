"""What a DBA reads in two minutes; golden files in fixtures/contracts."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from contract_cases import approval, gate, plan, purge, purge_step, signed, statement, step
from migsafe.contracts.render import render
from migsafe.contracts.values import ContractPlan, Hold, RadiusFact
from migsafe.model.phase import Part

FIXTURES = Path(__file__).parents[3] / "fixtures" / "contracts"
HARM = "x</pre><script>alert(1)</script>`|*\x1b[31m\u202e\r\nDROP TABLE users; --"


def quarantine() -> ContractPlan:
    """A quarantine of two steps, the second not written yet."""
    release = step("release-name", title="Take the rules of name away", statements=(
        statement("ALTER TABLE users\n    ALTER COLUMN name DROP NOT NULL"),), planned="release-name",
        backward=("ALTER TABLE users ALTER COLUMN name SET NOT NULL",), before=())  # fmt: skip
    return plan(steps=(release, step(migration=None)))


def asking() -> ContractPlan:
    """A purge with something to accept, and a statement that takes its time."""
    slow = statement("ALTER TABLE users ALTER COLUMN price TYPE bigint", work="rewrite", seconds=9,
                     how="350 MB of public.users written anew at 40 MB/s")  # fmt: skip
    index = gate("acknowledge", "index-dropped-with-column",
                 "the unique index public.users_name_email_idx goes with it, and serves more than that")  # fmt: skip
    since = plan().made_at
    assert since is not None
    hold = Hold(days=14, since=since.replace(month=10), until=since.replace(month=11, day=6))
    both = (*purge_step().statements, slow)
    return purge(gates=(*plan().gates, index), hold=hold, steps=(purge_step(statements=both),))


def blocked() -> ContractPlan:
    """A purge for which nothing is right."""
    view = gate("fail", text="the view public.names uses users._migsafe_q_name", place="public.names")
    return purge(gates=(gate(), view, gate("unknown", "backup-proof", "nobody has said that a backup was restored")))


CASES = {"quarantine": quarantine, "purge-to-accept": asking, "purge-blocked": blocked}


@pytest.mark.parametrize("form", ["text", "markdown", "html", "sql"])
@pytest.mark.parametrize("name", CASES)
def test_golden(name: str, form: str, update: bool) -> None:
    ending = {"text": "txt", "markdown": "md"}.get(form, form)
    file = FIXTURES / f"{name}.{ending}"
    text = render(CASES[name](), None, form)
    if update:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


def test_what_people_have_decided_is_shown() -> None:
    kept = signed(None, approval(), approval("pavel", decision="reject", reason="not now"))
    text = render(kept.plan, kept, "text")
    assert re.search(r"olga +approve +2026-11-23 08:00 UTC +2026-11-26 08:00 UTC", text)
    assert re.search(r"pavel +reject .*not now", text)


def harmful() -> ContractPlan:
    usual = plan()
    facts = (RadiusFact("index", HARM, HARM),)
    return plan(
        change=HARM,
        gates=(gate("fail", text=HARM, source=HARM),),
        steps=(step(HARM, title=HARM, statements=(statement(HARM),), backward=(HARM,)),),
        radius=(replace(usual.radius[0], object=HARM, facts=facts),),
        follows=HARM,
        author=HARM,
    )


class Tags(HTMLParser):
    """Which tags there are, and whether they nest."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.add(tag)
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("one", [harmful(), quarantine(), asking(), blocked()], ids=lambda one: str(one.part))
def test_a_page_holds_no_script_and_loads_nothing(one: ContractPlan) -> None:
    page = render(one, None, "html")
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    assert not tags.seen & {"script", "img", "link", "iframe", "object", "a"}
    assert "http:" not in page
    assert "https:" not in page


@pytest.mark.parametrize("form", ["text", "markdown", "html", "sql"])
def test_nothing_steers_a_terminal(form: str) -> None:
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202e]", render(harmful(), None, form))


def test_no_line_of_a_comment_becomes_sql() -> None:
    for line in render(harmful(), None, "sql").splitlines():
        assert not line or line.startswith("--"), line


def test_a_name_in_markdown_is_no_markup() -> None:
    outside = re.sub(r"(?ms)^(`{3,})sql\n.*?^\1$", "", render(harmful(), None, "markdown"))
    assert "<script>" not in outside
    assert not re.search(r"(?<!\\)`", outside)


def test_sql_in_markdown_cannot_leave_its_fence() -> None:
    text = render(plan(steps=(step(statements=(statement("SELECT '```'"),)),)), None, "markdown")
    assert "````sql\nSELECT '```';\n````" in text


def test_sql_of_what_may_run_is_what_would_run() -> None:
    text = render(quarantine(), None, "sql")
    assert text.count("\nBEGIN;\n") == text.count("\nCOMMIT;\n") == 2
    assert "\nSET LOCAL lock_timeout = '500ms';\n" in text
    concurrently = step(statements=(statement("DROP INDEX CONCURRENTLY i"),), transaction=False, part=Part.PURGE)
    assert "lock_timeout = " not in render(plan(steps=(concurrently,)), None, "sql")
