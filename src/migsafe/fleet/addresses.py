"""Every address of a fleet is read before anything is done, and no two names mean one database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.errors import UsageError
from migsafe.postgres.address import resolve_address

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migsafe.fleet.roster import Roster


def check_addresses(roster: Roster, environ: Mapping[str, str] | None = None) -> None:
    """Refuse a fleet in which an address cannot be used, or is that of two databases.

    Args:
        environ: the environment; the process's own when None.

    Raises:
        UsageError: with the name of the database.
    """
    names: dict[str, str] = {}
    for target in roster:
        dsn = resolve_address(target.url, option=f"the url of {target.name}", target=target.name, environ=environ)
        if dsn in names:
            raise UsageError(
                f"{names[dsn]} and {target.name} have the same address",
                hint="{target} in an address, or in the variable that it names, is the database's name",
            )
        names[dsn] = target.name
