"""How many revisions of published Alembic projects render, with none of the projects installed.

    python tests/heavy/rendering.py FOLDER [--only mlflow]

A revision counts as *not rendered* when there is a gap in its way up, and when it rendered to nothing although its body
speaks to the database (see revision_bodies.py). Every one is named with its reason. Where nothing is right, there is
evidence, and it is named too: the same revision renders to something for MySQL, or what is written in `EXPLAINED`.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cache import Cache, cache_option
from projects import ALEMBIC, Project
from reading import read_alembic

from migsafe.model.dialect import Dialect
from revision_bodies import deeds

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from migsafe.model.script import Migration, Script

REQUIRED_SHARE = 0.98
_FOR_MYSQL = "it is for MySQL alone, and renders there"

#: Why a revision does not render: nothing is right there, it fails on every database, or what it needs is not known.
EXPLAINED = {
    "jupyterhub": {
        "99a28a4418e1": "it raises this on every database: `datetime` has no `_replace`",
    },
    "apache-superset": {
        "811494c0cc23": "the columns that it drops were made by a8173232b786 once, which today does nothing",
        "31b2a1039d4a": "b4456560d4f3 has dropped the constraint that it looks for",
        "b7851ee5522f": "it repeats 317970b4400c for those who missed it, and looks whether it must",
        "f7b6750b67e8": "it is for columns of MySQL that are MEDIUMTEXT, and those are LONGTEXT here",
        "df3d7e2eb9a4": "it compares a list with a set, so that it never finds its constraint",
        "x2s8ocx6rto6": "its table `ab_user` is made by a library, and no revision",
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
        others: the revisions whose way up does not render.
        gaps_down: names and reasons of those whose way down does not.
    """

    project: Project
    total: int
    others: tuple[NotRendered, ...]
    gaps_down: tuple[tuple[str, str], ...]

    @property
    def rendered(self) -> int:
        """How many revisions render."""
        return self.total - len(self.others)

    @property
    def anywhere(self) -> int:
        """How many render on Postgres, or on MySQL where they do nothing on any other database."""
        return self.rendered + sum(other.explained == _FOR_MYSQL for other in self.others)

    @property
    def unexplained(self) -> tuple[NotRendered, ...]:
        """Those of which nobody has said why they do not render."""
        return tuple(other for other in self.others if other.explained is None)


def measure(project: Project, cache: Cache) -> Outcome:
    """Render every revision of a project."""
    folders = project.folders(cache)
    sets = [read_alembic(folder) for folder in folders]
    migrations = [migration for one in sets for migration in one.migrations]
    unreadable = [(file.path, file.reason) for one in sets for file in one.unreadable]
    lacking = [(migration.id, reason) for migration in migrations if (reason := _lack(migration))]
    on_mysql = _doing_something(folders, Dialect.MYSQL) if lacking else set()
    explained = EXPLAINED.get(project.name, {}) | dict.fromkeys(on_mysql, _FOR_MYSQL)
    others = tuple(NotRendered(name, reason, explained.get(name)) for name, reason in (*unreadable, *lacking))
    gaps_down = tuple((one.id, _gaps(one.down)) for one in migrations if one.down is not None and one.down.gaps)
    return Outcome(project, len(migrations) + len(unreadable), others, gaps_down)


def _doing_something(folders: Sequence[Path], dialect: Dialect) -> set[str]:
    """The revisions that render to something, without a gap."""
    migrations = (migration for folder in folders for migration in read_alembic(folder, dialect).migrations)
    return {one.id for one in migrations if one.up is not None and one.up.text.strip() and not one.up.gaps}


def _lack(migration: Migration) -> str | None:
    """Why a revision's way up counts as not rendered, if it does."""
    script = migration.up
    if script is None:
        return "it has no way up"
    if script.gaps:
        return _gaps(script)
    if script.text.strip():
        return None
    done = deeds(script.source.text)
    return f"rendered to nothing, but line {done[0].line} calls {done[0].call}" if done else None


def _gaps(script: Script) -> str:
    return "; ".join(f"line {script.position(gap.span.start).line}: {gap.reason}" for gap in script.gaps)


def show(outcomes: Sequence[Outcome]) -> None:
    """The table, then each revision that does not render."""
    print("| project | revisions | up, on Postgres | share | up, on Postgres or MySQL | share | gaps in ways down |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    for one in outcomes:
        postgres, anywhere = (f"{n} | {n / one.total:.1%}" for n in (one.rendered, one.anywhere))
        print(f"| {one.project.requirement} | {one.total} | {postgres} | {anywhere} | {len(one.gaps_down)} |")
    total = sum(one.total for one in outcomes)
    sums = [sum(one.rendered for one in outcomes), sum(one.anywhere for one in outcomes)]
    print(f"| together | {total} | {' | '.join(f'{n} | {n / total:.1%}' for n in sums)} | |")
    for one in outcomes:
        for other in one.others:
            print(f"- {one.project.name} `{other.revision}`: {other.reason} ({other.explained or 'NOT EXPLAINED'})")
        for name, reason in one.gaps_down:
            print(f"- {one.project.name} `{name}`, its way down: {reason}")


def main() -> int:
    """Measure; 1 when a project falls short."""
    parser = argparse.ArgumentParser(description="The share of revisions that render.")
    cache_option(parser)
    parser.add_argument("--only", choices=[project.name for project in ALEMBIC], nargs="+")
    options = parser.parse_args()
    chosen = [project for project in ALEMBIC if not options.only or project.name in options.only]
    outcomes = [measure(project, options.cache) for project in chosen]
    show(outcomes)
    short = sum(one.anywhere for one in outcomes) < REQUIRED_SHARE * sum(one.total for one in outcomes)
    if short:
        print(f"\nbelow {REQUIRED_SHARE:.0%}, each on a database that it does something on")
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
