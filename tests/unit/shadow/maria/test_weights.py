from __future__ import annotations

import pytest

from maria_scripts import read
from migsafe.shadow.maria.weights import fails_on_any_row
from migsafe.shadow.migration import Failure


@pytest.mark.parametrize(
    ("code", "sql", "expected"),
    [
        ("1406", "alter table t modify a varchar(3)", True),
        ("1265", "alter table t modify a enum('x')", True),
        ("1265", "alter table t modify a int not null", False),
        ("1292", "alter table t add column d date not null", True),
        ("1062", "alter table t add unique (a)", False),
        ("1452", "alter table t add foreign key (a) references p (id)", False),
    ],
)
def test_a_failure_weighs_more_where_any_row_has_it(code: str, sql: str, expected: bool) -> None:
    script = read(sql)
    assert fails_on_any_row(Failure(script.script, script.statements[0], code, "no")) is expected
