"""dbmate's marks and options."""

from __future__ import annotations

import pytest

from migsafe.model.dialect import Dialect
from migsafe.model.script import SourceText, TransactionRule
from migsafe.sources.base import SourceOptions
from migsafe.sources.dbmate import Dbmate


def rules(text: str, dialect: Dialect = Dialect.POSTGRES) -> list[TransactionRule]:
    migrations = Dbmate().read_text(SourceText("1_a.sql", text), SourceOptions(dialect=dialect))
    return [] if migrations is None else [script.transaction for script in migrations[0].scripts]


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ("", TransactionRule.TOOL),
        (" transaction:false", TransactionRule.IMPLICIT),
        ("  foo:bar transaction:false\r", TransactionRule.IMPLICIT),
        (" transaction:true", TransactionRule.TOOL),
        (" transaction: false", TransactionRule.TOOL),
    ],
)
def test_options_hold_for_their_direction(options: str, rule: TransactionRule) -> None:
    assert rules(f"-- migrate:up{options}\nA;\n-- migrate:down\nB;\n") == [rule, TransactionRule.TOOL]
    assert rules(f"-- migrate:up\nA;\n-- migrate:down{options}\nB;\n") == [TransactionRule.TOOL, rule]


def test_other_databases_commit_statement_by_statement() -> None:
    assert rules("-- migrate:up transaction:false\nA;\n", Dialect.MYSQL) == [TransactionRule.NONE]


@pytest.mark.parametrize("text", ["A;", " -- migrate:up\nA;", "-- migrate:upward\nA;", "-- migrate: up\nA;"])
def test_what_is_no_mark(text: str) -> None:
    assert rules(text) == []
