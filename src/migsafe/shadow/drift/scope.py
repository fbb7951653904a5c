"""What is compared: not who owns what, and not what a migration tool keeps for itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase

from migsafe.shadow.snapshot import ObjectKey, Snapshot

#: Tables in which migration tools keep what they have done, in whatever schema.
TOOL_TABLES = frozenset(
    {
        "alembic_version",
        "schema_migrations",  # golang-migrate, dbmate, Rails
        "ar_internal_metadata",
        "schema_migration",  # pop
        "flyway_schema_history",
        "schema_version",  # older Flyway, tern
        "goose_db_version",
        "django_migrations",
        "__diesel_schema_migrations",
        "_prisma_migrations",
        "_sqlx_migrations",
        "atlas_schema_revisions",
        "databasechangelog",
        "databasechangeloglock",
        "knex_migrations",
        "knex_migrations_lock",
        "SequelizeMeta",
        "pgmigrations",
        "refinery_schema_history",
        "seaql_migrations",
        "__EFMigrationsHistory",
        "__drizzle_migrations",
    }
)

#: Schemas that belong to a migration tool as a whole.
TOOL_SCHEMAS = frozenset({"sqitch", "atlas_schema_revisions", "drizzle"})

#: Kinds that say who may do what. Roles are the server's and not the database's: a shadow has others.
_PRIVILEGE_KINDS = frozenset({"default_privileges"})
_PRIVILEGE_FACTS = frozenset({"owner", "privileges"})

#: The constraint that Postgres 18 makes of a NOT NULL, which the column says already.
_NOT_NULL = "n"

_PARTS = re.compile(r'"(?:[^"]|"")*"|[^.]+')


def narrow(snapshot: Snapshot, ignore: Iterable[str] = ()) -> Snapshot:
    """What of a snapshot is compared.

    Args:
        ignore: patterns (`*`, `?`, `[…]`) of names that are left out with all their parts: with a schema
            (`audit.*`, `public.tmp_*`), or without one, which means any (`tmp_*`).
    """
    is_left_out = _left_out(snapshot, tuple(ignore))
    return {key: _facts(key, facts) for key, facts in snapshot.items() if not is_left_out(key, facts)}


def matches(name: str, patterns: Iterable[str]) -> bool:
    """Whether a name, as SQL writes it, is meant by one of the patterns."""
    plain = ".".join(_unquoted(name))
    bare = plain.rpartition(".")[2]
    return any(fnmatchcase(plain if "." in pattern else bare, pattern) for pattern in patterns)


def _left_out(snapshot: Snapshot, ignore: tuple[str, ...]) -> Callable[[ObjectKey, Mapping[str, object]], bool]:
    relations = {key.name for key in snapshot if key.kind == "relation"}
    gone = {name for name in relations if _is_tools_own(name) or matches(name, ignore)}

    def is_left_out(key: ObjectKey, facts: Mapping[str, object]) -> bool:
        if key.kind in _PRIVILEGE_KINDS or (key.kind == "constraint" and facts.get("kind") == _NOT_NULL):
            return True
        if key.kind == "schema" and key.name in TOOL_SCHEMAS:
            return True
        relation = relation_of(key, facts)
        if relation is not None and relation in gone:
            return True
        named = key.name.partition("(")[0]
        return _is_in_tools_schema(named) or matches(named, ignore) or bool(key.part and matches(key.part, ignore))

    return is_left_out


def relation_of(key: ObjectKey, facts: Mapping[str, object]) -> str | None:
    """The table or view that an object is, is a part of, or serves; None for any other."""
    if key.kind == "index":
        return str(facts["table"]) if facts.get("table") else None
    if key.kind == "sequence":
        owner = facts.get("owned_by")
        return _without_last(owner) if isinstance(owner, str) else None
    return key.name if key.kind == "relation" or key.part else None


def _without_last(name: str) -> str:
    """`public.orders` of `public.orders.id`, whatever is quoted in it."""
    last = list(_PARTS.finditer(name))[-1]
    return name[: last.start() - 1]


def _facts(key: ObjectKey, facts: Mapping[str, object]) -> Mapping[str, object]:
    # An extension's version is the server's package, which no migration decides for good.
    dropped = _PRIVILEGE_FACTS | ({"version"} if key.kind == "extension" else set())
    return {name: value for name, value in facts.items() if name not in dropped}


def _is_tools_own(relation: str) -> bool:
    return _unquoted(relation)[-1] in TOOL_TABLES or _is_in_tools_schema(relation)


def _is_in_tools_schema(name: str) -> bool:
    parts = _unquoted(name)
    return len(parts) > 1 and parts[0] in TOOL_SCHEMAS


def _unquoted(name: str) -> list[str]:
    parts = _PARTS.findall(name) or [name]
    return [part[1:-1].replace('""', '"') if part.startswith('"') else part for part in parts]
