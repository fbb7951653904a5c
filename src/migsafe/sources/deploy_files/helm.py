"""Templates that nobody rendered: charts, and manifests with placeholders. That they cannot be read is said once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from migsafe.model.deploy import TemplatePlaceholder
from migsafe.model.script import SourceText, Span
from migsafe.sources.deploy_files.base import place
from migsafe.sources.deploy_files.kubernetes import looks_like_manifest
from migsafe.sources.files import Folder

CHART = "Chart.yaml"
TEMPLATES = "templates"
_PLACEHOLDER = re.compile(r"\{\{|\{%")
_NAME = re.compile(r"^name:[ \t]*[\"']?(?P<name>[\w.-]+)", re.MULTILINE)
_LIBRARY = re.compile(r"^type:[ \t]*[\"']?library", re.MULTILINE)


def is_chart(folder: Folder) -> bool:
    """Whether a folder is a chart with templates of its own."""
    return folder.has(CHART) and folder.has_folder(TEMPLATES)


def chart_fact(folder: Folder, chart: SourceText) -> TemplatePlaceholder | None:
    """That a chart's templates are not rendered; None for a chart that makes nothing that rules look at."""
    templates = [source for source in _templates(folder.child(TEMPLATES)) if _PLACEHOLDER.search(source.text)]
    count = sum(looks_like_manifest(source) for source in templates)
    if not count or _LIBRARY.search(chart.text):
        return None
    named = _NAME.search(chart.text)
    span = Span(0, 0) if named is None else Span(*named.span())
    name = folder.name if named is None else named["name"]
    return TemplatePlaceholder(**place(chart, span), what="chart", name=name, files=count)


def templates_fact(folder: str, sources: Sequence[SourceText]) -> TemplatePlaceholder:
    """That manifests of one folder, at least one, are not rendered; said at the first placeholder."""
    first = sources[0]
    found = _PLACEHOLDER.search(first.text)
    span = Span(*found.span()) if found is not None else Span(0, 0)
    return TemplatePlaceholder(**place(first, span), what="manifests", name=folder, files=len(sources))


def is_template(source: SourceText) -> bool:
    """Whether a text holds placeholders of a template."""
    return _PLACEHOLDER.search(source.text) is not None


def _templates(folder: Folder) -> Iterator[SourceText]:
    for name in folder.files:
        source = folder.source(name) if name.endswith((".yaml", ".yml")) else None
        if isinstance(source, SourceText):
            yield source
    for child in folder.children():
        if child.name != "tests":
            yield from _templates(child)
