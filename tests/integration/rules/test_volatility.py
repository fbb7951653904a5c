"""What is said of functions is what the server's catalogue says of them."""

from __future__ import annotations

from collections import defaultdict

from migsafe.postgres.connection import connect
from migsafe.rules.knowledge.volatility import NOT_VOLATILE, VOLATILE

#: Words that the grammar turns into expressions or other functions, and functions of extensions.
NO_FUNCTION_OF_THEIR_OWN = {
    "array", "cast", "coalesce", "current_catalog", "current_date", "current_role", "current_time", "current_timestamp",
    "greatest", "least", "localtime", "localtimestamp", "nullif", "row", "session_user", "trim", "user", "extract",
    "interval", "hstore", "current_user", "current_schema",
    "uuid_nil", "uuid_ns_dns", "uuid_ns_oid", "uuid_ns_url", "uuid_ns_x500",
}  # fmt: skip


def _volatilities(database: str) -> dict[str, set[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    with connect(database, autocommit=True) as session:
        for name, kind in session.query(
            "select proname::text, provolatile::text from pg_proc where pronamespace = 'pg_catalog'::regnamespace"
        ):
            found[name].add(kind)
    return found


def test_what_is_called_not_volatile_never_is(database: str) -> None:
    known = _volatilities(database)
    assert {name for name in NOT_VOLATILE if "v" in known.get(name, set())} == set()
    assert {name for name in NOT_VOLATILE if name not in known} - NO_FUNCTION_OF_THEIR_OWN == set()


def test_what_is_called_volatile_is_or_is_no_function_of_postgres(database: str) -> None:
    known = _volatilities(database)
    assert {name for name in VOLATILE if name in known and "v" not in known[name]} == set()
