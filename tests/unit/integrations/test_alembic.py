"""The hooks as Alembic calls them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import render_python_code
from alembic.operations import ops
from alembic.runtime.migration import MigrationContext

import migsafe.alembic
from migsafe import api
from migsafe.errors import NoMigrationsError
from migsafe.integrations import alembic as hooks


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project without settings."""
    for variable in [name for name in os.environ if name.startswith("MIGSAFE_")]:
        monkeypatch.delenv(variable)
    monkeypatch.chdir(tmp_path)


def context(dialect: str = "postgresql", **opts: object) -> MigrationContext:
    return MigrationContext.configure(dialect_name=dialect, opts={"as_sql": True, **opts})


def script(*up: ops.MigrateOperation, down: tuple[ops.MigrateOperation, ...] = (), **words: Any) -> ops.MigrationScript:
    return ops.MigrationScript("0002", ops.UpgradeOps(list(up)), ops.DowngradeOps(list(down)), **words)


INDEX = ops.CreateIndexOp("orders_user_id_idx", "orders", ["user_id"])
RENAME = (
    ops.AddColumnOp("users", sa.Column("full_name", sa.String(50))),
    ops.DropColumnOp("users", "name"),
)
RENAME_BACK = (ops.AddColumnOp("users", sa.Column("name", sa.VARCHAR(50))), ops.DropColumnOp("users", "full_name"))


def said(capsys: pytest.CaptureFixture[str]) -> str:
    """What was written to the standard error; nothing goes to the standard output."""
    out, err = capsys.readouterr()
    assert out == ""
    return err


def test_findings_are_printed_with_the_safe_form(capsys: pytest.CaptureFixture[str]) -> None:
    migsafe.alembic.process_revision_directives(context(), (), [script(INDEX, message="find orders")])
    page = said(capsys)
    assert "error[create-index-blocking]" in page
    assert "--> <0002: find orders>:1:1" in page
    assert "CREATE INDEX CONCURRENTLY orders_user_id_idx ON orders (user_id)" in page
    assert "with op.get_context().autocommit_block():" in page
    assert "likely rename" not in page


def test_a_likely_rename_is_named_with_the_safe_form(capsys: pytest.CaptureFixture[str]) -> None:
    migsafe.alembic.process_revision_directives(context(), (), [script(*RENAME, down=RENAME_BACK)])
    page = said(capsys)
    assert "likely rename: users.name (character varying(50)) is dropped" in page
    assert "op.drop_column('users', 'name')" in page


def test_nothing_is_said_of_missing_timeouts_which_env_py_sets(capsys: pytest.CaptureFixture[str]) -> None:
    column = ops.AddColumnOp("users", sa.Column("nickname", sa.String(50)))
    hooks.process_revision_directives(context(), (), [script(column)])
    assert said(capsys) == "migsafe: no findings in 1 migration\n"


def test_an_empty_revision_needs_no_word(capsys: pytest.CaptureFixture[str]) -> None:
    hooks.process_revision_directives(context(), (), [script()])
    assert said(capsys) == ""


def test_directives_stay_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    metadata = sa.MetaData()
    table = sa.Table(
        "t", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("e", sa.Enum("a", name="k"))
    )
    directive = script(ops.CreateTableOp.from_table(table), INDEX, *RENAME, down=RENAME_BACK)
    before = (render_python_code(directive.upgrade_ops), list(directive.upgrade_ops.ops), list(metadata.tables))
    directives = [directive]
    hooks.process_revision_directives(context(), (), directives)
    assert "create-index-blocking" in said(capsys)
    assert (render_python_code(directive.upgrade_ops), list(directive.upgrade_ops.ops), list(metadata.tables)) == before
    assert directives == [directive]


def test_the_settings_of_the_project_hold(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "migsafe.toml").write_text('since = "0001"\nignore = ["create-index-blocking"]\n')
    hooks.process_revision_directives(context(), (), [script(INDEX)])
    assert said(capsys) == "migsafe: no findings in 1 migration\n"


def test_wrong_settings_are_one_line_and_no_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "migsafe.toml").write_text("tol = 1\n")
    hooks.process_revision_directives(context(), (), [script(INDEX)])
    page = said(capsys)
    assert page.startswith("migsafe: not linted: ")
    assert page.count("\n") == 1


