from __future__ import annotations

import os
from pathlib import Path

import pytest

from migsafe.config import Config, ConfiguredIgnore
from migsafe.errors import ConfigurationError, UsageError
from migsafe.lint.run import lint_paths, lint_text


def test_an_empty_path_is_not_this_folder() -> None:
    with pytest.raises(UsageError, match="empty"):
        lint_paths([""], Config())


def test_an_ignore_of_a_rule_that_there_is_not_is_refused(tmp_path: Path) -> None:
    (tmp_path / "1.sql").write_text("DROP TABLE users;")
    ignore = ConfiguredIgnore(rule="drop-tabel", reason="a slip")
    with pytest.raises(ConfigurationError, match='no rule "drop-tabel"') as error:
        lint_paths([tmp_path], Config(reasoned_ignores=(ignore,)))
    assert "drop-table" in (error.value.hint or "")


def test_a_file_name_that_is_not_utf8_is_linted_like_any_other(tmp_path: Path) -> None:
    try:
        (tmp_path / os.fsdecode(b"1_\xff.sql")).write_text("DROP TABLE users;")
    except OSError:
        pytest.skip("this file system takes names in UTF-8 only")
    assert "drop-table" in {finding.rule for finding in lint_paths([tmp_path], Config()).findings}


def test_fingerprints_tell_names_that_are_not_utf8_apart() -> None:
    prints = {lint_text("DROP TABLE t;", name=f"1_{half}").findings[0].fingerprint for half in ("\udcfe", "\udcff")}
    assert len(prints) == 2
