"""What Alembic itself does with branches of expands and contracts, and that lint says so beforehand.

Each trap is walked into with the installed Alembic, on a SQLite file; then the same folder is linted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.util import CommandError

from alembic_projects import CONFIGURED
from migsafe.api import lint_paths
from migsafe.config import Config

pytestmark = pytest.mark.long

_GRAPH_RULES = ("expand-depends-on-contract", "branch-forgotten", "several-heads")
_TEMPLATE = "revision = ${repr(up_revision)}\ndown_revision = ${repr(down_revision)}\n"


@dataclass(frozen=True)
class Revision:
    """A revision that sends one statement, on line 9 of its file."""

    name: str
    down: str | tuple[str, ...] | None
    up: str
    depends_on: tuple[str, ...] = ()
    label: str | None = None
    back: str = "SELECT 1"

    @property
    def text(self) -> str:
        """The file."""
        return (
            "from alembic import op\n\n"
            f"revision = {self.name!r}\ndown_revision = {self.down!r}\n"
            f"depends_on = {self.depends_on or None!r}\nbranch_labels = {self.label!r}\n\n"
            f"def upgrade():\n    op.execute({self.up!r})\n\ndef downgrade():\n    op.execute({self.back!r})\n"
        )


USERS = Revision("users", None, "CREATE TABLE users (id integer, name text)", back="DROP TABLE users")
FULL_NAME = Revision(
    "full_name",
    "users",
    "ALTER TABLE users ADD COLUMN full_name text",
    label="expand",
    back="ALTER TABLE users DROP COLUMN full_name",
)
DROP_NAME = Revision(
    "drop_name",
    "users",
    "ALTER TABLE users DROP COLUMN name",
    depends_on=("full_name",),
    label="contract",
    back="ALTER TABLE users ADD COLUMN name text",
)
EMAIL = Revision(
    "email",
    "full_name",
    "ALTER TABLE users ADD COLUMN email text",
    back="ALTER TABLE users DROP COLUMN email",
)
AUDIT = Revision("audit", "users", "CREATE TABLE audit (id integer)")
EMAIL_BEHIND_THE_CONTRACT = Revision("email", "full_name", EMAIL.up, depends_on=("drop_name",))


class Project:
    """An Alembic project with a SQLite file."""

    def __init__(self, folder: Path, *revisions: Revision) -> None:
        self._engine = sa.create_engine(f"sqlite:///{folder / 'shop.db'}", poolclass=sa.pool.NullPool)
        self._versions = folder / "migrations" / "versions"
        self._versions.mkdir(parents=True)
        (folder / "migrations" / "env.py").write_text(CONFIGURED)
        (folder / "migrations" / "script.py.mako").write_text(_TEMPLATE)
        ini = f"[alembic]\nscript_location = %(here)s/migrations\nsqlalchemy.url = {self._engine.url}\n"
        (folder / "alembic.ini").write_text(ini)
        for revision in revisions:
            (self._versions / f"{revision.name}.py").write_text(revision.text)
        self.printed = StringIO()
        self.config = AlembicConfig(str(folder / "alembic.ini"), stdout=self.printed)

    @property
    def columns(self) -> set[str]:
        """The columns of the table of users."""
        return {column["name"] for column in sa.inspect(self._engine).get_columns("users")}

    @property
    def noted(self) -> set[str]:
        """What the version table holds."""
        with self._engine.connect() as connection:
            return set(connection.scalars(sa.text("SELECT version_num FROM alembic_version")))

    def told(self) -> set[str]:
        """What lint says of the graph: file, line, weight and rule."""
        findings = lint_paths([self._versions.parent], Config(select=_GRAPH_RULES)).findings
        return {f"{Path(one.path).name}:{one.start.line} {one.severity} {one.rule}" for one in findings}


def test_upgrading_to_an_expand_runs_the_contract_that_it_depends_on(tmp_path: Path) -> None:
    project = Project(tmp_path, USERS, FULL_NAME, DROP_NAME, EMAIL_BEHIND_THE_CONTRACT)
    command.upgrade(project.config, "expand@head")
    assert project.columns == {"id", "full_name", "email"}, "the contract has run"
    assert project.noted == {"email"}, "and the version table does not show it"
    assert project.told() == {"email.py:9 error expand-depends-on-contract", "email.py:9 info several-heads"}


def test_upgrading_to_an_expand_leaves_a_contract_alone_that_it_does_not_depend_on(tmp_path: Path) -> None:
    project = Project(tmp_path, USERS, FULL_NAME, DROP_NAME, EMAIL)
    command.upgrade(project.config, "expand@head")
    assert project.columns == {"id", "name", "full_name", "email"}
    assert project.noted == {"email"}
    assert project.told() == {"drop_name.py:9 info several-heads"}


def test_a_contract_that_has_run_anyway_is_not_dragged_along(tmp_path: Path) -> None:
    """It lies on the expand's own line, and on that of what the expand depends on."""
    old_contract = Revision("old_contract", "users", "ALTER TABLE users DROP COLUMN name")
    full_name = Revision("full_name", "old_contract", FULL_NAME.up, label="expand")
    audit = Revision("audit", "old_contract", "CREATE TABLE audit (id integer)", label="auditing")
    email = Revision("email", "full_name", EMAIL.up, depends_on=("audit",))
    project = Project(tmp_path, USERS, old_contract, full_name, audit, email)
    command.upgrade(project.config, "expand@head")
    assert project.noted == {"email"}
    assert {line.split()[-1] for line in project.told()} == {"several-heads"}


