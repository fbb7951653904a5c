"""A group of commands whose modules are imported only when they are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from migsafe.errors import UsageError

_ALL = "migsafe --help lists them all"


class LazyGroup(click.Group):
    """Knows its commands by the names of their modules; each module offers `command`."""

    def __init__(self, *args: Any, modules: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._modules = modules

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names in the order in which a newcomer needs them."""
        return list(self._modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command; None when there is none of that name."""
        if cmd_name not in self._modules:
            return None
        command: click.Command = import_module(self._modules[cmd_name]).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the first word names; an unknown word gets the nearest names as a hint.

        Raises:
            UsageError: when there is no such command.
        """
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-") and not ctx.resilient_parsing:
            from migsafe.config.nearest import did_you_mean  # on the way of an error only

            raise UsageError(f'no command "{name}"', hint=did_you_mean(name, self._modules, otherwise=_ALL))
        return super().resolve_command(ctx, args)
