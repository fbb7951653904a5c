"""Whether a table's CHECK constraints prove where its rows belong, so that ATTACH PARTITION need not look.

Compared conservatively, for keys of one column: what is not surely implied counts as not proved. Postgres' own proof is
ConstraintImpliedByRelConstraint() in tablecmds.c; the manual describes it under ALTER TABLE, "ATTACH PARTITION".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from migsafe.model.catalogue import Table
from migsafe.model.operation import CheckConstraint, PartitionBound, PartitionKey

_CAST = re.compile(r"::\s*[a-z_]+(?:\s+(?:with|without)\s+time\s+zone|\s+varying|\s+precision)?(?:\s*\(\d+\))?")
_TYPED = re.compile(r"\b(?:date|timestamptz|timestamp(?:\s+(?:with|without)\s+time\s+zone)?)\s+(?=')")
_TOKEN = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|>=|<=|<>|!=|-?\d+(?:\.\d+)?|[a-z_][\w$]*|\S")
_QUOTED = re.compile(r"('(?:[^']|'')*'|\"[^\"]*\")")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?\Z")
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?: \d\d:\d\d(?::\d\d)?)?\Z")
_MIDNIGHT = re.compile(r" 00:00(?::00)?\Z")
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "="}

Tokens = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """`column operator values`; the operators are those of SQL, with "in" and "not in" for lists, and "not null"."""

    column: str
    operator: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Bound:
    """The values of a partition: a list, or a range whose ends may be open (None)."""

    lower: str | None = None
    upper: str | None = None
    listed: frozenset[str] | None = None


def rows_proved_inside(table: Table, key: PartitionKey | None, bound: PartitionBound) -> bool:
    """Whether validated CHECKs (and NOT NULL) prove that every row of a table lies inside a bound.

    Args:
        table: the table that is to become a partition.
        key: how the parent is partitioned; None when migsafe does not know, then any column may be its key.
        bound: of the partition.
    """
    limits = _limits(bound)
    if limits is None:
        return False
    facts = [_comparison(clause) for check in _checks(table) for clause in _split(check, "and")]
    known = [fact for fact in facts if fact is not None]
    return any(
        _never_null(table, column, known) and _inside([fact for fact in known if fact.column == column], limits)
        for column in _keys(key, known)
    )


def rows_proved_outside(table: Table, key: PartitionKey | None, bound: PartitionBound) -> bool:
    """Whether one validated CHECK of a DEFAULT partition proves that none of its rows lies inside a bound."""
    limits = _limits(bound)
    return limits is not None and any(_excludes(check, key, limits) for check in _checks(table))


def condition(key: PartitionKey | None, bound: PartitionBound) -> str | None:
    """The bound as a condition for a CHECK; None for DEFAULT, for a hash bound, and for keys of several columns."""
    keys = _tokens(key.text) if key is not None else ()
    if len(keys) != 1:
        return None
    column = keys[0]
    match _tokens(bound.text):
        case ("for", "values", "from", "(", lower, ")", "to", "(", upper, ")"):
            above = "" if lower == "minvalue" else f" AND {column} >= {lower}"
            below = "" if upper == "maxvalue" else f" AND {column} < {upper}"
            return f"{column} IS NOT NULL{above}{below}"
        case ("for", "values", "in", "(", *values, ")") if "null" not in values:
            listed = ", ".join(" ".join(item) for item in _split(tuple(values), ","))
            return f"{column} IS NOT NULL AND {column} IN ({listed})"
        case _:
            return None


def _checks(table: Table) -> Iterator[Tokens]:
    """The validated CHECK expressions of a table, in tokens."""
    for constraint in table.constraints.values():
        if constraint.validated and isinstance(constraint.definition, CheckConstraint):
            yield _tokens(constraint.definition.expression.text)


def _tokens(text: str) -> Tokens:
    """Text in tokens: folded outside of quotes, and without casts."""
    parts = _QUOTED.split(text)
    folded = "".join(part if number % 2 else part.lower() for number, part in enumerate(parts))
    return _bare(tuple(_TOKEN.findall(_TYPED.sub("", _CAST.sub("", folded)))))


def _bare(tokens: Tokens) -> Tokens:
    """Without the parentheses around the whole."""
    while tokens[:1] == ("(",) and _closing(tokens) == len(tokens) - 1:
        tokens = tokens[1:-1]
    return tokens


def _closing(tokens: Tokens) -> int:
    """Where the parenthesis closes that the first token opens."""
    depth = 0
    for place, token in enumerate(tokens):
        depth += {"(": 1, ")": -1}.get(token, 0)
        if depth == 0:
            return place
    return -1


def _split(tokens: Tokens, word: str) -> list[Tokens]:
    """The operands of AND, of OR, or between commas, outside of parentheses."""
    operands: list[list[str]] = [[]]
    depth = 0
    for token in tokens:
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(token, 0)
        if token == word and depth == 0:
            operands.append([])
        else:
            operands[-1].append(token)
    return [_bare(tuple(operand)) for operand in operands]


def _comparison(clause: Tokens) -> Comparison | None:
    """What a clause says of one column; None for anything else, BETWEEN included."""
    match clause:
        case (column, "is", "not", "null"):
            return Comparison(_name(column), "not null")
        case (column, ("<" | "<=" | ">" | ">=" | "=" | "<>" | "!=") as operator, value) if _is_literal(value):
            return Comparison(_name(column), "<>" if operator == "!=" else operator, (_value(value),))
        case (value, ("<" | "<=" | ">" | ">=" | "=") as operator, column) if _is_literal(value):
            return Comparison(_name(column), _FLIPPED[operator], (_value(value),))
        case (column, "in", "(", *values, ")") | (column, "=", "any", "(", "array", "[", *values, "]", ")"):
            return Comparison(_name(column), "in", _listed(tuple(values)))
        case (column, "not", "in", "(", *values, ")") | (column, "<", ">", "all", "(", "array", "[", *values, "]", ")"):
            return Comparison(_name(column), "not in", _listed(tuple(values)))
        case _:
            return None


def _name(token: str) -> str:
    return token[1:-1] if token.startswith('"') else token


def _is_literal(token: str) -> bool:
    return token.startswith("'") or _NUMBER.match(token) is not None


def _value(token: str) -> str:
    return _MIDNIGHT.sub("", token.strip("'"))


def _listed(tokens: Tokens) -> tuple[str, ...]:
    return tuple(_value(" ".join(item)) for item in _split(tokens, ","))


def _limits(bound: PartitionBound) -> _Bound | None:
    """A bound in values; None for DEFAULT, for a hash bound, and for keys of several columns."""
    match _tokens(bound.text):
        case ("for", "values", "from", "(", lower, ")", "to", "(", upper, ")"):
            return _Bound(
                None if lower == "minvalue" else _value(lower), None if upper == "maxvalue" else _value(upper)
            )
        case ("for", "values", "in", "(", *values, ")") if "null" not in values:
            return _Bound(listed=frozenset(_listed(tuple(values))))
        case _:
            return None


def _keys(key: PartitionKey | None, facts: Iterable[Comparison]) -> set[str]:
    """The columns that may be the partition key."""
    mentioned = {fact.column for fact in facts}
    return mentioned if key is None else mentioned & {_name(token) for token in _tokens(key.text)[:1]}


def _never_null(table: Table, column: str, facts: Iterable[Comparison]) -> bool:
    known = table.columns.get(column)
    said = any(fact.column == column and fact.operator == "not null" for fact in facts)
    return said or (known is not None and not known.nullable)


def _inside(facts: list[Comparison], limits: _Bound) -> bool:
    if limits.listed is not None:
        return any(fact.operator in {"=", "in"} and limits.listed.issuperset(fact.values) for fact in facts)
    above = limits.lower is None or any(_keeps_above(fact, limits.lower) for fact in facts)
    below = limits.upper is None or any(_keeps_below(fact, limits.upper) for fact in facts)
    return above and below


def _keeps_above(fact: Comparison, lower: str) -> bool:
    """Whether a fact puts values at `lower` or above."""
    return fact.operator in {">=", ">", "=", "in"} and all(_surely_at_most(lower, value) for value in fact.values)


def _keeps_below(fact: Comparison, upper: str) -> bool:
    """Whether a fact puts values below `upper`."""
    if fact.operator == "<":
        return _surely_at_most(fact.values[0], upper)
    return fact.operator in {"<=", "=", "in"} and all(_surely_less(value, upper) for value in fact.values)


def _excludes(check: Tokens, key: PartitionKey | None, limits: _Bound) -> bool:
    """Whether a CHECK holds for no value inside: NOT (… around it), or alternatives that all lie outside."""
    if check[:2] == ("not", "(") and _closing(check[1:]) == len(check) - 2:  # NOT and its parenthesis
        around = [_comparison(clause) for clause in _split(_bare(check[1:]), "and")]
        return all(fact is not None and _of_key(fact, key) and _covers(fact, limits) for fact in around)
    return all(
        any(
            (fact := _comparison(clause)) is not None and _of_key(fact, key) and _outside(fact, limits)
            for clause in _split(alternative, "and")
        )
        for alternative in _split(check, "or")
    )


def _of_key(fact: Comparison, key: PartitionKey | None) -> bool:
    return key is None or fact.column in _keys(key, (fact,))


def _covers(fact: Comparison, limits: _Bound) -> bool:
    """Whether every value inside the limits obeys a fact."""
    if fact.operator == "not null":
        return True
    if limits.listed is not None:
        return fact.operator in {"=", "in"} and limits.listed.issubset(fact.values)
    if fact.operator == ">=":
        return limits.lower is not None and _surely_at_most(fact.values[0], limits.lower)
    return fact.operator == "<" and limits.upper is not None and _surely_at_most(limits.upper, fact.values[0])


def _outside(fact: Comparison, limits: _Bound) -> bool:
    """Whether no value inside the limits obeys a fact."""
    if limits.listed is not None:
        if fact.operator in {"not in", "<>"}:
            return limits.listed.issubset(fact.values)
        return fact.operator in {"in", "="} and limits.listed.isdisjoint(fact.values)
    low, high = limits.lower, limits.upper
    below = low is not None and (
        (fact.operator == "<" and _surely_at_most(fact.values[0], low))
        or (fact.operator in {"<=", "=", "in"} and all(_surely_less(value, low) for value in fact.values))
    )
    above = high is not None and fact.operator in {">=", ">", "=", "in"}
    return below or (above and all(_surely_at_most(high or "", value) for value in fact.values))


def _surely_at_most(one: str, other: str) -> bool:
    return one == other or _surely_less(one, other)


def _surely_less(one: str, other: str) -> bool:
    """Whether a value is less than another: of numbers, and of dates and times without a zone, one can tell."""
    if _NUMBER.match(one) and _NUMBER.match(other):
        return Decimal(one) < Decimal(other)
    return bool(_DATE.match(one) and _DATE.match(other)) and one < other
