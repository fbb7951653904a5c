"""Old columns become new ones while code of both kinds writes: what renaming, splitting and changing a type share.

    expand     new columns, without default and NOT NULL, and the trigger that keeps both sides in step
    migrate    rows that nobody has written since get their values, in batches; keys and checks are made twice
    contract   the old columns' rules go, then the trigger goes and the old columns are out of reach; later dropped

A row is right when one side explains the other: `new = up(old)`, or `old = down(new)`. Where both ways lose nothing
these are the same; where one does, it tells what new code has written from what was never moved.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.catalogue.spelling import one_line
from migsafe.model.phase import Phase
from migsafe.model.plan import Backfill, PlanStep
from migsafe.plan import columns
from migsafe.plan.batches import SETTINGS, needs_work
from migsafe.plan.column_access import copy_column_access, same_column_access
from migsafe.plan.sql import quoted, quoted_list
from migsafe.plan.targets import key_of
from migsafe.plan.triggers import (
    SyncTrigger,
    nobody_overrules,
    not_subscribed,
    refuse_bad_columns,
    refuse_other_writers,
    refuse_second_change,
    trigger_is_gone,
)
from migsafe.plan.twins import Twins
from migsafe.plan.wording import exclusive

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.model.catalogue import Column
    from migsafe.model.plan import Check
    from migsafe.plan.recipe import Known
    from migsafe.plan.targets import TableTarget
    from migsafe.plan.triggers import Assignments


@dataclass(frozen=True, slots=True, kw_only=True)
class NewColumn:
    """A column that is to be.

    Attributes:
        type: as SQL writes it, its collation included.
        not_null: every row is to have a value in the end.
        default: its default from the contract on; None for none.
    """

    name: str
    type: str
    not_null: bool = False
    default: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """The whole of such a change.

    Attributes:
        old: columns that are there.
        new: columns that take their place.
        up: new column → expression over old ones.
        down: old column → expression over new ones.
        twins: indexes and constraints of the one old column are made for the one new column too.
        proofs: what must hold before rows are moved.
        role: the application's role, as which the quarantine tries writes.
    """

    on: TableTarget
    known: Known
    old: tuple[Column, ...]
    new: tuple[NewColumn, ...]
    up: Assignments
    down: Assignments
    twins: bool = False
    proofs: tuple[Check, ...] = ()
    role: str = ""

    def refuse_what_cannot_be(self) -> None:
        """Refuse columns and tables for which the trigger could not do its work.

        Raises:
            PlanRefusedError: when there is a reason.
        """
        old = [column.name for column in self.old]
        refuse_bad_columns(self.on, self.old)
        refuse_second_change(self.on, old, self.known.catalogue)
        refuse_other_writers(self.on, self._names(), self.known.catalogue)
        for column in self.old:
            Twins(self.on, column.name, self.new[0].name, self.known.catalogue).refuse_what_has_none()

    def steps(self) -> tuple[PlanStep, ...]:
        """All of its steps."""
        return tuple(self._steps())

    def mismatch(self) -> str:
        """A condition for rows in which neither side explains the other."""
        moved = " OR ".join(f"{quoted(name)} IS DISTINCT FROM ({expression})" for name, expression in self.up)
        back = " OR ".join(f"{quoted(name)} IS DISTINCT FROM ({expression})" for name, expression in self.down)
        return f"({moved}) AND ({back})" if self.down else moved

    @property
    def trigger(self) -> SyncTrigger:
        """The trigger that keeps both sides in step."""
        return SyncTrigger(
            on=self.on,
            change=self.known.change,
            up=self.up,
            down=self.down,
            old=tuple(column.name for column in self.old),
            new=tuple(column.name for column in self.new),
        )

    def _names(self) -> list[str]:
        """All columns, the old ones first."""
        return [*(column.name for column in self.old), *(column.name for column in self.new)]

    def _steps(self) -> Iterator[PlanStep]:
        yield self._expand()
        yield self._backfill()
        yield columns.analyze_step(self.on, [column.name for column in self.new])
        twins = [Twins(self.on, self.old[0].name, self.new[0].name, self.known.catalogue)] if self.twins else []
        for one in twins:
            yield from one.steps()
        for column in self.new:
            if column.not_null:
                yield from columns.not_null_steps(self.on, column.name)
        yield from self._contract()

    def _expand(self) -> PlanStep:
        added = ",\n    ".join(f"ADD COLUMN {quoted(column.name)} {column.type}" for column in self.new)
        dropped = ", ".join(f"DROP COLUMN {quoted(column.name)}" for column in self.new)
        # Whoever may see one part may see all of what it came from, and the reverse.
        pairs = [(old.name, new.name) for old in self.old for new in self.new]
        return PlanStep(
            name=f"add-{self.new[0].name}",
            title=f"Add {quoted_list(column.name for column in self.new)}, kept in step with "
            f"{quoted_list(column.name for column in self.old)}",
            phase=Phase.EXPAND,
            forward=(
                f"ALTER TABLE {self.on.name}\n    {added};",
                *(copy_column_access(self.on, old, new) for old, new in pairs),
                *self.trigger.create(),
            ),
            backward=(*self.trigger.drop(), f"ALTER TABLE {self.on.name} {dropped};"),
            before=(
                *(columns.column_exists(self.on, column.name, expected=False) for column in self.new),
                nobody_overrules(self.on, self._names()),
                not_subscribed(self.on),
            ),
            verify=(
                self.trigger.is_live(),
                *(columns.column_exists(self.on, column.name) for column in self.new),
                *(same_column_access(self.on, old, new) for old, new in pairs),
            ),
            locks=exclusive(self.on.name),
        )

    def _backfill(self) -> PlanStep:
        names = [column.name for column in self.new]
        work = needs_work(names, [expression for _, expression in self.up])
        return columns.backfill_step(
            f"backfill-{names[0]}",
            f"Give {quoted_list(names)} values in rows that nobody has written since",
            self.on,
            key_of(self.on, self.known.catalogue),
            self.up,
            needs_work=work,
            before=(self.trigger.is_live(), *self.proofs),
            verify=(
                columns.no_row("no row waits for its values", self.on, work),
                columns.no_row("both sides of every row agree", self.on, self.mismatch()),
            ),
        )

    def _contract(self) -> Iterator[PlanStep]:
        for column in self.old:
            released = Twins(self.on, column.name, self.new[0].name, self.known.catalogue)
            if (step := released.release_step(not_null=not column.nullable)) is not None:
                yield step
        yield columns.quarantine_columns_step(
            self.on,
            [column.name for column in self.old],
            first=(*self.trigger.drop(), *self._defaults_move()),
            back_then=(*self._defaults_return(), *self.trigger.create()),
            back_rows=self._copy_back(),
            before=self._agree(),
            verify=(trigger_is_gone(self.trigger.name, self.on),),
            role=self.role,
        )
        yield columns.purge_columns_step(self.on, [column.name for column in self.old])

    def _agree(self) -> tuple[Check, ...]:
        work = needs_work([column.name for column in self.new], [expression for _, expression in self.up])
        return (
            columns.no_row("no row waits for its values", self.on, work),
            columns.no_row("both sides of every row agree", self.on, self.mismatch()),
        )

    def _copy_back(self) -> Backfill | None:
        """What new code has written since goes back; a row of which nothing changed keeps what it had."""
        if not self.down:
            return None
        return Backfill(self.on.name, key_of(self.on, self.known.catalogue), self.down, self.mismatch(), SETTINGS)

    def _defaults_move(self) -> Iterator[str]:
        yield from self._alter(f"ALTER COLUMN {quoted(one.name)} DROP DEFAULT" for one in self.old if one.default)
        yield from self._alter(
            f"ALTER COLUMN {quoted(one.name)} SET DEFAULT {one.default}" for one in self.new if one.default
        )

    def _defaults_return(self) -> Iterator[str]:
        yield from self._alter(f"ALTER COLUMN {quoted(one.name)} DROP DEFAULT" for one in self.new if one.default)
        yield from self._alter(
            f"ALTER COLUMN {quoted(one.name)} SET DEFAULT {one_line(one.default)}" for one in self.old if one.default
        )

    def _alter(self, actions: Iterator[str]) -> Iterator[str]:
        if written := ", ".join(actions):
            yield f"ALTER TABLE {self.on.name} {written};"
