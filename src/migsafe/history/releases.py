"""All that is known of a project's releases, put together: headers win over the manifest, which wins over tags."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.errors import ConfigurationError, EnvironmentFailedError
from migsafe.git import GitRefusedError
from migsafe.history.carriers import Carriers, first_carriers
from migsafe.history.git import Repository, Tag, find_repository, read_tag_history, read_tags, refuse_shallow
from migsafe.history.manifest import MANIFEST_NAME, Manifest, read_manifest
from migsafe.history.renames import former_names
from migsafe.history.versions import looks_like_version, plain_name, version_key
from migsafe.model.release import NO_RELEASES, Release, ReleaseHistory

if TYPE_CHECKING:
    from migsafe.config import Config
    from migsafe.config.releases import ReleasesFrom


def read_project_releases(config: Config, paths: Iterable[str]) -> ReleaseHistory:
    """The releases of the project that a configuration speaks of; see `read_releases`."""
    settings = config.release
    return read_releases(
        project_root(config),
        paths,
        tag_pattern=settings.tag_pattern,
        manifest=settings.manifest,
        source=settings.source,
    )


def project_root(config: Config) -> Path:
    """The folder of the configuration's file, else the top of the git working tree, else the current folder."""
    if config.source is not None:
        return config.source.absolute().parent
    try:
        repository = find_repository(Path.cwd())
    except (GitRefusedError, EnvironmentFailedError):
        repository = None
    return repository.top if repository is not None else Path.cwd()


def read_releases(
    root: Path,
    paths: Iterable[str],
    *,
    tag_pattern: str = "v*",
    manifest: Path | None = None,
    source: ReleasesFrom = "auto",
) -> ReleaseHistory:
    """The releases of a project, and the first that carries each file; headers in the files are not looked at.

    Args:
        root: the project's folder: its git repository is read, and its manifest.
        paths: migrations' files, as `Script.path` shows them: from the current folder, or absolute.
        tag_pattern: which tags are releases: shell patterns with blanks between; `!` before one leaves tags out.
        manifest: its file; the usual name in `root` when None.
        source: `auto` takes the manifest where there is one, to which tags lend no more than commits and days, else
            tags, else nothing; `git` and `manifest` insist.

    Raises:
        ConfigurationError: when the manifest is wrong, or missing where it was named or insisted on; when `source` is
            `git` and `root` is in no repository.
        EnvironmentFailedError: when there are tags, or `source` is `git`, and the clone is shallow; when `source` is
            `git` and git is missing or refuses.
    """
    if source == "none":
        return NO_RELEASES
    if source != "git":
        file = manifest_path(root, manifest)
        if file.is_file():
            return _from_manifest(read_manifest(file), paths, _lent_tags(root, tag_pattern, source))
        if source == "manifest" or manifest is not None:
            raise ConfigurationError(
                f"no manifest of releases {file}",
                hint="migsafe release cut NAME writes it; --empty where nothing is new",
            )
    return read_tagged(root, paths, tag_pattern, insist=source == "git")


def manifest_path(root: Path, manifest: Path | None) -> Path:
    """Where the manifest stands, or will; below the current folder as seen from there."""
    if manifest is not None:
        return manifest
    usual, here = root / MANIFEST_NAME, Path.cwd()
    return usual.relative_to(here) if usual.is_relative_to(here) else usual


def read_tagged(root: Path, paths: Iterable[str], pattern: str, *, insist: bool = False) -> ReleaseHistory:
    """The releases that git's tags are; see `read_releases`.

    Args:
        insist: no git, no repository and a shallow clone without tags are errors.
    """
    try:
        repository = find_repository(root)
    except GitRefusedError as error:
        if insist:
            raise EnvironmentFailedError(error.message) from error
        return ReleaseHistory(problem=error.message)
    except EnvironmentFailedError:
        if insist:
            raise
        return NO_RELEASES
    if repository is None:
        if insist:
            raise ConfigurationError(f"releases come from git's tags, and {root} is in no git working tree")
        return NO_RELEASES
    tags = read_tags(repository, pattern)
    if insist:
        refuse_shallow(repository)
    if not tags and repository.shallow:
        return ReleaseHistory(problem="the git clone is shallow and has no tags of releases: they may not be fetched")
    return _from_tags(repository, tags, paths) if tags else NO_RELEASES


