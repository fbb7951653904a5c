"""Taking over where a database stands from the table that the project's own tool keeps there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.config import Config

if TYPE_CHECKING:
    from migsafe.bookkeeping.adopting import Adopt, Adoption


def adopt(asked: Adopt, config: Config | None = None, *, by: str | None = None) -> Adoption:
    """Record as run what the project's tool says has run on a database; all of it, or nothing.

    Args:
        by: who says so; the CI's user, else the login, when None.

    Raises:
        NoMigrationsError: when no project is at hand.
        CannotAdoptError: when its tool keeps no table in Postgres, or there is none in the database.
        BookError: when the table is another tool's.
        UsageError: when the address cannot be used, or nobody knows the environment or the database.
        TrackerRefusedError: when the tracker cannot be used, or knows another database by that name.
        EnvironmentFailedError: when the database or the tracker cannot be reached.
    """
    from migsafe.bookkeeping import adopting
    from migsafe.bookkeeping.author import author

    return adopting.adopt(asked, author(by), config or Config())
