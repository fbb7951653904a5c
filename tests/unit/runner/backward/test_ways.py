"""The way back of a step: what was kept of it, what its plan says, or why there is none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from migsafe.model.names import QualifiedName
from migsafe.model.phase import Part, Phase
from migsafe.model.plan import Backfill, ChangeKind, ChangePlan, PlanStep
from migsafe.model.script import TransactionRule
from migsafe.model.state import StepStatus
from migsafe.runner.backward.ways import WayBack, destroyed_by, made_by, read_kept, tables_of, way_back
from migsafe.tracker.kept import Kept, StandingStep

ROWS = Backfill(table=QualifiedName("users"), key=("id",), assignments=(("name", "full_name"),))


def kept(forward: str, backward: str | None = None, reason: str | None = None) -> Kept:
    rule = TransactionRule.TOOL
    return Kept(
        checksum="v1:a", forward=forward, backward=backward, forward_rule=rule, backward_rule=rule, no_way_back=reason
    )


def standing(text: Kept | None, phase: Phase | None = Phase.EXPAND, **facts: object) -> StandingStep:
    step = StandingStep(
        step_id="1", order=1, label="002", migration="002", change="users", phase=phase, part=None, release="1.9.0",
        status=StepStatus.DONE, stood=StepStatus.DONE, going_back=False, at=None, run_checksum="v1:a", source="run",
        kept=text,
    )  # fmt: skip
    return replace(step, **facts)  # type: ignore[arg-type]  # as the test says


def plan(*steps: PlanStep) -> tuple[ChangePlan, ...]:
    return (ChangePlan(change="users", kind=ChangeKind.RENAME_COLUMN, objects=("users.name",), steps=steps),)


def way(
    text: Kept | None, phase: Phase | None = Phase.EXPAND, *, made: tuple[str, ...] = (), **facts: object
) -> WayBack:
    return way_back(standing(text, phase, **facts), (), frozenset(made))


def sql(found: WayBack) -> str | None:
    return found.backward.script.text if found.backward is not None else None


def test_what_was_kept_is_the_way_back() -> None:
    found = way(kept("ALTER TABLE users ADD age int", "ALTER TABLE users DROP age"))
    assert sql(found) == "ALTER TABLE users DROP age"
    assert (found.nothing, found.stays, found.no_way) == (None, None, None)


@pytest.mark.parametrize(
    ("source", "word"), [("adopt", "adopt"), ("record", "migsafe record"), ("other", "another tool")]
)
def test_what_was_never_kept_has_no_way_back_and_says_who_brought_it(source: str, word: str) -> None:
    found = way(None, source=source)
    assert found.no_way is not None
    assert word in found.no_way


def test_a_reason_is_no_way_back() -> None:
    found = way(kept("DROP TABLE old", reason="it is gone"), Phase.CONTRACT)
    assert found.no_way == "it is gone"


def test_without_a_word_nobody_has_written_one() -> None:
    assert way(kept("ALTER TABLE users ADD age int")).no_way == "nobody has written a way back for it"


def test_an_expand_that_cannot_be_undone_stays() -> None:
    found = way(kept("ALTER TYPE mood ADD VALUE 'x'", reason="enums lose no values"))
    assert found.stays == "it stays, and older code works beside it: enums lose no values"
    gone = way(kept("ALTER TABLE users DROP COLUMN a", reason="dropped"))
    assert (gone.stays, gone.no_way) == (None, "dropped")


@pytest.mark.parametrize(
    ("forward", "made"),
    [
        ("ANALYZE users", ()),
        ("ALTER TABLE users VALIDATE CONSTRAINT c", ()),
        ("UPDATE users SET age = 1", ("users.age",)),
        ("UPDATE users SET age = 1", ("users",)),
        ("INSERT INTO posts (id) SELECT id FROM users", ("posts",)),
        ("DO $$ BEGIN UPDATE users SET age = 1; END $$", ("users.age",)),
    ],
)
def test_what_goes_with_other_steps_is_nothing_to_take_back(forward: str, made: tuple[str, ...]) -> None:
    assert way(kept(forward), Phase.MIGRATE, made=made).nothing
    assert way(kept(forward, reason="why not"), Phase.MIGRATE, made=made).nothing == "why not"


@pytest.mark.parametrize(
    ("forward", "made"),
    [
        ("UPDATE users SET age = 1", ()),
        ("UPDATE users SET age = 1, name = 'x'", ("users.age",)),
        ("INSERT INTO posts (id) SELECT id FROM users", ("users",)),
        ("DELETE FROM users", ("users.age",)),
        ("DO $$ BEGIN EXECUTE 'drop table ' || x; END $$", ("users.age",)),
    ],
)
def test_what_touches_more_has_no_way_back(forward: str, made: tuple[str, ...]) -> None:
    assert way(kept(forward), Phase.MIGRATE, made=made).no_way is not None


# -- plans


def test_a_plan_that_says_the_same_knows_that_there_is_nothing_to_do() -> None:
    step = PlanStep(name="tidy", title="Tidy", phase=Phase.MIGRATE, forward=("ALTER TABLE users DROP CONSTRAINT c",),
                    back="nothing to do", no_way_back="NOT NULL says the same")  # fmt: skip
    text = kept("ALTER TABLE users DROP CONSTRAINT c;", reason="NOT NULL says the same")
    found = way_back(standing(text, Phase.MIGRATE), plan(step), ())
    assert found.nothing == "NOT NULL says the same"
    edited = way_back(
        standing(replace(text, forward="ALTER TABLE users DROP CONSTRAINT d;"), Phase.MIGRATE), plan(step), ()
    )
    assert edited.no_way is not None


def test_a_way_back_of_several_transactions_is_in_the_plan() -> None:
    step = PlanStep(name="release", title="Release", phase=Phase.CONTRACT, part=Part.QUARANTINE,
                    forward=("ALTER TABLE users ALTER name DROP NOT NULL",),
                    backward=("ALTER TABLE users VALIDATE CONSTRAINT c", "ALTER TABLE users ALTER name SET NOT NULL"),
                    backward_transaction=False)  # fmt: skip
    text = kept("ALTER TABLE users ALTER name DROP NOT NULL;", reason="it takes several transactions")
    found = way_back(standing(text, Phase.CONTRACT), plan(step), ())
    assert found.backward is not None
    assert found.backward.script.transaction is TransactionRule.NONE
    assert len(found.backward.statements) == 2


def test_a_quarantine_copies_back_what_its_plan_says() -> None:
    step = PlanStep(name="hide", title="Hide", phase=Phase.CONTRACT, part=Part.QUARANTINE,
                    forward=("ALTER TABLE users RENAME COLUMN name TO q",),
                    backward=("ALTER TABLE users RENAME COLUMN q TO name",), backward_backfill=ROWS)  # fmt: skip
    text = kept("ALTER TABLE users RENAME COLUMN name TO q;", "ALTER TABLE users RENAME COLUMN q TO name;")
    found = way_back(standing(text, Phase.CONTRACT), plan(step), ())
    assert (found.rows, found.stale) == (ROWS, None)
    alone = way_back(standing(text, Phase.CONTRACT), (), ())
    assert alone.rows is None
    assert "migsafe/changes/users.json" in (alone.stale or "")


def test_a_table_in_quarantine_has_had_no_writers_and_is_not_stale() -> None:
    text = kept("ALTER TABLE users SET SCHEMA trash;", "ALTER TABLE trash.users SET SCHEMA public;")
    assert way(text, Phase.CONTRACT).stale is None


# -- what a text does


@pytest.mark.parametrize(
    ("sql", "gone"),
    [
        ("ALTER TABLE users DROP COLUMN a, DROP COLUMN b", ("users.a", "users.b")),
        ("DROP TABLE users; TRUNCATE posts", ("users", "posts")),
        ("DROP TABLE IF EXISTS users; CREATE TABLE users (id int)", ()),
        ("ALTER TABLE users RENAME COLUMN a TO b", ()),
        ("DROP INDEX i; ALTER TABLE users DROP CONSTRAINT c", ()),
    ],
)
def test_what_is_gone_for_good(sql: str, gone: tuple[str, ...]) -> None:
    assert destroyed_by(read_kept(kept(sql), "002")) == gone


def test_what_a_text_makes_and_speaks_of() -> None:
    read = read_kept(kept("CREATE TABLE posts (id int); ALTER TABLE users ADD age int; ANALYZE tags"), "002")
    assert set(made_by(read)) == {"posts", "users.age"}
    assert {"posts", "users"} <= tables_of(read)
