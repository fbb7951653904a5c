"""Findings of several databases, told as one report."""

from __future__ import annotations

from dataclasses import replace

import pytest

from migsafe.lint.databases import Judged, migrations_of, say_once
from migsafe.model.dialect import Dialect
from migsafe.model.finding import Finding, Severity
from migsafe.model.locks import LockClaim, LockMode
from migsafe.model.names import QualifiedName
from migsafe.model.script import Direction, Migration, MigrationSet, Position, Script, SourceText, TransactionRule
from migsafe.sources import LoadedLayout
from sample_report import BLOCKING_INDEX

POSTGRES, MYSQL, SQLITE = Dialect.POSTGRES, Dialect.MYSQL, Dialect.SQLITE
FILE = "versions/a.py"
PLAIN = replace(BLOCKING_INDEX, path=FILE, locks=(), fix=None, fingerprint="f", sql="ALTER TABLE users")
IDLE = "unused-suppression"


def layout(dialect: Dialect, *paths: str) -> LoadedLayout:
    migrations = tuple(
        Migration(path, path, Script(Direction.UP, "", SourceText(path, ""), TransactionRule.NONE, dialect))
        for path in paths or (FILE,)
    )
    return LoadedLayout(MigrationSet("alembic", "versions", dialect, migrations), frozenset(paths or (FILE,)))


def told(**found: list[Finding]) -> list[Finding]:
    return say_once([Judged(layout(Dialect(name)), findings) for name, findings in found.items()], {IDLE})


def idle(*rules: str) -> Finding:
    return replace(
        PLAIN, rule=IDLE, objects=rules, message=f"no finding {', '.join(rules)}", fingerprint="".join(rules)
    )


def test_what_holds_on_all_is_said_once() -> None:
    (finding,) = told(postgres=[PLAIN], mysql=[PLAIN], sqlite=[PLAIN])
    assert finding == replace(PLAIN, dialects=(POSTGRES, MYSQL, SQLITE))


def test_what_holds_on_some_names_them() -> None:
    other = replace(PLAIN, objects=("orders",), fingerprint="g")
    found = told(postgres=[PLAIN], mysql=[other], sqlite=[PLAIN])
    assert [(one.objects, one.dialects) for one in found] == [
        (PLAIN.objects, (POSTGRES, SQLITE)),
        (("orders",), (MYSQL,)),
    ]


def test_sql_may_be_spelled_otherwise_and_the_database_with_locks_speaks() -> None:
    lock = LockClaim(QualifiedName("users"), LockMode.SHARE)
    quoted = replace(PLAIN, sql="ALTER TABLE `users`", operation="other", fingerprint="g")
    (finding,) = told(mysql=[quoted], postgres=[replace(PLAIN, locks=(lock,))])
    assert (finding.sql, finding.locks, finding.operation) == (PLAIN.sql, (lock,), PLAIN.operation)
    assert (finding.fingerprint, finding.dialects) == ("g", (MYSQL, POSTGRES))


@pytest.mark.parametrize(
    "change",
    [
        {"severity": Severity.WARNING},
        {"message": "something else"},
        {"instead": "another safe form"},
        {"start": Position(9, 1)},
        {"migration": "other"},
        {"direction": Direction.DOWN},
        {"phase": "contract"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_a_reader_would_be_told_otherwise_is_said_of_each(change: dict[str, object]) -> None:
    other = replace(PLAIN, **change)  # type: ignore[arg-type]  # names of its own fields
    found = told(postgres=[PLAIN], mysql=[other])
    assert [one.dialects for one in found] == [(POSTGRES,), (MYSQL,)]
    assert [one.fingerprint for one in found] == ["f", "f-mysql"]


def test_the_same_twice_on_one_database_stays_twice() -> None:
    found = told(postgres=[PLAIN, PLAIN], mysql=[PLAIN])
    assert [one.dialects for one in found] == [(POSTGRES, MYSQL), (POSTGRES,)]
    assert [one.fingerprint for one in found] == ["f", "f"]


def test_another_database_changes_no_fingerprint_of_the_first() -> None:
    alone = [one.fingerprint for one in told(postgres=[PLAIN])]
    assert [one.fingerprint for one in told(postgres=[PLAIN], mysql=[replace(PLAIN, fingerprint="g")])] == alone


def test_an_ignore_with_an_effect_anywhere_has_one() -> None:
    assert told(postgres=[idle("drop-column")], mysql=[]) == []


def test_an_ignore_without_an_effect_anywhere_is_told_once() -> None:
    (finding,) = told(postgres=[idle("drop-column")], mysql=[idle("drop-column")])
    assert finding.dialects == (POSTGRES, MYSQL)


def test_of_an_ignore_of_several_rules_those_without_an_effect_anywhere_are_told() -> None:
    (finding,) = told(postgres=[idle("a", "b")], mysql=[idle("b", "c")])
    assert (finding.objects, finding.message) == (("b",), "no finding b")
    assert told(postgres=[idle("a")], mysql=[idle("b")]) == []


def test_an_ignore_in_a_file_of_one_database_needs_an_effect_there() -> None:
    own = replace(idle("a"), path="b.sql")
    judged = [Judged(layout(POSTGRES), []), Judged(layout(MYSQL, FILE, "b.sql"), [own])]
    (finding,) = say_once(judged, {IDLE})
    assert finding.dialects == (MYSQL,)


def test_a_migration_of_several_databases_counts_once() -> None:
    assert migrations_of([layout(POSTGRES, "a", "b"), layout(MYSQL, "b", "c")]) == 3


def test_a_migration_that_was_not_asked_for_does_not_count() -> None:
    context = replace(layout(POSTGRES, "a", "b"), selected=frozenset({"b"}))
    assert migrations_of([context]) == 1
