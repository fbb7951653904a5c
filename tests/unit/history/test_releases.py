from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from git_history import GitProject, needs_git
from migsafe.config import Config
from migsafe.config.releases import ReleaseSettings
from migsafe.errors import ConfigurationError, EnvironmentFailedError, ExitCode
from migsafe.history.releases import project_root, read_project_releases, read_releases, with_declared
from migsafe.model.release import NO_RELEASES, Release, ReleaseHistory

pytestmark = needs_git


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GitProject:
    monkeypatch.chdir(tmp_path)
    return GitProject(tmp_path)


def first(project: GitProject, *paths: str, pattern: str = "v*") -> dict[str, str]:
    return dict(read_releases(project.top, paths, tag_pattern=pattern).first)


def test_the_first_tag_that_carries_a_file_counts(project: GitProject) -> None:
    project.add("db/1.sql")
    project.tag("v1")
    project.add("db/2.sql", "db/3.sql")
    project.tag("v2")
    project.add("db/4.sql")
    found = read_releases(project.top, ["db/1.sql", "db/2.sql", "db/3.sql", "db/4.sql", "db/never.sql"])
    assert found.first == {"db/1.sql": "v1", "db/2.sql": "v2", "db/3.sql": "v2"}
    assert [(one.name, one.sequence, one.source) for one in found.releases] == [("v1", 0, "tag"), ("v2", 1, "tag")]
    assert found.releases[0].revision == project("rev-parse", "v1")
    assert found.releases[0].day == date(2023, 11, 15)


def test_an_annotated_tag_has_its_own_day_and_its_commit(project: GitProject) -> None:
    commit = project.add("1.sql")
    project.tag("v1", annotated=True)
    (release,) = read_releases(project.top, ["1.sql"]).releases
    assert (release.revision, release.day) == (commit, date(2023, 11, 16))


def test_a_tag_of_a_tag_is_looked_through_and_a_tag_of_a_tree_is_none(project: GitProject) -> None:
    commit = project.add("1.sql")
    project.tag("v1", annotated=True)
    project("tag", "-a", "-m", "again", "v2", "v1")
    project("tag", "v3", "HEAD^{tree}")
    assert [(one.name, one.revision) for one in read_releases(project.top, []).releases] == [
        ("v1", commit),
        ("v2", commit),
    ]


def test_topology_goes_before_days_and_versions(project: GitProject) -> None:
    project.add("1.sql")
    project.tag("v2")
    project.add("2.sql")
    project.tag("v1")
    assert [one.name for one in read_releases(project.top, []).releases] == ["v2", "v1"]
    assert first(project, "1.sql", "2.sql") == {"1.sql": "v2", "2.sql": "v1"}


def test_versions_order_what_does_not_contain_each_other(project: GitProject) -> None:
    project.add("1.sql")
    project.tag("v1.9")
    project.add("2.sql")
    project.tag("v1.10")
    project("checkout", "-q", "-b", "hotfix", "v1.9")
    project.add("fix.sql")
    project.tag("v1.9.1")
    project("checkout", "-q", "main")
    assert [one.name for one in read_releases(project.top, []).releases] == ["v1.9", "v1.9.1", "v1.10"]


def test_a_tag_that_head_does_not_contain_is_a_release_all_the_same(project: GitProject) -> None:
    project.add("1.sql")
    project("checkout", "-q", "-b", "release")
    project.add("backport.sql")
    project.tag("v1.0.1")
    project("checkout", "-q", "main")
    project.add("backport.sql")
    assert first(project, "1.sql", "backport.sql") == {"1.sql": "v1.0.1", "backport.sql": "v1.0.1"}


def test_of_several_tags_on_one_commit_the_lowest_version_counts(project: GitProject) -> None:
    project.add("1.sql")
    project.tag("v2.0.0")
    project.tag("v2.0.0-rc1")
    assert first(project, "1.sql") == {"1.sql": "v2.0.0-rc1"}
    assert first(project, "1.sql", pattern="v* !*-rc*") == {"1.sql": "v2.0.0"}


def test_a_file_that_came_with_a_merge_is_in_the_release_after_the_merge(project: GitProject) -> None:
    project.add("1.sql")
    project("checkout", "-q", "-b", "feature")
    project.add("feature.sql")
    project("checkout", "-q", "main")
    project.add("2.sql")
    project.tag("v1")
    project("merge", "-q", "--no-ff", "-m", "merge", "feature")
    project.tag("v2")
    assert first(project, "feature.sql", "2.sql") == {"feature.sql": "v2", "2.sql": "v1"}


