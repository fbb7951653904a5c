"""How steps are tied together: by what they say, else by what they are about."""

from __future__ import annotations

from collections.abc import Mapping

from migsafe.model.declaration import Declaration
from migsafe.model.phase import Phase
from migsafe.model.plan import ChangeKind
from migsafe.phases.changes import Change, change_of, find_changes
from migsafe.phases.words import listed
from phase_stories import run

_USERS = "CREATE TABLE users (id bigint PRIMARY KEY, name text); CREATE TABLE orders (id bigint);"
_ADD = "ALTER TABLE users ADD COLUMN full_name text"
_FILL = "UPDATE users SET full_name = name"
_DROP = "ALTER TABLE users DROP COLUMN name"


def _changes(texts: Mapping[str, str], **declared: Declaration) -> tuple[Change, ...]:
    names = {f"{name[1:]}": said for name, said in declared.items()}
    return find_changes(run({"0": _USERS} | dict(texts), declared=names).chapters)


def _steps(change: Change) -> tuple[list[str], ...]:
    return tuple([one.migration for one in part] for part in (change.expand, change.migrate, change.contract))


def test_a_declared_change_has_its_steps_by_their_phases() -> None:
    (change,) = _changes(
        {"1": _ADD, "2": _FILL, "3": _DROP},
        _1=Declaration(change="names"),
        _2=Declaration(change="names"),
        _3=Declaration(change="names", phase=Phase.CONTRACT),
    )
    assert (change.name, change.declared, change.kind) == ("names", True, ChangeKind.RENAME_COLUMN)
    assert _steps(change) == (["1"], ["2"], ["3"])
    assert listed(change.objects) == "users.name"
    assert not change.is_open


def test_a_contract_may_name_the_migration_whose_change_it_ends() -> None:
    (change,) = _changes({"1": _ADD, "3": _DROP}, _1=Declaration(change="names"), _3=Declaration(of="1"))
    assert _steps(change) == (["1"], [], ["3"])


def test_a_column_that_was_filled_before_another_goes_takes_its_place() -> None:
    (change,) = _changes({"1": _ADD, "2": _FILL, "3": _DROP})
    assert (change.declared, change.kind) == (False, ChangeKind.RENAME_COLUMN)
    assert _steps(change) == (["1"], ["2"], ["3"])


def test_a_column_that_was_added_and_not_filled_takes_no_place() -> None:
    (change,) = _changes({"1": _ADD, "3": _DROP})
    assert change.kind is ChangeKind.DROP_COLUMN
    assert _steps(change) == ([], [], ["3"])


def test_a_column_of_another_table_takes_no_place() -> None:
    texts = {"1": "ALTER TABLE orders ADD COLUMN note text", "2": "UPDATE orders SET note = 'x'", "3": _DROP}
    assert _steps(_changes(texts)[0]) == ([], [], ["3"])


def test_what_was_filled_after_the_drop_takes_no_place() -> None:
    texts = {"1": _DROP, "2": _ADD, "3": "UPDATE users SET full_name = ''"}
    assert _steps(_changes(texts)[0]) == ([], [], ["1"])


def test_a_change_whose_contract_is_to_come_is_open() -> None:
    (change,) = _changes({"1": _ADD, "2": _FILL}, _1=Declaration(change="names"), _2=Declaration(change="names"))
    assert change.is_open
    assert listed(change.objects) == "users.full_name"


def test_a_change_that_only_adds_is_never_open() -> None:
    (change,) = _changes({"1": _ADD}, _1=Declaration(change="names"))
    assert (change.kind, change.is_open) == (ChangeKind.ADD_COLUMN, False)


def test_each_object_that_goes_undeclared_is_a_change_of_its_own() -> None:
    found = _changes({"1": "ALTER TABLE users DROP COLUMN name; DROP TABLE orders"})
    assert [(change.kind, listed(change.objects)) for change in found] == [
        (ChangeKind.DROP_COLUMN, "users.name"),
        (ChangeKind.DROP_TABLE, "orders"),
    ]


def test_an_act_ends_the_change_of_its_objects() -> None:
    chapters = run({"0": _USERS, "1": "ALTER TABLE users DROP COLUMN name; DROP TABLE orders"}).chapters
    changes = find_changes(chapters)
    assert [change_of(chapters[1], act, changes) for act in chapters[1].acts] == list(changes)
