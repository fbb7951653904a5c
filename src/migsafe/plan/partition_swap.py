"""The moment at which a partitioned table takes the place of a plain one, which becomes its first partition.

`LIKE … INCLUDING ALL` leaves out owner, privileges, policies, row security, triggers, foreign keys and the identity's
state, and makes indexes under names of its own (PostgreSQL 15–18 manual, CREATE TABLE, "LIKE source_table"). All of
these are read from the server's catalogue in the same transaction, since no migration knows them all. Indexes that the
plain table has become parts of those of the new one; nothing is built, and its CHECK spares the scan (ALTER TABLE,
"ATTACH PARTITION").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.plan.privileges import copy_access
from migsafe.plan.sequences import move_sequence
from migsafe.plan.smoke import smoke
from migsafe.plan.sql import dollar_quoted, literal, quoted, regclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.model.names import QualifiedName

#: Objects of the plain table that get out of the way of the new one's.
_ASIDE = "_legacy"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionSwap:
    """What takes whose place.

    Attributes:
        table: the name that code knows.
        legacy: the plain table's name as a partition.
        column: by which rows are spread.
        check: the constraint that says where the plain table ends.
        boundary: the first value of the first new partition.
        partitions: name, from, to of each new one, in order.
        default: the partition for all else; None for none.
        sequences: columns with a serial or identity.
        role: as which writes are tried.
    """

    table: QualifiedName
    legacy: QualifiedName
    column: str
    check: str
    boundary: str
    partitions: tuple[tuple[QualifiedName, str, str], ...]
    default: QualifiedName | None
    sequences: tuple[tuple[str, str], ...]
    role: str

    def forward(self) -> Iterator[str]:
        """Statements of the swap."""
        yield f"LOCK TABLE {self.table} IN ACCESS EXCLUSIVE MODE;"
        yield self._keep(self.table)
        yield f"ALTER TABLE {self.table} RENAME TO {quoted(self.legacy.name)};"
        yield (
            f"CREATE TABLE {self.table} (LIKE {self.legacy} INCLUDING ALL EXCLUDING INDEXES EXCLUDING IDENTITY"
            f" EXCLUDING STATISTICS)\n    PARTITION BY RANGE ({quoted(self.column)});"
        )
        yield f"ALTER TABLE {self.table} DROP CONSTRAINT {quoted(self.check)};"
        yield copy_access(self.legacy, self.table, ignored=False)
        yield from self._move_sequences(self.legacy, self.table)
        yield self._copy_indexes()
        yield self._copy_keys_and_policies()
        yield (
            f"ALTER TABLE {self.table} ATTACH PARTITION {self.legacy}"
            f" FOR VALUES FROM (MINVALUE) TO ({literal(self.boundary)});"
        )
        for name, low, high in self.partitions:
            bounds = f"FROM ({literal(low)}) TO ({literal(high)})"
            yield f"CREATE TABLE {name} PARTITION OF {self.table} FOR VALUES {bounds};"
        if self.default is not None:
            yield f"CREATE TABLE {self.default} PARTITION OF {self.table} DEFAULT;"
        yield self._restore()
        yield self._close_partitions()
        yield from smoke(self.table, self.role)

    def backward(self) -> Iterator[str]:
        """Statements of the way back, for as long as no row is in a new partition."""
        yield f"LOCK TABLE {self.table} IN ACCESS EXCLUSIVE MODE;"
        yield self._refuse_later_rows()
        yield self._keep(self.table)
        yield f"ALTER TABLE {self.table} DETACH PARTITION {self.legacy};"
        yield from self._move_sequences(self.table, self.legacy)
        yield f"DROP TABLE {self.table};"
        yield f"ALTER TABLE {self.legacy} RENAME TO {quoted(self.table.name)};"
        yield self._restore()

    def _move_sequences(self, source: QualifiedName, to: QualifiedName) -> Iterator[str]:
        for column, type_name in self.sequences:
            yield move_sequence(source, column, column, type_name, on=to)

    def _keep(self, table: QualifiedName) -> str:
        """A trigger of the same name on a partition would clash with the copy of the partitioned table's."""
        body = f"""\
DECLARE
    one record;
BEGIN
    CREATE TEMPORARY TABLE migsafe_triggers ON COMMIT DROP AS
        SELECT tgname, tgenabled, pg_get_triggerdef(oid) AS definition
          FROM pg_trigger WHERE tgrelid = {regclass(table)} AND NOT tgisinternal;
    CREATE TEMPORARY TABLE migsafe_indexes ON COMMIT DROP AS
        SELECT i.inhrelid::regclass AS index, whole.relname AS name
          FROM pg_inherits AS i
          JOIN pg_index AS x ON x.indexrelid = i.inhrelid
          JOIN pg_class AS t ON t.oid = x.indrelid AND t.relname = {literal(self.legacy.name)}
          JOIN pg_class AS whole ON whole.oid = i.inhparent
          JOIN pg_index AS w ON w.indexrelid = whole.oid AND w.indrelid = {regclass(table)};
    FOR one IN SELECT * FROM pg_temp.migsafe_triggers LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', one.tgname, {literal(str(table))});
    END LOOP;
END"""
        return f"DO {dollar_quoted(body)};"

    def _restore(self) -> str:
        body = f"""\
DECLARE
    one record;
BEGIN
    FOR one IN SELECT * FROM pg_temp.migsafe_triggers LOOP
        EXECUTE one.definition;
        IF one.tgenabled <> 'O' THEN
            EXECUTE format('ALTER TABLE %s %s TRIGGER %I', {literal(str(self.table))},
                CASE one.tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE ALWAYS' END,
                one.tgname);
        END IF;
    END LOOP;
    FOR one IN SELECT * FROM pg_temp.migsafe_indexes LOOP
        EXECUTE format('ALTER INDEX %s RENAME TO %I', one.index, one.name);
    END LOOP;
    DROP TABLE pg_temp.migsafe_triggers, pg_temp.migsafe_indexes;
END"""
        return f"DO {dollar_quoted(body)};"

    def _copy_indexes(self) -> str:
        """The plain table's indexes step aside, so that the new one's have the names that people know."""
        body = f"""\
DECLARE
    one record;
    aside text;
BEGIN
    FOR one IN
        SELECT c.relname AS name, n.nspname AS schema, pg_get_indexdef(x.indexrelid) AS definition,
               format(' ON %I.%I USING', n.nspname, t.relname) AS of_legacy,
               format(' ON %I.%I USING', n.nspname, {literal(self.table.name)}::text) AS of_table,
               k.conname AS constraint, pg_get_constraintdef(k.oid) AS rule
          FROM pg_index AS x
          JOIN pg_class AS c ON c.oid = x.indexrelid
          JOIN pg_class AS t ON t.oid = x.indrelid
          JOIN pg_namespace AS n ON n.oid = c.relnamespace
          LEFT JOIN pg_constraint AS k
            ON k.conindid = x.indexrelid AND k.conrelid = x.indrelid AND k.contype IN ('p', 'u')
         WHERE x.indrelid = {regclass(self.legacy)} AND x.indisvalid
         ORDER BY c.relname
    LOOP
        aside := left(one.name, {63 - len(_ASIDE)}) || '{_ASIDE}';
        EXECUTE format('ALTER INDEX %I.%I RENAME TO %I', one.schema, one.name, aside);
        IF one.constraint IS NULL THEN
            EXECUTE replace(one.definition, one.of_legacy, one.of_table);
        ELSE
            EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I %s', {literal(str(self.table))}, one.constraint, one.rule);
        END IF;
    END LOOP;
END"""
        return f"DO {dollar_quoted(body)};"

    def _copy_keys_and_policies(self) -> str:
        """Foreign keys of the plain table become parts of the new one's, unless they are not valid."""
        target = literal(str(self.table))
        body = f"""\
DECLARE
    statement text;
BEGIN
    FOR statement IN
        SELECT format('ALTER TABLE %s ADD CONSTRAINT %I %s', {target}, conname, pg_get_constraintdef(oid))
          FROM pg_constraint WHERE conrelid = {regclass(self.legacy)} AND contype = 'f'
        UNION ALL
        SELECT format('CREATE POLICY %I ON %s AS %s FOR %s TO %s%s%s', p.polname, {target},
                      CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
                      CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE'
                                    WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
                      (SELECT string_agg(CASE r WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(r)) END, ', ')
                         FROM unnest(p.polroles) AS r),
                      ' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')',
                      ' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')')
          FROM pg_policy AS p WHERE p.polrelid = {regclass(self.legacy)}
        UNION ALL
        SELECT format('ALTER TABLE %s %s ROW LEVEL SECURITY', {target}, word)
          FROM pg_class, (VALUES ('ENABLE'), ('FORCE')) AS words (word)
         WHERE oid = {regclass(self.legacy)} AND CASE word WHEN 'FORCE' THEN relforcerowsecurity ELSE relrowsecurity END
        UNION ALL
        SELECT format('ALTER TABLE %s REPLICA IDENTITY %s', {target},
                      CASE relreplident WHEN 'f' THEN 'FULL' ELSE 'NOTHING' END)
          FROM pg_class WHERE oid = {regclass(self.legacy)} AND relreplident IN ('f', 'n')
    LOOP
        EXECUTE statement;
    END LOOP;
END"""
        return f"DO {dollar_quoted(body)};"

    def _close_partitions(self) -> str:
        """New partitions get the owner and storage options; none of them is a way around row security."""
        target = regclass(self.table)
        body = f"""\
DECLARE
    statement text;
BEGIN
    FOR statement IN
        SELECT format(action, i.inhrelid::regclass, pg_get_userbyid(w.relowner), array_to_string(l.reloptions, ', '))
          FROM pg_inherits AS i
          JOIN pg_class AS w ON w.oid = i.inhparent
          JOIN pg_class AS l ON l.oid = {regclass(self.legacy)}
          JOIN (VALUES ('ALTER TABLE %1$s OWNER TO %2$I'), ('ALTER TABLE %1$s SET (%3$s)'),
                       ('ALTER TABLE %1$s ENABLE ROW LEVEL SECURITY')) AS actions (action)
            ON CASE WHEN action LIKE '%SET%' THEN l.reloptions IS NOT NULL
                    WHEN action LIKE '%SECURITY' THEN w.relrowsecurity ELSE true END
         WHERE i.inhparent = {target} AND i.inhrelid <> l.oid
    LOOP
        EXECUTE statement;
    END LOOP;
END"""
        return f"DO {dollar_quoted(body)};"

    def _refuse_later_rows(self) -> str:
        message = f"{self.table} has rows from {self.boundary} on: there is no way back to a plain table"
        body = f"""\
BEGIN
    IF EXISTS (SELECT FROM {self.table} WHERE {quoted(self.column)} >= {literal(self.boundary)}) THEN
        RAISE EXCEPTION {literal(message.replace("%", "%%"))};
    END IF;
END"""
        return f"DO {dollar_quoted(body)};"
