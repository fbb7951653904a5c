"""A catalogue with where it comes from: what `migsafe catalogue` shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from migsafe.catalogue.document import CatalogueSource, document, render_json
from migsafe.catalogue.progress import Progress
from migsafe.catalogue.project import NotUnderstood, read_project
from migsafe.catalogue.text import render_text
from migsafe.model.catalogue import Catalogue

if TYPE_CHECKING:
    from migsafe.config import Config


@dataclass(frozen=True, slots=True)
class Listing:
    """What exists, and where that was read.

    Attributes:
        not_understood: places of migrations for which the catalogue may lack something; none of a database.
    """

    catalogue: Catalogue
    source: CatalogueSource
    not_understood: tuple[NotUnderstood, ...] = ()

    def text(self) -> str:
        """For people and for `diff`: one fact a line, sorted."""
        return render_text(self.catalogue)

    def json(self) -> str:
        """For programs: one document of `migsafe.catalogue/1`."""
        return render_json(self.catalogue, self.source, self.not_understood)

    def document(self) -> dict[str, Any]:
        """The same as values."""
        return document(self.catalogue, self.source, self.not_understood)


def list_project(
    paths: Sequence[Path], config: Config, *, at: str | None = None, progress: Progress | None = None
) -> Listing:
    """What the migrations in files and folders build; see `read_project` for arguments and errors."""
    project = read_project(paths, config, at=at, progress=progress)
    source = CatalogueSource("migrations", project.layout.root, len(project.ups), project.at)
    return Listing(project.catalogue, source, project.not_understood)


def list_database(dsn: str) -> Listing:
    """What a Postgres has. Nothing is written, and no table of the user's is locked.

    Raises:
        EnvironmentFailedError: when the server cannot be reached, or refuses to be read.
    """
    from migsafe.postgres.catalogue import read_catalogue  # a listing of migrations needs no driver
    from migsafe.postgres.reading import look, spell_version

    with look(dsn) as session:
        source = CatalogueSource("database", server_version=spell_version(session.server_version))
        return Listing(read_catalogue(session), source)
