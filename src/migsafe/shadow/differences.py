"""What a way back loses, in words: the differences of two schemas, sorted by kind, each with its weight.

One kind is one loss, however many facts of it differ. What follows from another difference (the index of a lost
constraint, the columns of a lost table) is not said again; what nobody notices (the name of a NOT NULL constraint,
white space in a function) is not said at all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, NamedTuple

from migsafe.model.finding import Severity
from migsafe.rules.wording import name_list
from migsafe.shadow.snapshot import Difference, ObjectKey, compare

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from migsafe.shadow.snapshot import Snapshot

_VERBS = {"lost": "does not bring back", "left": "leaves behind", "changed": "leaves"}

#: Kinds of objects that stand in a relation, and vanish with it.
_PARTS_OF_RELATIONS = frozenset({"column", "constraint", "trigger", "rule", "policy"})

_PARTS_OF_ACTIONS = re.compile(
    r" (?:ON (?:DELETE|UPDATE) (?:CASCADE|RESTRICT|SET NULL|SET DEFAULT|NO ACTION)(?: \([^)]*\))?"
    r"|(?:NOT )?DEFERRABLE|INITIALLY DEFERRED|NOT VALID|MATCH FULL)"
)
_NOT_VALID = " NOT VALID"
_INDEX_NAME = re.compile(r"(?<=INDEX )\S+(?= ON )")
_BODY = re.compile(r"AS (?P<quote>\$\w*\$)(?P<body>.*)(?P=quote)", re.DOTALL)
_SQL_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_TEXTS = frozenset({"text", "character varying", "character", "varchar", "char"})

_LOST: Mapping[str, Severity] = {
    "relation": Severity.ERROR,
    "column": Severity.ERROR,
    "constraint": Severity.ERROR,
    "trigger": Severity.ERROR,
    "function": Severity.ERROR,
    "procedure": Severity.ERROR,
    "type": Severity.ERROR,
    "policy": Severity.ERROR,
    "schema": Severity.ERROR,
    "extension": Severity.WARNING,
    "index": Severity.WARNING,
    "sequence": Severity.WARNING,
}
_LEFT: Mapping[str, Severity] = {
    "relation": Severity.WARNING,
    "column": Severity.WARNING,
    "constraint": Severity.WARNING,
    "trigger": Severity.WARNING,
    "policy": Severity.WARNING,
    "rule": Severity.WARNING,
}
_RELATION_WORDS = {
    "r": "table",
    "p": "table",
    "v": "view",
    "m": "materialized view",
    "f": "foreign table",
    "virtual": "virtual table",
}
_CONSTRAINT_WORDS = {
    "f": "foreign key",
    "c": "check constraint",
    "u": "unique constraint",
    "p": "primary key",
    "x": "exclusion constraint",
}


@dataclass(frozen=True, slots=True)
class Loss:
    """One kind of difference that a way back leaves.

    Attributes:
        kind: for example "lost index"; unique among the losses of a migration.
        objects: the names of what differs, as a person writes them.
        predicate: goes on from "the way back …".
    """

    kind: str
    severity: Severity
    objects: tuple[str, ...]
    predicate: str
    keys: tuple[ObjectKey, ...] = ()


class _Remark(NamedTuple):
    """One difference in words: its kind, its weight, the name of its object, and how a sentence names it."""

    kind: str
    severity: Severity
    object: str
    phrase: str
    key: ObjectKey


def differences_between(before: Snapshot, after: Snapshot) -> tuple[Difference, ...]:
    """As `compare`, and what only one side has comes with all its facts."""
    return tuple(_with_facts(difference, before, after) for difference in compare(before, after))


def _with_facts(difference: Difference, before: Snapshot, after: Snapshot) -> Difference:
    match difference.kind:
        case "removed":
            return replace(difference, before=before[difference.key])
        case "added":
            return replace(difference, after=after[difference.key])
        case _:
            return difference


def classify(differences: Sequence[Difference]) -> tuple[Loss, ...]:
    """Sort differences (from before the way up to after the way back) by kind, the heaviest first."""
    groups: dict[str, list[_Remark]] = {}
    for remark in _remarks(_reduced(differences)):
        groups.setdefault(remark.kind, []).append(remark)
    losses = [_loss(kind, remarks) for kind, remarks in groups.items()]
    return tuple(sorted(losses, key=lambda loss: (-loss.severity.weight, loss.kind)))


def _loss(kind: str, remarks: Sequence[_Remark]) -> Loss:
    phrases = dict.fromkeys(remark.phrase for remark in remarks)
    return Loss(
        kind,
        max((remark.severity for remark in remarks), key=lambda severity: severity.weight),
        tuple(dict.fromkeys(remark.object for remark in remarks)),
        f"{_VERBS[kind.split()[0]]} {name_list(phrases)}",
        tuple(remark.key for remark in remarks),
    )


def _reduced(differences: Iterable[Difference]) -> list[Difference]:
    """Without those that follow from others, and those that mean nothing."""
    kept = [difference for difference in differences if not _is_not_null_constraint(difference)]
    whole = {d.key.name for d in kept if d.kind != "changed" and d.key.kind == "relation"}
    constraints = {d.key.part for d in kept if d.key.kind == "constraint"}
    columns = {f"{d.key.name}.{d.key.part}" for d in kept if d.kind != "changed" and d.key.kind == "column"}
    return [
        difference
        for difference in kept
        if not (difference.key.kind in _PARTS_OF_RELATIONS and difference.key.name in whole)
        and not (difference.key.kind == "index" and _follows(difference, whole, constraints))
        and not (difference.key.kind == "sequence" and _owner(difference) in columns)
        and not (difference.key.kind == "sequence" and _owner(difference).rpartition(".")[0] in whole)
    ]


def _is_not_null_constraint(difference: Difference) -> bool:
    """Since Postgres 18 each NOT NULL is a constraint with a name of its own; the column's own fact says it too."""
    facts = difference.before or difference.after
    if difference.key.kind != "constraint":
        return False
    return isinstance(facts, dict) and facts.get("kind") == "n"


