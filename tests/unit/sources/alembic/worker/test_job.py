"""What the job decides: order, what is left out, transactions, names, several databases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from alembic_worker import Book, Conversation, converse

EMPTY = "def upgrade(): pass\n"


def _graph(folder: Path, **parents: list[str]) -> list[dict[str, Any]]:
    revisions = []
    for name, down in parents.items():
        (folder / f"{name}.py").write_text(EMPTY)
        revisions.append({"id": name, "path": str(folder / f"{name}.py"), "down": down})
    return revisions


def _run(revisions: list[dict[str, Any]], **more: Any) -> Conversation:
    job = {"protocol": 1, "dialect": "postgres", "revisions": revisions, **more}
    return converse(job, lambda _: None)


def _order(heard: Conversation) -> list[str]:
    return [message["migration"] for message in heard.says("script") if message["direction"] == "up"]


def test_branches_merges_and_dependencies_are_ordered_as_alembic_does(tmp_path: Path) -> None:
    revisions = _graph(tmp_path, merge=["left", "right"], right=["root"], left=["root"], root=[], other=[])
    revisions[-1]["depends_on"] = ["right"]
    order = _order(_run(revisions))
    assert sorted(order) == ["left", "merge", "other", "right", "root"]
    for before, after in (("root", "left"), ("left", "merge"), ("right", "merge"), ("right", "other")):
        assert order.index(before) < order.index(after)


def test_what_is_done_is_left_out(tmp_path: Path) -> None:
    revisions = _graph(tmp_path, one=[], two=["one"])
    assert _order(_run(revisions, done=["one"])) == ["two"]
    assert _order(_run(revisions, done=["east:one"], database="east")) == ["two"]


def test_a_loop_is_said(tmp_path: Path) -> None:
    (failed,) = _run(_graph(tmp_path, one=["two"], two=["one"])).says("failed")
    assert "Cycle is detected" in failed["reason"]
    assert failed["hint"]


@pytest.mark.parametrize(("option", "expected"), [(None, "tool"), (False, "none"), (True, "tool")])
def test_transactional_ddl_decides_about_the_transaction(option: bool | None, expected: str, tmp_path: Path) -> None:
    book = Book(job={"options": {"transactional_ddl": option}, "directions": ["up"]})
    block = "    with op.get_context().autocommit_block(): op.execute('VACUUM')\n"
    book.revision("one", f"def upgrade():\n{block}\ndef downgrade(): pass\n")
    heard = book.render(tmp_path)
    assert heard.up("one").message["transaction"] == expected
    assert heard.up("one").sql == (["VACUUM"] if expected == "none" else ["COMMIT", "VACUUM", "BEGIN"])
    assert heard.script("one", "down") is None


def test_a_naming_convention_names_constraints(tmp_path: Path) -> None:
    book = Book(job={"options": {"naming_convention": {"uq": "uq_%(table_name)s_%(column_0_name)s"}}})
    book.revision("one", "def upgrade(): op.create_table('t', sa.Column('a', sa.Integer, unique=True))\n")
    (sql,) = book.render(tmp_path).up("one").sql
    assert sql == "CREATE TABLE t ( a INTEGER, CONSTRAINT uq_t_a UNIQUE (a) )"


def test_a_database_is_the_argument_of_upgrade(tmp_path: Path) -> None:
    book = Book(job={"database": "engine1"})
    book.revision(
        "one", "def upgrade(name):\n    globals()[f'upgrade_{name}']()\ndef upgrade_engine1(): op.drop_table('a')\n"
    )
    heard = book.render(tmp_path)
    assert heard.up("one").sql == ["DROP TABLE a"]
    assert {message["database"] for message in heard.messages[:-1]} == {"engine1"}


def test_the_server_s_version_is_what_the_job_says(tmp_path: Path) -> None:
    book = Book(job={"server_version": 18})
    book.revision("one", "def upgrade(): op.execute(f'SELECT {op.get_bind().dialect.server_version_info[0]}')\n")
    assert book.render(tmp_path).up("one").sql == ["SELECT 18"]
