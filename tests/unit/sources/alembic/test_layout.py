"""The graph: order, faults that are said, and what is left when they are mended."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
from alembic.script.revision import Revision as Known
from alembic.script.revision import RevisionMap
from hypothesis import given
from hypothesis import strategies as st

from migsafe.model.script import SourceText
from migsafe.sources.alembic.layout import Layout, mended, read_layout, version_files
from migsafe.sources.alembic.revisions import Revision, read_revision
from source_layouts import write_files

UPGRADE = "def upgrade():\n    pass\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that paths are shown from."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def file(revision: str, down: object = None, **others: object) -> str:
    lines = [f"revision = {revision!r}", f"down_revision = {down!r}"]
    return "\n".join([*lines, *(f"{name} = {value!r}" for name, value in others.items()), UPGRADE])


def layout(folder: Path, *texts: str) -> Layout:
    write_files(folder, {f"{index:02}.py": text for index, text in enumerate(texts)})
    return read_layout([folder], recursive=False)


def parents(found: Layout) -> dict[str, tuple[str, ...]]:
    return {revision.id: (*revision.down, *revision.depends_on) for revision in found.revisions}


def said(found: Layout) -> list[str]:
    return [f"{file.path} {file.reason}" for file in found.unreadable]


def test_branches_merges_and_dependencies(tmp_path: Path) -> None:
    found = layout(
        tmp_path,
        file("a1"),
        file("b1", "a1"),
        file("b2", "a1"),
        file("c1", ("b1", "b2")),
        file("z1", None, depends_on="b2", branch_labels="side"),
        file("c2", "c1", depends_on=["side"]),
    )
    assert parents(found) == {
        "a1": (),
        "b1": ("a1",),
        "b2": ("a1",),
        "c1": ("b1", "b2"),
        "z1": ("b2",),
        "c2": ("c1", "z1"),
    }
    assert found.unreadable == ()
    assert {one.id: one.labels for one in found.revisions if one.labels} == {"z1": ("side",)}


@pytest.mark.parametrize(
    ("texts", "graph", "reasons"),
    [
        pytest.param(
            [file("a"), file("b", "gone")],
            {"a": (), "b": ()},
            ["01.py comes after the revision 'gone', which no file has"],
            id="a parent that no file has",
        ),
        pytest.param(
            [file("a"), file("b", ("a", "gone"), depends_on="lost")],
            {"a": (), "b": ("a",)},
            [
                "01.py depends on the revision 'lost', which no file has",
                "01.py comes after the revision 'gone', which no file has",
            ],
            id="one of two parents",
        ),
        pytest.param(
            [file("a"), file("b", "a"), file("b")],
            {"a": (), "b": ("a",)},
            ["02.py is the revision b, which 01.py is already"],
            id="an id twice",
        ),
        pytest.param([file("a", "a")], {"a": ()}, ["00.py comes after itself"], id="its own parent"),
        pytest.param(
            [file("a", None, depends_on="me", branch_labels="me")],
            {"a": ()},
            ["00.py depends on itself"],
            id="its own dependency by its label",
        ),
        pytest.param(
            [file("a", "c"), file("b", "a"), file("c", "b"), file("d", "c")],
            {"a": (), "b": ("a",), "c": ("b",), "d": ("c",)},
            ["00.py comes after itself: a after c after b after a; its order is not known"],
            id="a circle",
        ),
        pytest.param(
            [file("a", "b"), file("b", "a"), file("x"), file("c", "x", depends_on="d"), file("d", "c")],
            {"a": (), "b": ("a",), "x": (), "c": ("x",), "d": ("c",)},
            [
                "00.py comes after itself: a after b after a; its order is not known",
                "03.py comes after itself: c after d after c; its order is not known",
            ],
            id="two circles, one by a dependency",
        ),
        pytest.param(
            [file("abcd1234"), file("b", "abcd")],
            {"abcd1234": (), "b": ("abcd1234",)},
            ["01.py comes after abcd: Alembic wants the whole id there, abcd1234"],
            id="the beginning of an id",
        ),
        pytest.param(
            [file("abcd1234"), file("b", "abc")],
            {"abcd1234": (), "b": ()},
            ["01.py comes after the revision 'abc', which no file has"],
            id="too short a beginning",
        ),
        pytest.param(
            [file("abcd1"), file("abcd2"), file("b", "abcd")],
            {"abcd1": (), "abcd2": (), "b": ()},
            ["02.py comes after the revision 'abcd', which no file has; several begin so: abcd1, abcd2"],
            id="a beginning of two",
        ),
        pytest.param(
            [file("a", None, branch_labels="side"), file("b", "side")],
            {"a": (), "b": ("a",)},
            ["01.py comes after the branch label side: Alembic wants a revision's id there"],
            id="a label as a parent",
        ),
        pytest.param(
            [file("a", None, branch_labels="side"), file("b", "a", branch_labels=("side", "a", "own"))],
            {"a": (), "b": ("a",)},
            [
                "01.py takes the branch label side, which 00.py bears already",
                "01.py takes the branch label a, which 00.py bears already",
            ],
            id="a label twice, and one that is an id",
        ),
        pytest.param(
            [file("a"), file("b", "a") + "\nprint 1", file("c", "b", depends_on="b")],
            {"a": (), "c": ("a",)},
            ["01.py is not Python that can be read: Missing parentheses in call to 'print'."],
            id="children of what cannot be parsed come after its parents",
        ),
    ],
)
def test_faults(texts: list[str], graph: dict[str, tuple[str, ...]], reasons: list[str], project: Path) -> None:
    found = layout(project, *texts)
    assert {name: tuple(dict.fromkeys(above)) for name, above in parents(found).items()} == graph
    assert len(said(found)) == len(reasons)
    assert all(actual.startswith(reason) for actual, reason in zip(said(found), reasons, strict=True))


def test_helpers_are_not_said(tmp_path: Path) -> None:
    found = layout(tmp_path, file("a"), "def helper(): ...")
    assert (list(parents(found)), found.unreadable) == (["a"], ())


def test_locations_are_read_in_their_order_and_each_file_once(tmp_path: Path) -> None:
    write_files(tmp_path, {"b/1.py": "", "b/old/2.py": "", "a/4.py": "", "a/__pycache__/5.py": "", "a/notes.md": ""})
    locations = [tmp_path / "b", tmp_path / "gone", tmp_path / "a", tmp_path / "b"]
    flat = [name for _, name in version_files(locations, recursive=False)]
    deep = [name for _, name in version_files([*locations, tmp_path], recursive=True)]
    assert flat == ["1.py", "4.py"]
    assert deep == ["1.py", "2.py", "4.py"]


def test_links_to_folders_are_not_followed(tmp_path: Path) -> None:
    write_files(tmp_path, {"a/1.py": "", "b/2.py": ""})
    (tmp_path / "a" / "b").symlink_to(tmp_path / "b")
    assert [name for _, name in version_files([tmp_path / "a"], recursive=True)] == ["1.py"]


NAMES = st.sampled_from(["aaaa1", "aaaa2", "bbbb", "c", "gone", "left", "right"])


@st.composite
def revisions(draw: st.DrawFn) -> str:
    return file(
        draw(NAMES),
        draw(st.lists(NAMES, max_size=3)),
        depends_on=draw(st.lists(NAMES, max_size=2)),
        branch_labels=draw(st.lists(st.sampled_from(["left", "right", "c"]), max_size=2)),
    )


@given(st.lists(revisions(), max_size=8))
def test_whatever_stands_in_the_files_alembic_takes_what_is_left(texts: list[str]) -> None:
    files = [read_revision(Path(f"{index}.py"), SourceText(f"{index}.py", text)) for index, text in enumerate(texts)]
    left = mended(files).revisions
    known = RevisionMap(lambda: [Known(one.id, one.down, one.depends_on, one.labels) for one in left])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        order = [revision.revision for revision in known.iterate_revisions("heads", "base")] if left else []
    assert sorted(order) == sorted({one.id for one in files if isinstance(one, Revision)})