def _follows(index: Difference, whole: set[str], constraints: set[str]) -> bool:
    return (index.key.part or _bare(index.key.name)) in constraints or _fact(index, "table") in whole


def _owner(difference: Difference) -> str:
    return _fact(difference, "owned_by")


def _fact(difference: Difference, name: str) -> str:
    """A fact of an object that only one side has; empty for any other."""
    facts = difference.before or difference.after
    return str(facts.get(name) or "") if isinstance(facts, dict) else ""


def _remarks(differences: Sequence[Difference]) -> Iterator[_Remark]:
    paired = list(_pairs(differences))
    in_pairs = {id(one) for removed, added in paired for one in (removed, added)}
    for removed, added in paired:
        yield _pair(removed, added)
    for difference in differences:
        if id(difference) in in_pairs:
            continue
        if difference.kind == "changed":
            yield from _changed(difference)
        else:
            yield _lost_or_left(difference)


def _pairs(differences: Sequence[Difference]) -> Iterator[tuple[Difference, Difference]]:
    """Constraints and indexes that come back under another name, or with other actions."""
    added = [d for d in differences if d.kind == "added" and d.key.kind in {"constraint", "index"}]
    for removed in differences:
        if removed.kind != "removed":
            continue
        for candidate in added:
            if candidate.key.kind == removed.key.kind and _identity(candidate) == _identity(removed):
                added.remove(candidate)
                yield removed, candidate
                break


def _identity(difference: Difference) -> tuple[str, str]:
    definition = _fact(difference, "definition")
    if difference.key.kind == "index":
        return _fact(difference, "table"), _INDEX_NAME.sub("", definition)
    return difference.key.name, _PARTS_OF_ACTIONS.sub("", definition)


def _pair(removed: Difference, added: Difference) -> _Remark:
    old, new = _fact(removed, "definition"), _fact(added, "definition")
    if removed.key.kind == "index" or old == new:
        names = f"{_name(removed)} under another name ({_name(added)})"
        return _Remark("changed name", Severity.WARNING, _name(removed), names, removed.key)
    phrase = f"the foreign key {_name(removed)} as {_name(added)} {_action(old, new)}"
    return _Remark("changed action", Severity.ERROR, _name(removed), phrase, removed.key)


