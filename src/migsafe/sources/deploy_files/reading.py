"""From the files of a deployment to facts: each is read by the reader of its kind, and scripts are followed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from migsafe.model.deploy import DeployFact
from migsafe.model.script import SourceText, UnreadableFile
from migsafe.sources.deploy_files.base import DeployFile, DeployFiles, Kind
from migsafe.sources.deploy_files.compose import read_compose
from migsafe.sources.deploy_files.dockerfile import read_dockerfile
from migsafe.sources.deploy_files.finding import Candidate, deploy_files_below
from migsafe.sources.deploy_files.helm import chart_fact, is_template, templates_fact
from migsafe.sources.deploy_files.kubernetes import manifest_facts
from migsafe.sources.deploy_files.manifests import Cluster, read_manifests, together
from migsafe.sources.deploy_files.procfile import read_procfile
from migsafe.sources.deploy_files.roots import project_root
from migsafe.sources.deploy_files.scripts import read_script
from migsafe.sources.deploy_files.yaml_nodes import Node, NotYamlError, read_yaml
from migsafe.sources.files import read_source


def read_deploy_files(candidates: Iterable[Candidate]) -> DeployFiles:
    """Read files of a deployment; other manifests of the project are read as context.

    Args:
        candidates: the files that are asked for; of one that stands there twice the first counts.
    """
    wanted = {candidate.path: candidate for candidate in candidates}
    if not wanted:
        return DeployFiles()
    reader = _Reader(project_root(next(iter(wanted))))
    for candidate in wanted.values():
        reader.read(candidate)
    if reader.clusters:
        reader.read_context(set(wanted))
    return reader.finish()


def read_manifest_text(source: SourceText) -> DeployFiles:
    """Read rendered manifests that stand in no file."""
    reader = _Reader(Path.cwd())
    reader.manifest(source, source.path)
    return reader.finish()


@dataclass
class _Reader:
    root: Path
    files: dict[str, DeployFile] = field(default_factory=dict)
    unreadable: list[UnreadableFile] = field(default_factory=list)
    clusters: list[tuple[str, SourceText, Cluster]] = field(default_factory=list)
    context: list[Cluster] = field(default_factory=list)
    templates: dict[str, list[SourceText]] = field(default_factory=dict)
    followed: dict[Path, str] = field(default_factory=dict)
    scripts: list[Candidate] = field(default_factory=list)

    def read(self, candidate: Candidate) -> None:
        """Take one file; scripts wait until it is known what starts them."""
        source = candidate.folder.source(candidate.name)
        if isinstance(source, UnreadableFile):
            self.unreadable.append(source)
        elif candidate.kind is Kind.DOCKERFILE:
            self._dockerfile(candidate, source)
        elif candidate.kind is Kind.PROCFILE:
            self._procfile(candidate, source)
        elif candidate.kind is Kind.SCRIPT:
            self.scripts.append(candidate)
        elif candidate.kind is Kind.CHART:
            fact = chart_fact(candidate.folder, source)
            self._add(Kind.CHART, source, () if fact is None else (fact,))
        elif candidate.kind is Kind.COMPOSE:
            documents = self._documents(source)
            if documents is not None:
                self._add(Kind.COMPOSE, source, read_compose(source, documents))
        else:
            self.manifest(source, candidate.folder.shown())

    def manifest(self, source: SourceText, folder: str) -> None:
        """Take manifests; what they say is known when all have been read."""
        try:
            documents = read_yaml(source.text)
        except NotYamlError as error:
            if is_template(source):
                self.templates.setdefault(folder, []).append(source)
            else:
                self.unreadable.append(UnreadableFile(source.path, error.reason))
            return
        self.clusters.append((folder, source, read_manifests(source, documents)))

    def read_context(self, wanted: set[Path]) -> None:
        """Read the project's other manifests: they may hold the Service, or the overlay."""
        for candidate in deploy_files_below(self.root):
            if candidate.kind is not Kind.MANIFEST or candidate.path in wanted:
                continue
            source = candidate.folder.source(candidate.name)
            try:
                if isinstance(source, SourceText):
                    self.context.append(read_manifests(source, read_yaml(source.text)))
            except NotYamlError:
                continue  # not asked for: said when it is

    def finish(self) -> DeployFiles:
        """All that was read."""
        cluster = together([*(one for _, _, one in self.clusters), *self.context])
        for _, source, own in self.clusters:
            facts = [fact for workload in own.workloads for fact in manifest_facts(workload, cluster)]
            self._add(Kind.MANIFEST, source, facts)
        for folder, sources in self.templates.items():
            self._add(Kind.MANIFEST, sources[0], (templates_fact(folder, sources),))
            for other in sources[1:]:
                self._add(Kind.MANIFEST, other, ())
        self._read_scripts()
        return DeployFiles(tuple(self.files.values()), tuple(self.unreadable))

    def _dockerfile(self, candidate: Candidate, source: SourceText) -> None:
        read = read_dockerfile(source)
        self._add(Kind.DOCKERFILE, source, read.facts)
        if read.script is not None:
            self._follow(candidate.folder.path, read.script.candidates, read.script.by)

    def _procfile(self, candidate: Candidate, source: SourceText) -> None:
        read = read_procfile(source)
        self._add(Kind.PROCFILE, source, read.facts)
        for script, by in read.scripts:
            self._follow(candidate.folder.path, (script.lstrip("/"),), by)

    def _follow(self, start: Path, candidates: Sequence[str], by: str) -> None:
        """Note the first file that a script can be; an image is built from its own folder or one above."""
        top = self.root.resolve()
        for folder in (start, *start.parents):
            if not folder.resolve().is_relative_to(top):
                return
            for candidate in candidates:
                file = folder / candidate
                if file.is_file() and file.resolve().is_relative_to(top):
                    self.followed.setdefault(file.resolve(), by)
                    return

    def _read_scripts(self) -> None:
        waiting = {candidate.path.resolve(): candidate for candidate in self.scripts}
        for path in (*self.followed, *(path for path in waiting if path not in self.followed)):
            by = self.followed.get(path, "")
            candidate = waiting.get(path)
            source = read_source(path) if candidate is None else candidate.folder.source(candidate.name)
            if isinstance(source, SourceText):
                self._add(Kind.SCRIPT, source, read_script(source, by=by) if _is_shell(source) else ())
            elif candidate is not None:
                self.unreadable.append(source)

    def _documents(self, source: SourceText) -> tuple[Node, ...] | None:
        try:
            return read_yaml(source.text)
        except NotYamlError as error:
            self.unreadable.append(UnreadableFile(source.path, error.reason))
            return None

    def _add(self, kind: Kind, source: SourceText, facts: Iterable[DeployFact]) -> None:
        name = Path(os.path.relpath(Path(source.path).absolute(), self.root)).as_posix()
        found = tuple(sorted(facts, key=lambda fact: fact.span))
        self.files[source.path] = DeployFile(kind, name, source, found)


def _is_shell(source: SourceText) -> bool:
    """Whether a file is a shell script: another interpreter in its first line says that it is not."""
    first = source.line(1)
    return not first.startswith("#!") or "sh" in first.rpartition("/")[2]
