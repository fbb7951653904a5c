"""Whether the role may do what the migrations do."""

from __future__ import annotations

from collections.abc import Iterator

from migsafe.preflight.case import Case, name_of
from migsafe.preflight.report import Reason, Weight
from migsafe.preflight.words import some

NAME = "privileges"


def check(case: Case) -> Iterator[Reason]:
    """To alter a table one must own it; to make one, or an index, one must have CREATE on the schema."""
    if case.touched is None:
        return
    role = case.live.server.role
    foreign = [one for one in case.relations(case.touched.owned) if not one.owned]
    if foreign:
        names = [str(name_of(one)) for one in foreign]
        owners = some(sorted({one.owner for one in foreign}))
        yield _reason(
            f"{some(names)}: {role} is not the owner, {owners}", f"run as {owners}, or GRANT it to {role}", names
        )
    for schema, may in case.live.schemas:
        if not may and schema in case.touched.makes_in:
            yield _reason(
                f"{role} may make nothing in the schema {schema}",
                f"GRANT CREATE ON SCHEMA {schema} TO {role}",
                [schema],
            )
    there = {schema for schema, _ in case.live.schemas}
    wanted = sorted(case.touched.makes_schemas - there)
    if wanted and not case.live.role.creates_schemas:
        database = case.live.server.database
        yield _reason(
            f"{role} may make no schema ({some(wanted)})", f"GRANT CREATE ON DATABASE {database} TO {role}", wanted
        )


def _reason(text: str, hint: str, objects: list[str]) -> Reason:
    return Reason(check=NAME, weight=Weight.NO_GO, text=text, hint=hint, objects=tuple(objects))
