from __future__ import annotations

from migsafe.model.locks import LockMode
from migsafe.model.names import QualifiedName
from migsafe.model.observation import IndexWork
from migsafe.shadow.relations import Changes, Relation, add_locks


def name(text: str) -> QualifiedName:
    return QualifiedName(text, "public")


TABLE = Relation(1, name("t"), "r", 100, 0)
INDEX = Relation(2, name("i"), "i", 200, 1)
BEFORE = {1: TABLE, 2: INDEX}


def test_nothing_changed() -> None:
    changes = Changes(BEFORE, BEFORE)
    assert (changes.rewritten, changes.rebuilt, changes.built) == ([], [], [])


def test_a_new_name_is_no_new_storage() -> None:
    after = {1: TABLE._replace(name=name("renamed")), 2: INDEX._replace(name=name("j"))}
    changes = Changes(BEFORE, after)
    assert (changes.rewritten, changes.rebuilt, changes.built) == ([], [], [])


def test_new_storage_is_a_rewrite_under_the_old_name() -> None:
    changes = Changes(BEFORE, {1: TABLE._replace(storage=101, name=name("renamed")), 2: INDEX._replace(storage=201)})
    assert changes.rewritten == [TABLE]
    assert changes.rebuilt == [IndexWork(name("i"), name("t"))]


def test_an_index_in_anothers_place_is_rebuilt() -> None:
    changes = Changes(BEFORE, {1: TABLE, 3: INDEX._replace(oid=3, storage=300)})
    assert (changes.rebuilt, changes.built) == ([IndexWork(name("i"), name("t"))], [])


def test_an_index_that_takes_over_the_storage_of_the_one_before_it_is_not_built() -> None:
    """A change of type makes every index of the column anew, and keeps what is stored where it still fits."""
    changes = Changes(BEFORE, {1: TABLE, 3: INDEX._replace(oid=3)})
    assert (changes.rebuilt, changes.built) == ([], [])


def test_a_new_index_is_built_only_on_what_was_there() -> None:
    new_table = Relation(5, name("n"), "r", 500, 0)
    after = {
        **BEFORE,
        3: Relation(3, name("j"), "i", 300, 1),
        4: Relation(4, name("partitioned"), "I", 0, 1),
        5: new_table,
        6: Relation(6, name("n_pkey"), "i", 600, 5),
    }
    changes = Changes(BEFORE, after)
    assert (changes.rebuilt, changes.built) == ([], [IndexWork(name("j"), name("t"))])


def test_what_was_dropped_was_not_rewritten() -> None:
    changes = Changes(BEFORE, {})
    assert (changes.rewritten, changes.rebuilt, changes.built) == ([], [], [])


def test_the_strongest_lock_is_kept() -> None:
    modes: dict[int, LockMode] = {}
    add_locks(modes, [(1, "ShareLock", True), (1, "AccessShareLock", True), (0, "ExclusiveLock", False)])
    add_locks(modes, [(1, "RowShareLock", True), (2, "AccessExclusiveLock", False)])
    assert modes == {1: LockMode.SHARE, 2: LockMode.ACCESS_EXCLUSIVE}