def _action(old: str, new: str) -> str:
    lost = [part.strip() for part in _PARTS_OF_ACTIONS.findall(old) if part not in _PARTS_OF_ACTIONS.findall(new)]
    come = [part.strip() for part in _PARTS_OF_ACTIONS.findall(new) if part not in _PARTS_OF_ACTIONS.findall(old)]
    words = [f"without {name_list(lost)}" if lost else "", f"with {name_list(come)}" if come else ""]
    return " and ".join(word for word in words if word)


def _lost_or_left(difference: Difference) -> _Remark:
    lost = difference.kind == "removed"
    key = difference.key
    word = _word(difference)
    severity = (_LOST if lost else _LEFT).get(key.kind, Severity.WARNING if lost else Severity.INFO)
    if key.kind == "index" and _fact(difference, "definition").startswith("CREATE UNIQUE"):
        severity = Severity.ERROR if lost else Severity.WARNING
    place = f" on {_shown(_fact(difference, 'table'))}" if key.kind == "index" else ""
    place = f" on {_shown(key.name)}" if key.kind in {"trigger", "policy", "rule", "constraint"} else place
    return _Remark(
        f"{'lost' if lost else 'left'} {word}",
        severity,
        _name(difference),
        f"the {word} {_name(difference)}{place}",
        key,
    )


def _word(difference: Difference) -> str:
    kind = difference.key.kind
    if kind == "relation":
        return _RELATION_WORDS.get(_fact(difference, "kind"), "relation")
    if kind == "constraint":
        return _CONSTRAINT_WORDS.get(_fact(difference, "kind"), "constraint")
    return kind.replace("_", " ")


def _changed(difference: Difference) -> Iterator[_Remark]:
    match difference.key.kind, difference.fact:
        case "column", fact:
            yield _changed_column(difference, fact or "")
        case "relation", "column_order":
            if _same_members(difference.before, difference.after):
                phrase = f"the columns of {_name(difference)} in another order"
                yield _remark("changed column order", Severity.INFO, difference, phrase)
        case "function" | "procedure", "definition":
            yield from _changed_function(difference)
        case "constraint" | "index", "definition":
            if not _only_validation(difference):
                yield _changed_definition(difference)
        case "constraint", "validated":
            severity = Severity.INFO if difference.after else Severity.WARNING
            state = "validated" if difference.after else "not validated"
            yield _remark("changed validation", severity, difference, f"{_name(difference)} {state}")
        case "type", "values":
            yield _changed_values(difference)
        case _, "privileges" | "owner" | "comment" as fact:
            severity = Severity.INFO if fact == "comment" else Severity.WARNING
            plural = "other privileges" if fact == "privileges" else f"another {fact}"
            yield _remark(f"changed {fact}", severity, difference, f"{_name(difference)} with {plural}")
        case kind, fact:
            words = (fact or "").replace("_", " ")
            phrase = f"the {kind.replace('_', ' ')} {_name(difference)} with another {words}"
            yield _remark(f"changed {kind}".replace("_", " "), Severity.WARNING, difference, phrase)


def _changed_column(difference: Difference, fact: str) -> _Remark:
    name, old, new = _name(difference), difference.before, difference.after
    match fact:
        case "type":
            severity = Severity.WARNING if _is_text(old) and _is_text(new) else Severity.ERROR
            return _remark("changed type", severity, difference, f"{name} as {new} (it was {old})")
        case "default" if new is None:
            return _remark("changed default", Severity.WARNING, difference, f"{name} without its default {old}")
        case "default":
            was = "it had none" if old is None else f"it was {old}"
            return _remark("changed default", Severity.WARNING, difference, f"{name} with the default {new} ({was})")
        case "not_null" if new:
            return _remark("changed nullability", Severity.ERROR, difference, f"{name} NOT NULL (it took NULL)")
        case "not_null":
            return _remark("changed nullability", Severity.WARNING, difference, f"{name} without its NOT NULL")
        case "comment":
            return _remark("changed comment", Severity.INFO, difference, f"{name} with another comment")
        case "declared type":
            return _remark("changed declared type", Severity.INFO, difference, f"{name} as {new} (it was {old})")
        case "autoincrement":
            word = "with" if new else "without"
            return _remark("changed numbering", Severity.WARNING, difference, f"{name} {word} AUTOINCREMENT")
        case "identity" | "generated":
            word = "identity" if fact == "identity" else "generated expression"
            return _remark(f"changed {word}", Severity.ERROR, difference, f"{name} with another {word}")
        case _:
            return _remark(f"changed {fact}", Severity.WARNING, difference, f"{name} with another {fact}")