def test_a_failure_of_our_own_is_one_line_and_no_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("first\nsecond \x1b[31m")

    monkeypatch.setattr(api, "lint_stdin", broken)
    hooks.process_revision_directives(context(), (), [script(INDEX)])
    assert said(capsys) == "migsafe: not linted: RuntimeError: first\n"


def test_a_database_that_migsafe_does_not_read_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    hooks.process_revision_directives(context("mssql"), (), [script(INDEX)])
    assert said(capsys) == "migsafe: not linted: it does not read SQL for mssql\n"


def test_what_cannot_be_rendered_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    class Strange(ops.MigrateOperation):
        """An operation that nobody has registered."""

    hooks.process_revision_directives(context(), (), [script(Strange(), INDEX)])
    page = said(capsys)
    assert "migsafe: not linted: Strange: " in page
    assert "create-index-blocking" in page


def test_of_several_databases_only_the_one_at_hand_is_judged(capsys: pytest.CaptureFixture[str]) -> None:
    first = ops.UpgradeOps([INDEX], upgrade_token="one_upgrades")
    second = ops.UpgradeOps([ops.DropTableOp("orders")], upgrade_token="two_upgrades")
    directive = ops.MigrationScript("0002", [first, second], [ops.DowngradeOps(), ops.DowngradeOps()])
    hooks.process_revision_directives(context(upgrade_token="two_upgrades"), (), [directive])
    page = said(capsys)
    assert "drop-table" in page
    assert "create-index-blocking" not in page


def test_mysql_is_judged_as_mysql(capsys: pytest.CaptureFixture[str]) -> None:
    hooks.process_revision_directives(context("mysql"), (), [script(ops.DropColumnOp("order", "a"))])
    assert "ALTER TABLE `order` DROP COLUMN a;" in said(capsys)


def test_own_hooks_run_first_and_what_they_leave_is_linted(capsys: pytest.CaptureFixture[str]) -> None:
    def emptied(_context: object, _revision: object, directives: list[ops.MigrationScript]) -> None:
        directives[0].upgrade_ops.ops[:] = [RENAME[1]]

    hook = migsafe.alembic.after(emptied)
    hook(context(), (), [script(INDEX)])
    page = said(capsys)
    assert "drop-column" in page
    assert "create-index-blocking" not in page


def test_what_an_own_hook_raises_is_raised() -> None:
    def broken(*_: object) -> None:
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        migsafe.alembic.after(broken)(context(), (), [script(INDEX)])


SQL = "CREATE INDEX orders_user_id_idx ON orders (user_id);\n"


def test_a_written_file_is_reported_and_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "0002.sql"
    file.write_text(SQL)
    assert migsafe.alembic.post_write([str(file)]) == 0
    assert "--> 0002.sql:1:1" in said(capsys), "an absolute path is shown as seen from here"
    assert file.read_text() == SQL


def test_fail_gives_the_exit_code_of_lint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "0002.sql"
    file.write_text(SQL)
    assert migsafe.alembic.post_write([str(file), "--fail"]) == 1
    (tmp_path / "migsafe.toml").write_text('fail_on = "never"\n')
    assert migsafe.alembic.post_write(["--fail", str(file)]) == 0
    assert "create-index-blocking" in said(capsys)


def test_an_error_is_one_line_and_counts_only_with_fail(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def nothing(*_: object) -> None:
        raise NoMigrationsError("no migrations in here", hint="look elsewhere")

    monkeypatch.setattr(api, "lint_paths", nothing)
    assert migsafe.alembic.post_write(["x.py"]) == 0
    assert migsafe.alembic.post_write(["x.py", "--fail"]) == 3
    assert said(capsys) == "migsafe: not linted: no migrations in here (look elsewhere)\n" * 2


@pytest.mark.parametrize("arguments", [[], ["--fail"], ["a.py", "b.py"], ["--fial", "a.py"], ["--fial"]])
def test_other_arguments_are_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert migsafe.alembic.post_write(arguments) == 2
    assert said(capsys).startswith("usage: migsafe-alembic-lint ")


def test_help_goes_to_the_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    assert migsafe.alembic.post_write(["--help"]) == 0
    assert capsys.readouterr().out.startswith("usage: ")
