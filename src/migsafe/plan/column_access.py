"""What a new column must have of the one whose place it takes: privileges on columns, and the comment.

Privileges on the whole table count for new columns too; those on single columns do not (PostgreSQL 15 to 18 manual,
GRANT). Which roles there are is not in a project's migrations, so the server puts the statements together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.model.plan import Check
from migsafe.plan.sql import dollar_quoted, literal, regclass

if TYPE_CHECKING:
    from migsafe.plan.targets import TableTarget


def copy_column_access(on: TableTarget, old: str, new: str) -> str:
    """A statement that gives a column the privileges and the comment of another one of its table."""
    table, name = regclass(on.name), literal(str(on.name))
    body = f"""\
DECLARE
    statement text;
BEGIN
    FOR statement IN
        SELECT format('GRANT %s (%I) ON %s TO %s%s', p.privilege_type, {literal(new)}, {name},
                      CASE p.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(p.grantee)) END,
                      CASE WHEN p.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
          FROM pg_attribute AS a, aclexplode(a.attacl) AS p
         WHERE a.attrelid = {table} AND a.attname = {literal(old)}
        UNION ALL
        SELECT format('COMMENT ON COLUMN %s.%I IS %L', {name}, {literal(new)}, col_description(a.attrelid, a.attnum))
          FROM pg_attribute AS a
         WHERE a.attrelid = {table} AND a.attname = {literal(old)} AND col_description(a.attrelid, a.attnum) IS NOT NULL
    LOOP
        EXECUTE statement;
    END LOOP;
END"""
    reason = f"gives {new} the privileges and the comment of {old}, which no migration names"
    return f'-- migsafe: ignore opaque-code reason="{reason}"\nDO {dollar_quoted(body)};'


def same_column_access(on: TableTarget, old: str, new: str) -> Check:
    """Whether whoever may do something with one column may do it with the other."""
    return Check(
        name=f"roles may do with {new} what they may do with {old}",
        sql="SELECT count(*) FROM pg_attribute AS a, aclexplode(a.attacl) AS p"
        f" WHERE a.attrelid = {regclass(on.name)} AND a.attname = {literal(old)}"
        f" AND NOT has_column_privilege(p.grantee, a.attrelid, {literal(new)}, p.privilege_type)",
    )
