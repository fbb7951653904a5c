"""What the tracker knows by name, and the nearest name where it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from migsafe.config.nearest import did_you_mean
from migsafe.model.phase import Part, Phase
from migsafe.model.state import TargetName
from migsafe.tracker import tables as t
from migsafe.tracker.errors import UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from migsafe.model.state import StepStatus
    from migsafe.tracker.ledger import Ledger

#: Not every command that asks for an environment may make one known.
_HOW_KNOWN = "migsafe run, record, adopt and release mark make it known with --create-env"


class Names:
    """Looks names up in the tracker's tables."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def environments(self) -> list[str]:
        """All environments."""
        return [row.env for row in self._ledger.rows(sa.select(t.environment.c.env).order_by(t.environment.c.env))]

    def targets(self, environment: str) -> list[str]:
        """The databases of an environment."""
        c = t.target.c
        return [
            row.target for row in self._ledger.rows(sa.select(c.target).where(c.env == environment).order_by(c.target))
        ]

    def releases(self) -> list[str]:
        """The releases in their order."""
        c = t.release.c
        return [
            row.release_id
            for row in self._ledger.rows(sa.select(c.release_id).where(c.seq.isnot(None)).order_by(c.seq))
        ]

    def has_release(self, name: str) -> bool:
        """Whether a release was ever heard of."""
        return self._ledger.first(sa.select(t.release.c.release_id).where(t.release.c.release_id == name)) is not None

    def has_change(self, name: str) -> bool:
        """Whether there is such a change."""
        return self._ledger.first(sa.select(t.change.c.change_id).where(t.change.c.change_id == name)) is not None

    def environment(self, name: str) -> str:
        """The name of an environment.

        Raises:
            UnknownNameError: when there is none of that name.
        """
        return _known(name, self.environments(), "environment", _HOW_KNOWN)

    def release(self, name: str) -> str:
        """The name of a release that has a place among the others.

        Raises:
            UnknownNameError: when there is none of that name.
        """
        return _known(name, self.releases(), "release", "--create adds it as the latest")

    def change(self, name: str) -> str:
        """The name of a change.

        Raises:
            UnknownNameError: when there is none of that name.
        """
        known = [row.change_id for row in self._ledger.rows(sa.select(t.change.c.change_id))]
        return _known(name, known, "change", "migsafe record MIGRATION --change makes one known with its steps")

    def target(self, environment: str, name: str | None) -> TargetName:
        """One database of an environment; the only one where none is named.

        Raises:
            UnknownNameError: when there is none of that name, or none is named and there are several.
        """
        known = self.targets(environment)
        if name is not None:
            return TargetName(
                environment, _known(name, known, f"database of {environment}", "--create-env makes it known")
            )
        if len(known) != 1:
            said = f"{environment} has {len(known)} databases: {', '.join(known[:5])}" if known else ""
            raise UnknownNameError(
                said or f"nobody has said which databases {environment} has",
                hint="--target says which one is meant"
                if known
                else "--create-env makes the database known that --target names",
            )
        return TargetName(environment, known[0])

    def later_release(self, one: str | None, other: str) -> str:
        """The later of two releases; the second where the order of the first is not known."""
        order = self.releases()
        if one is None or one not in order or other not in order:
            return other
        return max(one, other, key=order.index)

    def contract_is_over(self, change: str, over: Collection[StepStatus]) -> bool:
        """Whether every contract step of a change has come to its end on all databases of protected environments.

        What is purged is out of its quarantine: where a change has steps for both halves, the second one tells.
        """
        c, r = t.step.c, t.run.c
        rows = self._ledger.rows(
            sa.select(c.step_id, c.part).where(c.change_id == change, c.phase == Phase.CONTRACT.value)
        )
        purges = any(row.part == Part.PURGE.value for row in rows)
        steps = [row for row in rows if not purges or row.part != Part.QUARANTINE.value]
        if not steps:
            return False
        mine = r.step_id.in_([row.step_id for row in steps])
        places = self._protected_places()
        latest = (
            sa.select(r.step_id, r.env, r.target, sa.func.max(r.attempt).label("attempt"))
            .where(mine)
            .group_by(r.step_id, r.env, r.target)
            .subquery()
        )
        same = sa.and_(*(r[name] == latest.c[name] for name in ("step_id", "env", "target", "attempt")))
        query = (
            sa.select(r.step_id, r.env, r.target)
            .join_from(t.run, latest, same)
            .where(mine, r.status.in_([status.value for status in over]))
        )
        done = {(row.step_id, row.env, row.target) for row in self._ledger.rows(query)}
        wanted = {(row.step_id, env, target) for row in steps for env, target in places}
        return bool(wanted) and wanted <= done

    def _protected_places(self) -> list[tuple[str, str]]:
        """The databases of protected environments; all of them where none is protected."""
        e, c = t.environment.c, t.target.c
        rows = self._ledger.rows(
            sa.select(c.env, c.target, e.protected).join_from(t.target, t.environment, c.env == e.env)
        )
        protected = [(row.env, row.target) for row in rows if row.protected]
        return protected or [(row.env, row.target) for row in rows]


def _known(name: str, known: Sequence[str], what: str, otherwise: str) -> str:
    if name in known:
        return name
    raise UnknownNameError(f'no {what} "{name}"', hint=did_you_mean(name, known, otherwise=otherwise))
