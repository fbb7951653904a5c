"""Which files of a project are about its deployment."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from migsafe.config.folders import SKIPPED_FOLDERS
from migsafe.model.script import SourceText
from migsafe.sources.deploy_files.base import Kind
from migsafe.sources.deploy_files.helm import CHART, TEMPLATES, is_chart
from migsafe.sources.deploy_files.kubernetes import looks_like_manifest
from migsafe.sources.files import Folder

#: How deep below the place where a search begins files are looked for.
_LEVELS = 8
#: Folders whose files deploy nothing.
_ASIDE = SKIPPED_FOLDERS | {
    "fixtures", "testdata", "test", "tests", "testing", "e2e", "spec", "examples", "example", "samples", "sample",
    "docs", "doc", "third_party", "third-party", "bower_components", "cdk.out", "charts-archive", "tmp",
}  # fmt: skip

_DOCKERFILE = re.compile(r"(?:Dockerfile|Containerfile)(?:\.(?P<behind>[\w.-]+))?|(?P<before>[\w.-]+)\.[Dd]ockerfile")
_FOR_DEVELOPERS = re.compile(
    r"(?:^|[._-])(?:dev|devel|develop|development|local|test|tests|testing|ci|debug|e2e|lint|docs?)(?:$|[._-])",
    re.IGNORECASE,
)
_COMPOSE = re.compile(r"(?:docker-)?compose(?:[._-][\w.-]+)?\.ya?ml")
_ENTRYPOINT = re.compile(r"(?:[\w.-]*[_.-])?entry-?point(?:[_.-][\w-]+)*(?:\.(?:sh|bash))?")
_SCRIPT = re.compile(r"[\w.-]+\.(?:sh|bash)")
_SHELL_LINE = re.compile(r"#!.*\b(?:ba|da|a|z|k)?sh\b")
_YAML = re.compile(r".+\.ya?ml")
#: Larger than any manifest that people read; rendered charts of whole platforms stay below.
_LARGEST = 8_000_000


class Candidate(NamedTuple):
    """A file that is about the deployment, in a folder that was listed."""

    kind: Kind
    folder: Folder
    name: str

    @property
    def path(self) -> Path:
        """Where it is, absolute."""
        return self.folder.path / self.name


def deploy_files_below(start: Path) -> Iterator[Candidate]:
    """The files of the deployment in a folder and below it, in the order of their paths.

    Left out are hidden folders, other people's code, what is built, examples and tests, and what by its name is for a
    developer's own machine; at most eight levels are searched.
    """
    yield from _search(Folder(start), _LEVELS, set())


def named_file(path: Path) -> Candidate | None:
    """A file that somebody names, as a file of the deployment; None where it is none."""
    if path.is_dir() or not path.exists():
        return None
    folder = Folder(path.absolute().parent)
    kind = _kind(folder, path.name)
    if kind is None and (_SCRIPT.fullmatch(path.name) or _is_shell(folder, path)):
        kind = Kind.SCRIPT
    return None if kind is None else Candidate(kind, folder, path.name)


def _is_shell(folder: Folder, path: Path) -> bool:
    """Whether a file without an ending says in its first line that a shell runs it."""
    source = None if path.suffix else folder.source(path.name)
    return isinstance(source, SourceText) and bool(_SHELL_LINE.match(source.text))


def _search(folder: Folder, levels: int, seen: set[Path]) -> Iterator[Candidate]:
    real = folder.path.resolve()
    if real in seen:
        return
    seen.add(real)
    for name in folder.files:
        kind = _kind(folder, name)
        if kind is not None and not _is_for_developers(kind, name):
            yield Candidate(kind, folder, name)
    chart = is_chart(folder)
    for child in folder.children() if levels else ():
        if child.name not in _ASIDE and not (chart and child.name in {TEMPLATES, "charts"}):
            yield from _search(child, levels - 1, seen)


def _kind(folder: Folder, name: str) -> Kind | None:
    """What a file is, by its name; of YAML its text says it."""
    if _DOCKERFILE.fullmatch(name) or name == "dockerfile":
        return Kind.DOCKERFILE
    if name == "Procfile":
        return Kind.PROCFILE
    if _COMPOSE.fullmatch(name.lower()):
        return Kind.COMPOSE
    if _ENTRYPOINT.fullmatch(name):
        return Kind.SCRIPT
    if name == CHART and folder.has_folder(TEMPLATES):
        return Kind.CHART
    return Kind.MANIFEST if _YAML.fullmatch(name) and _is_manifest(folder, name) else None


def _is_manifest(folder: Folder, name: str) -> bool:
    try:
        if (folder.path / name).stat().st_size > _LARGEST:
            return False
    except OSError:
        return False
    source = folder.source(name)
    return isinstance(source, SourceText) and looks_like_manifest(source)


def _is_for_developers(kind: Kind, name: str) -> bool:
    """Whether a name says that a file is for a developer's own machine, or a pipeline's."""
    return kind in {Kind.DOCKERFILE, Kind.SCRIPT} and bool(_FOR_DEVELOPERS.search(name))
