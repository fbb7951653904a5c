"""Row security: a role that it binds updates no row and counts none, and says that all is done."""

from __future__ import annotations

from collections.abc import Iterator

from migsafe.postgres.live_rows import Relation
from migsafe.preflight.case import Case, name_of
from migsafe.preflight.report import Reason, Weight
from migsafe.preflight.words import some

NAME = "row-security"


def check(case: Case) -> Iterator[Reason]:
    """Owners are bound only where it is forced; BYPASSRLS and superusers never are (manual, 5.9)."""
    if case.live.role.past_policies:
        return
    if case.touched is None:
        if case.live.policed:
            names = [f"{schema}.{name}" for schema, name in case.live.policed]
            yield _reason(names, Weight.WARNING, case)
        return
    bound = [one for one in case.relations(case.touched.modes) if _binds(one)]
    rows = [str(name_of(one)) for one in bound if name_of(one) in case.touched.changes_rows]
    others = [str(name_of(one)) for one in bound if str(name_of(one)) not in rows and one.forced]
    if rows:
        yield _reason(rows, Weight.NO_GO, case)
    if others:
        yield _reason(others, Weight.WARNING, case)


def _binds(relation: Relation) -> bool:
    return relation.policies and (relation.forced or not relation.owned)


def _reason(names: list[str], weight: Weight, case: Case) -> Reason:
    role = case.live.server.role
    sees = (
        "statements on its rows miss some, or fail"
        if weight is Weight.NO_GO
        else "a backfill or a count would miss rows"
    )
    return Reason(
        check=NAME,
        weight=weight,
        text=f"{some(names)}: row security binds {role}: {sees}",
        hint=f"run as a role with BYPASSRLS: ALTER ROLE {role} BYPASSRLS",
        objects=tuple(names),
    )
