"""Which functions a column default may call without a table rewrite.

Postgres evaluates a default that is not volatile once, and stores the value for all existing rows (PostgreSQL 11 and
later; manual, ALTER TABLE, "Notes"). Volatility is that of `pg_proc.provolatile` on PostgreSQL 18.6; a name is listed
when every function of that name in pg_catalog has it.
"""

from __future__ import annotations

from enum import Enum

from migsafe.model.catalogue import Catalogue
from migsafe.model.names import QualifiedName
from migsafe.model.operation import Expression


class Volatility(Enum):
    """Whether an expression gives the same value for every row of one statement."""

    CONSTANT = "constant"
    VOLATILE = "volatile"
    UNKNOWN = "unknown"


#: Keywords and functions that are the same for all rows of a statement: immutable or stable.
_NOT_VOLATILE_NAMES = """
    abs age array array_agg array_append array_cat array_fill array_length array_position array_prepend array_remove
    array_replace array_to_json array_to_string ascii bit_length btrim cardinality cast ceil ceiling char_length
    character_length chr coalesce concat concat_ws convert_from convert_to cos current_catalog current_database
    current_date current_role current_schema current_setting current_time current_timestamp current_user date_bin
    date_part date_trunc daterange decode degrees div encode enum_first enum_last enum_range exp extract factorial
    floor format gcd generate_subscripts greatest hashtext hstore inet_server_addr initcap int4range int8range
    interval json_build_array json_build_object json_object jsonb_build_array jsonb_build_object jsonb_object
    jsonb_set jsonb_strip_nulls justify_days justify_hours justify_interval lcm least left length ln localtime
    localtimestamp log lower lpad ltrim make_date make_interval make_time make_timestamp make_timestamptz md5 mod
    now nullif numrange octet_length overlay phraseto_tsquery pi plainto_tsquery position power quote_ident
    quote_literal radians regexp_replace repeat replace reverse right round row row_to_json rpad rtrim session_user
    setweight sha224 sha256 sha384 sha512 sign sin split_part sqrt starts_with statement_timestamp string_to_array
    strpos substr substring tan timezone to_char to_date to_hex to_json to_jsonb to_number to_timestamp to_tsquery
    to_tsvector transaction_timestamp translate trim trunc tsrange tstzrange upper user uuid_nil uuid_ns_dns
    uuid_ns_oid uuid_ns_url uuid_ns_x500 websearch_to_tsquery
"""
NOT_VOLATILE = frozenset(_NOT_VOLATILE_NAMES.split())

#: Functions that give another value for each row.
_VOLATILE_NAMES = """
    clock_timestamp cuid currval gen_random_bytes gen_random_uuid gen_salt gen_ulid generate_ulid lastval nanoid
    nextval random random_normal setval timeofday uuid_generate_v1 uuid_generate_v1mc uuid_generate_v4
    uuid_generate_v7 uuidv4 uuidv7
"""
VOLATILE = frozenset(_VOLATILE_NAMES.split())


def volatility(expression: Expression, catalogue: Catalogue) -> Volatility:
    """Whether a default must be computed for each existing row.

    A function that the migrations define has the volatility that they declare; one that nobody here knows is UNKNOWN.
    """
    if not expression.understood:
        return Volatility.UNKNOWN
    kinds = {_of_function(name, catalogue) for name in expression.functions}
    if Volatility.VOLATILE in kinds:
        return Volatility.VOLATILE
    return Volatility.UNKNOWN if Volatility.UNKNOWN in kinds else Volatility.CONSTANT


def unknown_functions(expression: Expression, catalogue: Catalogue) -> tuple[str, ...]:
    """The functions of an expression of which nothing is known."""
    return tuple(name for name in expression.functions if _of_function(name, catalogue) is Volatility.UNKNOWN)


def _of_function(name: str, catalogue: Catalogue) -> Volatility:
    schema, _, bare = name.rpartition(".")
    declared = catalogue.functions.get(catalogue.resolve_function(QualifiedName(bare, schema or None)))
    if declared:
        volatile = any(function.volatility == "volatile" for function in declared)
        return Volatility.VOLATILE if volatile else Volatility.CONSTANT
    if bare in VOLATILE:
        return Volatility.VOLATILE
    if bare in NOT_VOLATILE and schema in {"", "pg_catalog"}:
        return Volatility.CONSTANT
    return Volatility.UNKNOWN
