"""What a role in Postgres may do with the tracker: what it lacks for a use, and who could write events anew."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING, Literal

import sqlalchemy as sa

from migsafe.model.names import quote_identifier
from migsafe.tracker import tables as t
from migsafe.tracker.place import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from migsafe.tracker.ledger import Ledger

#: What somebody is about to do with the tracker.
Use = Literal["read", "write", "approve"]

TURN = "migsafe_turn()"
APPEND = "migsafe_append(text, text[], text[], text[], text[])"
APPROVE = "migsafe_approve(text, text, text, text, interval, text, text)"
#: Functions of the owner that nobody calls by name.
INNER = ("migsafe_seal(text, text, text, text, text)", "migsafe_event_stays()")

#: Nobody but the owner writes these: what the tracker is, what has happened, and who has agreed.
KEPT = frozenset({t.meta.name, t.event.name, t.approval.name})
#: Rows that are added and never changed, and the columns that may be said; all where there are none here.
ADDED: Mapping[str, tuple[str, ...]] = {
    t.check.name: (),
    t.kept.name: (),
    t.contract.name: tuple(each.name for each in t.contract.columns if each.name != "db_role"),  # the server says that
}

_LACKS = sa.text(
    "select not has_schema_privilege(n.oid, 'usage') "
    "or exists (select from pg_class c where c.relnamespace = n.oid and c.relname = any (:names) and not ("
    "  has_table_privilege(c.oid, 'select') "
    "  and (c.relname <> all (cast(:changed as text[])) "
    "    or has_table_privilege(c.oid, 'insert') and has_table_privilege(c.oid, 'update')) "
    "  and (c.relname <> all (cast(:added as text[])) or has_any_column_privilege(c.oid, 'insert')))) "
    "or exists (select from pg_proc p where p.pronamespace = n.oid "
    "  and p.proname = any (cast(:functions as text[])) and not has_function_privilege(p.oid, 'execute')) "
    "from pg_namespace n where n.nspname = :schema"
)
_OWNER_OF_EVENTS = sa.text(
    "select r.rolname::text, r.rolcanlogin from pg_class c join pg_namespace n on n.oid = c.relnamespace "
    "join pg_roles r on r.oid = c.relowner where n.nspname = :schema and c.relname = 'migsafe_event'"
)
_MAY_BECOME = sa.text(
    "select rolname::text from pg_roles where rolcanlogin and not rolsuper and rolname <> :owner "
    "and pg_has_role(oid, :owner, 'member') order by 1"
)
_MAY_WRITE_EVENTS = sa.text(
    "select distinct coalesce(r.rolname::text, 'everybody') from pg_class c "
    "join pg_namespace n on n.oid = c.relnamespace "
    "cross join aclexplode(c.relacl) a left join pg_roles r on r.oid = a.grantee "
    "where n.nspname = :schema and c.relname = 'migsafe_event' and a.grantee <> c.relowner "
    "and a.privilege_type in ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER') order by 1"
)
_TRIGGERS_ON = sa.text(
    "select count(*) from pg_trigger g join pg_class c on c.oid = g.tgrelid "
    "join pg_namespace n on n.oid = c.relnamespace where n.nspname = :schema and c.relname = 'migsafe_event' "
    "and g.tgname in ('migsafe_event_rows', 'migsafe_event_all') and g.tgenabled in ('O', 'A')"
)
_TRIGGERS = 2


def table_names() -> Sequence[str]:
    """The tracker's tables."""
    return sorted(t.metadata.tables)


def missing_rights(ledger: Ledger, use: Use) -> str | None:
    """What the role lacks for a use, as the command or the statement that gives it; None where it lacks nothing."""
    if ledger.schema is None:
        return None
    writes = use == "write"
    values = {
        "schema": ledger.schema,
        "names": list(table_names()),
        "changed": [name for name in table_names() if writes and name not in KEPT and name not in ADDED],
        "added": list(ADDED) if writes else [],
        "functions": {"read": [], "write": _called(TURN, APPEND), "approve": _called(TURN, APPROVE)}[use],
    }
    if not ledger.connection.scalar(_LACKS, values):
        return None
    role = str(ledger.connection.scalar(sa.text("select current_user::text")))
    return _advice(use, role, ledger.schema)


def _advice(use: Use, role: str, schema: str) -> str:
    if use == "read":
        place, named = quote_identifier(schema), quote_identifier(role)
        tables = (
            f"ALL TABLES IN SCHEMA {place}"
            if schema == SCHEMA
            else ", ".join(f"{place}.{name}" for name in table_names())
        )
        return f"GRANT USAGE ON SCHEMA {place} TO {named}; GRANT SELECT ON {tables} TO {named};"
    option = {"write": "--runner", "approve": "--approver"}[use]
    where = "" if schema == SCHEMA else f" --schema {quote(schema)}"
    return f"migsafe tracker roles {option} {quote(role)}{where} prints what a DBA grants it"


def rewriters(ledger: Ledger) -> tuple[str, ...]:
    """Who could write the chain of events anew, one sentence each; superusers aside, who always can."""
    if ledger.schema is None:
        return ("whoever may write this file can write the chain anew: a file knows no roles",)
    place = {"schema": ledger.schema}
    owner, logs_in = ledger.connection.execute(_OWNER_OF_EVENTS, place).one()
    return tuple(_rewriters(ledger, place, str(owner), logs_in=logs_in))


def _rewriters(ledger: Ledger, place: dict[str, str], owner: str, *, logs_in: bool) -> Iterator[str]:
    if logs_in:
        yield f"the tables belong to {owner}, which can log in, and can write the chain anew"
    if become := ledger.connection.scalars(_MAY_BECOME, {"owner": owner}).all():
        yield f"can become {owner}, and write the chain anew: {', '.join(become)}"
    if granted := ledger.connection.scalars(_MAY_WRITE_EVENTS, place).all():
        yield f"may write events past the function that seals them: {', '.join(granted)}"
    if ledger.connection.scalar(_TRIGGERS_ON, place) != _TRIGGERS:
        yield "the triggers that refuse to change events are switched off, or gone"


def become_owner(ledger: Ledger) -> str | None:
    """For the rest of the transaction, be the owner of the tables, where the role may; what is made is the owner's.

    Returns:
        The owner, where the role may not be it.
    """
    if ledger.schema is None:
        return None
    owner, _ = ledger.connection.execute(_OWNER_OF_EVENTS, {"schema": ledger.schema}).one()
    ledger.connection.execute(
        sa.text(
            "select set_config('role', cast(:owner as text), true) "
            "where current_user::text <> :owner and pg_has_role(:owner, 'member')"
        ),
        {"owner": owner},
    )
    current = ledger.connection.scalar(sa.text("select current_user::text"))
    return None if current == owner else str(owner)


def _called(*signatures: str) -> list[str]:
    return [signature.partition("(")[0] for signature in signatures]