def _from_tags(repository: Repository, tags: Iterable[Tag], paths: Iterable[str]) -> ReleaseHistory:
    history = read_tag_history(repository, tags)
    inside = {shown: path for shown, path in inside_of(repository.top, paths).items() if not path.startswith("../")}
    with Carriers(repository, history) as carriers:
        carriers.look_for(inside.values())
        names = former_names(repository, history, carriers, set(inside.values()))
    first = first_carriers(history, names, carriers.found)
    return ReleaseHistory(
        releases=tuple(Release(tag.name, place, tag.day, tag.commit, "tag") for place, tag in enumerate(history.tags)),
        first={shown: history.tags[first[path]].name for shown, path in inside.items() if path in first},
    )


def _lent_tags(root: Path, pattern: str, source: ReleasesFrom) -> tuple[Tag, ...]:
    """What tags can add to a manifest; nothing where it stands alone, or git has nothing to say."""
    if source == "manifest":
        return ()
    try:
        repository = find_repository(root)
        return read_tags(repository, pattern) if repository is not None else ()
    except (GitRefusedError, EnvironmentFailedError):
        return ()


def _from_manifest(manifest: Manifest, paths: Iterable[str], tags: Iterable[Tag]) -> ReleaseHistory:
    by_name = {plain_name(tag.name): tag for tag in tags}
    releases = []
    carried: dict[str, str] = {}
    for place, said in enumerate(manifest.releases):
        tag = by_name.get(plain_name(said.name))
        day = said.day or (tag.day if tag else None)
        releases.append(Release(said.name, place, day, tag.commit if tag else None, "manifest"))
        carried |= dict.fromkeys(said.migrations, said.name)
    inside = inside_of(manifest.path.absolute().parent, paths)
    first = {shown: carried[path] for shown, path in inside.items() if path in carried}
    return ReleaseHistory(tuple(releases), first)


def inside_of(top: Path, paths: Iterable[str]) -> dict[str, str]:
    """Path as it is shown → path from a folder, with forward slashes; links in its folders are followed.

    A path that leads out of the folder keeps its `..`: no tag has it, and a manifest may.
    """
    real = os.path.realpath(top)
    folders: dict[str, str] = {}
    found = {}
    for shown in paths:
        folder, name = os.path.split(shown)
        if folder not in folders:
            inside = os.path.relpath(os.path.realpath(folder or os.curdir), real)
            folders[folder] = "" if inside == os.curdir else f"{Path(inside).as_posix()}/"
        found[shown] = f"{folders[folder]}{name}"
    return found


def with_declared(history: ReleaseHistory, declared: Mapping[str, str]) -> ReleaseHistory:
    """A history in which files are in the releases that their headers say.

    A release that neither tag nor manifest knows comes at the end, in the order of `declared`; where all names look
    like versions, it stands behind the last version that is not greater.

    Args:
        declared: path → name of a release; `v1.9.0` and `1.9.0` are one.
    """
    if not declared:
        return history
    known = {plain_name(release.name): release for release in history.releases}
    new = {plain_name(name): name for name in declared.values() if plain_name(name) not in known}
    ordered = list(history.releases)
    versions = all(looks_like_version(name) for name in [*(one.name for one in ordered), *new.values()])
    for name in new.values():
        release = Release(name, len(ordered), source="header")
        ordered.insert(_place(ordered, name) if versions else len(ordered), release)
    releases = tuple(replace(release, sequence=place) for place, release in enumerate(ordered))
    spelled = {plain_name(release.name): release.name for release in releases}
    first = {**history.first, **{path: spelled[plain_name(name)] for path, name in declared.items()}}
    return replace(history, releases=releases, first=first)


def _place(releases: Sequence[Release], name: str) -> int:
    """Behind the last release whose version is not greater."""
    key = version_key(name)[0]
    before = [place for place, release in enumerate(releases) if version_key(release.name)[0] <= key]
    return before[-1] + 1 if before else 0
