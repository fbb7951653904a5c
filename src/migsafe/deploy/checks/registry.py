"""The kinds of checks by their names in deploy.toml; one is imported when it is used."""

from __future__ import annotations

from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, cast

from migsafe.deploy.checks.in_a_row import InARow

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from migsafe.deploy.checks.context import CheckContext
    from migsafe.deploy.tables import Table
    from migsafe.deploy.verdict import Check

#: The module of each, which offers `open_check(table, context)`.
CHECKS = MappingProxyType(
    {
        "proxy": "migsafe.deploy.checks.proxy",
        "http": "migsafe.deploy.checks.http",
        "prometheus": "migsafe.deploy.checks.prometheus",
        "cloudwatch": "migsafe.deploy.checks.cloudwatch",
        "sql": "migsafe.deploy.checks.sql",
        "command": "migsafe.deploy.checks.command",
    }
)

#: Those that count requests whether their table says so or not.
_COUNTING = frozenset({"proxy", "cloudwatch"})


def open_checks(tables: Sequence[Table], context: CheckContext) -> tuple[Check, ...]:
    """The checks of deploy.toml, in their order; nothing is asked yet.

    Args:
        tables: each `[[check]]`.

    Raises:
        ConfigurationError: when a key is unknown, missing or wrong, or two checks have one name.
        EnvironmentFailedError: when a library that one needs is not there.
    """
    checks: list[Check] = []
    for table in tables:
        check = _open(table, context)
        if check.name in {other.name for other in checks}:
            raise table.error("name", f"another check is called {check.name} already", "give each its own name")
        checks.append(check)
    return tuple(checks)


def min_requests_of(tables: Sequence[Table]) -> int | None:
    """How many requests a step must see so that all checks can tell; None where none of them counts. For `pacing`.

    Args:
        tables: each `[[check]]`.

    Raises:
        ConfigurationError: when a `min_requests` is no number.
    """
    counting = [table for table in tables if table.text("kind") in _COUNTING or table.has("requests_query")]
    return max((table.whole("min_requests", 100, at_least=1) for table in counting), default=None)


def _open(table: Table, context: CheckContext) -> Check:
    table.text("name")
    kind = table.choice("kind", CHECKS)
    in_a_row = table.whole("in_a_row", 1, at_least=1)
    opened = cast("Callable[[Table, CheckContext], Check]", import_module(CHECKS[kind]).open_check)
    check = opened(table, context)
    return InARow(check, in_a_row) if in_a_row > 1 else check
