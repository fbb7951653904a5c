"""All ways of looking together, on a small project that a person can read."""

from __future__ import annotations

import pytest

from migsafe.config.usage import UsageSettings
from migsafe.model.usage import Use
from migsafe.usage import find_uses
from usage_code import SHOP, MemoryTree, catalogue, folder, subject, uses, verdicts

SCHEMA = (SHOP / "catalogue.sql").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        # mapped under another attribute's name; named in a query and in a program
        ("users.full_name", {"sqlalchemy-models": "strong", "query-files": "strong", "sql-literals": "strong"}),
        # mapped by a mixin
        ("users.email", {"sqlalchemy-models": "strong", "query-files": "strong", "sql-literals": "none"}),
        # near-misses: orders.name, a docstring, a sentence, comments, a migration, a CTE, a parameter, the changelog
        ("users.name", {"sqlalchemy-models": "none", "query-files": "none", "sql-literals": "none"}),
        # the models have given it up, a query has not
        ("users.fax", {"sqlalchemy-models": "none", "query-files": "none", "sql-literals": "strong"}),
        ("users.legacy_code", {"sqlalchemy-models": "none", "query-files": "strong", "sql-literals": "none"}),
        ("orders.name", {"sqlalchemy-models": "strong", "query-files": "strong", "sql-literals": "strong"}),
        ("audit_entries", {"sqlalchemy-models": "none", "query-files": "none", "sql-literals": "strong"}),
        ("audit_entries.id", {"query-files": "none", "sql-literals": "none"}),
    ],
)
def test_the_shop(what: str, expected: dict[str, str]) -> None:
    found = verdicts(uses(folder(SHOP), what, schema=SCHEMA))
    assert {source: found.get(source) for source in expected} == expected


@pytest.mark.parametrize(
    ("what", "use"), [("users.legacy_code", "weak"), ("users.name", "none"), ("users.fax", "none")]
)
def test_words_of_the_shop(what: str, use: str) -> None:
    assert verdicts(uses(folder(SHOP), what, schema=SCHEMA))["words"] == use


def test_evidence_says_where_in_the_project_s_own_words() -> None:
    found = uses(folder(SHOP), "users.full_name", schema=SCHEMA)
    models = found["sqlalchemy-models"]
    assert models.text == "class User maps users.full_name as display_name"
    assert [str(place) for place in models.places] == ["app/models.py:17"]
    assert found["query-files"].text == "query GetUser names users.full_name"
    assert [str(place) for place in found["query-files"].places] == ["queries/users.sql:2"]
    assert [str(place) for place in found["sql-literals"].places] == ["app/report.py:12"]
    assert found["sqlalchemy-models"].release == "1.0"


def test_a_file_is_read_once_for_all_subjects() -> None:
    tree = folder(SHOP)
    subjects = [subject(text) for text in ("users.name", "users.fax", "orders", "orders.total")]
    found = find_uses(subjects, tree, release="1.0", catalogue=catalogue(SCHEMA))
    assert list(found) == subjects
    assert len(tree.reads) == len(set(tree.reads))


def test_no_subject_reads_nothing() -> None:
    tree = MemoryTree({"a.py": ""})
    assert find_uses([], tree, release=None, catalogue=catalogue()) == {}
    assert tree.reads == []


def test_the_database_is_asked_for_the_working_tree_alone() -> None:
    files = {"a.py": ""}
    assert "dependents" in uses(files, "users.name", release=None)
    assert "dependents" not in uses(files, "users.name", release="1.0")


def test_code_says_where_to_look_and_exclude_where_not() -> None:
    files = {"src/a.py": "", "tools/b.py": 'run.execute("SELECT name FROM users")'}
    assert uses(files, "users.name")["sql-literals"].use is Use.STRONG
    assert uses(files, "users.name", settings=UsageSettings(code=("src",)))["sql-literals"].use is Use.NONE
    assert uses(files, "users.name", settings=UsageSettings(exclude=("tools/*.py",)))["sql-literals"].use is Use.NONE


def test_migrations_are_left_out_by_name_and_by_place() -> None:
    sql = "UPDATE users SET name = ''"
    for path in ("db/migrate/1.sql", "app/migrations/1.sql", "alembic/versions/1.sql", "migration/V1__x.sql"):
        assert "query-files" not in uses({path: sql}, "users.name")
    assert uses({"sql/1.sql": sql}, "users.name")["query-files"].use is Use.STRONG
    assert "query-files" not in uses({"sql/1.sql": sql}, "users.name", migrations=("sql",))


def test_code_that_cannot_be_read_is_unknown_and_never_none() -> None:
    found = uses({"a.py": "x = 1", "b.py": None}, "users.name")
    assert found["sql-literals"].use is Use.UNKNOWN
    assert found["sql-literals"].text == "b.py cannot be searched: permission denied"


def test_python_that_is_none_is_unknown_once_it_matters() -> None:
    files = {"old.py": "name = Column()\nprint 'x'", "models.py": 'class User(Base):\n    __tablename__ = "users"\n'}
    assert uses(files, "users.name")["sqlalchemy-models"].use is Use.UNKNOWN


def test_code_that_is_nested_too_deeply_is_unknown() -> None:
    files = {"users.py": "users = 'select 1'" + " + 'x'" * 1000}
    found = uses(files, "users.name")["sql-literals"]
    assert found.use is Use.UNKNOWN
    assert "users.py cannot be searched" in found.text


def test_the_release_before_still_maps_what_this_one_has_given_up() -> None:
    model = 'class User(Base):\n    __tablename__ = "users"\n    name = Column(String)\n'
    before = uses({"models.py": model}, "users.name", release="1.8")["sqlalchemy-models"]
    now = uses({"models.py": model.replace("name =", "full_name =")}, "users.name", release=None)["sqlalchemy-models"]
    assert (before.use, before.release, now.use, now.release) == (Use.STRONG, "1.8", Use.NONE, None)


def test_bundles_are_left_out_and_counted() -> None:
    found = uses({"a.js": "x" * 6000 + " users.name", "b.js": ""}, "users.name")
    assert found["words"].text == "no word of users.name stands in 1 other file (1 bundle not searched)"
