"""One revision file: what its syntax tree says."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migsafe.model.script import SourceText, UnreadableFile
from migsafe.sources.alembic.revisions import Function, Revision, bears_marks, is_helper, is_taken, read_revision

UPGRADE = "def upgrade():\n    pass\n"


def read(text: str, name: str = "seats.py") -> Revision | UnreadableFile | None:
    return read_revision(Path("/project") / name, SourceText(name, dedent(text)))


def revision(text: str, name: str = "seats.py") -> Revision:
    found = read(text, name)
    assert isinstance(found, Revision)
    return found


def test_the_globals() -> None:
    found = revision("""
        from typing import Sequence, Union
        revision: str = "b"
        down_revision: Union[str, None] = "a"
        branch_labels: Union[str, Sequence[str], None] = ("x", "y")
        depends_on: Union[str, Sequence[str], None] = None
        def upgrade() -> None: ...
        def downgrade() -> None: ...
    """)
    assert (found.id, found.down, found.depends_on, found.labels) == ("b", ("a",), (), ("x", "y"))
    assert (found.upgrade, found.downgrade) == (Function(takes_engine=False), Function(takes_engine=False))
    assert (found.usable, found.faults) == (True, ())


@pytest.mark.parametrize(
    ("written", "down"),
    [
        ("None", ()),
        ("()", ()),
        ("'a'", ("a",)),
        ("('a', 'b')", ("a", "b")),
        ("['a', 'b']", ("a", "b")),
        ("PARENT", ("p",)),
    ],
)
def test_parents(written: str, down: tuple[str, ...]) -> None:
    found = revision(f"PARENT = 'p'\nrevision = 'c'\ndown_revision = {written}\n{UPGRADE}")
    assert (found.down, found.faults) == (down, ())


@pytest.mark.parametrize(
    ("upgrade", "function"),
    [
        ("def upgrade(): ...", Function(takes_engine=False)),
        ("async def upgrade(): ...", Function(takes_engine=False)),
        ("def upgrade(engine_name): ...", Function(takes_engine=True)),
        ("def upgrade(*, engine_name): ...", Function(takes_engine=True)),
        ("def upgrade(**options): ...", Function(takes_engine=True)),
        ("from other import upgrade", Function(takes_engine=False)),
        ("from other import forth as upgrade", Function(takes_engine=False)),
        ("upgrade = forth", Function(takes_engine=False)),
        ("class A:\n    def upgrade(): ...", None),
    ],
)
def test_what_is_called(upgrade: str, function: Function | None) -> None:
    assert revision(f"revision = 'a'\n{upgrade}").upgrade == function


def test_databases_in_the_names_of_functions() -> None:
    found = revision("revision = 'a'\ndef upgrade(name): ...\ndef upgrade_one(): ...\ndef upgrade_two(): ...")
    assert found.engines == ("one", "two")


@pytest.mark.parametrize(
    ("text", "reason", "usable"),
    [
        ("revision = 'a'\ndown_revision = 'b'", "no `upgrade` function", False),
        (f"revision = 'a-b'\n{UPGRADE}", "allows no - in the name", False),
        (f"revision = 'a'\ndown_revision = parent()\n{UPGRADE}", "computes its `down_revision`", True),
        (f"revision = 'a'\ndown_revision = 3\n{UPGRADE}", "neither a text nor a list", True),
        (f"revision = 'a'\ndepends_on = ('b', 3)\n{UPGRADE}", "`depends_on`", True),
    ],
)
def test_faults_are_said_and_the_rest_holds(text: str, reason: str, usable: bool) -> None:
    found = revision(text)
    assert len(found.faults) == 1
    assert reason in found.faults[0]
    assert found.usable is usable


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"revision = new_id()\n{UPGRADE}", "computes its `revision`"),
        (f"revision = 12\n{UPGRADE}", "is no text"),
        (f"revision = ''\n{UPGRADE}", "has no `revision`"),
        (UPGRADE, "has no `revision`"),
        ("down_revision = 'a'", "has no `revision`"),
        ("x = (", "is not Python that can be read: '(' was never closed (line 1)"),
    ],
)
def test_no_place_in_the_graph(text: str, reason: str) -> None:
    found = read(text)
    assert isinstance(found, UnreadableFile)
    assert reason in found.reason
    assert found.path == "seats.py"


@pytest.mark.parametrize("text", ["", '"""words"""', "def helper(): ...", "revisions = 3", "phase = 'expand'"])
def test_helpers_are_nobodys(text: str) -> None:
    assert read(text) is None


def test_a_file_that_cannot_be_decoded_is_said() -> None:
    unread = UnreadableFile("a.py", "is UTF-16")
    assert read_revision(Path("/project/a.py"), unread) is unread


def test_a_revision_of_alembics_first_days_bears_its_id_in_its_name() -> None:
    text = f"down_revision = None\n{UPGRADE}"
    assert revision(text, "1a2b3c.py").id == "1a2b3c"
    assert isinstance(read(text, "1a2b3c_seats.py"), UnreadableFile)


def test_what_python_cannot_parse_keeps_its_place() -> None:
    found = revision("""
        revision = 'c'  # the third
        down_revision: str = (
            'a',
            "b",
        )
        depends_on = 'x'
        def upgrade():
            print "done"
    """)
    assert (found.id, found.down, found.depends_on, found.usable) == ("c", ("a", "b"), ("x",), False)
    assert "(line 9)" in found.faults[0]


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        ("a.py", True),
        ("_a.py", True),
        ("__init__.py", False),
        ("__init__shared.py", False),
        (".#a.py", False),
        ("a.pyc", False),
        ("a.py.orig", False),
        ("a.sql", False),
        ("a.py\n", False),
    ],
)
def test_the_files_that_alembic_loads(name: str, taken: bool) -> None:
    assert is_taken(name) is taken


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("revision = 'a'", True),
        ("revision: str = 'a'", True),
        ('"""x"""\ndown_revision=None', True),
        ("    revision = 'a'", False),
        ("revisions = 'a'", False),
        ("revision == 'a'", True),
        ("my_revision = 'a'", False),
    ],
)
def test_marks(text: str, marked: bool) -> None:
    assert bears_marks(text) is marked


@pytest.mark.parametrize(
    ("name", "text", "helper"),
    [
        ("a.py", "revision = 'a'", False),
        ("a.py", UPGRADE, False),
        ("a.py", "def help_me(): ...", True),
        ("__init__.py", UPGRADE, True),
    ],
)
def test_helpers_are_told_by_their_text(name: str, text: str, helper: bool, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    assert is_helper(tmp_path / name) is helper


WORDS = ("revision", "down_revision", "depends_on", "def upgrade():\n    pass\n", "if x: ", "dict(a=", "None", "'a'")
SIGNS = (*"()[]{},:=+#\\\n\x0c\ufeff\ud800", " = ", "**", "f'{")


@given(st.lists(st.sampled_from(WORDS + SIGNS), max_size=30).map("".join))
def test_whatever_stands_in_a_file_is_a_revision_or_a_reason_or_nobodys(text: str) -> None:
    found = read_revision(Path("/project/a.py"), SourceText("a.py", text))
    if isinstance(found, Revision):
        assert found.id
        assert all(isinstance(name, str) for name in (*found.down, *found.depends_on, *found.labels))
    elif isinstance(found, UnreadableFile):
        assert found.reason