def _changed_function(difference: Difference) -> Iterator[_Remark]:
    """Another head (arguments, volatility, settings) or body counts; other comments or layout hardly do."""
    old, new, what = str(difference.before), str(difference.after), difference.key.kind
    (old_head, old_body), (new_head, new_body) = _parts(old), _parts(new)
    if old_head.split() != new_head.split():
        lines = [line.strip() for line in old_head.splitlines() if line.strip() not in new_head]
        lost = f" without {name_list(lines)}" if lines else " with other attributes"
        yield _remark(f"changed {what}", Severity.WARNING, difference, f"the {what} {_name(difference)}{lost}")
    elif old_body.split() != new_body.split():
        same_code = _code(old_body) == _code(new_body)
        kind = f"changed {what} {'text' if same_code else 'body'}"
        severity = Severity.INFO if same_code else Severity.WARNING
        other = "other comments or layout" if same_code else "another body"
        yield _remark(kind, severity, difference, f"the {what} {_name(difference)} with {other}")


def _parts(definition: str) -> tuple[str, str]:
    match = _BODY.search(definition)
    return (definition[: match.start()] + definition[match.end() :], match["body"]) if match else (definition, "")


def _code(body: str) -> str:
    """A body without comments, layout and case."""
    return "".join(_SQL_COMMENT.sub(" ", body).split()).lower()


def _changed_definition(difference: Difference) -> _Remark:
    old, new = str(difference.before), str(difference.after)
    kind: Literal["constraint", "index"] = "index" if difference.key.kind == "index" else "constraint"
    if kind == "constraint" and old != new and _PARTS_OF_ACTIONS.sub("", old) == _PARTS_OF_ACTIONS.sub("", new):
        phrase = f"the constraint {_name(difference)} {_action(old, new)}"
        return _remark("changed action", Severity.ERROR, difference, phrase)
    severity = Severity.ERROR if kind == "constraint" and sorted(old) != sorted(new) else Severity.WARNING
    phrase = f"the {kind} {_name(difference)} as {_short(new)} (it was {_short(old)})"
    return _remark(f"changed {kind}", severity, difference, phrase)


def _only_validation(difference: Difference) -> bool:
    """Whether the definitions differ in NOT VALID alone, which is a fact of its own."""
    old, new = (str(side).removesuffix(_NOT_VALID) for side in (difference.before, difference.after))
    return old == new


def _short(definition: str) -> str:
    """An index's definition from its method on: name and table are said already."""
    return definition.partition(" USING ")[2] or definition


def _changed_values(difference: Difference) -> _Remark:
    old, new = _members(difference.before), _members(difference.after)
    lost, left = [v for v in old if v not in new], [v for v in new if v not in old]
    if lost:
        phrase = f"the type {_name(difference)} without {name_list(lost)}"
        return _remark("changed enum values", Severity.ERROR, difference, phrase)
    # Postgres cannot drop a value of an enum, so that no way back can take it away.
    what = f"with the value {name_list(left)}" if left else "with its values in another order"
    return _remark("changed enum values", Severity.INFO, difference, f"the type {_name(difference)} {what}")


def _remark(kind: str, severity: Severity, difference: Difference, phrase: str) -> _Remark:
    return _Remark(kind, severity, _name(difference), phrase, difference.key)


def _same_members(old: object, new: object) -> bool:
    return sorted(_members(old)) == sorted(_members(new))


def _members(value: object) -> list[str]:
    return [str(member) for member in value] if isinstance(value, list) else []


def _is_text(type_: object) -> bool:
    return str(type_).partition("(")[0] in _TEXTS


def _name(difference: Difference) -> str:
    """As a person writes it: `users.email`, `users_email_idx`, without the schema that is there by default."""
    key = difference.key
    if not key.part:
        return _shown(key.name)
    return f"{_shown(key.name)}.{key.part}" if key.kind == "column" else key.part


def _shown(name: str) -> str:
    return name.removeprefix("public.")


def _bare(name: str) -> str:
    return name.rpartition(".")[2].strip('"')
