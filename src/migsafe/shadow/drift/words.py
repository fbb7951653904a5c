"""A difference in words: what is the matter, with the project's own names, and the SQL that takes it away."""

from __future__ import annotations

from dataclasses import dataclass

from migsafe.model.names import quote_identifier
from migsafe.reporters.summary import plural
from migsafe.shadow.drift.fold import Drift
from migsafe.shadow.snapshot import ObjectKey

_LONGEST_VALUE = 80

_RELATIONS = {"r": "table", "p": "partitioned table", "f": "foreign table", "v": "view", "m": "materialized view"}
_TYPES = {"e": "enum", "d": "domain", "c": "composite type", "r": "range type"}
_KINDS = {"event_trigger": "event trigger", "statistics": "statistics object"}

#: pg_attribute.attidentity and attgenerated, and the catalogue's words for the first.
_IDENTITIES = {"a": "ALWAYS", "d": "BY DEFAULT", "always": "ALWAYS", "by default": "BY DEFAULT"}
_GENERATED = {"s": "STORED", "v": "VIRTUAL"}

#: How a fact is said of its object; `it` and the fact's own name where it is not here.
_FACTS = {
    "access_method": "its access method is",
    "attributes": "its attributes are",
    "base": "its base type is",
    "bound": "its bound is",
    "checks": "its checks are",
    "column_order": "its columns stand in the order",
    "enabled": "it is",
    "force_row_security": "forced row security is",
    "kind": "it is a",
    "options": "its options are",
    "owned_by": "the column that owns it is",
    "parents": "its parents are",
    "persistence": "it is",
    "row_security": "row security is",
    "tables": "its tables are",
    "validated": "validated is",
    "values": "its values are",
}

#: Letters of the system catalogues, by fact (PostgreSQL 18 manual, chapter 52).
_LETTERS = {
    "enabled": {"O": "enabled", "D": "disabled", "R": "enabled on replicas only", "A": "always enabled"},
    "persistence": {"p": "logged", "u": "unlogged"},
    "replica_identity": {"d": "the primary key", "n": "nothing", "f": "the whole row", "i": "an index"},
    "identity": {"a": "always", "d": "by default"},
    "generated": {"s": "stored", "v": "virtual"},
    "command": {"r": "select", "a": "insert", "w": "update", "d": "delete", "*": "all"},
    "kind": _RELATIONS,
}


@dataclass(frozen=True, slots=True)
class Sides:
    """How the two sides are called.

    Attributes:
        found: the side that the migrations are held against, as in "is not in …".
        is_database: SQL run there takes a difference away; models are changed in their code.
        why, instead: said in place of the check's own words, which speak of databases.
    """

    found: str
    is_database: bool
    why: str | None = None
    instead: str | None = None


def name_of(drift: Drift) -> str:
    """The object as a person writes it: `public.users.email`."""
    return _qualified(drift.key)


def describe(drift: Drift, sides: Sides) -> str:
    """What is the matter, in one sentence."""
    if drift.key.kind == "partitions":
        return _describe_partitions(drift, sides)
    what = f"{_noun(drift)} {_named(drift.key)}"
    if drift.key.kind == "schema" and drift.count:
        what += f", with {plural(drift.count, 'object')} in it,"
    match drift.kind:
        case "missing":
            return f"{what} is not in {sides.found}, and the migrations make it"
        case "extra":
            return f"{what} is in {sides.found}, and no migration makes it"
        case "renamed":
            assert drift.found_as is not None, "a renamed object has another name"
            return f"{what} is called {drift.found_as.part or drift.found_as.name} in {sides.found}"
    return f"{what}: {_change(drift, sides)}"


def _describe_partitions(drift: Drift, sides: Sides) -> str:
    are = "is" if drift.count == 1 else "are"
    partitions = f"{plural(drift.count, 'partition')} of {drift.key.name}"
    if drift.kind == "missing":
        return f"{partitions} that the migrations make {are} not in {sides.found}"
    return f"{partitions} in {sides.found} {are} made by no migration"


def _change(drift: Drift, sides: Sides) -> str:
    fact = drift.fact or ""
    if fact == "valid" and not drift.found:
        return f"it is invalid in {sides.found}: its build has failed, and no query uses it"
    if fact == "not_null":
        words = {True: "NOT NULL", False: "nullable"}
        found, expected = words[bool(drift.found)], words[bool(drift.expected)]
        return f"it is {found} in {sides.found}, and {expected} by the migrations"
    if isinstance(drift.expected, bool) and fact in ("default", "generated"):
        has = {True: f"has a {fact} value", False: f"has no {fact} value"}
        return f"it {has[bool(drift.found)]} in {sides.found}, and {has[drift.expected]} by the migrations"
    spoken = _FACTS.get(fact, f"its {fact.replace('_', ' ')} is")
    expected, found = _value(fact, drift.expected), _value(fact, drift.found)
    if max(len(expected), len(found)) > _LONGEST_VALUE:
        return f"its {fact.replace('_', ' ')} in {sides.found} is not the one that the migrations make"
    return f"{spoken} {found} in {sides.found}, and {expected} by the migrations"


