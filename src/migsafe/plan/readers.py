"""Checks for whoever still reads a table or view: views, functions, foreign keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.model.plan import Check
from migsafe.plan.sql import literal, regclass

if TYPE_CHECKING:
    from migsafe.model.names import QualifiedName


def no_view_reads(relation: QualifiedName) -> Check:
    """Whether no view or rule of another relation reads a table or view.

    They are bound to it by its oid, and go on reading it under any name and in any schema (PostgreSQL 15–18 manual,
    "Dependency Tracking").
    """
    return Check(
        name=f"no view reads {relation}",
        sql="SELECT count(DISTINCT r.ev_class) FROM pg_depend AS d JOIN pg_rewrite AS r"
        " ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid"
        f" WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = {regclass(relation)}"
        " AND r.ev_class <> d.refobjid",
    )


def no_function_names(relation: QualifiedName) -> Check:
    """Whether no function's text has the name in it: that is no dependency, and fails when the function runs."""
    return Check(
        name=f"no function names {relation.name}",
        sql="SELECT count(*) FROM pg_proc AS p WHERE p.pronamespace NOT IN"
        " ('pg_catalog'::regnamespace, 'information_schema'::regnamespace) AND p.proname NOT LIKE 'zzz\\_migsafe\\_%'"
        f" AND {literal(relation.name.lower())} = ANY (regexp_split_to_array(lower(p.prosrc), '[^[:alnum:]_$]+'))",
    )


def no_foreign_key(relation: QualifiedName, *, inbound_only: bool = False) -> Check:
    """Whether no foreign key goes out of a table or points at it."""
    table = regclass(relation)
    condition = f"confrelid = {table}" if inbound_only else f"{table} IN (conrelid, confrelid)"
    which = f"points at {relation}" if inbound_only else f"goes from or to {relation}"
    return Check(
        name=f"no foreign key {which}",
        sql=f"SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND {condition}",
    )


def is_free(name: QualifiedName) -> Check:
    """Whether no relation has a name."""
    return Check(
        name=f"nothing is called {name}",
        sql=f"SELECT count(*) FROM (SELECT to_regclass({literal(str(name))})) AS named (it) WHERE it IS NOT NULL",
    )
