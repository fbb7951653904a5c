from __future__ import annotations

from migsafe.model.dialect import Dialect
from migsafe.model.script import Direction, Migration, MigrationSet, Script, SourceText, TransactionRule
from migsafe.shadow.ledger import Ledger
from migsafe.shadow.steps import Steps, read_migration
from migsafe.shadow.verdicts import unproved
from migsafe.sources import LoadedLayout


def steps(*selected: str) -> Steps:
    """Three migrations without ways back."""
    migrations = []
    for name in ("one", "two", "three"):
        text = f"create table {name} (a int)"
        script = Script(Direction.UP, text, SourceText(f"{name}.sql", text), TransactionRule.TOOL, Dialect.MYSQL)
        migrations.append(Migration(name, f"{name}.sql", up=script))
    found = MigrationSet("plain", "m", Dialect.MYSQL, tuple(migrations))
    return Steps(LoadedLayout(found, frozenset(f"{name}.sql" for name in selected)))


def messages(ledger: Ledger) -> list[str]:
    return [finding.message for finding in ledger.findings]


def test_findings_are_kept_as_they_are_until_there_is_a_doubt() -> None:
    of = steps("one", "two", "three")
    one, two, three = (read_migration(migration) for migration in of.needed)
    ledger = Ledger(of)
    ledger.add(one, [unproved(one, "a"), unproved(one, "b")])
    ledger.doubt(two, ["it has a hole"])
    ledger.add(three, [unproved(three, "c"), unproved(three, "d")])
    ledger.add(three, [])
    assert messages(ledger) == [
        "one is not proved: a",
        "one is not proved: b",
        "two is not proved: it has a hole",
        "three is not proved: three is not proved: c; but two could not be run as its tool runs it",
    ]


def test_a_doubt_of_what_is_not_wanted_is_kept_and_not_said() -> None:
    of = steps("three")
    ledger = Ledger(of)
    ledger.doubt(read_migration(of.needed[0], wanted=False), ["it has a hole"])
    assert messages(ledger) == []
    three = read_migration(of.needed[2])
    ledger.add(three, [unproved(three, "c")])
    assert "but one could not be run" in messages(ledger)[0]


def test_what_waits_for_a_failure_is_said_once() -> None:
    of = steps("two", "three")
    ledger = Ledger(of)
    ledger.say_not_tried(of.needed[0], of.needed[1:])
    ledger.say_not_tried(of.needed[2], ())
    assert messages(ledger) == ["two is not proved: one cannot be applied before it (1 more wait with it)"]


def test_what_is_true_of_all_is_said_at_the_first() -> None:
    ledger = Ledger(steps("two", "three"))
    ledger.say_of_all("no server")
    ledger.say_no_ways_back()
    assert messages(ledger) == [
        "two is not proved: no server",
        "this project keeps no ways back: 3 of 3 migrations have none",
    ]
