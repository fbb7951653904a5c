"""Writes the steps of a contract that is due as migrations, in the project's layout; the shell of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.contracts.errors import ContractRefusedError
from migsafe.contracts.values import Verdict
from migsafe.plan.migrations import migration_of
from migsafe.sources.writing import save, write_migrations

if TYPE_CHECKING:
    from datetime import datetime

    from migsafe.config import Config
    from migsafe.contracts.making import Made
    from migsafe.sources.writing import WrittenFile


def contract_files(made: Made, config: Config, now: datetime) -> tuple[WrittenFile, ...]:
    """The files of the steps that have no migration yet; nothing is written.

    The other half of the contract is not among them: before its time it would hold up every migration behind it.

    Raises:
        ContractRefusedError: when the plan is blocked.
        UsageError: when the project's layout cannot take them.
    """
    plan = made.plan
    if plan.verdict is Verdict.BLOCKED:
        raise ContractRefusedError(
            f"{plan.change} is blocked, and nothing was written: {plan.blockers[0].text}",
            hint="a contract in the chain of migrations before its time holds up every migration behind it",
        )
    if made.contract.plan is None:
        return ()
    timeouts = not any(setting.partition("=")[0] == "lock_timeout" for setting in config.runner_sets)
    wanted = {step.planned for step in plan.unwritten}
    steps = [step for step in made.contract.plan.steps if step.name in wanted]
    new = [migration_of(made.contract.plan, step, timeouts=timeouts) for step in steps]
    return write_migrations(made.contract.layout, new, now=now)


def write_contract(made: Made, config: Config, now: datetime) -> tuple[WrittenFile, ...]:
    """Write those files, all or none.

    Raises:
        ContractRefusedError: when the plan is blocked.
        UsageError: when one of them is there already.
    """
    files = contract_files(made, config, now)
    save(files)
    return files
