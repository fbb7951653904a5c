"""Draw findings about phases over the corpus, and lay them out for a verdict: would a senior DBA agree with each?

    PYTHONPATH=tests python tests/heavy/phase_findings.py [--seed N] [--count N] > verdicts.md

No migration of the corpus says anything of phases, and nothing is known of releases: all is inferred. The same seed
draws the same findings as long as the corpus and the rules are the same.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.api import lint_paths
from migsafe.config import Config
from migsafe.model.dialect import Dialect
from migsafe.model.finding import Category
from shared_corpus import CORPUS, PLACEHOLDERS, POSTGRES_PROJECTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from migsafe.model.finding import Finding

SEED = 20261123
DRAWN = 40
#: No project gives more than this share of what is drawn.
_SHARE = 6
_LONGEST_STATEMENT = 12

#: The same projects on other servers, and their parts; by the name of the project.
_OTHERS = (
    ("authelia", Dialect.MYSQL, "sql/authelia/internal/storage/migrations/mysql"),
    ("authelia", Dialect.SQLITE, "sql/authelia/internal/storage/migrations/sqlite"),
    ("chirpstack", Dialect.SQLITE, "sql/chirpstack/chirpstack/migrations_sqlite"),
    ("chirpstack", Dialect.POSTGRES, "sql/chirpstack/chirpstack/src/integration/postgresql/migrations"),
    ("conductor", Dialect.MYSQL, "sql/conductor/mysql-persistence"),
    ("conductor", Dialect.SQLITE, "sql/conductor/sqlite-persistence"),
    ("kratos", Dialect.MYSQL, "sql/kratos"),
    ("kratos", Dialect.SQLITE, "sql/kratos"),
    ("openfga", Dialect.MYSQL, "sql/openfga/assets/migrations/mysql"),
    ("openfga", Dialect.SQLITE, "sql/openfga/assets/migrations/sqlite"),
)


@dataclass(frozen=True)
class Drawn:
    """A finding, whose it is, and on which server."""

    project: str
    dialect: Dialect
    finding: Finding

    @property
    def place(self) -> str:
        """Where it stands in the corpus."""
        path = Path(self.finding.path).resolve().relative_to(CORPUS.resolve())
        return f"{path.as_posix()}:{self.finding.start.line}"


def folders() -> Iterator[tuple[str, Dialect, Path]]:
    """Every folder of migrations in the corpus, with its project and its server."""
    for project, folder in POSTGRES_PROJECTS.items():
        yield project, Dialect.POSTGRES, CORPUS / folder
    for project, dialect, folder in _OTHERS:
        yield project, dialect, CORPUS / folder


def all_findings() -> dict[str, list[Drawn]]:
    """Every finding that says something of phases, by project."""
    found: dict[str, list[Drawn]] = {}
    for project, dialect, folder in folders():
        config = Config(dialect=dialect, placeholders=PLACEHOLDERS.get(project, {}))
        drawn = (Drawn(project, dialect, finding) for finding in lint_paths([folder], config).findings)
        found.setdefault(project, []).extend(one for one in drawn if _speaks_of_phases(one.finding))
    return found


def _speaks_of_phases(finding: Finding) -> bool:
    return finding.category is Category.PHASE or finding.phase is not None


def draw(found: dict[str, list[Drawn]], count: int, seed: int) -> list[Drawn]:
    """Some findings of each project in turn, until there are enough."""
    chance = random.Random(seed)  # chosen by chance to be fair, not to be secret
    inside = {name: sorted(found[name], key=_order) for name in sorted(found)}
    shuffled = [chance.sample(findings, min(len(findings), count // _SHARE)) for findings in inside.values()]
    rounds = (one for turn in zip_longest(*shuffled) for one in turn if one is not None)
    return sorted([one for one, _ in zip(rounds, range(count), strict=False)], key=_order)


def _order(one: Drawn) -> tuple[str, str, str, str, str]:
    return (one.project, one.place, one.finding.rule, one.dialect.value, one.finding.message)


def show(found: dict[str, list[Drawn]], drawn: Sequence[Drawn], seed: int) -> Iterator[str]:
    """A Markdown page with a place for each verdict."""
    yield f"# {len(drawn)} findings about phases, drawn with seed {seed}\n"
    yield "| project | findings | drawn |\n|---|--:|--:|"
    for name, findings in sorted(found.items()):
        yield f"| {name} | {len(findings)} | {sum(one.project == name for one in drawn)} |"
    rules = Counter(f"{one.finding.rule}, {one.finding.phase}" for findings in found.values() for one in findings)
    yield "\n| rule, phase | findings |\n|---|--:|"
    yield from (f"| {rule} | {number} |" for rule, number in rules.most_common())
    for number, one in enumerate(drawn, 1):
        yield from _section(number, one)


def _section(number: int, one: Drawn) -> Iterator[str]:
    finding = one.finding
    yield f"\n## {number}. {one.project}, {one.dialect.value}: {finding.severity.value}[{finding.rule}]\n"
    yield f"`{one.place}`, phase {finding.phase}\n"
    yield f"{finding.message}\n"
    yield f"```sql\n{_statement(finding)}\n```\n"
    yield "- [ ] right"


def _statement(finding: Finding) -> str:
    """The lines on which it stands."""
    lines = Path(finding.path).read_text(encoding="utf-8").splitlines()
    shown = lines[finding.start.line - 1 : max(finding.end.line, finding.start.line)]
    more = ["…"] if len(shown) > _LONGEST_STATEMENT else []
    return "\n".join([*shown[:_LONGEST_STATEMENT], *more])


def main() -> int:
    """Draw and print."""
    parser = argparse.ArgumentParser(description="Findings about phases for a verdict by hand.")
    parser.add_argument("--count", type=int, default=DRAWN)
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    found = all_findings()
    for line in show(found, draw(found, options.count, options.seed), options.seed):
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
