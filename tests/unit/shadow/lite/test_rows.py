from __future__ import annotations

from collections import Counter

import pytest

from lite_scripts import database, script
from migsafe.shadow.lite.execution import run_script
from migsafe.shadow.lite.rows import RowsLost, read_rows, rows_lost

REBUILD = """
CREATE TABLE p_new (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
INSERT INTO p_new SELECT id, name FROM p;
DROP TABLE p;
ALTER TABLE p_new RENAME TO p;
"""


def lost(up: str, action: str = "") -> RowsLost | None:
    read = script(up)
    with database(
        "create table p (id integer primary key, name text); insert into p values (1, 'a');"
        f"create table c (id integer primary key, p_id int references p {action}); insert into c values (1, 1)"
    ) as made:
        before = read_rows(made)
        assert run_script(made, read) is None
        return rows_lost(read, before, read_rows(made))


def test_a_rebuilt_parent_takes_its_children_along() -> None:
    found = lost(REBUILD, "on delete cascade")
    assert found is not None
    assert (found.emptied, found.cleared) == (("c",), ())
    assert found.statement is not None
    assert found.statement.text == "DROP TABLE p"


def test_a_rebuilt_parent_clears_what_points_to_it() -> None:
    found = lost(REBUILD, "on delete set null")
    assert found is not None
    assert (found.emptied, found.cleared) == ((), ("c",))


@pytest.mark.parametrize(
    "up",
    [
        "DELETE FROM c; DELETE FROM p;",
        "DROP TABLE c;",
        "DELETE FROM c;",
        "UPDATE c SET p_id = NULL;",
        "ALTER TABLE p ADD COLUMN born TEXT;",
        "ALTER TABLE c RENAME TO d;",
        "CREATE TABLE d (a INT);",
        "INSERT INTO p VALUES (2, 'b');",
    ],
)
def test_what_a_script_names_it_means(up: str) -> None:
    assert lost(up, "on delete cascade") is None


def test_a_delete_of_the_parent_alone_is_a_loss_without_a_drop() -> None:
    found = lost("DELETE FROM p;", "on delete cascade")
    assert found is not None
    assert (found.statement, found.emptied) == (None, ("c",))


def test_more_rows_are_no_loss() -> None:
    one, two = ({"t": Counter({(1,): count})} for count in (1, 2))
    assert rows_lost(script("SELECT 1"), one, two) is None
    assert rows_lost(script("SELECT 1"), two, one) == RowsLost(None, ("t",), ())