def _value(fact: str, value: object) -> str:
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    spelt = " ".join(str(value).split())
    return _LETTERS.get(fact, {}).get(spelt, spelt)


def _noun(drift: Drift) -> str:
    kind = str(drift.facts.get("kind", ""))
    match drift.key.kind:
        case "relation":
            return _RELATIONS.get(kind, "relation")
        case "type":
            return _TYPES.get(kind, "type")
        case "function":
            return "procedure" if kind == "p" else "function"
        case other:
            return _KINDS.get(other, other)


def _named(key: ObjectKey) -> str:
    if key.kind == "column" or not key.part:
        return _qualified(key)
    return f"{quote_identifier(key.part)} of {key.name}"


def _qualified(key: ObjectKey) -> str:
    return f"{key.name}.{quote_identifier(key.part)}" if key.part else key.name


def remedy(drift: Drift, sides: Sides) -> str | None:
    """SQL, or steps, with the project's own names; None where the check's general words say all."""
    make, drop = _make(drift), _drop(drift)
    if not sides.is_database:
        return _remedy_in_migrations(drift, make)
    if drift.kind == "missing" and make:
        return f"-- on the database, when no later migration has taken it away on purpose\n{make}"
    if drift.kind == "extra" and drop:
        keep = f"-- to keep it, in a migration\n{make}\n" if make else "-- to keep it: write it into a migration\n"
        return f"{keep}-- or, on the database, when nobody needs it\n{drop}"
    if drift.kind == "renamed" and drift.found_as is not None:
        return _rename(drift, drift.found_as)
    if drift.fact == "valid":
        return f"REINDEX INDEX CONCURRENTLY {drift.key.name};"
    return None


def _remedy_in_migrations(drift: Drift, make: str | None) -> str | None:
    if drift.kind == "extra" and make:
        return f"-- in a migration\n{make}"
    return "declare it in the models, or drop it in a migration" if drift.kind == "missing" else None


def _make(drift: Drift) -> str | None:
    """The statement that makes the object, where a server's snapshot has all of it."""
    key, facts = drift.key, drift.facts
    definition = facts.get("definition")
    match key.kind:
        case "index" | "trigger" | "rule" | "statistics" if isinstance(definition, str):
            text = definition.replace("INDEX ", "INDEX CONCURRENTLY ", 1) if key.kind == "index" else definition
            return text.rstrip(";") + ";" if text.upper().startswith("CREATE") else None
        case "constraint" if isinstance(definition, str) and definition[:1].isupper():
            return f"ALTER TABLE {key.name} ADD CONSTRAINT {quote_identifier(key.part)} {definition};"
        case "column" if facts.get("default") is not True and facts.get("generated") is not True:
            return f"ALTER TABLE {key.name} ADD COLUMN {quote_identifier(key.part)} {_column(drift)};"
    return None


def _column(drift: Drift) -> str:
    facts = drift.facts
    words = [str(facts.get("type"))]
    if identity := _IDENTITIES.get(str(facts.get("identity"))):
        words.append(f"GENERATED {identity} AS IDENTITY")
    elif generated := _GENERATED.get(str(facts.get("generated"))):
        words.append(f"GENERATED ALWAYS AS ({facts.get('default')}) {generated}")
    elif isinstance(facts.get("default"), str):
        words.append(f"DEFAULT {facts['default']}")
    if facts.get("not_null"):
        words.append("NOT NULL")
    return " ".join(words)


def _drop(drift: Drift) -> str | None:
    key = drift.key
    match key.kind:
        case "column":
            return f"ALTER TABLE {key.name} DROP COLUMN {quote_identifier(key.part)};"
        case "constraint":
            return f"ALTER TABLE {key.name} DROP CONSTRAINT {quote_identifier(key.part)};"
        case "trigger" | "policy" | "rule":
            return f"DROP {key.kind.upper()} {quote_identifier(key.part)} ON {key.name};"
        case "index":
            return f"DROP INDEX CONCURRENTLY {key.name};"
        case "relation":
            noun = _noun(drift).removeprefix("partitioned ").upper()
            return f"DROP {noun} {key.name};"
        case "function" | "sequence":
            return f"DROP {_noun(drift).upper()} {key.name};"
        case "type":
            return f"DROP {'DOMAIN' if drift.facts.get('kind') == 'd' else 'TYPE'} {key.name};"
    return None


def _rename(drift: Drift, found_as: ObjectKey) -> str:
    if drift.key.kind == "constraint":
        old, new = quote_identifier(found_as.part), quote_identifier(drift.key.part)
        return f"ALTER TABLE {drift.key.name} RENAME CONSTRAINT {old} TO {new};"
    return f"ALTER INDEX {found_as.name} RENAME TO {drift.key.name.rpartition('.')[2]};"
