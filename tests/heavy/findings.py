"""Draw findings over all measured projects, and lay them out for a verdict: is it true, and is the line right?

    python tests/heavy/findings.py FOLDER > verdicts.md

The same seed draws the same findings as long as the projects and the rules are the same.
"""

from __future__ import annotations

import argparse
import random
import sys
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from cache import Cache, Environment, cache_option
from django_apps import PROJECT, django_environment
from projects import ALEMBIC, Project

from migsafe.api import lint_paths
from migsafe.config import Config
from migsafe.model.dialect import Dialect

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from migsafe.model.finding import Finding

SEED = 20261123
DRAWN = 40
_AROUND = 3
_LONGEST_SQL = 1200

#: Whose each app of the Django environment is, by the folder that its package stands in.
_DJANGO_PACKAGES = {"django": "Django", "wagtail": "wagtail", "oauth2_provider": "django-oauth-toolkit"}


@dataclass(frozen=True)
class Drawn:
    """A finding, and whose it is."""

    project: str
    root: Path
    finding: Finding


def all_findings(cache: Cache) -> dict[str, list[Drawn]]:
    """Every finding of a default run for Postgres, by project."""
    found = {project.name: list(_alembic(project, cache)) for project in ALEMBIC}
    for drawn in _django(django_environment(cache)):
        found.setdefault(drawn.project, []).append(drawn)
    return found


def _alembic(project: Project, cache: Cache) -> Iterator[Drawn]:
    root = cache.unpacked(project.requirement)
    for folder in project.folders(cache):
        report = lint_paths([folder], Config(tool="alembic", dialect=Dialect.POSTGRES))
        yield from (Drawn(project.name, root, finding) for finding in report.findings)


def _django(environment: Environment) -> Iterator[Drawn]:
    config = Config(
        tool="django", python=str(environment.python), manage=PROJECT / "manage.py", settings="settings.postgres"
    )
    for finding in lint_paths([environment.packages], config).findings:
        package = Path(finding.path).resolve().relative_to(environment.packages).parts[0]
        if package in _DJANGO_PACKAGES:
            yield Drawn(_DJANGO_PACKAGES[package], environment.packages, finding)


def draw(found: dict[str, list[Drawn]], count: int, seed: int) -> list[Drawn]:
    """Some findings of each project in turn, until there are enough: no project gives more than a third."""
    chance = random.Random(seed)  # chosen by chance to be fair, not to be secret
    inside = {name: sorted(found[name], key=_place) for name in sorted(found)}
    shuffled = [chance.sample(findings, min(len(findings), count // 3)) for findings in inside.values()]
    rounds = (one for turn in zip_longest(*shuffled) for one in turn if one is not None)
    return sorted([one for one, _ in zip(rounds, range(count), strict=False)], key=_place)


def _place(one: Drawn) -> tuple[str, str, int, str, str, str]:
    finding = one.finding
    path = Path(finding.path).resolve().relative_to(one.root.resolve())
    return (one.project, path.as_posix(), finding.start.line, finding.rule, finding.direction.value, finding.message)


def show(found: dict[str, list[Drawn]], drawn: Sequence[Drawn]) -> Iterator[str]:
    """A Markdown page with a place for each verdict."""
    yield f"# {len(drawn)} findings, drawn with seed {SEED}\n"
    yield "| project | findings | drawn |\n|---|--:|--:|"
    for name, findings in sorted(found.items()):
        yield f"| {name} | {len(findings)} | {sum(one.project == name for one in drawn)} |"
    for number, one in enumerate(drawn, 1):
        yield from _section(number, one)


def _section(number: int, one: Drawn) -> Iterator[str]:
    finding = one.finding
    path = Path(finding.path).resolve()
    yield f"\n## {number}. {one.project}: {finding.severity.value}[{finding.rule}]\n"
    yield f"`{path.relative_to(one.root.resolve())}:{finding.start.line}:{finding.start.column}`, "
    yield f"{finding.migration}, {finding.direction.value}\n"
    yield f"{finding.message}\n"
    yield f"```python\n{_around(path, finding.start.line)}\n```\n"
    if finding.sql is not None:
        yield f"```sql\n{_shortened(finding.sql)}\n```\n"
    yield "- [ ] true\n- [ ] the line is right"


def _around(path: Path, line: int) -> str:
    lines = path.read_text(encoding="utf-8").splitlines()
    first = max(1, line - _AROUND)
    shown = enumerate(lines[first - 1 : line + _AROUND], first)
    return "\n".join(f"{'>' if number == line else ' '} {number:4} {text}" for number, text in shown)


def _shortened(sql: str) -> str:
    return sql if len(sql) <= _LONGEST_SQL else f"{sql[:_LONGEST_SQL]} …"


def main() -> int:
    """Draw and print."""
    parser = argparse.ArgumentParser(description="Findings for a verdict by hand.")
    cache_option(parser)
    parser.add_argument("--count", type=int, default=DRAWN)
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    found = all_findings(options.cache)
    for line in show(found, draw(found, options.count, options.seed)):
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
