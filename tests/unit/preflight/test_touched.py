"""What migrations touch on a database that has not run them."""

from __future__ import annotations

from migsafe.model.locks import LockMode, Work
from migsafe.model.names import QualifiedName
from preflight_cases import ORDERS, USERS, touched_by

TABLES = "create table users (id int primary key, email text); create table orders (id int, user_id int);"


def test_the_strongest_lock_on_each_table() -> None:
    touched = touched_by("update users set email = ''; alter table users add column a int", before=TABLES)
    assert touched.modes == {USERS: LockMode.ACCESS_EXCLUSIVE}
    assert (touched.changes_rows, touched.owned, touched.reshaped) == ({USERS}, {USERS}, {USERS})


def test_a_foreign_key_locks_both_sides_and_alters_one() -> None:
    touched = touched_by("alter table orders add foreign key (user_id) references users", before=TABLES)
    assert touched.modes == {ORDERS: LockMode.SHARE_ROW_EXCLUSIVE, USERS: LockMode.SHARE_ROW_EXCLUSIVE}
    assert touched.owned == {ORDERS}
    assert touched.reshaped == set()


def test_what_the_migrations_make_is_nobodys_to_wait_for() -> None:
    first = "create table fresh (id int); alter table fresh add column a int"
    touched = touched_by(first, "alter table fresh add column b int; create index on fresh (b)")
    assert touched.modes == {}
    assert touched.made == {QualifiedName("fresh", "public")}
    assert touched.makes_in == {"public"}


def test_a_renamed_table_is_on_the_server_under_its_old_name() -> None:
    touched = touched_by("alter table users rename to people", "alter table people add column a int", before=TABLES)
    assert touched.modes == {USERS: LockMode.ACCESS_EXCLUSIVE}


def test_a_table_moved_to_another_schema_is_on_the_server_where_it_was() -> None:
    touched = touched_by("alter table users set schema old", "truncate old.users", before=TABLES)
    assert set(touched.modes) == {USERS}


def test_a_temporary_table_is_nobodys() -> None:
    assert touched_by("create temporary table t (a int); alter table t add column b int").modes == {}


def test_if_exists_of_what_does_not_exist_touches_nothing() -> None:
    sql = "alter table if exists gone add column a int; drop table if exists gone"
    assert touched_by(sql, before=TABLES).modes == {}
    assert set(touched_by(sql.replace("gone", "users"), before=TABLES).modes) == {USERS}


def test_an_index_of_the_server_leads_to_its_table() -> None:
    before = TABLES + "create index by_email on users (email);"
    touched = touched_by("drop index by_email", before=before)
    assert touched.modes == {USERS: LockMode.ACCESS_EXCLUSIVE}
    assert touched.owned == {USERS}


def test_commands_that_are_concurrently() -> None:
    build = touched_by("create index concurrently i on users (email)", before=TABLES)
    assert (build.concurrently, build.patient, build.builds) == (True, {USERS}, {USERS: Work.INDEX_BUILD})
    assert build.index_names == {QualifiedName("i", "public")}
    drop = touched_by("drop index concurrently i", before=TABLES + "create index i on users (email);")
    assert (drop.concurrently, drop.patient) == (False, {USERS})
    assert not touched_by("create index i on users (email)", before=TABLES).concurrently


def test_partitions_of_one_transaction_are_counted_together() -> None:
    parts = "".join(f"create table p{n} partition of log for values in ({n});" for n in range(4))
    before = "create table log (a int) partition by list (a);" + parts + TABLES
    assert len(touched_by("alter table log add column b int", before=before).at_once) == 5
    both = "alter table users add column a int; alter table orders add column a int"
    assert len(touched_by(both, before=before).at_once) == 1
    assert len(touched_by(f"begin; {both}; commit", before=before).at_once) == 2


def test_what_cannot_be_read_is_said_with_its_place() -> None:
    touched = touched_by("select 1;\nalter table users frobnicate;", before=TABLES)
    assert [text.partition(": ")[0] for text in touched.not_read] == ["0001.sql:2"]


def test_code_that_only_a_run_could_tell_of_is_said() -> None:
    dynamic = "do $$ begin execute 'alter table ' || 'users' || ' add column a int'; end $$"
    assert touched_by(dynamic, before=TABLES).opaque
    assert not touched_by("do $$ begin alter table users add column a int; end $$", before=TABLES).opaque


def test_a_detach_that_is_finished() -> None:
    before = "create table log (a int) partition by list (a); create table p partition of log for values in (1);"
    finalized = touched_by("alter table log detach partition p finalize", before=before).finalizes
    assert finalized == {QualifiedName("p", "public")}
    assert touched_by("alter table log detach partition p", before=before).finalizes == set()


def test_triggers_and_rows_need_no_owner() -> None:
    sql = "create trigger t after insert on users for each row execute function f(); delete from users"
    assert touched_by(sql, before=TABLES).owned == set()
