"""How much a difference weighs: an error where code or a later migration fails, or where rows are not what they seem.

Both tables are ordered: the first line that fits decides. `*` fits anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from migsafe.model.finding import Severity
from migsafe.shadow.drift.fold import Drift

Against = Literal["database", "models"]

_E, _W, _I = Severity.ERROR, Severity.WARNING, Severity.INFO

_Line = tuple[str, str, str, Severity]

#: Kind of difference, kind of object, fact → weight, where migrations are held against a database.
_DATABASE: Sequence[_Line] = (
    ("*", "partitions", "*", _I),  # made and dropped at run time
    ("missing", "publication", "*", _W),
    ("missing", "statistics", "*", _W),
    ("missing", "index", "*", _W),
    ("missing", "*", "*", _E),
    # Servers come with extensions and event triggers of their own, replication and planner statistics are operated.
    ("extra", "extension", "*", _I),
    ("extra", "event_trigger", "*", _I),
    ("extra", "publication", "*", _I),
    ("extra", "statistics", "*", _I),
    ("extra", "cast", "*", _I),
    ("extra", "operator", "*", _I),
    ("extra", "*", "*", _W),
    ("renamed", "*", "*", _W),
    ("changed", "*", "comment", _I),
    ("changed", "*", "options", _I),
    ("changed", "column", "storage", _I),
    ("changed", "column", "compression", _I),
    ("changed", "column", "statistics", _I),
    ("changed", "column", "default", _W),
    ("changed", "column", "collation", _W),
    ("changed", "relation", "column_order", _I),
    ("changed", "relation", "replica_identity", _W),
    ("changed", "relation", "access_method", _W),
    ("changed", "relation", "bound", _I),
    ("changed", "constraint", "validated", _W),
    ("changed", "index", "valid", _E),
    ("changed", "index", "definition", _W),
    ("changed", "index", "*", _I),
    ("changed", "sequence", "*", _W),
    ("changed", "extension", "*", _W),
    ("changed", "publication", "*", _I),
    ("changed", "*", "*", _E),
)

#: The same, where they are held against the models of an application: "extra" is what only the models know.
_MODELS: Sequence[_Line] = (
    ("missing", "relation", "*", _W),
    ("missing", "column", "*", _W),
    ("missing", "constraint", "*", _W),
    ("missing", "index", "*", _W),
    ("missing", "*", "*", _I),
    ("extra", "relation", "*", _E),
    ("extra", "column", "*", _E),
    ("extra", "type", "*", _E),
    ("extra", "*", "*", _W),
    ("renamed", "*", "*", _W),
    ("changed", "column", "type", _E),
    ("changed", "column", "not_null", _E),
    ("changed", "column", "default", _W),
    ("changed", "column", "identity", _W),
    ("changed", "column", "generated", _E),
    ("changed", "column", "*", _I),
    ("changed", "relation", "*", _I),
    ("changed", "type", "values", _E),
    ("changed", "constraint", "definition", _W),
    ("changed", "index", "definition", _W),
    ("changed", "*", "*", _I),
)


def weight(drift: Drift, against: Against, *, same_major: bool = True) -> Severity:
    """How much a difference weighs.

    Args:
        against: what the migrations are held against.
        same_major: both sides were read from servers of one major version; others may write a view's text otherwise.
    """
    if drift.fact == "definition" and _only_spelt_otherwise(drift, same_major):
        return Severity.INFO
    special = _in_models(drift) if against == "models" else _in_database(drift)
    return special or _by_table(drift, _MODELS if against == "models" else _DATABASE)


def _by_table(drift: Drift, table: Sequence[_Line]) -> Severity:
    for kind, of, fact, severity in table:
        if kind in ("*", drift.kind) and of in ("*", drift.key.kind) and fact in ("*", drift.fact):
            return severity
    raise AssertionError(f"no line of the table fits {drift}")


def _only_spelt_otherwise(drift: Drift, same_major: bool) -> bool:
    if drift.key.kind in ("relation", "rule") and not same_major:
        return True
    return drift.key.kind == "function" and str(drift.expected).split() == str(drift.found).split()


def _in_database(drift: Drift) -> Severity | None:
    """A missing unique index lets rows in, and an extra column that must be given refuses those of the application."""
    if drift.kind == "missing" and drift.key.kind == "index" and _is_unique(drift):
        return Severity.ERROR
    return Severity.ERROR if drift.kind == "extra" and _must_be_given(drift) else None


def _in_models(drift: Drift) -> Severity | None:
    facts = drift.facts
    if drift.kind == "missing" and _must_be_given(drift):
        return Severity.ERROR  # models that do not know it insert rows without it
    if drift.kind == "missing" and drift.key.kind == "constraint":
        definition = str(facts.get("definition", "")).lower()
        return Severity.INFO if definition.startswith(("check", "exclude")) else None
    if drift.fact == "not_null":
        return Severity.ERROR if drift.expected else Severity.WARNING  # models that insert NULL are refused
    if drift.fact == "default" and not drift.found:
        return Severity.INFO  # models give the value themselves
    return None


def _is_unique(drift: Drift) -> bool:
    return "unique" in str(drift.facts.get("definition", "")).lower().split("(")[0].split(" on ")[0]


def _must_be_given(drift: Drift) -> bool:
    facts = drift.facts
    given = facts.get("default") or facts.get("identity") or facts.get("generated")
    return drift.key.kind == "column" and bool(facts.get("not_null")) and not given
