"""The sources there are, in the order in which they are asked whether a folder is theirs.

The most telling layouts come first: a plan or a folder per migration cannot be mistaken, marks in files are nearly as
sure, names alone come last, and plain SQL takes what nobody else claims. Alembic's revisions come before
SQL that was rendered from them and lies beside.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from migsafe.errors import UsageError
from migsafe.sources.alembic.source import Alembic
from migsafe.sources.dbmate import Dbmate
from migsafe.sources.diesel import Diesel
from migsafe.sources.django.source import Django
from migsafe.sources.flyway import Flyway
from migsafe.sources.golang_migrate import GolangMigrate
from migsafe.sources.goose import Goose
from migsafe.sources.plain import Plain
from migsafe.sources.pop import Pop
from migsafe.sources.prisma import Prisma
from migsafe.sources.rendered_alembic import RenderedAlembic
from migsafe.sources.sqitch import Sqitch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migsafe.sources.base import Source
    from migsafe.sources.files import Folder

PLAIN = Plain()

_IN_ORDER: tuple[Source, ...] = (
    Sqitch(),
    Prisma(),
    Diesel(),
    Goose(),
    Dbmate(),
    Alembic(),
    RenderedAlembic(),
    Django(),
    Flyway(),
    Pop(),
    GolangMigrate(),
    PLAIN,
)

#: Every source by its name, in the order of detection.
SOURCES: Mapping[str, Source] = MappingProxyType({source.name: source for source in _IN_ORDER})


def source_named(name: str) -> Source:
    """The source of that name.

    Raises:
        UsageError: there is none.
    """
    if name not in SOURCES:
        raise UsageError(f"there is no tool {name!r}", hint=f"known are: {', '.join(sorted(SOURCES))}")
    return SOURCES[name]


def claimant(folder: Folder) -> Source | None:
    """The first source that claims a folder as the root of a layout."""
    return next((source for source in SOURCES.values() if source.claims(folder)), None)
