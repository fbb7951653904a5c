"""What a document cannot say, however well it is formed: a name twice, a database that it does not know."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from migsafe.config.nearest import nearest
from migsafe.evidence.state.errors import StateError
from migsafe.model.phase import Phase
from migsafe.model.state import StepStatus, TargetName

if TYPE_CHECKING:
    from migsafe.model.state import Environment, StateDocument, Step

_OF_A_CONTRACT = frozenset({StepStatus.QUARANTINED, StepStatus.PURGED})


def check_consistency(document: StateDocument) -> None:
    """
    Raises:
        StateError: with the JSON path of the first thing that cannot be.
    """
    _once([release.name for release in document.releases], "$.releases", "release")
    _once([environment.name for environment in document.environments], "$.environments", "environment")
    _once([change.id for change in document.changes], "$.changes", "change")
    _once([(step.migration, step.name, step.change) for step in document.steps], "$.steps", "step")
    _once([(fact.object, fact.where, fact.since, fact.until) for fact in document.statistics], "$.statistics", "window")
    for index, fact in enumerate(document.statistics):
        _once([reading.node for reading in fact.readings], f"$.statistics[{index}].readings", "node")
    for index, environment in enumerate(document.environments):
        _check_environment(environment, f"$.environments[{index}]")
    for index, step in enumerate(document.steps):
        _check_step(step, f"$.steps[{index}]")
    _check_places(document)


def _check_environment(environment: Environment, path: str) -> None:
    _once([target.name for target in environment.targets], f"{path}.targets", "target")
    _once([rollout.release for rollout in environment.rollouts], f"{path}.rollouts", "release")


def _check_step(step: Step, path: str) -> None:
    if step.migration is None and step.name is None:
        raise StateError(f"{path}: neither migration nor name says which step it is")
    if step.part is not None and step.phase is not Phase.CONTRACT:
        raise StateError(f"{path}.part: only a contract has parts, and this is {step.phase}")
    _once([run.where for run in step.runs], f"{path}.runs", "target")
    for index, run in enumerate(step.runs):
        if run.status in _OF_A_CONTRACT and step.phase is not Phase.CONTRACT:
            raise StateError(f"{path}.runs[{index}].status: only a contract is {run.status}, and this is {step.phase}")


def _check_places(document: StateDocument) -> None:
    """Every fact is about a database that the document knows; else it would count nowhere, and nobody would notice."""
    known = {TargetName(each.name, target.name) for each in document.environments for target in each.targets}
    places = [
        *((f"$.steps[{i}].runs[{j}]", run.where) for i, step in enumerate(document.steps)
          for j, run in enumerate(step.runs)),
        *((f"$.checks[{index}]", check.where) for index, check in enumerate(document.checks)),
        *((f"$.statistics[{index}]", fact.where) for index, fact in enumerate(document.statistics)),
    ]  # fmt: skip
    for path, where in places:
        if where not in known:
            raise StateError(f"{path}: {where} is no target of this document{_meant(where, known)}")


def _meant(where: TargetName, known: Iterable[TargetName]) -> str:
    alike = nearest(str(where), map(str, known), limit=1)
    return f"; did you mean {alike[0]}?" if alike else ""


def _once(names: Sequence[object], path: str, what: str) -> None:
    """No name is there twice: which of the two counts, nobody could say."""
    seen: set[object] = set()
    for index, name in enumerate(names):
        if name in seen:
            raise StateError(f"{path}[{index}]: the {what} {_words(name)} is there twice")
        seen.add(name)


def _words(name: object) -> str:
    if isinstance(name, TargetName):  # which is a tuple too
        return str(name)
    return " of ".join(str(part) for part in name if part) if isinstance(name, tuple) else str(name)
