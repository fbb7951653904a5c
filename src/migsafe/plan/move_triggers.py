"""The triggers that keep a column equal in two tables, one row here to at most one row there.

They end by themselves: each writes only what differs, so what one writes gives the other nothing to do. They run as
their owner, so that whoever writes one table needs no rights on the other.

A writer of the one table locks its row there first, and the row of the other table second; for writers of the other
table it is the other way round, and two that meet on a row would wait for each other: one of them fails with 40P01.
So old and new code *take turns*: a table without rows is locked, in SHARE mode by whoever writes the new place and in
ROW EXCLUSIVE mode by whoever writes the old one. These two exclude each other, and neither excludes itself
(PostgreSQL 15–18 manual 13.3.1 "Table-Level Locks"). A transaction takes one turn only: it would wait for itself, by
way of another one, if it took both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.plan.sql import dollar_quoted, literal, plain, quoted, safe_name
from migsafe.plan.triggers import BACKFILL, PREFIX, trigger_is_live

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.model.names import QualifiedName
    from migsafe.model.plan import Check
    from migsafe.plan.targets import TableTarget

#: Which turn a transaction has taken; it goes back with a savepoint, as the lock does.
_TURN = "migsafe.turn"


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveTriggers:
    """The triggers of one change.

    Attributes:
        source: the table that has the column.
        key: its key.
        column: the column.
        target: the table that gets it.
        target_key: the column there that is equal to `key`.
        target_column: what the column is called there.
        nullable: whether it may be NULL there; a row without a value is not there else.
        turns: whether old and new code take turns.
    """

    change: str
    source: TableTarget
    key: str
    column: str
    target: QualifiedName
    target_key: str
    target_column: str
    nullable: bool
    turns: bool

    def create(self) -> tuple[str, ...]:
        """Statements that make functions and triggers."""
        return tuple(self._create())

    def drop(self) -> tuple[str, ...]:
        """Statements that take all of it away."""
        triggers = [(self.there, self.source.name), (self.back, self.target)]
        if self.turns:
            triggers += [(self._turn, self.source.name), (self._turn, self.target)]
        functions = [self.there, self.back, *([self._turn] if self.turns else [])]
        return (
            *(f"DROP TRIGGER IF EXISTS {quoted(name)} ON {table};" for name, table in triggers),
            *(f"DROP FUNCTION IF EXISTS {self.source.beside(name)}();" for name in functions),
            *((f"DROP TABLE IF EXISTS {self._gate};",) if self.turns else ()),
        )

    def is_live(self) -> Check:
        """Whether old code's writes are followed."""
        return trigger_is_live(self.there, self.source)

    @property
    def there(self) -> str:
        """The trigger from the old place to the new one."""
        return self._name("there")

    @property
    def back(self) -> str:
        """The trigger from the new place to the old one."""
        return self._name("back")

    @property
    def _turn(self) -> str:
        return self._name("turn")

    @property
    def _gate(self) -> QualifiedName:
        return self.source.beside(self._name("gate"))

    def _name(self, what: str) -> str:
        return safe_name(PREFIX, plain(self.change), plain(self.column), suffix=f"_{what}")

    def _create(self) -> Iterator[str]:
        if self.turns:
            yield f"CREATE TABLE IF NOT EXISTS {self._gate} ();"
            yield self._function(self._turn, self._turn_body())
            yield self._turn_trigger(f"UPDATE OF {quoted(self.column)} OR DELETE", self.source.name)
            yield self._turn_trigger("INSERT OR UPDATE OR DELETE", self.target)
        yield self._function(self.there, self._there_body())
        yield self._row_trigger(self.there, "INSERT OR UPDATE", self.source.name)
        yield self._function(self.back, self._back_body())
        yield self._row_trigger(self.back, "INSERT OR UPDATE OR DELETE", self.target)

    def _function(self, name: str, body: str) -> str:
        return (
            f"CREATE OR REPLACE FUNCTION {self.source.beside(name)}() RETURNS trigger\n"
            f"    LANGUAGE plpgsql SECURITY DEFINER\n"
            f"    SET search_path = pg_catalog, {quoted(self.source.schema)}, pg_temp\n"
            f"AS {dollar_quoted(body)};"
        )

    def _row_trigger(self, name: str, events: str, table: QualifiedName) -> str:
        return (
            f"CREATE TRIGGER {quoted(name)} AFTER {events} ON {table}\n"
            f"    FOR EACH ROW EXECUTE FUNCTION {self.source.beside(name)}();"
        )

    def _turn_trigger(self, events: str, table: QualifiedName) -> str:
        return (
            f"CREATE TRIGGER {quoted(self._turn)} BEFORE {events} ON {table}\n"
            f"    FOR EACH STATEMENT EXECUTE FUNCTION {self.source.beside(self._turn)}();"
        )

    def _turn_body(self) -> str:
        """A statement of another trigger belongs to the turn of who set that off; a backfill reads the old place."""
        return f"""\
BEGIN
    IF pg_trigger_depth() > 1 OR current_setting('{_TURN}', true) = 'taken' THEN
        RETURN NULL;
    END IF;
    PERFORM set_config('{_TURN}', 'taken', true);
    IF TG_TABLE_NAME = {literal(self.source.name.name)} OR current_setting('{BACKFILL}', true) = 'on' THEN
        LOCK TABLE {self._gate} IN ROW EXCLUSIVE MODE;
    ELSE
        LOCK TABLE {self._gate} IN SHARE MODE;
    END IF;
    RETURN NULL;
END"""

    def _there_body(self) -> str:
        key, column = quoted(self.target_key), quoted(self.target_column)
        source_key, value = f"NEW.{quoted(self.key)}", f"NEW.{quoted(self.column)}"
        if self.nullable:
            gone = f"UPDATE {self.target} SET {column} = NULL WHERE {key} = {source_key} AND {column} IS NOT NULL;"
        else:
            gone = f"DELETE FROM {self.target} WHERE {key} = {source_key};"
        return f"""\
BEGIN
    IF current_setting('{BACKFILL}', true) = 'on' THEN
        RETURN NULL;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        IF {value} IS NOT DISTINCT FROM OLD.{quoted(self.column)} THEN
            RETURN NULL;
        END IF;
    END IF;
    IF {value} IS NOT NULL THEN
        INSERT INTO {self.target} AS place ({key}, {column}) VALUES ({source_key}, {value})
            ON CONFLICT ({key}) DO UPDATE SET {column} = EXCLUDED.{column}
            WHERE place.{column} IS DISTINCT FROM EXCLUDED.{column};
    ELSIF TG_OP = 'UPDATE' THEN
        {gone}
    END IF;
    RETURN NULL;
END"""

    def _back_body(self) -> str:
        key, column = quoted(self.key), quoted(self.column)
        target_key, value = quoted(self.target_key), f"NEW.{quoted(self.target_column)}"
        gone = f"UPDATE {self.source.name} SET {column} = NULL WHERE {key} = OLD.{target_key} AND {column} IS NOT NULL;"
        return f"""\
BEGIN
    IF current_setting('{BACKFILL}', true) = 'on' THEN
        RETURN NULL;
    END IF;
    IF TG_OP = 'DELETE' THEN
        {gone}
        RETURN NULL;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        IF NEW.{target_key} <> OLD.{target_key} THEN
            {gone}
        END IF;
    END IF;
    UPDATE {self.source.name} SET {column} = {value}
     WHERE {key} = NEW.{target_key} AND {column} IS DISTINCT FROM {value};
    RETURN NULL;
END"""
