from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from migsafe.config import Config, ConfiguredIgnore, load_config
from migsafe.errors import ConfigurationError, ExitCode, PathNotFoundError, UsageError
from migsafe.model.dialect import Dialect
from migsafe.model.finding import Severity
from migsafe.model.script import TransactionRule

EVERYTHING = """\
paths = ["db/migrations", "extra, with comma"]
tool = "flyway"
dialect = "mysql"
server_version = 16
transaction = "none"
placeholders = { schema = "app", size = 3, on = true }
select = ["lock", "drop-column"]
extend_select = ["style"]
ignore = [
  "txn",
  { rule = "drop-column", migration = "7", objects = ["users.x"], reason = "unused", until = 2027-01-31, by = "dba" },
]
fail_on = "warning"
min_severity = "info"
runner_sets = ["lock_timeout", "search_path=a,b"]
max_lock_timeout = "2min"
since = "0041"
direction = "both"
"""


def load(folder: Path, text: str | None = None, *, environ: dict[str, str] | None = None, **options: Any) -> Config:
    if text is not None:
        (folder / "migsafe.toml").write_text(text, encoding="utf-8")
    return load_config(start=folder, environ=environ or {}, options=options)


def refusal(folder: Path, text: str) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        load(folder, text)
    return caught.value


def test_without_anything_the_defaults_hold(tmp_path: Path) -> None:
    assert load(tmp_path) == Config()


def test_every_key_of_a_file_is_read(tmp_path: Path) -> None:
    assert load(tmp_path, EVERYTHING) == Config(
        paths=("db/migrations", "extra, with comma"),
        tool="flyway",
        dialect=Dialect.MYSQL,
        server_version=16,
        transaction=TransactionRule.NONE,
        placeholders={"schema": "app", "size": "3", "on": "true"},
        select=("lock", "drop-column"),
        extend_select=("style",),
        ignore=("txn",),
        reasoned_ignores=(
            ConfiguredIgnore(
                rule="drop-column",
                reason="unused",
                migration="7",
                objects=("users.x",),
                until=date(2027, 1, 31),
                by="dba",
            ),
        ),
        fail_on=Severity.WARNING,
        min_severity=Severity.INFO,
        runner_sets=("lock_timeout", "search_path=a,b"),
        max_lock_timeout=120_000,
        since="0041",
        direction="both",
        source=tmp_path / "migsafe.toml",
    )


