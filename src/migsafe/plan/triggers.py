"""The trigger that keeps old and new columns of a row equal while old and new code write.

The rules that it follows, each of which loses data where it is broken:

- It fires last: BEFORE row triggers fire in the order of their names (PostgreSQL 18 manual, 37.1 "Overview of Trigger
  Behavior"), and one that comes after it would overrule it. Hence `zzz_migsafe_`.
- It has no `UPDATE OF` list: that looks at the statement's SET list only, not at what another BEFORE trigger changes
  (CREATE TRIGGER, "UPDATE OF").
- New columns have no DEFAULT: the trigger could not tell a default from what new code wrote.
- A backfill is not answered: `migsafe.backfill` is `on` in its transactions, and what it writes goes one way.
- Nobody's search path can change what its expressions call (CREATE FUNCTION, "SET configuration_parameter").
- Both sides changed at once: the code writes both, and nothing is made of it.

It runs as whoever writes the row and touches NEW alone, so it needs no privileges; EXECUTE is looked at only when the
trigger is made (CREATE TRIGGER, "Notes").
"""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import indent
from typing import TYPE_CHECKING

from migsafe.model.names import QualifiedName
from migsafe.model.plan import Check
from migsafe.parse.postgres.code import references
from migsafe.plan.recipe import PlanRefusedError
from migsafe.plan.sql import dollar_quoted, literal, plain, quoted, quoted_list, regclass, safe_name, word_pattern
from migsafe.plan.targets import before_triggers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from migsafe.model.catalogue import Catalogue, Column
    from migsafe.plan.targets import TableTarget

#: Sorts after whatever people call their triggers.
PREFIX = "zzz_migsafe"

#: The same as a pattern of LIKE: triggers of changes, this one's and others'; each looks after columns of its own.
_OURS = r"zzz\_migsafe\_%"

#: The parameter that a backfill's transactions set; any role may set one with a dot in its name (manual 20.16).
BACKFILL = "migsafe.backfill"

#: Column → expression over columns of the other side, as text.
Assignments = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class SyncTrigger:
    """The trigger of one change on one table.

    Attributes:
        on: the table.
        change: the change's name.
        up: new column → expression over the old columns.
        down: old column → expression over the new columns; empty where old code need not see what new code writes.
        old: the columns that old code writes.
        new: the columns that new code writes.
    """

    on: TableTarget
    change: str
    up: Assignments
    down: Assignments
    old: tuple[str, ...]
    new: tuple[str, ...]

    @property
    def name(self) -> str:
        """Its name, and its function's: of the change and the first new column, so that two changes never clash."""
        return trigger_name(self.change, self.new[0])

    @property
    def function(self) -> QualifiedName:
        """The function's name, in the schema of the table."""
        return self.on.beside(self.name)

    def create(self) -> tuple[str, ...]:
        """Statements that make the function and the trigger, and prove that the function can run."""
        return (
            function_statement(self.function, self.on.schema, self._body()),
            f"CREATE TRIGGER {quoted(self.name)} BEFORE INSERT OR UPDATE ON {self.on.name}\n"
            f"    FOR EACH ROW EXECUTE FUNCTION {self.function}();",
            *self._proofs(),
        )

    def _proofs(self) -> Iterator[str]:
        """A statement that fails where the function would: its body is not looked at before a row is written."""
        expressions = [
            (expression, sources)
            for assignments, sources in ((self.up, self.old), (self.down, self.new))
            for _, expression in assignments
            if expression not in map(quoted, sources)
        ]
        if not expressions:
            return
        path = literal(f"pg_catalog, {quoted(self.on.schema)}")
        performed = "\n".join(
            f"    PERFORM ({expression}) FROM (SELECT {quoted_list(sources)} FROM {self.on.name} LIMIT 0)"
            f" AS {quoted(self.on.name.name)};"
            for expression, sources in expressions
        )
        body = (
            "DECLARE\n    migsafe_path text := current_setting('search_path');\nBEGIN\n"
            f"    PERFORM set_config('search_path', {path}, true);\n{performed}\n"
            "    PERFORM set_config('search_path', migsafe_path, true);\nEND"
        )
        yield f"DO {dollar_quoted(body)};"

    def drop(self) -> tuple[str, ...]:
        """Statements that take both away."""
        return drop_trigger(self.name, self.on, self.function)

    def is_live(self) -> Check:
        """Whether it fires for every writer."""
        return trigger_is_live(self.name, self.on)

    def _body(self) -> str:
        filled = " OR ".join(f"NEW.{quoted(name)} IS NOT NULL" for name in self.new)
        down, up = self._assign(self.down, self.new), self._assign(self.up, self.old)
        deep_down, deep_up = indent(down, " " * 4), indent(up, " " * 4)
        return f"""\
BEGIN
    IF current_setting('{BACKFILL}', true) = 'on' THEN
        RETURN NEW;
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF {filled} THEN
{deep_down}
        ELSE
{deep_up}
        END IF;
    ELSIF {_changed(self.new)} AND NOT ({_changed(self.old)}) THEN
{down}
    ELSIF {_changed(self.old)} AND NOT ({_changed(self.new)}) THEN
{up}
    END IF;
    RETURN NEW;
END"""

    def _assign(self, assignments: Assignments, sources: tuple[str, ...]) -> str:
        """Assignments to NEW; expressions see the source columns by their bare names and by the table's."""
        if not assignments:
            return "        NULL;"
        if all(expression in map(quoted, sources) for _, expression in assignments):
            return "\n".join(f"        NEW.{quoted(to)} := NEW.{source};" for to, source in assignments)
        values = ", ".join(f"({expression})" for _, expression in assignments)
        places = ", ".join(f"NEW.{quoted(to)}" for to, _ in assignments)
        row = ", ".join(f"NEW.{quoted(name)} AS {quoted(name)}" for name in sources)
        return (
            f"        SELECT {values}\n"
            f"          INTO {places}\n"
            f"          FROM (SELECT {row}) AS {quoted(self.on.name.name)};"
        )


