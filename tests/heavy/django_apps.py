"""Is every migration of wagtail, django-oauth-toolkit and Django's own apps linted, with no server to reach?

    python tests/heavy/django_apps.py FOLDER

The packages are installed in an environment of their own. How many migrations there are, Django itself says.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cache import Cache, Environment, cache_option
from projects import DJANGO
from reading import follower

from migsafe.model.dialect import ASSUMED_SERVER, Dialect
from migsafe.sources import SourceOptions, read_paths

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.model.script import Migration

PROJECT = Path(__file__).with_name("django_project")
ENGINES = ("postgres", "sqlite")


@dataclass(frozen=True)
class Outcome:
    """What came of one engine; the counts are by app.

    Attributes:
        expected: migrations that Django would run.
        linted: those of them that were read without a gap, both ways.
        sql: those of them whose way up sends any SQL.
        gaps: by name, with place and reason.
    """

    engine: str
    expected: Counter[str]
    linted: Counter[str]
    sql: Counter[str]
    gaps: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether every migration was linted."""
        return self.expected == self.linted and not self.gaps


def django_environment(cache: Cache) -> Environment:
    """Where the packages are installed, with a driver for Postgres."""
    return cache.environment("django-apps", (*(project.requirement for project in DJANGO), "psycopg[binary]==3.3.9"))


def django_options(engine: str, environment: Environment) -> SourceOptions:
    """How their migrations are read."""
    return SourceOptions(
        tool="django",
        follow=follower,
        server_versions={Dialect.POSTGRES: ASSUMED_SERVER.major},
        python=str(environment.python),
        manage=PROJECT / "manage.py",
        settings=f"settings.{engine}",
    )


def measure(engine: str, environment: Environment) -> Outcome:
    """Read every migration for one engine."""
    script = Path(__file__).with_name("inside") / "count_migrations.py"
    counted = environment.run(script, f"settings.{engine}", folder=PROJECT)
    layouts = read_paths([environment.packages], django_options(engine, environment))
    migrations = [migration for layout in layouts for migration in layout.migrations.migrations]
    gaps = {migration.id: list(_gaps(migration)) for migration in migrations}
    whole = [migration for migration in migrations if not gaps[migration.id]]
    return Outcome(
        engine=engine,
        expected=Counter(json.loads(counted)),
        linted=Counter(_app(migration) for migration in whole),
        sql=Counter(_app(migration) for migration in whole if migration.up is not None and migration.up.text.strip()),
        gaps=tuple(gap for found in gaps.values() for gap in found),
    )


def _app(migration: Migration) -> str:
    return migration.id.partition(".")[0]


def _gaps(migration: Migration) -> Iterator[str]:
    for script in migration.scripts:
        for gap in script.gaps:
            line = script.position(gap.span.start).line
            yield f"{migration.id} {script.direction.value}, line {line}: {gap.reason}"


def show(outcome: Outcome) -> None:
    """The table of one engine, then each gap."""
    print(f"\n| {outcome.engine}: app | migrations | linted | with SQL |\n|---|--:|--:|--:|")
    for app in sorted(outcome.expected | outcome.linted):
        print(f"| {app} | {outcome.expected[app]} | {outcome.linted[app]} | {outcome.sql[app]} |")
    totals = (outcome.expected.total(), outcome.linted.total(), outcome.sql.total())
    print(f"| all | {' | '.join(map(str, totals))} |")
    for gap in outcome.gaps:
        print(f"- gap: {gap}")


def main() -> int:
    """Measure; 1 when a migration is not linted."""
    parser = argparse.ArgumentParser(description="Django's and wagtail's migrations, with no server.")
    cache_option(parser)
    environment = django_environment(parser.parse_args().cache)
    outcomes = [measure(engine, environment) for engine in ENGINES]
    for outcome in outcomes:
        show(outcome)
    return 0 if all(outcome.complete for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