@pytest.mark.parametrize("base", ["users", None], ids=["branches that part", "a base of its own"])
def test_the_branch_of_an_expand_vanishes_from_the_version_table(tmp_path: Path, base: str | None) -> None:
    contract = Revision("drop_name", base, DROP_NAME.up, depends_on=("full_name",), label="contract")
    project = Project(tmp_path, USERS, FULL_NAME, contract)
    command.upgrade(project.config, "expand@head")
    assert project.noted == {"full_name"}
    command.upgrade(project.config, "contract@head")
    assert project.noted == {"drop_name"}
    command.current(project.config)
    assert "full_name (effective head)" in project.printed.getvalue()
    assert project.told() == {"drop_name.py:9 warning branch-forgotten", "drop_name.py:9 info several-heads"}


def test_one_step_back_on_the_branch_of_an_expand_takes_the_contract_back_too(tmp_path: Path) -> None:
    project = Project(tmp_path, USERS, FULL_NAME, DROP_NAME)
    command.upgrade(project.config, "contract@head")
    assert project.columns == {"id", "full_name"}
    command.downgrade(project.config, "expand@-1")
    assert project.noted == {"users"}
    assert project.columns == {"id", "name"}


def test_a_branch_that_goes_on_stays_in_the_version_table(tmp_path: Path) -> None:
    project = Project(tmp_path, USERS, FULL_NAME, DROP_NAME, EMAIL)
    command.upgrade(project.config, "heads")
    assert project.noted == {"email", "drop_name"}
    command.downgrade(project.config, "expand@-1")
    assert project.noted == {"drop_name"}
    assert project.columns == {"id", "full_name"}, "the contract stays"


def test_a_contract_on_the_line_of_its_expand_hides_nothing(tmp_path: Path) -> None:
    contract = Revision("drop_name", "full_name", DROP_NAME.up)
    project = Project(tmp_path, USERS, FULL_NAME, contract)
    command.upgrade(project.config, "head")
    assert project.noted == {"drop_name"}
    assert project.told() == set()


def test_several_heads_stop_upgrades_and_new_revisions(tmp_path: Path) -> None:
    project = Project(tmp_path, USERS, replace(FULL_NAME, label=None), AUDIT)
    with pytest.raises(CommandError, match="Multiple head revisions are present"):
        command.upgrade(project.config, "head")
    with pytest.raises(CommandError, match="Multiple heads are present"):
        command.revision(project.config, "one more")
    assert project.told() == {"audit.py:9 warning several-heads"}


def test_depending_on_a_head_joins_no_branches(tmp_path: Path) -> None:
    project = Project(tmp_path, USERS, replace(FULL_NAME, label=None), replace(DROP_NAME, label=None))
    with pytest.raises(CommandError, match="Multiple head revisions are present"):
        command.upgrade(project.config, "head")
    assert "drop_name.py:9 warning several-heads" in project.told()


def test_heads_that_were_merged_are_one(tmp_path: Path) -> None:
    merge = Revision("merge", ("full_name", "drop_name"), "SELECT 1")
    project = Project(tmp_path, USERS, FULL_NAME, replace(DROP_NAME, depends_on=()), merge)
    command.upgrade(project.config, "head")
    assert project.noted == {"merge"}
    assert project.told() == set()