def trigger_name(change: str, column: str) -> str:
    """The name of a trigger of a change: `zzz_migsafe_<change>_<column>`, within 63 bytes."""
    return safe_name(PREFIX, plain(change), plain(column))


def nobody_overrules(on: TableTarget, columns: Iterable[str]) -> Check:
    """Whether no BEFORE trigger of the database, also one that no migration has made, fires later or names a column.

    In `tgtype` 1 is FOR EACH ROW and 2 is BEFORE (src/include/catalog/pg_trigger.h).
    """
    named = " OR ".join(f"p.prosrc ~ {literal(word_pattern(column))}" for column in columns)
    return Check(
        name=f"no other BEFORE trigger of {on.name} fires last, or names {', '.join(columns)}",
        sql="SELECT count(*) FROM pg_trigger AS t JOIN pg_proc AS p ON p.oid = t.tgfoid"
        f" WHERE t.tgrelid = {regclass(on.name)} AND NOT t.tgisinternal AND t.tgenabled <> 'D' AND t.tgtype & 3 = 3"
        f' AND (t.tgname > {literal(PREFIX)} COLLATE "C" AND t.tgname NOT LIKE {literal(_OURS)} OR {named})',
    )


def not_subscribed(on: TableTarget) -> Check:
    """Whether no subscription writes the table: what it applies fires no ordinary trigger.

    ALTER TABLE, "DISABLE/ENABLE [ REPLICA | ALWAYS ] TRIGGER" (PostgreSQL 15 to 18).
    """
    return Check(
        name=f"no subscription writes {on.name}",
        sql=f"SELECT count(*) FROM pg_subscription_rel WHERE srrelid = {regclass(on.name)}",
    )


def function_statement(name: QualifiedName, schema: str, body: str) -> str:
    """A trigger function with a fixed search path, replaced where a step is run again."""
    return (
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger\n"
        f"    LANGUAGE plpgsql\n"
        f"    SET search_path = pg_catalog, {quoted(schema)}\n"
        f"AS {dollar_quoted(body)};"
    )


def drop_trigger(name: str, on: TableTarget, function: QualifiedName) -> tuple[str, ...]:
    """Statements that drop a trigger and its function."""
    return (f"DROP TRIGGER IF EXISTS {quoted(name)} ON {on.name};", f"DROP FUNCTION IF EXISTS {function}();")


