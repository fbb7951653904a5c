"""What GRANT and ALTER DEFAULT PRIVILEGES leave behind: only that somebody was granted something."""

from __future__ import annotations

from migsafe.model.catalogue.catalogue import Catalogue
from migsafe.model.operation import AlterDefaultPrivileges, Grant


def grant(catalogue: Catalogue, operation: Grant) -> None:
    """The relations that it names, and those that are in the schemas of ALL TABLES IN SCHEMA."""
    catalogue.granted.update(catalogue.resolve(name) for name in operation.on)
    catalogue.granted.update(name for name in catalogue.tables if name.schema in operation.all_in_schemas)


def alter_default_privileges(catalogue: Catalogue, operation: AlterDefaultPrivileges) -> None:
    """From now on new objects have privileges without a GRANT."""
    catalogue.default_privileges = catalogue.default_privileges or operation.grants
