"""Which database it is: `system_identifier/name`, as `place.identity_of` and contract plans give it."""

from __future__ import annotations

#: The system of a server that does not tell the role.
UNKNOWN = "?"


def same_database(one: str, other: str) -> bool:
    """Whether two identities are of one database; a system that a role may not ask for is no difference."""
    (system, _, name), (other_system, _, other_name) = one.partition("/"), other.partition("/")
    return name == other_name and (system == other_system or UNKNOWN in {system, other_system})
