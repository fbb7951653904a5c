"""What a new relation must have of the one whose place it takes: owner, privileges, comments.

Which roles there are is not in a project's migrations, so these statements are put together by the server, out of its
own catalogue, in the transaction that makes the relation (PostgreSQL 15–18 manual: "Privileges"; `aclexplode`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.model.plan import Check
from migsafe.plan.sql import dollar_quoted, literal, regclass

if TYPE_CHECKING:
    from migsafe.model.names import QualifiedName

#: Said in a migration above code that the server puts together; the rest is what a reader wants to know.
_WHY = '-- migsafe: ignore opaque-code reason="{reason}"\n'


def copy_access(source: QualifiedName, to: QualifiedName, *, kind: str = "TABLE", ignored: bool = True) -> str:
    """A statement that gives a relation the owner, privileges and comments of another one.

    What default privileges (ALTER DEFAULT PRIVILEGES) have given to the new one is taken back first.

    Args:
        kind: of the new one, as COMMENT ON says it: `TABLE`, `VIEW`.
        ignored: with the comment that tells the linter why the code cannot be read.
    """
    statement = f"DO {dollar_quoted(copy_access_body(source, to, kind=kind))};"
    reason = f"gives {to} the owner, privileges and comments of {source}, which no migration names"
    return (_WHY.format(reason=reason.replace('"', "'")) if ignored else "") + statement


def copy_access_body(source: QualifiedName, to: QualifiedName, *, kind: str) -> str:
    """The block itself."""
    return f"""\
DECLARE
    statement text;
BEGIN
    FOR statement IN
{access_statements(source, to, kind=kind)}
    LOOP
        EXECUTE statement;
    END LOOP;
END"""


def access_statements(source: QualifiedName, to: QualifiedName, *, kind: str) -> str:
    """A query of the statements, in the order in which they must run."""
    old, new = regclass(source), regclass(to)
    grantee = "CASE p.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(p.grantee)) END"
    option = "CASE WHEN p.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END"
    target = literal(str(to))
    return f"""\
        SELECT format('ALTER {kind} %s OWNER TO %I', {target}, pg_get_userbyid(s.relowner))
          FROM pg_class AS s JOIN pg_class AS n ON n.oid = {new}
         WHERE s.oid = {old} AND n.relowner <> s.relowner
        UNION ALL
        SELECT format('REVOKE ALL ON %s FROM %s', {target}, {grantee})
          FROM pg_class AS n, aclexplode(n.relacl) AS p
         WHERE n.oid = {new} AND p.grantee <> n.relowner
        UNION ALL
        SELECT format('GRANT %s ON %s TO %s%s', p.privilege_type, {target}, {grantee}, {option})
          FROM pg_class AS s, aclexplode(s.relacl) AS p
         WHERE s.oid = {old} AND p.grantee <> s.relowner
        UNION ALL
        SELECT format('GRANT %s (%I) ON %s TO %s%s', p.privilege_type, a.attname, {target}, {grantee}, {option})
          FROM pg_attribute AS a, aclexplode(a.attacl) AS p
         WHERE a.attrelid = {old} AND NOT a.attisdropped
           AND EXISTS (SELECT FROM pg_attribute AS t WHERE t.attrelid = {new} AND t.attname = a.attname)
        UNION ALL
        SELECT format('COMMENT ON %s %s IS %L', '{kind}', {target}, d.description)
          FROM pg_description AS d
         WHERE d.classoid = 'pg_class'::regclass AND d.objoid = {old} AND d.objsubid = 0
        UNION ALL
        SELECT format('COMMENT ON COLUMN %s.%I IS %L', {target}, a.attname, d.description)
          FROM pg_description AS d JOIN pg_attribute AS a ON a.attrelid = d.objoid AND a.attnum = d.objsubid
         WHERE d.classoid = 'pg_class'::regclass AND d.objoid = {old} AND d.objsubid > 0
           AND EXISTS (SELECT FROM pg_attribute AS t WHERE t.attrelid = {new} AND t.attname = a.attname)"""


def same_access(source: QualifiedName, to: QualifiedName) -> Check:
    """Whether both relations have the same owner, and give the same privileges to the same roles."""
    return Check(
        name=f"{to} has the owner and the privileges of {source}",
        sql=f"SELECT count(*) FROM ({_access(source, to)} EXCEPT {_access(to, source)}) AS missing",
    )


def _access(of: QualifiedName, other: QualifiedName) -> str:
    table, shared = regclass(of), regclass(other)
    return (
        f"(SELECT '' AS of, relowner AS role, 'OWNER' AS privilege, false AS grantable FROM pg_class"
        f" WHERE oid = {table}"
        f" UNION SELECT '', p.grantee, p.privilege_type, p.is_grantable FROM pg_class, aclexplode(relacl) AS p"
        f" WHERE oid = {table} AND p.grantee <> relowner"
        f" UNION SELECT a.attname, p.grantee, p.privilege_type, p.is_grantable FROM pg_attribute AS a,"
        f" aclexplode(a.attacl) AS p WHERE a.attrelid = {table} AND a.attname IN"
        f" (SELECT attname FROM pg_attribute WHERE attrelid = {shared} AND NOT attisdropped))"
    )
