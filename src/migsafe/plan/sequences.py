"""The source of a column's values moves to another column: a serial's sequence, or an identity with its state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.plan.sql import dollar_quoted, literal, quoted

if TYPE_CHECKING:
    from migsafe.model.names import QualifiedName


def move_sequence(
    table: QualifiedName, column: str, to: str, type_name: str, *, on: QualifiedName | None = None
) -> str:
    """A statement that gives a column what another one takes its values from, and takes it from that; else nothing.

    An identity's sequence cannot change hands: another one takes its name, state, options and privileges (PostgreSQL
    15–18 manual, ALTER TABLE, "ADD GENERATED … AS IDENTITY"). `ALTER SEQUENCE … AS` takes the greatest value along
    where it was the type's, and fails where the sequence is beyond the narrower type (ALTER SEQUENCE, "AS data_type").

    Args:
        column: whose it is.
        to: NOT NULL, and without a default.
        type_name: of `to`.
        on: the table of `to`; the same one when left out.
    """
    target = on or table
    sequence = f"pg_get_serial_sequence({literal(str(table))}, {literal(column)})"
    place = f"attrelid = {literal(str(table))}::regclass AND attname = {literal(column)}"
    body = f"""\
DECLARE
    owned text := {sequence};
    kept pg_sequence%ROWTYPE;
    kind text;
    value text;
    place bigint;
    used boolean;
    privileges text[];
    statement text;
BEGIN
    SELECT a.attidentity, pg_get_expr(d.adbin, d.adrelid) INTO kind, value
      FROM pg_attribute AS a LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
     WHERE {place};
    IF value IS NOT NULL AND kind = '' AND value LIKE 'nextval(%' THEN
        IF owned IS NOT NULL THEN
            EXECUTE format('ALTER SEQUENCE %s OWNED BY NONE', owned);
            EXECUTE format('ALTER SEQUENCE %s AS {type_name}', owned);
            EXECUTE format('ALTER SEQUENCE %s OWNED BY %s.%I', owned, {literal(str(target))}, {literal(to)});
        END IF;
        ALTER TABLE {table} ALTER COLUMN {quoted(column)} DROP DEFAULT;
        EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET DEFAULT %s', {literal(str(target))}, {literal(to)}, value);
    ELSIF kind <> '' THEN
        SELECT * INTO kept FROM pg_sequence WHERE seqrelid = owned::regclass;
        EXECUTE format('SELECT last_value, is_called FROM %s', owned) INTO place, used;
        SELECT array_agg(format('GRANT %s ON SEQUENCE %s TO %s', p.privilege_type, owned,
                                CASE p.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(p.grantee)) END))
          INTO privileges
          FROM pg_class AS c, aclexplode(c.relacl) AS p WHERE c.oid = owned::regclass AND p.grantee <> c.relowner;
        ALTER TABLE {table} ALTER COLUMN {quoted(column)} DROP IDENTITY;
        EXECUTE format(
            'ALTER TABLE %s ALTER COLUMN %I ADD GENERATED %s AS IDENTITY'
            ' (SEQUENCE NAME %s INCREMENT %s MINVALUE %s START %s CACHE %s %s)',
            {literal(str(target))}, {literal(to)}, CASE kind WHEN 'a' THEN 'ALWAYS' ELSE 'BY DEFAULT' END, owned,
            kept.seqincrement, kept.seqmin, kept.seqstart, kept.seqcache,
            CASE WHEN kept.seqcycle THEN 'CYCLE' ELSE 'NO CYCLE' END);
        PERFORM setval(owned::regclass, place, used);
        FOREACH statement IN ARRAY coalesce(privileges, '{{}}') LOOP
            EXECUTE statement;
        END LOOP;
    END IF;
END"""
    return f"DO {dollar_quoted(body)};"
