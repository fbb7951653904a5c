from __future__ import annotations

from pathlib import Path

import pytest

from git_history import GitProject, needs_git
from migsafe.errors import UsageError
from migsafe.history.tree import LARGEST_BYTES, open_tree


@pytest.fixture
def project(tmp_path: Path) -> GitProject:
    return GitProject(tmp_path / "p")


@needs_git
def test_a_release_and_the_working_tree_side_by_side(project: GitProject) -> None:
    project.write("app/models.py", "old = 1\n")
    project.write("README", "hello\n")
    project.commit()
    project.tag("v1")
    project.write("app/models.py", "new = 1\n")
    project.write('app/ä "quoted".py', "ä = 1\n")
    with open_tree(project.top, "v1") as before, open_tree(project.top) as now:
        assert before.paths() == ("README", "app/models.py")
        assert now.paths() == ("README", "app/models.py", 'app/ä "quoted".py')
        assert (before.read("app/models.py"), now.read("app/models.py")) == ("old = 1\n", "new = 1\n")
        assert (before.read('app/ä "quoted".py'), now.read('app/ä "quoted".py')) == (None, "ä = 1\n")
        assert before.read("README") == "hello\n"


@needs_git
def test_paths_are_those_below_the_folder(project: GitProject) -> None:
    project.add("app/db/1.py", "other/2.py")
    project.tag("v1")
    project.move("app", "moved")
    for revision, folder, paths in [("v1", "moved", ()), (None, "moved", ("db/1.py",)), ("HEAD", "other", ("2.py",))]:
        with open_tree(project.top / folder, revision) as tree:
            assert tree.paths() == paths


@needs_git
def test_what_is_ignored_or_gone_or_a_link_is_not_there(project: GitProject) -> None:
    project.write(".gitignore", "*.log\n")
    project.write("kept.py")
    project.write("gone.py")
    project.commit()
    project.write("new.py")
    project.write("noise.log")
    (project.top / "gone.py").unlink()
    (project.top / "link.py").symlink_to("kept.py")
    with open_tree(project.top) as now, open_tree(project.top, "HEAD") as before:
        assert now.paths() == (".gitignore", "kept.py", "new.py")
        assert before.paths() == (".gitignore", "gone.py", "kept.py")
    project.commit()
    with open_tree(project.top, "HEAD") as after:
        assert "link.py" not in after.paths()


@needs_git
@pytest.mark.parametrize("revision", [None, "HEAD"])
def test_binary_and_huge_files_are_skipped_and_counted(project: GitProject, revision: str | None) -> None:
    project.write("huge.sql", "-" * (LARGEST_BYTES + 1))
    project.write("large.sql", "-" * LARGEST_BYTES)
    project.write("empty.sql", "")
    (project.top / "image.png").write_bytes(b"\x89PNG\0\0")
    (project.top / "latin.py").write_bytes(b"\xef\xbb\xbf# caf\xe9\n")
    project.commit()
    with open_tree(project.top, revision) as tree:
        texts = {path: tree.read(path) for path in tree.paths()}
        assert (texts["huge.sql"], texts["image.png"]) == (None, None)
        assert (len(texts["large.sql"] or ""), texts["empty.sql"]) == (LARGEST_BYTES, "")
        assert texts["latin.py"] == "# caf\ufffd\n"
        assert tree.skipped == {"huge.sql": "larger than 1 MB", "image.png": "binary"}


@needs_git
def test_many_files_are_read_by_one_process(project: GitProject, monkeypatch: pytest.MonkeyPatch) -> None:
    from migsafe.history import objects

    project.add(*(f"{number}.py" for number in range(50)))
    started = []
    start = objects.start_git
    monkeypatch.setattr(objects, "start_git", lambda *arguments: started.append(arguments) or start(*arguments))
    with open_tree(project.top, "HEAD") as tree:
        assert started == []
        assert [tree.read(path) for path in tree.paths()] == [f"{path}\n" for path in tree.paths()]
    assert len(started) == 1


@needs_git
@pytest.mark.parametrize("revision", ["v9", "--help", "HEAD:README"])
def test_a_revision_that_git_does_not_know(project: GitProject, revision: str) -> None:
    project.add("README")
    with pytest.raises(UsageError, match="git knows no commit"):
        open_tree(project.top, revision)


def test_without_a_repository_other_peoples_folders_are_left_out(tmp_path: Path) -> None:
    for path in ("app/models.py", "node_modules/x.py", ".venv/y.py", "setup.py"):
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(path)
    with open_tree(tmp_path) as tree:
        assert tree.paths() == ("app/models.py", "setup.py")
        assert tree.read("app/models.py") == "app/models.py"
        assert tree.read("nowhere.py") is None
        assert tree.skipped == {}
