"""What the change's plan wants to hold before its next step, asked now, in transactions that cannot write."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.contracts.values import Gate
from migsafe.model.state import Check as StateCheck
from migsafe.postgres.asking import observe
from migsafe.postgres.connection import StatementFailedError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from migsafe.contracts.values import ContractStep
    from migsafe.model.plan import Check
    from migsafe.model.state import TargetName
    from migsafe.postgres.connection import Session

#: A check that takes longer is left to the run, which makes all of them again before it begins.
_CHECK_MS = 60_000
_QUERY_CANCELED = "57014"


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found.

    Attributes:
        verifications: those among it that also end a migrate step: whether the data was carried over.
    """

    gates: tuple[Gate, ...] = ()
    verifications: tuple[StateCheck, ...] = ()


@dataclass(frozen=True, slots=True)
class Checker:
    """Makes checks on a database.

    Attributes:
        verifying: names of the checks that say whether the data was carried over.
    """

    session: Session
    change: str
    where: TargetName
    now: datetime
    verifying: Collection[str]

    def check(self, steps: Sequence[ContractStep]) -> Checked:
        """The checks of the next step, made now.

        What must hold before a later step may be the work of the one before it, unless it is a verification.
        """
        due = [step for step in steps if not step.is_over]
        if not due or due[0].is_open:  # whoever resumes it proves what of it is done
            return Checked()
        later = [check for step in due[1:] for check in step.before if check.name in self.verifying]
        gates: list[Gate] = []
        found: list[StateCheck] = []
        for check in dict.fromkeys((*due[0].before, *later)):
            gate, observed = self._make(check)
            gates.append(gate)
            if observed is not None and check.name in self.verifying:
                found.append(self._verification(check, observed))
        return Checked(tuple(gates), tuple(found))

    def _make(self, check: Check) -> tuple[Gate, str | None]:
        if check.as_role:
            return Gate("check", "note", f"“{check.name}” is asked when it runs", "database", check.name), None
        try:
            observed = _ask(self.session, check.sql)
        except StatementFailedError as error:
            if error.sqlstate == _QUERY_CANCELED:
                text = f"“{check.name}” takes longer than {_CHECK_MS // 1000} s, and is asked when it runs"
                return Gate("check", "note", text, "database", check.name), None
            return Gate("check", "unknown", f"“{check.name}”: {error.message}", "database", check.name), None
        if observed == check.expected:
            return Gate("check", "pass", f"“{check.name}” holds", "database", check.name), observed
        text = f"“{check.name}” does not hold: {observed} instead of {check.expected}"
        return Gate("check", "fail", text, "database", check.name), observed

    def _verification(self, check: Check, observed: str) -> StateCheck:
        return StateCheck(
            change=self.change,
            name=check.name,
            environment=self.where.environment,
            target=self.where.target,
            ok=observed == check.expected,
            at=self.now,
            observed=observed,
        )


def _ask(session: Session, sql: str) -> str:
    """One value, as text, of a transaction that cannot write."""
    session.execute("begin transaction read only")
    try:
        session.query("select set_config('statement_timeout', %s, true)", (f"{_CHECK_MS}ms",))
        session.query("select set_config('row_security', 'off', true)")
        return observe(session, sql)
    finally:
        session.execute("rollback")
