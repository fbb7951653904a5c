"""Words in templates, configuration, other languages, and Python that maps nothing."""

from __future__ import annotations

import pytest

from migsafe.model.usage import Use
from usage_code import uses

MODEL = {"app/models.py": 'class Person(Base):\n    __tablename__ = "users"\n    id = Column(Integer)\n'}


def _words(path: str, body: str, what: str, **others: str) -> Use:
    return uses({path: body} | others, what)["words"].use


@pytest.mark.parametrize(
    ("path", "body", "what", "use"),
    [
        # several words, and no other table has it
        ("t/a.html", "{{ x.legacy_code }}", "users.legacy_code", Use.WEAK),
        ("web/a.ts", "row.legacyCode", "users.legacy_code", Use.WEAK),
        ("web/a.ts", "// row.legacyCode", "users.legacy_code", Use.NONE),
        ("web/a.ts", "row.legacy_codes", "users.legacy_code", Use.NONE),
        ("t/a.html", "{# legacy_code #} <!-- legacy_code -->", "users.legacy_code", Use.NONE),
        ("etl/a.yml", "columns: [legacy_code]", "users.legacy_code", Use.NONE),
        ("etl/a.yml", "table: users\ncolumns: [legacy_code]", "users.legacy_code", Use.WEAK),
        ("etl/a.yml", "table: users\n# legacy_code", "users.legacy_code", Use.NONE),
        # others have such a column too
        ("t/a.html", "{{ user.name }}", "users.name", Use.WEAK),
        ("t/a.html", "{{ order.name }} of {{ user.id }}", "users.name", Use.NONE),
        ("t/a.html", '<input name="users">', "users.name", Use.NONE),
        ("deploy/a.yml", "- name: users", "users.name", Use.NONE),
        ("a.go", 'type User struct {\n  Name string `db:"name"`\n}', "users.name", Use.WEAK),
        ("a.go", 'type Order struct {\n  Name string `db:"name"`\n}', "users.name", Use.NONE),
        ("a.ts", "knex('users').select('name')", "users.name", Use.WEAK),
        ("a.ts", "knex('users').select('id')" + "\n" * 30 + "knex('orders').select('name')", "users.name", Use.NONE),
        (
            "A.java",
            '@Table(name = "users") class A { @Column(name = "full_name") String f; }',
            "users.full_name",
            Use.WEAK,
        ),
        # prose, lock files, dumps, vendored folders, bundles
        ("README.md", "users.legacy_code", "users.legacy_code", None),
        ("CHANGELOG", "users.legacy_code", "users.legacy_code", None),
        ("poetry.lock", "users.legacy_code", "users.legacy_code", None),
        ("node_modules/a/a.js", "users.legacy_code", "users.legacy_code", None),
        ("docs/a.html", "users.legacy_code", "users.legacy_code", None),
        ("a.js", "x;" * 3000 + "users.legacy_code", "users.legacy_code", None),
    ],
)
def test_words_count_where_they_mean_it(path: str, body: str, what: str, use: Use | None) -> None:
    found = uses({path: body}, what).get("words")
    assert (None if found is None else found.use) is use


def test_a_query_s_words_are_judged_as_a_query_alone() -> None:
    body = 'db.query("SELECT o.name FROM orders o, users u")'
    assert _words("a.ts", body, "users.name") is Use.NONE


@pytest.mark.parametrize(
    ("path", "body", "what", "use"),
    [
        ("a.ts", "knex('users')", "users", Use.WEAK),
        ("a.ts", "const users = []", "users", Use.NONE),
        ("a.yml", "table: users", "users", Use.WEAK),
        ("a.yml", "users: 5", "users", Use.NONE),
        ("a.yml", "source: public.users", "users", Use.WEAK),
        ("a.py", "from users import x", "users", Use.NONE),
        ("a.py", 'frame.to_sql("users", db)', "users", Use.WEAK),
    ],
)
def test_a_table_of_one_plain_word_counts_only_as_a_table(path: str, body: str, what: str, use: Use) -> None:
    assert _words(path, body, what) is use


def test_python_counts_only_where_no_model_says_what_it_uses() -> None:
    body = 'frame["legacy_code"]'
    assert _words("etl.py", body, "users.legacy_code") is Use.WEAK
    assert "words" not in uses({"etl.py": body} | MODEL, "users.legacy_code")


def test_python_words_in_docstrings_and_comments_do_not_count() -> None:
    body = '"""legacy_code"""\n# legacy_code\ndef f():\n    """legacy_code"""\n'
    assert _words("etl.py", body, "users.legacy_code") is Use.NONE


def test_the_class_that_maps_the_table_stands_for_it() -> None:
    files = {"t/a.html": "{{ person.name }}"}
    assert uses(files | MODEL, "users.name")["words"].use is Use.WEAK
    assert uses(files, "users.name")["words"].use is Use.NONE


def test_a_word_in_a_test_says_so() -> None:
    found = uses({"tests/a.html": "{{ user.name }}"}, "users.name")["words"]
    assert (found.use, found.text) == (
        Use.WEAK,
        "the word name stands in tests/a.html beside one for users, in a test",
    )