def test_ignores_may_be_an_array_of_tables_in_pyproject(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[[tool.migsafe.ignore]]\nrule = "drop-column"\nreason = "unused"\n')
    assert load(tmp_path).reasoned_ignores == (ConfiguredIgnore(rule="drop-column", reason="unused"),)


def test_the_nearest_file_above_is_taken_and_its_paths_are_seen_from_here(tmp_path: Path) -> None:
    here = tmp_path / "src" / "app"
    here.mkdir(parents=True)
    (tmp_path / "migsafe.toml").write_text('paths = ["db"]')
    config = load(here)
    assert config.source == tmp_path / "migsafe.toml"
    assert config.paths == ("../../db",)


def test_a_pyproject_without_our_table_is_passed_by(tmp_path: Path) -> None:
    here = tmp_path / "package"
    here.mkdir()
    (here / "pyproject.toml").write_text('[project]\nname = "migsafe-user"\n')
    (tmp_path / "pyproject.toml").write_text("[tool.migsafe]\nserver_version = 17\n")
    assert load(here).server_version == 17


def test_a_byte_order_mark_is_no_matter(tmp_path: Path) -> None:
    (tmp_path / "migsafe.toml").write_bytes(b"\xef\xbb\xbftool = 'goose'\n")
    assert load(tmp_path).tool == "goose"


def test_environment_wins_over_the_file_and_options_over_both(tmp_path: Path) -> None:
    text = 'tool = "a"\nsince = "1"\nfail_on = "info"\n'
    environ = {"MIGSAFE_SINCE": "2", "MIGSAFE_FAIL_ON": "never"}
    config = load(tmp_path, text, environ=environ, fail_on="error")
    assert (config.tool, config.since, config.fail_on) == ("a", "2", Severity.ERROR)


def test_options_that_were_not_given_say_nothing(tmp_path: Path) -> None:
    assert load(tmp_path, 'select = ["lock"]', select=(), tool=None).select == ("lock",)


def test_placeholders_of_all_places_hold_together(tmp_path: Path) -> None:
    environ = {"MIGSAFE_PLACEHOLDERS": "b=2,c=x,y"}
    config = load(tmp_path, "placeholders = { a = 1, b = 1 }", environ=environ, placeholders=("a=3", "d="))
    assert config.placeholders == {"a": "3", "b": "2", "c": "x,y", "d": ""}


def test_lists_in_variables_and_options_may_have_commas(tmp_path: Path) -> None:
    config = load(tmp_path, environ={"MIGSAFE_IGNORE": "a, b"}, select=("c,d", "e"))
    assert (config.ignore, config.select) == (("a", "b"), ("c", "d", "e"))


def test_the_variable_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text('tool = "goose"')
    assert load(tmp_path, environ={"MIGSAFE_CONFIG": str(tmp_path / "other.toml")}).tool == "goose"


def test_an_unknown_key_is_told_with_the_nearest_known_one(tmp_path: Path) -> None:
    error = refusal(tmp_path, "server-verison = 16")
    assert error.message == f'{tmp_path / "migsafe.toml"}: unknown key "server-verison"'
    assert error.hint == "did you mean server_version?"
    assert error.exit_code == ExitCode.USAGE


def test_an_unknown_key_like_no_other_is_told_with_all_known_ones(tmp_path: Path) -> None:
    assert "known keys: dialect, direction" in (refusal(tmp_path, "zzz = 1").hint or "")


def test_a_setting_of_one_run_has_no_place_in_a_file(tmp_path: Path) -> None:
    assert 'unknown key "diff"' in refusal(tmp_path, 'diff = "main"').message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('dialect = "postgress"', 'key "dialect" is postgress; it must be one of postgres, mysql, sqlite'),
        ("dialect = 3", "one of postgres"),
        (
            'dialect = ["postgres", "mysq"]',
            "key \"dialect\" is ['postgres', 'mysq']; it must be one of postgres, mysql",
        ),
        ("dialect = []", "one or more of postgres, mysql, sqlite"),
        ("dialect = [3]", "one of postgres"),
        ("server_version = { postgers = 16 }", "one of postgres"),
        ("server_version = { postgres = 0 }", "a major version such as 16"),
        ("server_version = {}", "a major version for each database"),
        ("server_version = [16]", "DATABASE=MAJOR for each"),
        ('server_version = "new"', "a major version such as 16"),
        ("server_version = true", "a major version"),
        ("server_version = 0", "a major version"),
        ("select = 3", "a list of texts"),
        ("select = [3]", "a list of texts"),
        ("paths = [3]", "a list of texts"),
        ('paths = [""]', "a text that is not empty"),
        ('tool = " "', "a text that is not empty"),
        ('max_lock_timeout = "5 parsecs"', 'a duration such as "5s"'),
        ("max_lock_timeout = true", "a duration"),
        ('fail_on = "fatal"', "one of error, warning, info, never"),
        ('min_severity = "never"', "one of error, warning, info"),
        ('runner_sets = ["lock timeout"]', "a list of settings"),
        ('placeholders = "x"', "NAME=VALUE"),
        ("placeholders = 3", "a list of texts"),
        ("placeholders = { a = [1] }", "a table whose values"),
        ('direction = "sideways"', "one of up, down, both"),
        ('ignore = "txn"', "a list of names and tables"),
        ("ignore = [3]", "a list of names and tables"),
        ('ignore = [{ reason = "x" }]', 'needs "rule"'),
        ('ignore = [{ rule = "x" }]', 'needs "reason"'),
        ('ignore = [{ rule = "x", reason = "" }]', "a text that is not empty"),
        ('ignore = [{ rule = "x", reason = "y", until = "soon" }]', "a day such as 2027-01-31"),
        ('ignore = [{ rule = "x", reason = "y", until = 2027-01-31T10:00:00 }]', "a day such as"),
        ('ignore = [{ rule = "x", reason = "y", untill = "z" }]', 'unknown key "untill"'),
        ("this is not TOML", "is not TOML"),
    ],
)
def test_a_wrong_value_is_told_with_the_file_and_what_is_allowed(tmp_path: Path, text: str, said: str) -> None:
    error = refusal(tmp_path, text)
    assert said in error.message
    assert str(tmp_path / "migsafe.toml") in error.message


@pytest.mark.parametrize(
    ("spelled", "expected"), [("16", 16), ("16.4", 16), ("8.0.36", 8)], ids=["major", "minor", "patch"]
)
def test_a_version_counts_by_its_major_number(tmp_path: Path, spelled: str, expected: int) -> None:
    assert load(tmp_path, server_version=spelled).server_version == expected


@pytest.mark.parametrize(("spelled", "expected"), [("5s", 5000), ("200ms", 200), ("200", 200), ("1 min", 60_000)])
def test_a_duration_has_the_units_of_postgres(tmp_path: Path, spelled: str, expected: int) -> None:
    assert load(tmp_path, f'max_lock_timeout = "{spelled}"').max_lock_timeout == expected


def test_a_wrong_option_is_a_usage_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"option --placeholder is .*; it must be NAME=VALUE"):
        load(tmp_path, placeholders=("novalue",))


def test_a_revision_that_git_would_take_for_an_option_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="a git revision"):
        load(tmp_path, diff="--output=/etc/passwd")


def test_a_wrong_variable_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="environment variable MIGSAFE_DIALECT is oracle"):
        load(tmp_path, environ={"MIGSAFE_DIALECT": "oracle"})


def test_a_misspelled_variable_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="MIGSAFE_SEVER_VERSION") as caught:
        load(tmp_path, environ={"MIGSAFE_SEVER_VERSION": "16"})
    assert caught.value.hint == "did you mean MIGSAFE_SERVER_VERSION?"


