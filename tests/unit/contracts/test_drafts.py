"""A contract's steps: what is written, tied to its plan; what is not written yet; which half is due."""

from __future__ import annotations

from dataclasses import replace

import pytest

from migsafe.contracts.drafts import current_part, drafts_of
from migsafe.model.declaration import Declaration
from migsafe.model.dialect import Dialect
from migsafe.model.phase import Part, Phase
from migsafe.model.plan import ChangeKind, ChangePlan, Check, PlanStep
from migsafe.model.script import Direction, Migration, Script, SourceText, TransactionRule
from migsafe.plan.migrations import migration_of
from migsafe.sources.writing.sql_text import way_up

QUARANTINE = PlanStep(
    name="quarantine-name",
    title="Put it out of reach",
    phase=Phase.CONTRACT,
    part=Part.QUARANTINE,
    forward=("DROP TRIGGER IF EXISTS t ON users;", "ALTER TABLE users RENAME COLUMN name TO _migsafe_q_name;"),
    backward=("ALTER TABLE users RENAME COLUMN _migsafe_q_name TO name;",),
    before=(Check("both sides agree", "SELECT 0"), Check("as the application", "SELECT 0", as_role=True)),
)
PURGE = PlanStep(
    name="purge-name",
    title="Drop it",
    phase=Phase.CONTRACT,
    part=Part.PURGE,
    forward=("ALTER TABLE users DROP COLUMN _migsafe_q_name;",),
    no_way_back="its values are gone",
    back="impossible",
    hold_days=14,
)
EXPAND = PlanStep(name="add-full-name", title="Add it", phase=Phase.EXPAND, forward=("SELECT 1;",))
PLAN = ChangePlan(
    change="users-name", kind=ChangeKind.RENAME_COLUMN, objects=("users.name",), steps=(EXPAND, QUARANTINE, PURGE)
)


def migration(sql: str, *, down: str | None = None, part: Part | None = None, name: str = "009_drop") -> Migration:
    def script(text: str, direction: Direction) -> Script:
        return Script(direction, text, SourceText(f"{name}.sql", text), TransactionRule.NONE, Dialect.POSTGRES)

    return Migration(
        id=name,
        path=f"{name}.sql",
        up=script(sql, Direction.UP),
        down=None if down is None else script(down, Direction.DOWN),
        declaration=Declaration(phase=Phase.CONTRACT, change="users-name", part=part),
    )


def as_written(step: PlanStep, *, wrap: bool = True) -> Migration:
    """The step as `--write` writes it for plain files."""
    return migration(way_up(migration_of(PLAN, step), wrap=wrap), part=step.part, name=f"010_{step.name}")


def test_without_migrations_all_steps_are_still_to_be_written() -> None:
    drafts = drafts_of([], PLAN, "db")
    assert [(one.name, one.part, one.written) for one in drafts] == [
        ("quarantine-name", Part.QUARANTINE, False),
        ("purge-name", Part.PURGE, False),
    ]


@pytest.mark.parametrize("wrap", [True, False])
def test_a_migration_that_was_written_from_the_plan_is_its_step(wrap: bool) -> None:
    first, second = drafts_of([as_written(QUARANTINE, wrap=wrap)], PLAN, "db")
    assert (first.written, first.planned, first.name) == (True, QUARANTINE, "010_quarantine-name")
    assert (second.written, second.planned) == (False, PURGE)


def test_a_step_says_the_same_before_and_after_it_is_written() -> None:
    unwritten = drafts_of([], PLAN, "db")[0]
    written = drafts_of([as_written(QUARANTINE)], PLAN, "db")[0]
    assert [one.text for one in written.statements] == [one.text for one in unwritten.statements]
    assert (written.backward, written.transaction) == (unwritten.backward, unwritten.transaction)


