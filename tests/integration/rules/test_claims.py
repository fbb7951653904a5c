"""The lock that a rule claims is the lock that Postgres takes: every bad.sql runs on a real server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from migsafe.model.catalogue import Catalogue
from migsafe.model.dialect import Dialect
from migsafe.model.locks import LockMode
from migsafe.model.names import QualifiedName
from migsafe.model.operation import BaseOperation, TransactionControl
from migsafe.model.script import TransactionRule
from migsafe.model.statement import Statement
from migsafe.parse import read_script
from migsafe.postgres.connection import StatementFailedError, connect
from migsafe.rules.context import Surroundings
from migsafe.rules.knowledge.locks import locks
from migsafe.rules.walk import ScriptWalk
from migsafe.shadow.locks import observe
from rule_fixtures import FIXTURES, Case, Step, cases

pytestmark = [pytest.mark.server, pytest.mark.long]

#: Weaker locks keep no DDL and no DML waiting; a statement takes them on anything that it reads.
WEAKEST_COMPARED = LockMode.SHARE_UPDATE_EXCLUSIVE

Locks = dict[QualifiedName, LockMode]

#: What the SQL alone cannot tell: which tables have columns of an extension's types.
NOT_PREDICTED = {"drop-extension"}

CASES = [
    pytest.param(case, id=f"{folder.name}-{number}")
    for folder in sorted(FIXTURES.iterdir())
    if (folder / "bad.sql").is_file() and folder.name not in NOT_PREDICTED
    for number, case in enumerate(cases(folder / "bad.sql"), 1)
    if case.dialect is Dialect.POSTGRES
]


@pytest.mark.parametrize("case", [case for case in CASES if "fails" not in case.values[0].headers])
def test_claimed_locks_are_the_observed_locks(case: Case, database: str) -> None:
    *earlier, last = case.steps
    _run_scene(case, earlier, database)
    outside = last.transaction is TransactionRule.NONE
    done = ""
    for statement, claims, made in list(_predicted(case, last)):
        seen = observe(database, done, statement.text, in_transaction=not outside, time_zone="Europe/Paris")
        assert seen.error is None, statement.text
        observed = {
            claim.table: claim.mode
            for claim in seen.locks
            if claim.mode.value >= WEAKEST_COMPARED.value and claim.table not in made
        }
        assert _shown(claims) == _shown(observed), statement.text
        done = "" if outside else f"{statement.text};"


@pytest.mark.parametrize("case", [case for case in CASES if "fails" in case.values[0].headers])
def test_what_is_said_to_fail_fails(case: Case, database: str) -> None:
    *earlier, last = case.steps
    _run_scene(case, earlier, database)
    opening = "BEGIN;\n" if last.transaction is TransactionRule.TOOL else ""
    with connect(database, autocommit=True) as session, pytest.raises(StatementFailedError) as failure:
        session.execute(opening + case.sql(last))
    assert failure.value.sqlstate == case.headers["fails"]


def _run_scene(case: Case, steps: list[Step], database: str) -> None:
    """Earlier migrations, each statement by itself, so that CONCURRENTLY is allowed among them."""
    with connect(database, autocommit=True) as session:
        for step in steps:
            for statement in read_script(case.script(step)).statements:
                session.execute(statement.text)


def _predicted(case: Case, last: Step) -> Iterator[tuple[Statement, Locks, frozenset[QualifiedName]]]:
    """The last migration's statements, and the locks claimed on tables that were there before it.

    The third value names the tables that the migration has made by then: their locks keep nobody waiting.
    """
    catalogue = Catalogue()
    for step in case.steps:
        script = read_script(case.script(step))
        walk = ScriptWalk(
            script, migration=step.id, catalogue=catalogue, server=case.server, surroundings=Surroundings()
        )
        claimed: dict[int, Locks] = {}
        made: dict[int, frozenset[QualifiedName]] = {}
        for operation in walk:
            if step is last and walk.context.statement is not None:
                made.setdefault(walk.context.statement_index, frozenset(walk.context.created))
                _claim(operation, walk, claimed.setdefault(walk.context.statement_index, {}))
        catalogue = walk.context.catalogue
        if step is last:
            yield from (
                (statement, claimed.get(index, {}), made.get(index, frozenset()))
                for index, statement in enumerate(script.statements)
                if not any(isinstance(operation, TransactionControl) for operation in statement.operations)
            )


def _claim(operation: BaseOperation, walk: ScriptWalk, claimed: Locks) -> None:
    for claim in locks(operation, walk.context.catalogue):
        if claim.mode.value >= WEAKEST_COMPARED.value and not walk.context.is_new(claim.table):
            known = claimed.get(claim.table)
            claimed[claim.table] = claim.mode if known is None or known < claim.mode else known


def _shown(claims: Locks) -> dict[str, str]:
    return {str(table): str(mode) for table, mode in sorted(claims.items())}
