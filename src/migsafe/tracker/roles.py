"""Roles in Postgres: who needs what, and the SQL by which a DBA gives it.

The tables belong to a role as which nobody logs in. Whoever runs steps writes facts, and appends events by a function
of that owner; an approver decides on plans by another one, and can do nothing else. All of it is text: nothing here
runs what it writes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.errors import UsageError
from migsafe.model.names import POSTGRES_NAME_BYTES, quote_identifier
from migsafe.tracker.place import SCHEMA
from migsafe.tracker.rights import ADDED, APPEND, APPROVE, INNER, KEPT, TURN, table_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """Names of roles; those that there are not are made, without a login.

    Attributes:
        owner: whom the tables belong to; nobody logs in as this one.
        runner: whoever records and runs steps.
        approver: whoever decides on contract plans.
        reader: whoever asks.
    """

    owner: str = "migsafe_owner"
    runner: str = "migsafe_runner"
    approver: str = "migsafe_approver"
    reader: str = "migsafe_reader"

    def __post_init__(self) -> None:
        """
        Raises:
            UsageError: when two of them are the same, or one is no name for a role.
        """
        names = {"--owner": self.owner, "--runner": self.runner, "--approver": self.approver, "--reader": self.reader}
        for option, name in names.items():
            _check_name(option, name)
        if len(set(names.values())) < len(names):
            raise UsageError(
                "owner, runner, approver and reader are four roles, and no two may be the same",
                hint="whoever may run a contract must not be able to approve it",
            )


def _check_name(option: str, name: str) -> None:
    if not name or not name.isprintable() or "$" in name or len(name.encode()) > POSTGRES_NAME_BYTES:
        raise UsageError(f"option {option} is no name for a role", hint=f"at most {POSTGRES_NAME_BYTES} bytes, no $")
    if name.startswith("pg_") or name in {"public", "none"}:
        raise UsageError(f"option {option} is {name}, which Postgres keeps for itself")


def roles_sql(roles: Roles, schema: str = SCHEMA) -> str:
    """The SQL that gives each role what it needs, and takes everything else away; it can be run again.

    Args:
        schema: in which the tracker's tables stand.
    """
    blocks = (
        _HEAD,
        "BEGIN;",
        *_made(roles),
        *_owned(roles, schema),
        *_taken(roles, schema),
        *_given(roles, schema),
        "COMMIT;",
        f"-- Then, as far as these roles are not logins themselves:\n-- GRANT {quote_identifier(roles.runner)} TO …;",
    )
    return "\n\n".join(blocks) + "\n"


_HEAD = """\
-- The roles of migsafe's tracker. A superuser runs this, or whoever owns the tables and may create roles,
-- behind `migsafe tracker upgrade`, and again behind each later one."""


def _made(roles: Roles) -> Iterator[str]:
    owner, runner = _literal(roles.owner), _literal(roles.runner)
    others = _literals(roles.runner, roles.approver, roles.reader)
    yield f"""\
-- Roles that there are not are made; what would make all of this worthless is refused.
DO $migsafe$
DECLARE name text;
BEGIN
  FOREACH name IN ARRAY ARRAY[{owner}, {others}] LOOP
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = name) THEN
      EXECUTE pg_catalog.format('CREATE ROLE %I NOLOGIN', name);
    END IF;
  END LOOP;
  IF (SELECT rolcanlogin FROM pg_catalog.pg_roles WHERE rolname = {owner}) THEN
    RAISE EXCEPTION USING MESSAGE = pg_catalog.concat({owner}, ' can log in: the owner must be a role that cannot');
  END IF;
  IF NOT (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) THEN
    EXECUTE pg_catalog.format('GRANT %I TO %I', {owner}, current_user);
  END IF;
  FOREACH name IN ARRAY ARRAY[{others}] LOOP
    IF pg_catalog.pg_has_role(name, {owner}, 'MEMBER') THEN
      RAISE EXCEPTION USING MESSAGE = pg_catalog.concat(
        name, ' is a superuser, or may become ', {owner}, ': it could write everything anew');
    END IF;
  END LOOP;
  IF pg_catalog.pg_has_role({runner}, {_literal(roles.approver)}, 'MEMBER') THEN
    RAISE EXCEPTION USING MESSAGE = pg_catalog.concat({runner}, ' may become {_inner(roles.approver)}: '
      'it could approve what it runs');
  END IF;
END $migsafe$;"""  # noqa: S608 — quoted, printed for a DBA to read, and never run here


def _owned(roles: Roles, schema: str) -> Iterator[str]:
    owner, place = quote_identifier(roles.owner), quote_identifier(schema)
    yield "-- Whom it all belongs to: nobody logs in as this role."
    if schema == SCHEMA:
        yield f"ALTER SCHEMA {place} OWNER TO {owner};"
    else:  # somebody else's; an owner of tables must be able to make them
        yield f"GRANT USAGE, CREATE ON SCHEMA {place} TO {owner};"
    yield "\n".join(f"ALTER TABLE {place}.{name} OWNER TO {owner};" for name in table_names())
    yield "\n".join(f"ALTER FUNCTION {place}.{name} OWNER TO {owner};" for name in (TURN, APPEND, APPROVE, *INNER))


def _taken(roles: Roles, schema: str) -> Iterator[str]:
    everybody = f"PUBLIC, {_named(roles.runner, roles.approver, roles.reader)}"
    functions = _in(schema, (TURN, APPEND, APPROVE, *INNER))
    yield "-- What there was is taken away, so that what follows is all there is."
    yield f"REVOKE ALL ON {_in(schema, table_names())} FROM {everybody};"
    yield f"REVOKE ALL ON FUNCTION {functions} FROM {everybody};"


def _given(roles: Roles, schema: str) -> Iterator[str]:
    runner, approver, place = *map(quote_identifier, (roles.runner, roles.approver)), quote_identifier(schema)
    everybody = _named(roles.runner, roles.approver, roles.reader)
    yield "-- All three read."
    yield f"GRANT USAGE ON SCHEMA {place} TO {everybody};\nGRANT SELECT ON {_in(schema, table_names())} TO {everybody};"
    yield (
        "-- The runner writes facts. Events it can only append, and who, when and from where is the server's word;\n"
        "-- plans it can only add; approvals it cannot write."
    )
    changed = [name for name in table_names() if name not in KEPT and name not in ADDED]
    yield f"GRANT INSERT, UPDATE ON {_in(schema, changed)} TO {runner};"
    for name, columns in ADDED.items():
        only = f" ({', '.join(columns)})" if columns else ""
        yield f"GRANT INSERT{only} ON {place}.{name} TO {runner};"
    yield f"GRANT EXECUTE ON FUNCTION {_in(schema, (TURN, APPEND))} TO {runner};"
    yield "-- The approver decides on plans, under the name with which it has logged in."
    yield f"GRANT EXECUTE ON FUNCTION {_in(schema, (TURN, APPROVE))} TO {approver};"


def _in(schema: str, names: Iterable[str]) -> str:
    return ",\n  ".join(f"{quote_identifier(schema)}.{name}" for name in names)


def _named(*names: str) -> str:
    return ", ".join(map(quote_identifier, names))


def _literals(*names: str) -> str:
    return ", ".join(map(_literal, names))


def _literal(name: str) -> str:
    return f"'{_inner(name)}'"


def _inner(name: str) -> str:
    return name.replace("'", "''")
