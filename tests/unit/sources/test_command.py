from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

from migsafe.errors import EnvironmentFailedError, PathNotFoundError, UsageError
from migsafe.model.script import Position, TransactionRule
from migsafe.sources import SourceOptions, read_command

PYTHON = shlex.quote(sys.executable)
ECHO = f"{PYTHON} -c 'import sys; print(*sys.argv[1:])'"


def test_what_a_program_prints_is_read_as_if_it_were_piped_in() -> None:
    (layout,) = read_command(f"{ECHO} 'SELECT 1;'", [], SourceOptions())
    (migration,) = layout.migrations.migrations
    assert migration.up is not None
    assert migration.up.text.strip() == "SELECT 1;"
    assert layout.selected == {migration.path}


def test_a_tool_s_marks_in_the_output_are_seen() -> None:
    (layout,) = read_command(f"{ECHO} '-- Running upgrade  -> a1\nSELECT 1;'", [], SourceOptions())
    assert layout.migrations.tool == "alembic-sql"


def test_with_a_place_for_paths_it_runs_once_for_each(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("0002_b.rb", "0001_a.rb")]
    for file in files:
        file.write_text("class A\n", encoding="utf-8")
    (layout,) = read_command(f"{ECHO} 'SELECT' '{{stem}};'", files, SourceOptions(tool="goose"))
    scripts = [migration.up for migration in layout.migrations.migrations]
    assert [script and script.text.strip() for script in scripts] == ["SELECT 0002_b;", "SELECT 0001_a;"]
    assert layout.selected == {str(file) for file in files}
    first = scripts[0]
    assert first is not None
    assert (first.rendered, first.position(5), first.transaction) == (True, Position(1, 1), TransactionRule.TOOL)


def test_no_shell_sees_the_words(tmp_path: Path) -> None:
    file = tmp_path / "a; exit 7.sql"
    file.write_text("", encoding="utf-8")
    (layout,) = read_command(f"{ECHO} -- '$HOME' {{path}}", [file], SourceOptions())
    (migration,) = layout.migrations.migrations
    assert migration.up is not None
    assert migration.up.text == f"-- $HOME {file}\n"


@pytest.mark.parametrize(
    ("command", "paths", "problem"),
    [
        ("", [], "is empty"),
        ("echo 'open", [], "cannot be split"),
        ("echo", ["a.sql"], "has no place"),
        ("echo {path}", [], "none is named"),
    ],
)
def test_a_command_that_cannot_work_is_refused(command: str, paths: list[str], problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        read_command(command, [Path(path) for path in paths], SourceOptions())


def test_a_path_that_is_not_there_is_an_error() -> None:
    with pytest.raises(PathNotFoundError):
        read_command("echo {path}", [Path("no/such.rb")], SourceOptions())


def test_a_program_that_fails_gives_its_last_words() -> None:
    with pytest.raises(EnvironmentFailedError, match="status 3") as caught:
        read_command(
            f"{PYTHON} -c 'import sys; print(\"no database\", file=sys.stderr); sys.exit(3)'", [], SourceOptions()
        )
    assert caught.value.hint == "no database"


def test_a_program_that_is_not_there_is_an_error() -> None:
    with pytest.raises(EnvironmentFailedError, match="cannot be started"):
        read_command("no-such-program-anywhere", [], SourceOptions())


def test_output_that_is_no_text_is_told(tmp_path: Path) -> None:
    file = tmp_path / "a.rb"
    file.write_text("", encoding="utf-8")
    (layout,) = read_command(
        f"{PYTHON} -c 'import sys; sys.stdout.buffer.write(bytes([0, 1]))' {{path}}", [file], SourceOptions()
    )
    assert [one.path for one in layout.migrations.unreadable] == [str(file)]
