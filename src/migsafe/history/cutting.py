"""A release is cut: the manifest gets another entry, and nothing in it changes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.errors import EnvironmentFailedError, UsageError
from migsafe.git import GitRefusedError
from migsafe.history.git import find_repository, refuse_shallow
from migsafe.history.listing import declared_releases, files_of
from migsafe.history.manifest import Manifest, ManifestRelease, is_release_name, read_manifest
from migsafe.history.releases import inside_of, manifest_path, project_root, read_tagged
from migsafe.history.versions import plain_name

if TYPE_CHECKING:
    from datetime import date

    from migsafe.config import Config
    from migsafe.model.script import MigrationSet

HEADER = """\
# Which release was the first to carry which migration, the oldest release first.
# `migsafe release cut NAME` adds the next one at the end; what was released does not change any more.
"""


@dataclass(frozen=True, slots=True)
class Cut:
    """A release that is cut, before the manifest is written.

    Attributes:
        manifest: the file.
        release: what is new, with paths from the manifest's folder.
        earlier: releases that git's tags know and that a new manifest begins with.
        left_out: files that say in their header that another release carries them, as they are shown.
        text: the whole manifest.
    """

    manifest: Path
    release: ManifestRelease
    earlier: tuple[ManifestRelease, ...]
    left_out: tuple[str, ...]
    text: str

    @property
    def addition(self) -> str:
        """What comes to the manifest's end."""
        return "".join(render(one) for one in (*self.earlier, self.release)).lstrip("\n")


def prepare_cut(
    config: Config, layouts: Iterable[MigrationSet], name: str, day: date | None, *, empty: bool = False
) -> Cut:
    """Cut a release; nothing is written.

    A new manifest begins with what git's tags know, so that no old migration passes for a new one.

    Args:
        layouts: all migrations of the project.
        empty: a release without new migrations is fine.

    Raises:
        UsageError: when the name is none, or was cut before; when nothing is new; when the configuration takes
            releases from elsewhere; when the manifest is wrong.
        EnvironmentFailedError: when there is no manifest yet, and the clone is shallow.
    """
    if config.release.source in {"git", "none"}:
        hint = f"git tag {name} cuts a release" if config.release.source == "git" else None
        raise UsageError(f'there is no manifest: release.source is "{config.release.source}"', hint=hint)
    migrations = [one for layout in layouts for one in layout.migrations]
    elsewhere = {p: said for p, said in declared_releases(migrations).items() if plain_name(said) != plain_name(name)}
    files = [path for path in files_of(migrations) if path not in elsewhere]
    path = manifest_path(project_root(config), config.release.manifest)
    earlier = _from_tags(config, path, files, name) if not path.is_file() else ()
    manifest = read_manifest(path) if path.is_file() else Manifest(path, "", earlier)
    inside = inside_of(path.absolute().parent, files)
    release = next_release(manifest, name, day, inside.values(), empty=empty)
    return Cut(path, release, earlier, tuple(elsewhere), extended(manifest, [*earlier, release]))


def _from_tags(config: Config, manifest: Path, files: Sequence[str], name: str) -> tuple[ManifestRelease, ...]:
    """What was released before there was a manifest; a tag of the same name is the release that is cut now."""
    if config.release.source == "manifest":
        return ()
    root = project_root(config)
    try:
        repository = find_repository(root)
    except (GitRefusedError, EnvironmentFailedError):
        return ()  # where git cannot be read, the manifest is all there is
    if repository is not None:
        refuse_shallow(repository)
    history = read_tagged(root, files, config.release.tag_pattern)
    inside = inside_of(manifest.absolute().parent, files)
    carried: dict[str, list[str]] = {}
    for shown, release in history.first.items():
        carried.setdefault(release, []).append(inside[shown])
    return tuple(
        ManifestRelease(one.name, one.day, tuple(carried.get(one.name, ())))
        for one in history.releases
        if plain_name(one.name) != plain_name(name)
    )


def next_release(
    manifest: Manifest, name: str, day: date | None, paths: Iterable[str], *, empty: bool = False
) -> ManifestRelease:
    """The release that carries what no release has carried.

    Args:
        paths: migrations from the manifest's folder, in the order in which they run; what the manifest has is left out.
        empty: a release without new migrations is fine.

    Raises:
        UsageError: when the name is none, or was cut before, or nothing is new, or a path is not UTF-8.
    """
    if not is_release_name(name):
        raise UsageError(f"{name!r} is no name of a release", hint="one word, such as 1.9.0")
    if (known := manifest.named(name)) is not None:
        place = f"{manifest.path}:{known.line}" if known.line else "git's tags"
        raise UsageError(f'release "{known.name}" was cut before: {place}', hint="the next one needs another name")
    released = {path for release in manifest.releases for path in release.migrations}
    new = tuple(path for path in dict.fromkeys(paths) if path not in released)
    for path in new:
        if not path.isprintable():
            raise UsageError(f"the file's name {path!r} cannot stand in a manifest")
    if not new and not empty:
        raise UsageError(
            f'nothing to cut: every migration is in a release before "{name}"',
            hint="--empty records a release without new migrations",
        )
    return ManifestRelease(name, day, new)


def extended(manifest: Manifest, releases: Iterable[ManifestRelease]) -> str:
    """The manifest's text with more releases at its end; all that was there stays as it was, to the byte."""
    old = manifest.text or HEADER
    line_break = "\r\n" if "\r\n" in old else "\n"
    if not old.endswith("\n"):
        old += line_break
    return old + "".join(render(release).replace("\n", line_break) for release in releases)


def render(release: ManifestRelease) -> str:
    """A release as TOML: one path a line, so that people and git see what came."""
    lines = ["", "[[release]]", f"name = {_quote(release.name)}"]
    if release.day is not None:
        lines.append(f"day = {release.day.isoformat()}")
    if release.migrations:
        lines += ["migrations = [", *(f"    {_quote(path)}," for path in release.migrations), "]"]
    else:
        lines.append("migrations = []")
    return "\n".join([*lines, ""])


def _quote(text: str) -> str:
    """A basic string of TOML; `text` is printable."""
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'
