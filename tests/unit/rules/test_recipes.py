"""What a rule recommends is safe itself: each recipe, taken as migrations, is held against all rules."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import zip_longest

import pytest

from migsafe.lint.engine import ReadMigration, Settings, lint
from migsafe.model.finding import Category, Finding, Severity
from migsafe.model.script import Direction, Migration, Script, SourceText, TransactionRule
from migsafe.parse import read_script
from migsafe.rules import RULES
from migsafe.rules.context import Surroundings
from rule_fixtures import FIXTURES, Case, cases, findings

#: Rules of locks whose recipe is whole: SQL from the first line to the last.
NAMES = [
    "add-check-validating",
    "add-foreign-key-validating",
    "add-not-null-constraint-validating",
    "add-primary-key",
    "add-unique-constraint",
    "attach-partition-builds-index",
    "attach-partition-scan",
    "create-index-blocking",
    "create-partition-with-default",
    "detach-partition-blocking",
    "drop-index-blocking",
    "index-build-while-holding-lock",
    "index-replace-unsafe",
    "invalid-index-left-behind",
    "multiple-foreign-keys",
    "not-valid-validated-same-transaction",
    "pk-using-nullable-index",
    "reindex-blocking",
    "set-not-null-scan",
]
#: A recipe may end in a change that other rules speak of on purpose: the code has to come first.
HARMS_BY_LOCK = {Category.LOCK, Category.TXN, Category.FAIL}
NEXT = re.compile(r"^-- (later migration|in a migration that runs outside a transaction):.*$", re.MULTILINE)


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_is_safe(name: str) -> None:
    for case in cases(FIXTURES / name / "bad.sql"):
        for finding in findings(case):
            if finding.rule == name and finding.severity is not Severity.INFO:
                assert [f"{f.rule}: {f.message}" for f in _said_of_recipe(case, finding)] == [], case.title


def _said_of_recipe(case: Case, finding: Finding) -> list[Finding]:
    before = [
        ReadMigration(Migration(id=step.id, path="", up=case.script(step)), up=read_script(case.script(step)))
        for step in case.steps[:-1]
    ]
    after = [_migration(f"recipe {n}", sql, rule, case) for n, (sql, rule) in enumerate(_steps(finding.instead))]
    settings = Settings(server=case.server, surroundings=Surroundings(runner_sets={"lock_timeout": None}))
    rules = [rule for rule in RULES.values() if rule.descriptor.default and rule.category in HARMS_BY_LOCK]
    found = lint([*before, *after], rules, settings).findings
    return [f for f in found if f.migration.startswith("recipe") and f.severity is not Severity.INFO]


def _steps(recipe: str) -> Iterator[tuple[str, TransactionRule]]:
    """The migrations of a recipe; what stands before the first mark is one too."""
    marks = list(NEXT.finditer(recipe))
    yield recipe[: marks[0].start() if marks else len(recipe)], TransactionRule.UNLESS_FORBIDDEN
    for mark, following in zip_longest(marks, marks[1:]):
        outside = mark[1].startswith("in a migration")
        sql = recipe[mark.end() : following.start() if following else len(recipe)]
        yield sql, TransactionRule.NONE if outside else TransactionRule.TOOL


def _migration(name: str, sql: str, rule: TransactionRule, case: Case) -> ReadMigration:
    script = Script(Direction.UP, sql, SourceText(name, sql), rule, case.dialect)
    return ReadMigration(Migration(id=name, path=name, up=script), up=read_script(script))
