"""Deploy and migrate in one step: a command of `[provider]` that migrates the database as well.

Where an instance migrates as it starts, the schema changes under code that is still serving, several instances do it at
once, and nobody can go back without it. Only what stands in deploy.toml is seen here, not the scripts that it starts;
`migsafe lint` reads those.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.model.script import Span
from migsafe.sources.deploy_files.migrate_commands import migrating
from migsafe.sources.deploy_files.shell import commands, commands_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.deploy.tables import Table
    from migsafe.sources.deploy_files.shell import Command

_NOWHERE = Span(0, 0)
#: What a program finds in its environment starts nothing.
_VARIABLES = "env"


def refuse_one_step(provider: Table) -> None:
    """Refuse commands that migrate.

    Raises:
        ConfigurationError: with the place and the words.
    """
    for key, value in provider.values.items():
        if key == _VARIABLES:
            continue
        for command in _commands(value):
            if (found := migrating(command.words)) is not None and found.certain:
                raise provider.error(
                    key,
                    f'"{" ".join(command.words)}" migrates the database: to deploy and to migrate are two steps',
                    "migsafe run expand goes before the deployment, which waits for it",
                )


def _commands(value: object) -> Iterator[Command]:
    """Of texts, of lists of texts, and of what a shell in them is given."""
    if isinstance(value, str):
        yield from commands(value)
    elif isinstance(value, dict):
        for one in value.values():
            yield from _commands(one)
    elif isinstance(value, list):
        yield from commands_of([word for word in value if isinstance(word, str)], _NOWHERE)
        for one in value:
            if not isinstance(one, str):
                yield from _commands(one)