@pytest.mark.parametrize(
    "edit",
    [
        ("_migsafe_q_name;", "_migsafe_q_name; DROP TABLE orders;"),
        ("RENAME COLUMN name", "RENAME COLUMN email"),
        ("DROP TRIGGER IF EXISTS t ON users;", ""),
        ("COMMIT;", "COMMIT; DELETE FROM users WHERE id = 1;"),
    ],
)
def test_a_migration_that_was_edited_is_no_longer_the_plans_step(edit: tuple[str, str]) -> None:
    written = as_written(QUARANTINE)
    assert written.up is not None
    edited = drafts_of([migration(written.up.text.replace(*edit))], PLAN, "db")
    assert edited[0].planned is None
    assert [one.name for one in edited[1:]] == ["quarantine-name", "purge-name"]


def test_a_guard_that_was_loosened_is_a_statement() -> None:
    written = as_written(QUARANTINE)
    assert written.up is not None
    edited = drafts_of([migration(written.up.text.replace("(SELECT 0)::text", "(SELECT 1)::text"))], PLAN, "db")
    assert edited[0].planned is None


def test_a_contract_without_a_plan_is_what_its_migrations_say() -> None:
    one = migration("ALTER TABLE users DROP COLUMN name;", down="ALTER TABLE users ADD COLUMN name text;")
    (draft,) = drafts_of([one], None, "db")
    assert (draft.part, draft.planned, draft.transaction) == (None, None, False)
    assert draft.backward == ("ALTER TABLE users ADD COLUMN name text",)


def test_begin_and_commit_around_all_of_it_are_the_transaction() -> None:
    (draft,) = drafts_of([migration("BEGIN; SET LOCAL lock_timeout = '1s'; DROP TABLE t; COMMIT;")], None, "db")
    assert [one.text for one in draft.statements] == ["DROP TABLE t"]
    assert draft.transaction


def test_two_transactions_in_one_file_are_not_one() -> None:
    (draft,) = drafts_of([migration("BEGIN; DROP TABLE t; COMMIT; BEGIN; DROP TABLE u; COMMIT;")], None, "db")
    assert len(draft.statements) == 6
    assert not draft.transaction


def test_other_settings_than_timeouts_are_statements() -> None:
    (draft,) = drafts_of([migration("SET search_path = sales; DROP TABLE t;")], None, "db")
    assert len(draft.statements) == 2


def test_the_half_that_is_due_keeps_its_steps_while_it_runs() -> None:
    release = replace(QUARANTINE, name="release-name", forward=("ALTER TABLE users ALTER COLUMN name DROP NOT NULL;",))
    plan = replace(PLAN, steps=(release, QUARANTINE, PURGE))
    drafts = drafts_of([], plan, "db")
    names = ["release-name", "quarantine-name"]
    assert [one.name for one in current_part(drafts, [False, False, False])] == names
    assert [one.name for one in current_part(drafts, [True, False, False])] == names
    assert [one.name for one in current_part(drafts, [True, True, False])] == ["purge-name"]
    assert current_part(drafts, [True, True, True]) == ()


SEVERAL = replace(
    QUARANTINE,
    name="validate-keys",
    transaction=False,
    backward_transaction=False,
    forward=("ALTER TABLE a VALIDATE CONSTRAINT x;", "ALTER TABLE b VALIDATE CONSTRAINT y;"),
    backward=(),
    no_way_back="a check that passed may stay",
    before=(),
)


def test_a_step_in_several_migrations_is_one_step_of_the_plan() -> None:
    plan = replace(PLAN, steps=(SEVERAL, PURGE))
    first, second = (migration(text, part=Part.QUARANTINE, name=f"01{n}") for n, text in enumerate(SEVERAL.forward))
    drafts = drafts_of([first, second], plan, "db")
    assert [(one.name, one.planned, one.begins, one.ends) for one in drafts] == [
        ("010", SEVERAL, True, False),
        ("011", SEVERAL, False, True),
        ("purge-name", PURGE, True, True),
    ]


def test_a_part_of_a_transaction_is_not_the_step() -> None:
    (first, *_) = drafts_of([migration(QUARANTINE.forward[0])], PLAN, "db")
    assert first.planned is None