def test_a_file_that_only_the_merge_itself_brought(project: GitProject) -> None:
    project.add("1.sql")
    project("checkout", "-q", "-b", "feature")
    project.add("2.sql")
    project("checkout", "-q", "main")
    project.add("3.sql")
    project("merge", "-q", "--no-ff", "--no-commit", "feature")
    project.add("only-here.sql")
    project.tag("v1")
    assert first(project, "only-here.sql") == {"only-here.sql": "v1"}


@pytest.mark.parametrize("new", ["db/new.sql", "app/db/1.sql", "deep/down/below/1.sql"])
def test_a_file_that_was_moved_keeps_its_first_release(project: GitProject, new: str) -> None:
    project.add("db/1.sql", "db/2.sql", "db/3.sql")
    project.tag("v1")
    project.move("db/1.sql", new)
    project.tag("v2")
    assert first(project, new) == {new: "v1"}


def test_a_folder_that_was_moved_twice(project: GitProject) -> None:
    project.add("db/1.sql", "other/x")
    project.tag("v1")
    project.add("db/2.sql")
    project.move("db", "app/db")
    project.tag("v2")
    project.move("app/db", "backend/migrations")
    project.tag("v3")
    names = ("backend/migrations/1.sql", "backend/migrations/2.sql")
    assert first(project, *names) == dict(zip(names, ("v1", "v2"), strict=True))


def test_a_new_file_that_resembles_a_deleted_one_is_new(project: GitProject) -> None:
    project.write("db/1.sql", "ALTER TABLE t ADD a int;\n" * 20)
    project.commit()
    project.tag("v1")
    (project.top / "db/1.sql").unlink()
    project.write("db/2.sql", "ALTER TABLE t ADD a int;\n" * 20 + "ALTER TABLE t DROP b;\n")
    project.commit()
    assert first(project, "db/2.sql") == {}


def test_a_name_that_was_taken_over_is_not_the_old_file(project: GitProject) -> None:
    project.add("db/1.sql")
    project.tag("v1")
    project.move("db/1.sql", "db/old.sql")
    project.tag("v2")
    project.write("db/1.sql", "something else\n")
    project.commit()
    project.tag("v3")
    assert first(project, "db/1.sql", "db/old.sql") == {"db/1.sql": "v3", "db/old.sql": "v1"}


def test_a_file_that_a_release_went_without_begins_anew(project: GitProject) -> None:
    project.add("1.sql", "2.sql")
    project.tag("v1")
    project.commit("2.sql")
    project.tag("v2")
    project.add("2.sql")
    assert first(project, "1.sql", "2.sql") == {"1.sql": "v1"}
    project.tag("v3")
    assert first(project, "1.sql", "2.sql") == {"1.sql": "v1", "2.sql": "v3"}


def test_a_file_that_went_and_came_back_between_releases_stays(project: GitProject) -> None:
    project.add("1.sql", "2.sql")
    project.tag("v1")
    project.commit("2.sql")
    project.add("2.sql")
    project.tag("v2")
    assert first(project, "2.sql") == {"2.sql": "v1"}


def test_a_file_that_only_a_side_line_took_back_stays(project: GitProject) -> None:
    project.add("1.sql", "2.sql")
    project.tag("v1.0")
    project("checkout", "-q", "-b", "hotfix")
    project.commit("2.sql")
    project.tag("v1.0.1")
    project("checkout", "-q", "main")
    assert first(project, "2.sql") == {"2.sql": "v1.0"}


def test_paths_are_taken_as_they_are_shown(project: GitProject, monkeypatch: pytest.MonkeyPatch) -> None:
    project.add("app/db/ä b.sql", 'app/db/"q".sql')
    project.tag("v1")
    monkeypatch.chdir(project.top / "app")
    shown = ["db/ä b.sql", 'db/"q".sql', str(project.top / "app/db/ä b.sql")]
    assert read_releases(project.top / "app", shown).first == dict.fromkeys(shown, "v1")