def trigger_is_live(name: str, on: TableTarget) -> Check:
    """Whether a trigger is there and enabled."""
    return Check(
        name=f"the trigger {name} fires",
        sql=f"SELECT count(*) FROM pg_trigger WHERE tgrelid = {regclass(on.name)}"
        f" AND tgname = {literal(name)} AND tgenabled IN ('O', 'A')",
        expected="1",
    )


def trigger_is_gone(name: str, on: TableTarget) -> Check:
    """Whether a trigger is not there."""
    return Check(
        name=f"the trigger {name} is gone",
        sql=f"SELECT count(*) FROM pg_trigger WHERE tgrelid = {regclass(on.name)} AND tgname = {literal(name)}",
    )


def refuse_bad_columns(on: TableTarget, columns: Iterable[Column]) -> None:
    """Refuse columns that no BEFORE trigger may write.

    A generated column is computed after BEFORE triggers (manual 5.4, "Generated Columns"), an identity column has its
    own source of values, and a row whose partition key a trigger changes fails (manual 37.1: "moving row to another
    partition during a BEFORE FOR EACH ROW trigger is not supported").

    Raises:
        PlanRefusedError: when one of the columns is of these.
    """
    key = on.table.partition_by
    for column in columns:
        what = None
        if column.generated is not None:
            what = "is a generated column"
        elif column.identity is not None:
            what = "is an identity column"
        elif key is not None and column.name in references(key.text):
            what = "is in the partition key"
        if what is not None:
            raise PlanRefusedError(f"{on.name}.{column.name} {what}, which no trigger can keep in step")


def refuse_other_writers(on: TableTarget, columns: Iterable[str], catalogue: Catalogue) -> None:
    """Refuse where another BEFORE trigger has to do with a column that is to be kept in step.

    One that fires later overrules the sync; one that fires earlier does not see the synced value. What a function
    without a readable body does cannot be known: it is refused too.

    Raises:
        PlanRefusedError: when there is such a trigger.
    """
    for trigger in before_triggers(on):
        if trigger.name.startswith(f"{PREFIX}_"):
            continue
        body = _words_of(trigger.function, catalogue)
        if body is None:
            raise PlanRefusedError(
                f"the migrations do not show what the BEFORE trigger {trigger.name} on {on.name} does",
                hint="its function may write the columns that are to be kept in step; create it in a migration",
            )
        if touched := sorted(set(columns) & body):
            raise PlanRefusedError(
                f"the BEFORE trigger {trigger.name} on {on.name} uses {', '.join(touched)}",
                hint="it would overrule the sync, or not see what it writes: move its work to the code first",
            )
        if trigger.name > PREFIX:
            raise PlanRefusedError(
                f"the BEFORE trigger {trigger.name} on {on.name} would fire after the sync trigger",
                hint=f"rename it, so that it sorts before {PREFIX}",
            )


def refuse_second_change(on: TableTarget, columns: Iterable[str], catalogue: Catalogue) -> None:
    """Refuse where a change that is open keeps one of the columns in step already.

    Raises:
        PlanRefusedError: when there is one.
    """
    for trigger in before_triggers(on):
        if trigger.name.startswith(f"{PREFIX}_") and set(columns) & (_words_of(trigger.function, catalogue) or set()):
            raise PlanRefusedError(
                f"another change is open on {on.name}: its trigger {trigger.name} keeps {', '.join(columns)} in step",
                hint="finish that change first",
            )


def _words_of(function: QualifiedName | None, catalogue: Catalogue) -> frozenset[str] | None:
    """Names that a function's body holds; None where the body is not known."""
    found = catalogue.functions.get(catalogue.resolve_function(function)) if function else None
    return frozenset().union(*(one.references for one in found)) if found else None


def _changed(columns: tuple[str, ...]) -> str:
    if len(columns) == 1:
        return f"NEW.{quoted(columns[0])} IS DISTINCT FROM OLD.{quoted(columns[0])}"
    new, old = (", ".join(f"{row}.{quoted(name)}" for name in columns) for row in ("NEW", "OLD"))
    return f"({new}) IS DISTINCT FROM ({old})"
