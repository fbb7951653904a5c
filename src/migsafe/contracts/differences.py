"""What has become of a plan since it was signed: edits void it, drift of its own objects too; the rest is a note."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from migsafe.contracts.hashing import signed_body

if TYPE_CHECKING:
    from migsafe.contracts.values import ContractPlan, TakenObject

_MOST_NAMES = 5


def completed(now_made: ContractPlan, signed: ContractPlan) -> ContractPlan:
    """A plan that has begun, with the objects that its own steps have dropped already, as they were signed."""
    if now_made.has_begun and set(_identities(now_made)) <= set(_identities(signed)):
        return replace(now_made, objects=signed.objects)
    return now_made


def _identities(plan: ContractPlan) -> list[TakenObject]:
    return [replace(one, now=None) for one in plan.objects]


def edits(signed: ContractPlan, now_made: ContractPlan) -> tuple[str, ...]:
    """What of the signed text is another one now, in words."""
    return tuple(_edits(signed, now_made))


def drift(signed: ContractPlan, now_made: ContractPlan) -> tuple[str, ...]:
    """What of the plan's objects and their dependents is not as it was signed, in words.

    Where steps of the plan have run already, what they have taken away is no drift; what has come is.
    """
    if signed.identity and now_made.identity and not _same_identity(signed.identity, now_made.identity):
        return (f"this is {now_made.identity}, and it was signed for {signed.identity}",)
    before, after = set(signed.facts), set(now_made.facts)
    came = [f"new: {fact}" for fact in sorted(after - before)]
    gone = [] if now_made.has_begun else [f"gone: {fact}" for fact in sorted(before - after)]
    return (*came, *gone)


def surroundings_changed(signed: ContractPlan, now_made: ContractPlan) -> tuple[str, ...]:
    """Notes on what has changed beside the plan."""
    before, after = signed.surroundings, now_made.surroundings
    names = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    own = {one.name for one in signed.objects}
    strange = [name for name in names if name not in own]
    touched = [name for name in names if name in own]
    notes = []
    if strange:
        more = f" and {len(strange) - _MOST_NAMES} more" if len(strange) > _MOST_NAMES else ""
        notes.append(f"changed since it was signed, and none of its business: {', '.join(strange[:_MOST_NAMES])}{more}")
    if touched and not now_made.has_begun:
        notes.append(f"{', '.join(touched)}: something else of it has changed since it was signed")
    return tuple(notes)


def _edits(signed: ContractPlan, now_made: ContractPlan) -> Iterator[str]:
    before, after = signed_body(signed), signed_body(now_made)
    if before["change"] != after["change"] or before["target"] != after["target"]:
        yield f"it is for {signed.change} on {signed.where} in {signed.database}"
    if before["part"] != after["part"]:
        yield f"it is for the {before['part'] or 'whole contract'}, and what is due is the {after['part'] or 'whole'}"
        return
    if before["objects"] != after["objects"]:
        yield f"the objects are others: {_listed(now_made)} instead of {_listed(signed)}"
    yield from _steps(before["steps"], after["steps"])
    if before["thresholds"] != after["thresholds"]:
        names = [name for name, value in after["thresholds"].items() if before["thresholds"].get(name) != value]
        yield f"gates ask for something else: {', '.join(sorted(names))}"


def _steps(before: list[dict[str, object]], after: list[dict[str, object]]) -> Iterator[str]:
    if len(before) != len(after):
        yield f"it has {len(after)} steps instead of {len(before)}"
        return
    for number, (one, other) in enumerate(zip(before, after, strict=True), 1):
        names = [name.replace("_", " ") for name in one if one[name] != other.get(name)]
        if names:
            yield f"step {number} has other {', '.join(names)}"


def _listed(plan: ContractPlan) -> str:
    return ", ".join(
        f"{one.label} ({one.type}, column {one.number})" if one.column else one.label for one in plan.objects
    )


def _same_identity(one: str, other: str) -> bool:
    """A system that a role may not ask for is no difference."""
    (system, _, name), (other_system, _, other_name) = one.partition("/"), other.partition("/")
    return name == other_name and (system == other_system or "?" in {system, other_system})