def test_a_linked_folder_is_followed_and_what_is_outside_is_in_no_release(
    project: GitProject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    project.add("app/db/1.sql")
    project.tag("v1")
    link = tmp_path_factory.mktemp("elsewhere") / "link"
    link.symlink_to(project.top / "app")
    outside = str(link.parent / "1.sql")
    assert read_releases(link, [f"{link}/db/1.sql", outside]).first == {f"{link}/db/1.sql": "v1"}


def test_many_folders_of_one_file_each(project: GitProject) -> None:
    paths = [f"db/{number:03}_x/up.sql" for number in range(70)]
    project.add(*(path.replace("db/", "old/") for path in paths[:60]))
    project.tag("v1")
    project.move("old", "db")
    project.add(*paths[60:])
    assert first(project, *paths) == dict.fromkeys(paths[:60], "v1")


def test_no_tags_and_no_repository_are_no_releases(
    project: GitProject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    project.add("1.sql")
    project.tag("nightly")
    assert read_releases(project.top, ["1.sql"]) == NO_RELEASES
    assert read_releases(tmp_path_factory.mktemp("plain"), ["1.sql"]) == NO_RELEASES


def test_a_tag_before_the_first_commit_of_a_branch(project: GitProject) -> None:
    project.add("1.sql")
    project.tag("v1")
    project("checkout", "-q", "--orphan", "anew")
    assert first(project, "1.sql") == {"1.sql": "v1"}


def test_a_first_commit_without_files_may_be_a_release(project: GitProject) -> None:
    project.commit()
    project.tag("v9")
    project.add("1.sql")
    project.tag("v1")
    assert [one.name for one in read_releases(project.top, []).releases] == ["v9", "v1"]


def test_whoever_insists_on_git_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match="in no git working tree"):
        read_releases(tmp_path, [], source="git")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert read_releases(tmp_path, []) == NO_RELEASES
    with pytest.raises(EnvironmentFailedError, match="git is not installed"):
        read_releases(tmp_path, [], source="git")


def test_a_repository_that_git_refuses_is_a_problem_and_no_error(
    project: GitProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    found = read_releases(project.top, [])
    assert not found.known
    assert "dubious ownership" in str(found.problem)
    with pytest.raises(EnvironmentFailedError, match="dubious ownership"):
        read_releases(project.top, [], source="git")


def shallow(project: GitProject, folder: Path, *options: str) -> Path:
    project("clone", "--quiet", "--depth=1", *options, f"file://{project.top}", str(folder))
    return folder


def test_a_shallow_clone_with_tags_is_one_clear_error(
    project: GitProject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    project.add("1.sql")
    project.add("2.sql")
    project.tag("v1")
    clone = shallow(project, tmp_path_factory.mktemp("clone") / "c")
    with pytest.raises(EnvironmentFailedError, match="is shallow") as caught:
        read_releases(clone, ["1.sql"])
    assert caught.value.exit_code is ExitCode.ENVIRONMENT
    assert "git fetch --unshallow --tags" in str(caught.value.hint)


def test_a_shallow_clone_without_tags_is_an_error_for_whoever_insists(
    project: GitProject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    project.add("1.sql")
    project.tag("v1")
    project.add("2.sql")
    clone = shallow(project, tmp_path_factory.mktemp("clone") / "c", "--no-tags")
    found = read_releases(clone, ["1.sql"])
    assert not found.known
    assert "shallow and has no tags" in str(found.problem)
    with pytest.raises(EnvironmentFailedError, match="is shallow"):
        read_releases(clone, ["1.sql"], source="git")


MANIFEST = """\
[[release]]
name = "1.0"
migrations = ["db/1.sql"]

[[release]]
name = "1.1"
day = 2024-01-02
migrations = ["db/2.sql"]
"""


def test_the_manifest_wins_and_tags_lend_commits_and_days(project: GitProject) -> None:
    commit = project.add("db/1.sql", "db/2.sql", "db/3.sql")
    project.tag("v1.0")
    project.tag("v0.9")
    project.write("migsafe.releases.toml", MANIFEST)
    found = read_releases(project.top, ["db/1.sql", "db/2.sql", "db/3.sql"])
    assert found.first == {"db/1.sql": "1.0", "db/2.sql": "1.1"}
    assert found.releases == (
        Release("1.0", 0, date(2023, 11, 15), commit, "manifest"),
        Release("1.1", 1, date(2024, 1, 2), None, "manifest"),
    )


def test_a_manifest_may_stand_alone_and_be_ignored(project: GitProject) -> None:
    project.add("db/1.sql")
    project.tag("v1.0")
    project.write("migsafe.releases.toml", MANIFEST)
    assert {one.revision for one in read_releases(project.top, [], source="manifest").releases} == {None}
    assert first(project, "db/1.sql") == {"db/1.sql": "1.0"}
    assert read_releases(project.top, ["db/1.sql"], source="git").first == {"db/1.sql": "v1.0"}
    assert read_releases(project.top, ["db/1.sql"], source="none") == NO_RELEASES


def test_a_manifest_that_is_missing_where_it_is_named(tmp_path: Path) -> None:
    for where in ({"source": "manifest"}, {"manifest": tmp_path / "other.toml"}):
        with pytest.raises(ConfigurationError, match="no manifest of releases"):
            read_releases(tmp_path, [], **where)  # type: ignore[arg-type]  # two keywords of different types


def test_the_project_is_where_its_configuration_stands(project: GitProject, monkeypatch: pytest.MonkeyPatch) -> None:
    project.add("app/db/1.sql")
    project.tag("r1")
    assert project_root(Config()) == project.top
    config = Config(source=project.top / "app" / "migsafe.toml", release=ReleaseSettings(tag_pattern="r*"))
    assert project_root(config) == project.top / "app"
    assert read_project_releases(config, ["app/db/1.sql"]).first == {"app/db/1.sql": "r1"}


def history(*names: str, **carried: str) -> ReleaseHistory:
    return ReleaseHistory(tuple(Release(name, place) for place, name in enumerate(names)), carried)


@pytest.mark.parametrize(
    ("known", "declared", "order"),
    [
        (("v1.9", "v1.10"), {"a": "1.9.5"}, ["v1.9", "1.9.5", "v1.10"]),
        (("v1.9", "v1.10"), {"a": "2.0", "b": "1.11"}, ["v1.9", "v1.10", "1.11", "2.0"]),
        (("v1.9", "v1.10"), {"a": "0.1"}, ["0.1", "v1.9", "v1.10"]),
        (("v1.9", "v1.10"), {"a": "V1.10"}, ["v1.9", "v1.10"]),
        (("anna", "berta"), {"b": "aaron", "a": "carl"}, ["anna", "berta", "aaron", "carl"]),
        ((), {"a": "2026.11", "b": "2026.2"}, ["2026.2", "2026.11"]),
    ],
)
def test_a_declared_release_finds_its_place(known: tuple[str, ...], declared: dict[str, str], order: list[str]) -> None:
    found = with_declared(history(*known), declared)
    assert [one.name for one in found.releases] == order
    assert [one.sequence for one in found.releases] == list(range(len(order)))
    assert all(one.source == ("tag" if one.name in known else "header") for one in found.releases)


def test_a_header_wins_over_what_was_read() -> None:
    found = with_declared(history("v1", "v2", a="v1", b="v1"), {"a": "2"})
    assert found.first == {"a": "v2", "b": "v1"}
    assert with_declared(NO_RELEASES, {}) is NO_RELEASES


def test_what_is_only_declared_was_not_cut() -> None:
    found = with_declared(history("v1", "v2"), {"a": "3"})
    assert (found.latest, found.before(None)) == (found.named("v2"), found.named("v2"))
    assert found.before(found.named("3")) == found.named("v2")


ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(0, 5)),
        st.tuples(st.just("drop"), st.integers(0, 5)),
        st.tuples(st.just("tag"), st.integers(0, 30)),
        st.tuples(st.just("branch"), st.integers(0, 9)),
        st.tuples(st.just("merge"), st.integers(0, 9)),
    ),
    min_size=8,
    max_size=16,
)


@pytest.mark.long
@given(actions=ACTIONS)
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
def test_random_histories_agree_with_asking_git_for_each_file(actions: list[tuple[str, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        project = GitProject(Path(folder).resolve() / "p")
        play(project, actions)
        names = [str(project.top / f"{number}.sql") for number in range(6)]
        found = read_releases(project.top, names)
        tags = [one.name for one in found.releases]
        assert sorted(tags) == sorted(project("tag").split())
        assert all(not is_within(project, late, early) for n, early in enumerate(tags) for late in tags[n + 1 :])
        assert found.first == dict(expected(project, tags, names))


def play(project: GitProject, actions: Iterable[tuple[str, int]]) -> None:
    """Deeds on up to ten lines of history; the files of a merge are those of either side."""
    project.commit()
    for deed, number in actions:
        branches = project("branch", "--format=%(refname:short)").split()
        match deed:
            case "add":
                project.add(f"{number}.sql")
            case "drop" if (project.top / f"{number}.sql").exists():
                project.commit(f"{number}.sql")
            case "tag" if f"v{number}" not in project("tag").split():
                project.tag(f"v{number}")
            case "branch":
                project("checkout", "-q", *([] if f"b{number}" in branches else ["-b"]), f"b{number}")
            case "merge":
                project("merge", "-q", "-s", "ort", "-X", "ours", "-m", "m", branches[number % len(branches)])


def expected(project: GitProject, tags: list[str], names: list[str]) -> Iterable[tuple[str, str]]:
    """The same, found the slow way: what each tag lists, and `git tag --contains` for what follows what."""
    of_head = [tag for tag in project("tag", "--merged", "HEAD").split() if tag in tags]
    for name in names:
        path = os.path.relpath(name, project.top)
        carrying = [tag for tag in tags if path in project("ls-tree", "--name-only", tag).split()]
        lost = [tag for tag in of_head if tag not in carrying]
        kept = [tag for tag in carrying if not set(lost) & set(project("tag", "--contains", tag).split())]
        if kept:
            yield name, kept[0]


def is_within(project: GitProject, inner: str, outer: str) -> bool:
    """Whether a tag contains another one, of another commit."""
    if project("rev-parse", f"{inner}^{{}}") == project("rev-parse", f"{outer}^{{}}"):
        return False
    asked = ["git", "merge-base", "--is-ancestor", inner, outer]
    return subprocess.run(asked, cwd=project.top, check=False).returncode == 0
