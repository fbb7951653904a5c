"""What was read around the things that go, as values of a plan: blast radius and fingerprint; pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from migsafe.contracts.values import Radius, RadiusFact, TakenObject
from migsafe.model.names import QualifiedName
from migsafe.postgres.radius import OfThing, Sought

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from migsafe.contracts.taking import Taken
    from migsafe.postgres.radius import FoundThing, RadiusRows

Row = TypeVar("Row", bound=OfThing)

_RELATIONS = {"r": "table", "p": "partitioned table", "f": "foreign table", "v": "view", "m": "materialized view"}
_VIEWS = frozenset("vm")


def sought_for(taken: Sequence[Taken]) -> list[Sought]:
    """What to ask a database about: each thing by the name that it had, and by the one that the plan gives it."""
    names: list[Sought] = []
    for one in taken:
        now = one.now_table or one.table
        names.append(Sought(one.table.schema or "public", one.table.name, one.column))
        names.append(Sought(now.schema or "public", now.name, one.now_column or one.column))
    return names


class Around:
    """Rows that were read, by the thing that they are about.

    Attributes:
        objects: place among what goes → the object as the database has it; what is not there is missing.
        rows: those of the chosen names only.
    """

    def __init__(self, taken: Sequence[Taken], rows: RadiusRows, over: Collection[int] = ()) -> None:
        """
        Args:
            over: steps that have run, counted from 0: what they have moved has its new name.
        """
        self._things: dict[int, FoundThing] = {}
        self.objects: dict[int, TakenObject] = {}
        by_place = {thing.place: thing for thing in rows.things}
        chosen: dict[int, int] = {}
        for at, one in enumerate(taken):
            names = (2 * at + 1, 2 * at) if one.moved_by in over else (2 * at, 2 * at + 1)
            place = next((place for place in names if place in by_place), None)
            if place is not None:
                chosen[place] = at
                self._things[at] = by_place[place]
                self.objects[at] = _identity(one, by_place[place], moved=place % 2 == 1)
        self.rows = _chosen(rows, chosen)

    def facts(self) -> tuple[str, ...]:
        """One line for each thing that the plan depends on, by names and never by numbers of the catalogue."""
        return tuple(sorted(dict.fromkeys(self._facts())))

    def radius(self) -> tuple[Radius, ...]:
        """What is around each object."""
        return tuple(
            Radius(
                object=self.objects[at].label,
                rows=thing.rows,
                size=thing.size,
                index_size=thing.index_size,
                filled=thing.filled,
                facts=tuple(self._around(at, thing)),
            )
            for at, thing in self._things.items()
        )

    def sizes(self) -> dict[QualifiedName, int]:
        """Bytes of each table."""
        return {QualifiedName(thing.name, thing.schema): thing.size for thing in self._things.values()}

    def _facts(self) -> Iterator[str]:
        for at, thing in self._things.items():
            label, quarantined = self.objects[at].label, self.objects[at].now is not None
            yield f"{label} is a {self.objects[at].kind} {self.objects[at].type or ''}".rstrip()
            if thing.not_null and not quarantined:
                yield f"{label} is not null"
            if thing.default is not None and not thing.generated and not quarantined:
                yield f"{label} has the default {thing.default}"
            if thing.generated:
                yield f"{label} is generated: {thing.default}"
        for dependent in self.rows.dependents:
            yield f"{dependent.kind} {dependent.name} uses {self.objects[dependent.place].label}"
        for index in self.rows.indexes:
            yield f"index {index.name} on {self.objects[index.place].label}{' (unique)' if index.unique else ''}"
        for key in self.rows.constraints:
            yield f"constraint {key.name} of {key.table} on {self.objects[key.place].label}"
        for trigger in self.rows.triggers:
            if trigger.is_about_it or self.objects[trigger.place].column is None:
                off = " (disabled)" if trigger.enabled == "D" else ""
                yield f"trigger {trigger.name} runs {trigger.function}{off}"
        for publication in self.rows.publications:
            yield f"publication {publication.name} carries {self.objects[publication.place].label}"

    def _around(self, at: int, thing: FoundThing) -> Iterator[RadiusFact]:
        if thing.partitions:
            yield RadiusFact("partitions", str(thing.partitions), "all of them are locked with it")
        for index in self._of(self.rows.indexes, at):
            unique = "unique, " if index.unique else ""
            shared = "; it serves more than this column" if index.shared else ""
            yield RadiusFact("index", index.name, f"goes with it ({unique}{spell_size(index.size)}){shared}")
        for key in self._of(self.rows.constraints, at):
            kind = "inbound foreign key" if key.inbound else "constraint"
            yield RadiusFact(kind, key.name, f"of {key.table}: {key.definition}")
        for dependent in self._of(self.rows.dependents, at):
            yield RadiusFact(dependent.kind, dependent.name, "uses it")
        for trigger in self._of(self.rows.triggers, at):
            naming = ", which names it" if trigger.body_names_it else ""
            fires = "fires on UPDATE OF it, and " if trigger.fires_on_it else ""
            yield RadiusFact("trigger", trigger.name, f"{fires}runs {trigger.function}{naming}")
        for function in self._of(self.rows.functions, at):
            yield RadiusFact("function body", function.name, "has its name")
        for publication in self._of(self.rows.publications, at):
            scope = "FOR ALL TABLES" if publication.all_tables else "carries it"
            yield RadiusFact("publication", publication.name, scope)
        for grant in self._of(self.rows.grants, at):
            yield RadiusFact("privileges", grant.role, grant.privileges)

    @staticmethod
    def _of(rows: Iterable[Row], at: int) -> list[Row]:
        return [row for row in rows if row.place == at]


def spell_size(size: int) -> str:
    """For people: `0 kB`, `12 MB`, `3.4 GB`."""
    for unit, bytes_ in (("GB", 1 << 30), ("MB", 1 << 20)):
        if size >= bytes_:
            number = size / bytes_
            return f"{number:.1f} {unit}" if number < 10 else f"{round(number)} {unit}"
    return f"{round(size / 1024)} kB"


def _identity(one: Taken, thing: FoundThing, *, moved: bool) -> TakenObject:
    """By the name that it had before the plan, so that a plan that has begun stays the same."""
    now = QualifiedName(thing.name, thing.schema)
    if one.column is not None:
        return TakenObject(
            kind="column",
            name=str(one.table),
            column=one.column,
            number=thing.number,
            type=thing.type,
            now=f"{now}.{thing.column}" if moved else None,
        )
    return TakenObject(
        kind="view" if thing.kind in _VIEWS else "table",
        name=str(one.table),
        type=_RELATIONS[thing.kind],
        now=str(now) if moved else None,
    )


def _chosen(rows: RadiusRows, chosen: Mapping[int, int]) -> RadiusRows:
    """The rows of some places, with the place of the object that each is about."""

    def mine(found: Iterable[Row]) -> tuple[Row, ...]:
        return tuple(replace(row, place=chosen[row.place]) for row in found if row.place in chosen)

    return replace(
        rows,
        dependents=mine(rows.dependents),
        indexes=mine(rows.indexes),
        constraints=mine(rows.constraints),
        triggers=mine(rows.triggers),
        functions=mine(rows.functions),
        publications=mine(rows.publications),
        grants=mine(rows.grants),
    )
