"""The projects' revisions, read as `migsafe lint` reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.catalogue.following import Following
from migsafe.model.catalogue import Catalogue
from migsafe.model.dialect import Dialect
from migsafe.sources import SourceOptions, read_paths

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from migsafe.model.catalogue.reader import CatalogueReader
    from migsafe.model.script import MigrationSet


def follower(dialect: Dialect) -> CatalogueReader:
    """Knows what exists, from nothing on."""
    return Following(Catalogue(dialect))


def read_alembic(
    folder: Path, dialect: Dialect = Dialect.POSTGRES, *, follow: Callable[[Dialect], CatalogueReader] = follower
) -> MigrationSet:
    """The revisions of one Alembic environment, whatever database its settings name."""
    options = SourceOptions(tool="alembic", dialect=dialect, follow=follow)
    (layout,) = read_paths([folder], options)
    return layout.migrations


def read_alembic_for(folder: Path, databases: Sequence[Dialect]) -> tuple[MigrationSet, ...]:
    """The revisions of one Alembic environment for each of several databases, as one run reads them."""
    options = SourceOptions(tool="alembic", dialects=tuple(databases), follow=follower)
    return tuple(layout.migrations for layout in read_paths([folder], options))
