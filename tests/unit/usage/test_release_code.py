"""One release's code: what may write a table besides what was found, and what it names."""

from __future__ import annotations

from migsafe.usage import ReleaseCode, Wanted
from usage_code import MemoryTree, catalogue, subject, writers


def test_code_that_names_nothing_of_it_leaves_no_doubt() -> None:
    found = writers({"app.py": "print(1)", "q.sql": "SELECT 1;"}, "users.full_name")
    assert (found.found, found.files, found.doubt) == ((), 2, "")


def test_a_table_s_name_without_an_insert_leaves_a_doubt() -> None:
    found = writers({"src/User.java": '@Table(name = "users")\nclass User {}'}, "users.full_name")
    assert found.doubt.startswith("src/User.java:1 names users")


def test_a_file_that_cannot_be_read_leaves_a_doubt() -> None:
    code = {"app.py": None, "q.sql": "INSERT INTO users (full_name) VALUES ($1);"}
    assert writers(code, "users.full_name").doubt == "app.py cannot be searched: permission denied"


def test_a_test_that_names_it_leaves_none() -> None:
    assert writers({"tests/UserTest.java": '@Table(name = "users")'}, "users.full_name").doubt == ""


def test_what_models_and_queries_name() -> None:
    files = {
        "m.py": 'class User(Base):\n    __tablename__ = "users"\n    email = Column(Text)\n',
        "q.sql": "SELECT u.name FROM users u;",
        "tests/test_q.py": 'execute("SELECT full_name FROM users")',
        "readme.txt": "users.legacy_code",
    }
    known = catalogue()
    sought = [Wanted(subject(f"users.{name}"), known) for name in ("email", "name", "full_name", "legacy_code")]
    sought.append(Wanted(subject("orders.name"), known))
    code = ReleaseCode(MemoryTree(files), sought, known.dialect)
    assert [str(each.subject) for each in code.named(sought)] == ["public.users.email", "public.users.name"]


def test_each_file_is_read_once_for_all_questions() -> None:
    tree = MemoryTree({"a.py": 'execute("INSERT INTO users (email, name) VALUES (1, 2)")', "b.py": "users = 1"})
    known = catalogue()
    one, other = Wanted(subject("users.name"), known), Wanted(subject("users.full_name"), known)
    code = ReleaseCode(tree, [one, other], known.dialect)
    code.uses(one, "1.0")
    code.writers(one)
    code.writers(other)
    assert sorted(tree.reads) == ["a.py", "b.py"]
