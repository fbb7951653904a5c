"""Predictions follow a layout's history, as lint does."""

from __future__ import annotations

import pytest

from lint_walks import script
from migsafe.model.dialect import Dialect
from migsafe.model.locks import LockMode, Work
from migsafe.model.script import Migration, MigrationSet, Script, TransactionRule
from migsafe.parse import read_script
from migsafe.rules.knowledge.table_work import exactly
from migsafe.shadow.migration import ShadowMigration
from migsafe.shadow.prediction import Prediction, Predictor
from migsafe.sources import LoadedLayout

HISTORY = ("CREATE TABLE t (id int, a text);", "ALTER TABLE t RENAME TO users;", "CREATE INDEX ON users (a);")


def layout(*scripts: str, folder: str = "m") -> LoadedLayout:
    migrations = tuple(
        Migration(str(number), f"{folder}/{number}.sql", up=script(sql, path=f"{folder}/{number}.sql"))
        for number, sql in enumerate(scripts, 1)
    )
    return LoadedLayout(MigrationSet("plain", folder, Dialect.POSTGRES, migrations), frozenset())


def shadow(migration: Migration) -> ShadowMigration:
    assert migration.up is not None
    return ShadowMigration(migration.id, migration.path, read_script(migration.up))


def words(predictions: tuple[Prediction, ...]) -> list[dict[str, str]]:
    return [{table.name: str(mode) for table, mode in one.locks.items()} for one in predictions]


def alone(sql: str, *, transaction: TransactionRule = TransactionRule.TOOL) -> tuple[Prediction, ...]:
    """Predictions for a migration after one that makes table t."""
    predictor = Predictor()
    predictor.predict(ShadowMigration("1", "1.sql", read_script(script("CREATE TABLE t (id int, born timestamp);"))))
    return predictor.predict(ShadowMigration("2", "2.sql", read_script(script(sql, transaction=transaction))))


def test_what_is_not_asked_about_is_followed() -> None:
    one = layout(*HISTORY)
    (prediction,) = Predictor([one]).predict(shadow(one.migrations.migrations[2]))
    assert words((prediction,)) == [{"users": "SHARE"}]
    assert {table.name: bounds for table, bounds in prediction.work.items()} == {"users": exactly(Work.INDEX_BUILD)}
    assert {table.name for table in prediction.known} == {"users"}


def test_each_migration_is_followed_once() -> None:
    one = layout(*HISTORY)
    predictor = Predictor([one])
    found = [predictor.predict(shadow(migration)) for migration in one.migrations.migrations]
    assert [words(each) for each in found] == [[{}], [{"t": "ACCESS EXCLUSIVE"}], [{"users": "SHARE"}]]


def test_layouts_know_nothing_of_each_other() -> None:
    first, second = layout(*HISTORY, folder="a"), layout("ALTER TABLE t ALTER a SET NOT NULL;", folder="b")
    predictor = Predictor([first, second])
    predictor.predict(shadow(first.migrations.migrations[0]))
    (prediction,) = predictor.predict(shadow(second.migrations.migrations[0]))
    assert prediction.known == frozenset()


def test_a_migration_without_a_way_up_predicts_nothing() -> None:
    assert Predictor().predict(ShadowMigration("1", "1.sql", None)) == ()


def test_what_the_migration_makes_is_nobodys() -> None:
    assert words(alone("CREATE TABLE n (id int); CREATE INDEX ON n (id); ALTER TABLE t ADD COLUMN b int;")) == [
        {}, {}, {"t": str(LockMode.ACCESS_EXCLUSIVE)},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("sql", "complete"),
    [
        ("ALTER TABLE t ADD COLUMN b int", True),
        ("SELECT id FROM t", True),
        ("SELECT do_more()", False),
        ("CREATE EXTENSION citext", False),
        ("DROP OWNED BY clerk", False),
        ("DO $$ BEGIN ALTER TABLE t ADD COLUMN b int; END $$", True),
        ("DO $$ BEGIN EXECUTE 'ALTER TABLE ' || x; END $$", False),
        ("CALL more()", False),
    ],
)
def test_code_out_of_sight_is_known_as_such(sql: str, complete: bool) -> None:
    assert alone(f"{sql};")[0].complete is complete


@pytest.mark.parametrize(
    ("sql", "certain"),
    [
        ("DROP TRIGGER x ON t", True),
        ("DROP TRIGGER IF EXISTS x ON t", False),
        ("DROP POLICY IF EXISTS x ON t", False),
        ("DO $$ BEGIN ALTER TABLE t ADD COLUMN b int; END $$", True),
        ("DO $$ BEGIN IF 1 = 1 THEN ALTER TABLE t ADD COLUMN b int; END IF; END $$", False),
    ],
)
def test_what_may_not_happen_is_known_as_such(sql: str, certain: bool) -> None:
    assert alone(f"{sql};")[0].certain is certain


@pytest.mark.parametrize(
    ("sql", "zoned", "in_utc"),
    [
        ("ALTER TABLE t ALTER born TYPE timestamptz;", True, False),
        ("ALTER TABLE t ALTER born TYPE timestamp(6);", False, False),
        ("SET LOCAL TimeZone = 'UTC'; ALTER TABLE t ALTER born TYPE timestamptz;", True, True),
        ("SET LOCAL TimeZone = 'Asia/Tokyo'; ALTER TABLE t ALTER born TYPE timestamptz;", True, False),
    ],
)
def test_the_time_zone(sql: str, zoned: bool, in_utc: bool) -> None:
    last = alone(sql)[-1]
    assert (last.zoned, last.in_utc) == (zoned, in_utc)


def test_other_dialects_keep_their_catalogue() -> None:
    text = script("CREATE TABLE t (id int);", path="m/1.sql")
    mysql = Script(text.direction, text.text, text.source, text.transaction, Dialect.MYSQL)
    one = LoadedLayout(MigrationSet("plain", "m", Dialect.MYSQL, (Migration("1", "m/1.sql", up=mysql),)), frozenset())
    assert words(Predictor([one]).predict(shadow(one.migrations.migrations[0]))) == [{}]
