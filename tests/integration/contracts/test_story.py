"""A rename's contract on a real server: from blocked to eligible, approved, begun, in quarantine, and purged."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from contract_projects import MIRA, NOW, Project, needs_git
from migsafe.contracts.document import read_plan, render_json
from migsafe.contracts.errors import ContractRefusedError, NothingDueError
from migsafe.contracts.keeping import decide, keep
from migsafe.contracts.phase_gates import BACKUP_CHECK
from migsafe.contracts.values import Verdict
from migsafe.contracts.writing import write_contract
from migsafe.model.phase import Part
from migsafe.model.state import Rollout, RolloutStatus, StepStatus
from migsafe.postgres.connection import connect
from migsafe.tracker.facts import Author

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [needs_git]
OLGA, PAVEL = Author(actor="olga"), Author(actor="pavel")


def approve(project: Project, *people: Author) -> str:
    """Keep the plan as it is now, and let people approve it."""
    made = project.made()
    plan = made.plan
    assert plan.verdict is not Verdict.BLOCKED, plan.blockers
    keep(plan, MIRA, project.tracker, made.verifications)
    for one in people:
        decide(plan.plan_id, one, project.config, approve=True, accepted=True, clock=lambda: project.now)
    return plan.plan_id


def names(project: Project) -> set[str]:
    return {one.name for one in project.blockers()}


@pytest.mark.long
def test_the_whole_way(project: Project) -> None:
    made = project.made()
    plan = made.plan
    assert (plan.verdict, plan.part, plan.approvals_needed) == (Verdict.ELIGIBLE, Part.QUARANTINE, 1)
    assert [(one.label, one.number, one.type) for one in plan.objects] == [("users.name", 3, "text")]
    assert [step.name for step in plan.unwritten] == ["release-name", "quarantine-name"]
    assert read_plan(render_json(plan)) == plan
    assert "nobody has signed" in (project.clear().why or "")

    files = write_contract(made, project.config, NOW)
    assert [file.path.name for file in files] == [
        "009_users_name_to_full_name_release_name.sql",
        "010_users_name_to_full_name_quarantine_name.sql",
    ]
    assert project.plan().plan_id == plan.plan_id, "written or not, it says the same"
    approve(project, OLGA)
    assert project.clear().approved_by == ("olga",)

    release, quarantine = project.migrations[-2:]
    project.apply(release)
    project.done(release)
    begun = project.clear()
    assert begun.cleared, begun.why
    assert [step.name for step in begun.steps] == [quarantine]
    project.apply(quarantine)
    project.done(quarantine, status=StepStatus.QUARANTINED)

    project.now = NOW + timedelta(days=13)
    assert names(project) == {"hold", "backup-proof"}
    project.now = NOW + timedelta(days=14)
    assert names(project) == {"backup-proof"}
    project.checked(BACKUP_CHECK)
    purge = project.made()
    assert (purge.plan.verdict, purge.plan.part, purge.plan.approvals_needed) == (Verdict.ELIGIBLE, Part.PURGE, 2)
    assert "only a backup has it" in purge.plan.point_of_no_return
    write_contract(purge, project.config, NOW)
    approve(project, OLGA)
    assert "2 people" in (project.clear().why or "")
    approve(project, PAVEL)
    assert project.clear().cleared

    project.apply(project.migrations[-1])
    project.done(project.migrations[-1], Part.PURGE, StepStatus.PURGED)
    with pytest.raises(NothingDueError):
        project.plan()


@pytest.mark.long
def test_each_thing_that_voids_an_approval(project: Project) -> None:
    write_contract(project.made(), project.config, NOW)
    approve(project, OLGA)
    assert project.clear().cleared

    def refused() -> str:
        clearance = project.clear()
        assert not clearance.cleared
        return clearance.why or ""

    project.sql("ALTER TABLE users ADD COLUMN extra int; CREATE TABLE orders (id int PRIMARY KEY)")
    notes = project.clear().notes
    assert any("public.orders" in note for note in notes), "unrelated: a note and no more"
    assert project.clear().cleared

    project.sql("CREATE INDEX users_by_name ON users (name)")
    assert "new: index public.users_by_name on users.name" in refused()
    project.sql("DROP INDEX users_by_name")
    assert project.clear().cleared

    project.sql("ALTER TABLE users ALTER COLUMN name TYPE varchar(200)")
    assert "the objects are others" in refused()
    project.sql("ALTER TABLE users ALTER COLUMN name TYPE text")

    file = project.folder / "migrations" / f"{project.migrations[-1]}.sql"
    text = file.read_text()
    file.write_text(text.replace("COMMIT;", "DELETE FROM users;\nCOMMIT;"))
    assert "was signed, and is not what would run" in refused()
    file.write_text(text)
    assert project.clear().cleared

    project.now = NOW + timedelta(hours=72)
    assert "expired" in refused()
    project.now = NOW

    with project.tracker.writing(MIRA) as store:
        store.mark("production", "1.8.0", RolloutStatus.ROLLED_BACK, at=NOW)
    assert "1.8.0 is not fully rolled out" in refused()


def test_a_rejection_and_the_author(project: Project) -> None:
    plan_id = approve(project)
    with pytest.raises(ContractRefusedError, match="mira has made the plan"):
        decide(plan_id, MIRA, project.config, approve=True)
    decide(plan_id, OLGA, project.config, approve=True, clock=lambda: NOW)
    decide(plan_id, PAVEL, project.config, approve=False, reason="not today", clock=lambda: NOW)
    assert "pavel has rejected" in (project.clear().why or "")


DEPENDENTS = {
    "the view public.names uses users.name": (
        "CREATE VIEW names AS SELECT name FROM users",
        "DROP VIEW names",
    ),
    "the materialized view public.names uses users.name": (
        "CREATE MATERIALIZED VIEW names AS SELECT name FROM users",
        "DROP MATERIALIZED VIEW names",
    ),
    "the generated column short uses users.name": (
        "ALTER TABLE users ADD COLUMN short text GENERATED ALWAYS AS (left(name, 3)) STORED",
        "ALTER TABLE users DROP COLUMN short",
    ),
    "the policy own on public.users uses users.name": (
        "CREATE POLICY own ON users USING (name = current_user)",
        "DROP POLICY own ON users",
    ),
    "the trigger audit runs public.audit(), which names name": (
        "CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.email := NEW.name; RETURN NEW; END';"
        "CREATE TRIGGER audit BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION audit()",
        "DROP TRIGGER audit ON users",
    ),
    "the trigger of_name fires on UPDATE OF name: make it anew": (
        "CREATE FUNCTION of_name() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
        "CREATE TRIGGER of_name BEFORE UPDATE OF name ON users FOR EACH ROW EXECUTE FUNCTION of_name()",
        "DROP TRIGGER of_name ON users",
    ),
    "the function public.f() uses users.name": (
        "CREATE FUNCTION f() RETURNS text LANGUAGE sql BEGIN ATOMIC SELECT name FROM users LIMIT 1; END",
        "DROP FUNCTION f()",
    ),
}


@pytest.mark.long
def test_whoever_depends_on_it_blocks(project: Project) -> None:
    for said, (make, drop) in DEPENDENTS.items():
        project.sql(make)
        found = [one.text for one in project.blockers() if one.name == "dependents"]
        assert any(text.startswith(said) for text in found), (said, found)
        project.sql(drop)
    assert project.plan().verdict is Verdict.ELIGIBLE


def test_what_only_stands_beside_it_blocks_nothing(project: Project) -> None:
    project.sql(
        "CREATE VIEW mails AS SELECT email, full_name FROM users;"
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.email := NULL; RETURN NEW; END';"
        "CREATE TRIGGER lower BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION f();"
        "CREATE INDEX ON users (email)"
    )
    plan = project.plan()
    assert plan.verdict is Verdict.ELIGIBLE, plan.blockers
    assert not any("email" in fact for fact in plan.facts)


def test_a_body_that_may_mean_it_must_be_accepted(project: Project) -> None:
    project.sql(
        "CREATE FUNCTION report() RETURNS bigint LANGUAGE plpgsql"
        " AS 'BEGIN RETURN (SELECT count(name) FROM users); END'"
    )
    plan = project.plan()
    assert (plan.verdict, [one.place for one in plan.acknowledgements]) == (Verdict.NEEDS_ACK, ["public.report()"])


def test_a_row_on_which_both_sides_disagree_blocks(project: Project) -> None:
    project.sql("SET session_replication_role = replica; UPDATE users SET name = 'other' WHERE id = 7")
    assert {"check", "contract-before-verified"} <= names(project)


def test_an_older_release_that_is_still_connected_blocks(project: Project) -> None:
    with connect(project.dsn, autocommit=True) as old:
        old.execute("SET application_name = 'shop 1.7.0'")
        (gate,) = project.blockers()
        assert gate.name == "older-sessions"
        assert f"pid {old.backend_pid} " in gate.text
        assert "shop 1.7.0" in gate.text


def test_before_the_old_release_is_gone_it_is_blocked(project: Project) -> None:
    with project.tracker.writing(MIRA) as store:
        store.put_rollout("production", Rollout(release="1.7.0", status=RolloutStatus.DRAINING))
    assert {"contract-before-rollout", "floor"} <= names(project)
    with pytest.raises(ContractRefusedError, match="is blocked, and nothing was written"):
        write_contract(project.made(), project.config, NOW)
    assert len(project.migrations) == 8


def test_a_publication_that_carries_it_is_shown_and_is_a_fact(project: Project) -> None:
    before = project.plan()
    project.sql("CREATE PUBLICATION p FOR TABLE users")
    plan = project.plan()
    assert "publication p carries users.name" in plan.facts
    assert plan.fingerprint != before.fingerprint
    assert any(one.name == "published-tables" for one in plan.gates)


def test_another_database_of_the_same_shape_has_the_same_fingerprint(
    project: Project, make_database: Callable[[str], str]
) -> None:
    other = Project(
        project.folder, make_database("CREATE TABLE moves_all_numbers (id int); DROP TABLE moves_all_numbers")
    )
    other.apply()
    one, two = project.plan(), other.plan()
    assert (one.objects, one.facts, one.fingerprint) == (two.objects, two.facts, two.fingerprint)
    assert one.database != two.database
    assert one.signed_hash != two.signed_hash, "it is signed for one database"
