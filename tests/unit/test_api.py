from __future__ import annotations

from pathlib import Path

import pytest

from migsafe import api
from migsafe.config import Config
from migsafe.errors import PathNotFoundError, UsageError
from migsafe.model.finding import Severity

TABLE = "CREATE TABLE users (id bigint PRIMARY KEY);"
INDEX = "SET lock_timeout = '1s'; CREATE INDEX i ON users (id);"


def names(report: object) -> list[str]:
    return [finding.rule for finding in report.findings]  # type: ignore[attr-defined]  # any report


def test_a_text_is_judged() -> None:
    report = api.lint_text(INDEX, name="0042")
    assert names(report) == ["create-index-blocking"]
    assert report.findings[0].path == "0042"


def test_what_earlier_texts_created_is_known() -> None:
    added = "SET lock_timeout = '1s'; ALTER TABLE users ADD COLUMN id bigint;"
    assert names(api.lint_text(added)) == []
    assert names(api.lint_text(INDEX, prior=[TABLE])) == ["create-index-blocking"]


def test_whether_a_transaction_is_open_is_told() -> None:
    sql = "CREATE INDEX CONCURRENTLY i ON users (id);"
    assert "concurrently-in-transaction" in names(api.lint_text(sql, in_transaction=True))
    assert "concurrently-in-transaction" not in names(api.lint_text(sql))


def test_the_version_that_was_given_is_in_the_report() -> None:
    assert api.lint_text("SELECT 1;", server_version=17).server.source == "given"
    assert api.lint_text("SELECT 1;").server.assumed


def test_an_unknown_dialect_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="oracle"):
        api.lint_text("SELECT 1;", dialect="oracle")


def test_paths_are_judged_with_the_defaults(tmp_path: Path) -> None:
    (tmp_path / "001.sql").write_text(TABLE)
    (tmp_path / "002.sql").write_text(INDEX)
    assert names(api.lint_paths([tmp_path])) == ["create-index-blocking"]


def test_progress_is_told_to_its_end(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"00{number}.sql").write_text(f"CREATE TABLE t{number} ();")
    steps: list[tuple[int, int]] = []
    api.lint_paths([tmp_path], progress=lambda done, total: steps.append((done, total)))
    assert steps == [(1, 3), (2, 3), (3, 3)]


def test_a_path_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PathNotFoundError):
        api.lint_paths([tmp_path / "absent"])


def test_text_from_elsewhere_is_judged_by_the_configuration() -> None:
    report = api.lint_stdin(INDEX, "new.sql", Config(ignore=("lock",), fail_on=None, min_severity=Severity.ERROR))
    assert names(report) == []


def test_a_rule_is_found_by_its_name() -> None:
    assert api.rule("could-not-read") is api.rules()["could-not-read"]


def test_a_rule_without_examples_has_none() -> None:
    assert api.examples("no-such-rule") is None


@pytest.mark.parametrize(
    ("dialect", "version", "major"), [("postgres", None, 15), ("mysql", None, None), ("mysql", 8, 8)]
)
def test_only_postgres_has_an_assumed_version(dialect: str, version: int | None, major: int | None) -> None:
    report = api.lint_text("ALTER TABLE t DROP COLUMN a;", dialect=dialect, server_version=version)
    assert report.server_major == major