def test_variables_that_a_cluster_sets_by_itself_are_no_matter(tmp_path: Path) -> None:
    environ = dict.fromkeys(("MIGSAFE_SERVICE_HOST", "MIGSAFE_PORT", "MIGSAFE_PORT_80_TCP_ADDR"), "10.0.0.1")
    assert load(tmp_path, environ=environ) == Config()


def test_a_named_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(PathNotFoundError, match="no configuration file"):
        load_config(tmp_path / "absent.toml", environ={})


def test_a_named_pyproject_without_our_table_is_told(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    with pytest.raises(ConfigurationError, match=r"has no \[tool.migsafe\] table"):
        load_config(tmp_path / "pyproject.toml", environ={})


def test_a_file_that_is_not_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "migsafe.toml").write_bytes(b"tool = '\xff'")
    with pytest.raises(ConfigurationError, match="not UTF-8 text"):
        load(tmp_path)


def test_names_and_tables_that_toml_cannot_hold_together_get_a_hint(tmp_path: Path) -> None:
    error = refusal(tmp_path, 'ignore = ["txn"]\n[[ignore]]\nrule = "x"\nreason = "y"\n')
    assert "go into one list" in (error.hint or "")


def test_windows_and_replicas(tmp_path: Path) -> None:
    (tmp_path / "migsafe.toml").write_text(
        'windows = ["Mon-Thu 09-16", "Fri 09-11"]\nreplicas = ["ro1", "postgresql://a,b/shop"]\n'
    )
    config = load_config(start=tmp_path, environ={})
    assert config.windows is not None
    assert config.windows.text == "Mon-Thu 09-16, Fri 09-11"
    assert config.replicas == ("ro1", "postgresql://a,b/shop")


def test_a_window_that_cannot_be_read_is_refused_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "migsafe.toml").write_text('windows = "always"\n')
    with pytest.raises(ConfigurationError, match='key "windows" is always; it must be windows such as'):
        load_config(start=tmp_path, environ={})


POSTGRES, MYSQL, SQLITE = Dialect.POSTGRES, Dialect.MYSQL, Dialect.SQLITE


def test_several_databases_may_be_named_the_first_is_that_of_most_commands(tmp_path: Path) -> None:
    config = load(tmp_path, 'dialect = ["mysql", "postgres", "mysql"]')
    assert (config.dialect, config.other_dialects) == (MYSQL, (POSTGRES,))
    assert config.dialects == (MYSQL, POSTGRES)
    assert load(tmp_path, environ={"MIGSAFE_DIALECT": "sqlite, mysql"}).dialects == (SQLITE, MYSQL)
    assert load(tmp_path, dialect=("sqlite", "mysql")).dialects == (SQLITE, MYSQL)


@pytest.mark.parametrize("said", ["mysql", ("mysql",), ["mysql", "mysql"]], ids=["word", "list", "twice"])
def test_one_database_is_one_however_it_is_said(tmp_path: Path, said: object) -> None:
    assert load(tmp_path, dialect=said) == Config(dialect=MYSQL)


def test_no_database_is_none_of_several(tmp_path: Path) -> None:
    assert load(tmp_path).dialects == ()


def test_an_option_takes_the_place_of_all_that_the_file_names(tmp_path: Path) -> None:
    assert load(tmp_path, 'dialect = ["postgres", "mysql"]', dialect="sqlite").dialects == (SQLITE,)


def test_the_nearest_word_of_a_list_is_told(tmp_path: Path) -> None:
    assert refusal(tmp_path, 'dialect = ["postgres", "mysq"]').hint == "did you mean mysql?"


@pytest.mark.parametrize(
    "said",
    [
        'server_version = { postgres = 16, mysql = "8.4" }',
        'server_version = ["postgres=16", "mysql=8.4"]',
        'server_version = "postgres=16,mysql=8.4"',
    ],
    ids=["table", "list", "text"],
)
def test_each_database_has_its_version(tmp_path: Path, said: str) -> None:
    config = load(tmp_path, f'dialect = ["mysql", "postgres"]\n{said}')
    assert [config.server_of(each) for each in (POSTGRES, MYSQL, SQLITE)] == [16, 8, None]
    assert config.server_version == 8


def test_a_version_alone_is_that_of_the_first_database(tmp_path: Path) -> None:
    config = load(tmp_path, 'dialect = ["postgres", "mysql"]\nserver_version = 17')
    assert (config.server_of(POSTGRES), config.server_of(MYSQL), config.server_version) == (17, None, 17)


def test_a_version_alone_is_that_of_whatever_database_there_is(tmp_path: Path) -> None:
    assert load(tmp_path, "server_version = 10").server_of(MYSQL) == 10


def test_settings_for_one_of_several_databases_are_those_of_that_one_alone(tmp_path: Path) -> None:
    config = load(tmp_path, 'dialect = ["postgres", "mysql"]\nserver_version = { postgres = 17, mysql = 8 }')
    assert config.only(MYSQL) == load(tmp_path, 'dialect = "mysql"\nserver_version = 8')
