"""Scripts run as their tool runs them, with the transactions of MySQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from maria_scripts import build, read
from migsafe.model.script import TransactionRule
from migsafe.shadow.maria.execution import run_script

if TYPE_CHECKING:
    from migsafe.shadow.maria.server import ThrowawayMaria

TABLES = "create table t (a int primary key, made datetime not null); create table empty (a int);"
ROW = "insert into t values (1, now())"


def outcome(
    server: ThrowawayMaria, sql: str, *, rule: TransactionRule, rendered: bool = False
) -> tuple[str | None, int]:
    """The error number, and how many rows are in the table afterwards."""
    name = build(server, TABLES)
    with server.connect(name) as session:
        failure = run_script(session, read(sql, rule=rule, rendered=rendered))
    with server.connect(name) as session:
        ((rows,),) = session.query("select count(*) from t")
    return (None if failure is None else failure.sqlstate), rows


@pytest.mark.parametrize(
    ("sql", "rule", "expected"),
    [
        (f"{ROW}; select nothing", TransactionRule.TOOL, ("1054", 0)),
        (f"{ROW}; select nothing", TransactionRule.NONE, ("1054", 1)),
        (f"{ROW}; create table u (a int); select nothing", TransactionRule.TOOL, ("1054", 1)),
        (f"begin; {ROW}", TransactionRule.NONE, (None, 0)),
        (f"begin; {ROW}; commit", TransactionRule.NONE, (None, 1)),
        (f"{ROW}; select 'a%b', '{{c}}'", TransactionRule.TOOL, (None, 1)),
        (f"delimiter //\ncreate procedure p() begin select 1; {ROW}; end//\ndelimiter ;\ncall p()",
         TransactionRule.NONE, (None, 1)),
        ("insert into t (a) values (1)", TransactionRule.NONE, ("1364", 0)),
    ],
)  # fmt: skip
def test_transactions_are_those_of_the_tool(
    maria: ThrowawayMaria, sql: str, rule: TransactionRule, expected: tuple[str | None, int]
) -> None:
    assert outcome(maria, sql, rule=rule) == expected


@pytest.mark.parametrize("rule", [TransactionRule.TOOL, TransactionRule.NONE])
def test_a_copy_of_no_rows_passes_as_on_mysql(maria: ThrowawayMaria, rule: TransactionRule) -> None:
    assert outcome(maria, f"{ROW}; insert into t (a) select a from empty; select @@sql_mode", rule=rule) == (None, 1)


@pytest.mark.parametrize(("rule", "rows"), [(TransactionRule.TOOL, 0), (TransactionRule.NONE, 1)])
def test_a_copy_of_rows_without_a_value_fails(maria: ThrowawayMaria, rule: TransactionRule, rows: int) -> None:
    assert outcome(maria, f"{ROW}; insert into t (a) select a + 1 from t", rule=rule) == ("1364", rows)


def test_values_that_a_program_made_up_need_not_fit(maria: ThrowawayMaria) -> None:
    sql = f"{ROW}; {ROW}"
    assert outcome(maria, sql, rule=TransactionRule.TOOL) == ("1062", 0)
    assert outcome(maria, sql, rule=TransactionRule.TOOL, rendered=True) == (None, 1)
    assert outcome(maria, "select nothing", rule=TransactionRule.TOOL, rendered=True) == ("1054", 0)
