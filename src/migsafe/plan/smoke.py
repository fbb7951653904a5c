"""Statements that try one UPDATE, INSERT and DELETE as the application would, inside of the transaction of a step.

A trigger whose function names what has just been renamed breaks every write, and nothing but a write shows it (run on
PostgreSQL 15 and 18: 42703 for each INSERT after a column's rename). Each try is undone; when it fails for another
reason than a constraint, the whole step is rolled back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.plan.sql import dollar_quoted, literal, regclass

if TYPE_CHECKING:
    from migsafe.model.names import QualifiedName

#: What the argument of recipes means whose contract tries writes.
ROLE_HELP = "The application's role, as which the contract tries a write; whoever runs the step when left out."


def smoke(table: QualifiedName, role: str = "") -> tuple[str, ...]:
    """Statements that try writes to a table and leave nothing behind.

    Args:
        role: whose privileges and policies hold meanwhile; whoever runs the step when empty.
    """
    return (f"DO {dollar_quoted(_body(table, role))};",)


def _body(table: QualifiedName, role: str) -> str:
    """A constraint may refuse the copy of a row, or that a row goes: triggers that fire before have run all the same.

    What the role may not do is not tried. The role that ran the step before is back afterwards, be it SET ROLE's.
    """
    taken = f"""
    PERFORM set_config('row_security', 'on', true), set_config('role', {literal(role)}, true);"""
    return f"""\
DECLARE
    role_before text := current_setting('role');
    security_before text := current_setting('row_security');
    written regclass := {regclass(table)};
    chosen text := format('(tableoid, ctid) IN (SELECT tableoid, ctid FROM %s LIMIT 1)', written);
    columns text;
    changeable text;
BEGIN{taken if role else ""}
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FILTER (
               WHERE has_column_privilege(written, attnum, 'INSERT')),
           string_agg(format('%1$I = %1$I', attname), ', ' ORDER BY attnum) FILTER (
               WHERE has_column_privilege(written, attnum, 'UPDATE') AND attidentity <> 'a')
      INTO columns, changeable
      FROM pg_attribute
     WHERE attrelid = written AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
       AND has_column_privilege(written, attnum, 'SELECT');
    BEGIN
        IF has_table_privilege(written, 'SELECT') AND changeable IS NOT NULL THEN
            EXECUTE format('UPDATE %s SET %s WHERE %s', written, changeable, chosen);
        END IF;
        RAISE EXCEPTION 'tried' USING ERRCODE = 'MSAFE';
    EXCEPTION WHEN SQLSTATE 'MSAFE' OR integrity_constraint_violation THEN
        NULL;
    END;
    BEGIN
        IF columns IS NOT NULL THEN
            EXECUTE format('INSERT INTO %1$s (%2$s) OVERRIDING SYSTEM VALUE SELECT %2$s FROM %1$s LIMIT 1',
                           written, columns);
        END IF;
        RAISE EXCEPTION 'tried' USING ERRCODE = 'MSAFE';
    EXCEPTION WHEN SQLSTATE 'MSAFE' OR integrity_constraint_violation THEN
        NULL;
    END;
    BEGIN
        IF has_table_privilege(written, 'SELECT') AND has_table_privilege(written, 'DELETE') THEN
            EXECUTE format('DELETE FROM %s WHERE %s', written, chosen);
        END IF;
        RAISE EXCEPTION 'tried' USING ERRCODE = 'MSAFE';
    EXCEPTION WHEN SQLSTATE 'MSAFE' OR integrity_constraint_violation THEN
        NULL;
    END;
    PERFORM set_config('role', role_before, true), set_config('row_security', security_before, true);
END"""
