"""The tracker is away when a contract has just been committed: the next run only says so, and judges nothing again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from contract_projects import NOW, Project, contract, needs_git, sign
from cuts import File, Watch, watching
from migsafe.contracts.phase_gates import BACKUP_CHECK
from migsafe.errors import ExitCode
from migsafe.model.phase import Phase
from migsafe.model.state import ChangeState, StepStatus
from migsafe.tracker.facts import Author
from migsafe.tracker.reading import read_known

if TYPE_CHECKING:
    from cuts import Meant

pytestmark = [needs_git]


#: As the fixtures call it.
DATABASE = "contract_story"
OLGA, PAVEL = Author(actor="olga"), Author(actor="pavel")


def after_the_commit_of(word: str) -> Meant:
    """The moment after the commit of a transaction with a statement that has that word in it."""
    seen: list[str] = []

    def meant(statement: str, database: str, done: bool) -> bool:
        if database == DATABASE and word in statement:
            seen.append(statement)
        return bool(seen) and (database, statement, done) == (DATABASE, "COMMIT", True)

    return meant


def knowing_its_id(statement: str, database: str, done: bool) -> bool:
    """The moment in which a transaction has told its id."""
    return database == DATABASE and "pg_current_xact_id" in statement and done


def statuses(project: Project) -> list[StepStatus]:
    """Of the steps of the contract."""
    with project.tracker.reading() as ledger:
        steps = read_known(ledger, project.now).state.steps
    return [run.status for step in steps if step.phase is Phase.CONTRACT for run in step.runs]


def cut_off_and_run_again(project: Project, word: str) -> None:
    """The tracker's file is away from the commit on, until the run has ended."""
    assert project.tracker.address.file is not None
    file = File(project.tracker.address.file)
    with watching(Watch(after_the_commit_of(word), file.take_away)) as watch:
        problem = contract(project).problem
    assert watch.happened
    assert problem is not None
    assert problem.exit_code is ExitCode.ENVIRONMENT, "what has changed was not refused"
    file.bring_back()
    assert StepStatus.RUNNING in statuses(project)
    again = contract(project)
    assert again.problem is None, again.problem


@pytest.mark.long
def test_a_contract_that_was_committed_is_not_judged_again(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP", project.dsn)
    sign(project, OLGA)
    cut_off_and_run_again(project, "RENAME COLUMN")
    assert statuses(project) == [StepStatus.QUARANTINED] * 2
    project.now = NOW + timedelta(days=14)
    project.checked(BACKUP_CHECK)
    sign(project, OLGA, PAVEL)
    cut_off_and_run_again(project, "DROP COLUMN")
    assert statuses(project) == [StepStatus.QUARANTINED] * 2 + [StepStatus.PURGED]
    with project.tracker.reading() as ledger:
        known = read_known(ledger, project.now)
    (works,) = known.compatibility.values()
    assert works.floor is not None
    assert works.doubt is None, "a contract that runs says which release is the oldest that works"
    assert [change.state for change in known.state.changes] == [ChangeState.CLOSED]


def test_what_was_taken_back_is_judged_again(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP", project.dsn)
    sign(project, OLGA)
    assert project.tracker.address.file is not None
    file = File(project.tracker.address.file)
    # Its transaction is open, and its id not yet in the tracker: it is taken back.
    with watching(Watch(knowing_its_id, file.take_away)) as watch:
        assert contract(project).problem is not None
    assert watch.happened
    file.bring_back()
    project.now = NOW + timedelta(hours=72)
    problem = contract(project).problem
    assert problem is not None
    assert "expired" in problem.message, "the approval of what has not happened does not count any more"
