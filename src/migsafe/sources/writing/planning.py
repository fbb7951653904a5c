"""From new migrations to files, in the layout of whatever tool the project uses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from migsafe.errors import UsageError
from migsafe.sources.base import LoadedLayout
from migsafe.sources.writing.alembic import write_alembic
from migsafe.sources.writing.django import write_django
from migsafe.sources.writing.flyway import write_flyway
from migsafe.sources.writing.folders import write_diesel, write_prisma
from migsafe.sources.writing.new import NewMigration, WritingOptions, WrittenFile
from migsafe.sources.writing.sections import write_dbmate, write_goose
from migsafe.sources.writing.site import Site
from migsafe.sources.writing.sqitch import write_sqitch
from migsafe.sources.writing.two_files import write_golang_migrate, write_plain, write_pop

if TYPE_CHECKING:
    from datetime import datetime

    from migsafe.model.script import MigrationSet

Writer = Callable[[Site, Sequence[NewMigration]], Sequence[WrittenFile]]

WRITERS: Mapping[str, Writer] = {
    "alembic": write_alembic,
    "dbmate": write_dbmate,
    "diesel": write_diesel,
    "django": write_django,
    "flyway": write_flyway,
    "golang-migrate": write_golang_migrate,
    "goose": write_goose,
    "plain": write_plain,
    "pop": write_pop,
    "prisma": write_prisma,
    "sqitch": write_sqitch,
}


def write_migrations(
    layout: LoadedLayout | MigrationSet,
    new: Sequence[NewMigration],
    *,
    now: datetime,
    options: WritingOptions | None = None,
) -> tuple[WrittenFile, ...]:
    """The files of new migrations behind the last one of a layout; nothing is written.

    One migration may become several files, and several migrations where the tool has no other way to run statements
    outside of a transaction (`golang-migrate`, `dbmate`, `diesel`, `prisma` on Postgres).

    Args:
        layout: as `read_paths` gives it.
        new: in the order in which they are to run.
        now: for versions that are times; without a zone it is UTC.

    Raises:
        UsageError: the tool's layout cannot take them; the message says why.
    """
    found = layout.migrations if isinstance(layout, LoadedLayout) else layout
    writer = WRITERS.get(found.tool)
    if writer is None:
        raise UsageError(
            f"migsafe writes no migrations of {found.tool}", hint="write them where the tool takes them from"
        )
    return tuple(writer(Site(found, now, options or WritingOptions()), new)) if new else ()
