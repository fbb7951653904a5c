"""What reading a file of the deployment gives, and how a fact gets its place."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypedDict

from migsafe.model.deploy import DeployFact
from migsafe.model.script import SourceText, Span, UnreadableFile

#: How much of a place's text a fact holds.
_SHOWN = 200


class Kind(StrEnum):
    """The kinds of files that are read."""

    DOCKERFILE = "Dockerfile"
    PROCFILE = "Procfile"
    SCRIPT = "shell script"
    COMPOSE = "Compose file"
    MANIFEST = "Kubernetes manifest"
    CHART = "Helm chart"


@dataclass(frozen=True, slots=True)
class DeployFile:
    """A file of the deployment that was read.

    Attributes:
        name: its path below the project's root, with forward slashes: the same wherever migsafe is started.
        facts: what it says, in the order of its text.
    """

    kind: Kind
    name: str
    source: SourceText
    facts: tuple[DeployFact, ...] = ()


@dataclass(frozen=True, slots=True)
class DeployFiles:
    """The files of one deployment, and those of them that could not be read."""

    files: tuple[DeployFile, ...] = ()
    unreadable: tuple[UnreadableFile, ...] = ()


class Place(TypedDict):
    """The fields that say where a fact stands."""

    span: Span
    path: str
    line: int
    column: int
    text: str


def place(source: SourceText, span: Span) -> Place:
    """The fields of a fact at a span of a file; trailing space does not belong to it."""
    text = source.text[span.start : span.end]
    span = Span(span.start, span.start + len(text.rstrip()))
    line, column = source.position(span.start)
    return Place(span=span, path=source.path, line=line, column=column, text=" ".join(text.split())[:_SHOWN])
