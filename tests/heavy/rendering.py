"""How many revisions of published Alembic projects render, with none of the projects installed.

    python tests/heavy/rendering.py FOLDER [--only mlflow]

What is counted is one run of migsafe over the databases that the projects support. A revision counts as *not rendered*
when there is a gap in its way up on any of them, and when it renders to nothing on all of them although its body speaks
to the database (see revision_bodies.py). Every one is named with its reason. Where nothing is right, there is evidence,
and it is named too: what is written in `EXPLAINED`.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cache import Cache, cache_option
from projects import ALEMBIC, Project
from reading import read_alembic_for

from migsafe.model.dialect import Dialect
from revision_bodies import deeds

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from migsafe.model.script import Migration, Script

REQUIRED_SHARE = 0.98

#: All five run on both. SQLite is supported for trying them out, and no revision does something there alone.
DATABASES = (Dialect.POSTGRES, Dialect.MYSQL)

#: Why a revision does not render: nothing is right on a database that the revisions build, or it fails on every one.
EXPLAINED = {
    "jupyterhub": {
        "99a28a4418e1": "it raises this on every database: `datetime` has no `_replace`",
    },
    "apache-superset": {
        "811494c0cc23": "the columns that it drops were made by a8173232b786 once, which today does nothing",
        "31b2a1039d4a": "b4456560d4f3 has dropped the constraint that it looks for",
        "b7851ee5522f": "it repeats 317970b4400c for those who missed it, and looks whether it must",
        "f7b6750b67e8": "it is for columns of MySQL that are MEDIUMTEXT: afc69274c25a has made them LONGTEXT",
        "df3d7e2eb9a4": "it compares a list with a set, so that it never finds its constraint",
    },
}


@dataclass(frozen=True)
class NotRendered:
    """A revision of which not all SQL is known."""

    revision: str
    reason: str
    explained: str | None


@dataclass(frozen=True)
class Outcome:
    """One project's figures.

    Attributes:
        on_each: how many revisions a run for one database alone would count, by database.
        others: the revisions whose way up does not render.
        gaps_down: names and reasons of those whose way down does not.
    """

    project: Project
    total: int
    on_each: Mapping[Dialect, int]
    others: tuple[NotRendered, ...]
    gaps_down: tuple[tuple[str, str], ...]

    @property
    def rendered(self) -> int:
        """How many revisions render."""
        return self.total - len(self.others)

    @property
    def unexplained(self) -> tuple[NotRendered, ...]:
        """Those of which nobody has said why they do not render."""
        return tuple(other for other in self.others if other.explained is None)


@dataclass
class _Revision:
    """A revision on each database."""

    id: str
    on: dict[Dialect, Migration] = field(default_factory=dict)

    def lack(self, databases: Iterable[Dialect]) -> str | None:
        """Why its way up counts as not rendered, if it does."""
        scripts = {dialect: self.on[dialect].up if dialect in self.on else None for dialect in databases}
        gaps = [
            f"{dialect}: {_gaps(script) if script is not None else 'it has no way up'}"
            for dialect, script in scripts.items()
            if script is None or script.gaps
        ]
        if gaps:
            return "; ".join(gaps)
        known = [script for script in scripts.values() if script is not None]
        if any(script.text.strip() for script in known):
            return None
        done = deeds(known[0].source.text)
        return f"rendered to nothing, but line {done[0].line} calls {done[0].call}" if done else None

    def gaps_down(self) -> str:
        """Where its way down breaks off."""
        downs = ((dialect, one.down) for dialect, one in self.on.items())
        return "; ".join(f"{dialect}: {_gaps(down)}" for dialect, down in downs if down is not None and down.gaps)


def measure(project: Project, cache: Cache) -> Outcome:
    """Render every revision of a project."""
    sets = [one for folder in project.folders(cache) for one in read_alembic_for(folder, DATABASES)]
    unreadable = {file.path: file.reason for one in sets for file in one.unreadable}
    revisions: dict[tuple[str, str], _Revision] = {}
    for one in sets:
        for migration in one.migrations:
            revision = revisions.setdefault((one.root, migration.id), _Revision(migration.id))
            revision.on[one.dialect] = migration
    lacking = [(one.id, reason) for one in revisions.values() if (reason := one.lack(DATABASES))]
    explained = EXPLAINED.get(project.name, {})
    return Outcome(
        project,
        total=len(revisions) + len(unreadable),
        on_each={each: sum(one.lack([each]) is None for one in revisions.values()) for each in DATABASES},
        others=tuple(NotRendered(name, why, explained.get(name)) for name, why in (*unreadable.items(), *lacking)),
        gaps_down=tuple((one.id, gaps) for one in revisions.values() if (gaps := one.gaps_down())),
    )


def _gaps(script: Script) -> str:
    return "; ".join(f"line {script.position(gap.span.start).line}: {gap.reason}" for gap in script.gaps)


def show(outcomes: Sequence[Outcome]) -> None:
    """The table, then each revision that does not render."""
    alone = " | ".join(f"{dialect} alone | share" for dialect in DATABASES)
    print(f"| project | revisions | one run for both | share | {alone} | gaps in ways down |")
    print(f"|---|--:|--:|--:|{'--:|--:|' * len(DATABASES)}--:|")
    for one in outcomes:
        counts = [one.rendered, *(one.on_each[dialect] for dialect in DATABASES)]
        print(f"| {one.project.requirement} | {one.total} | {_shares(counts, one.total)} | {len(one.gaps_down)} |")
    total = sum(one.total for one in outcomes)
    sums = [
        sum(one.rendered for one in outcomes),
        *(sum(one.on_each[dialect] for one in outcomes) for dialect in DATABASES),
    ]
    print(f"| together | {total} | {_shares(sums, total)} | |")
    for one in outcomes:
        for other in one.others:
            print(f"- {one.project.name} `{other.revision}`: {other.reason} ({other.explained or 'NOT EXPLAINED'})")
        for name, reason in one.gaps_down:
            print(f"- {one.project.name} `{name}`, its way down: {reason}")


def _shares(counts: Iterable[int], total: int) -> str:
    return " | ".join(f"{count} | {count / total:.1%}" for count in counts)


def main() -> int:
    """Measure; 1 when a project falls short."""
    parser = argparse.ArgumentParser(description="The share of revisions that render.")
    cache_option(parser)
    parser.add_argument("--only", choices=[project.name for project in ALEMBIC], nargs="+")
    options = parser.parse_args()
    chosen = [project for project in ALEMBIC if not options.only or project.name in options.only]
    outcomes = [measure(project, options.cache) for project in chosen]
    show(outcomes)
    short = sum(one.rendered for one in outcomes) < REQUIRED_SHARE * sum(one.total for one in outcomes)
    if short:
        print(f"\nbelow {REQUIRED_SHARE:.0%}")
    unexplained = [f"{one.project.name} {other.revision}" for one in outcomes for other in one.unexplained]
    if unexplained:
        print(f"\nnobody has said why: {', '.join(unexplained)}")
    stale = [name for one in outcomes for name in _stale(one)]
    if stale:
        print(f"\nexplained, but rendered: {', '.join(stale)}")
    return 1 if short or unexplained or stale else 0


def _stale(one: Outcome) -> set[str]:
    """Explanations that nothing needs any more."""
    return EXPLAINED.get(one.project.name, {}).keys() - {other.revision for other in one.others}


if __name__ == "__main__":
    sys.exit(main())
