"""`provider = "command"`: the team's own programs do what an engine does, one for each verb.

Each is a list without a shell. `{version}`, `{weight}` and `{environment}` are filled in, and are also variables
(`MIGSAFE_VERSION`, `MIGSAFE_WEIGHT`, `MIGSAFE_ENVIRONMENT`, and `MIGSAFE_VERB`). Status 0 is done, all else is failed,
and the last line of standard error says why. `observe` prints one JSON document, see `told`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, cast

from migsafe.config.nearest import did_you_mean
from migsafe.deploy import programs
from migsafe.deploy.errors import ProviderRefusedError
from migsafe.deploy.programs import Surroundings
from migsafe.deploy.providers.told import read_counts, read_observed
from migsafe.deploy.words import Capabilities, Strategy
from migsafe.errors import EnvironmentFailedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migsafe.deploy.provider import Provider
    from migsafe.deploy.providers.context import ProviderContext
    from migsafe.deploy.tables import Table
    from migsafe.deploy.words import Counts, Observed, Side

#: What may stand in braces, by verb.
_PLACES: Mapping[str, tuple[str, ...]] = {
    "observe": ("environment",),
    "stage": ("environment", "version"),
    "shift": ("environment", "version", "weight"),
    "promote": ("environment", "version"),
    "abort": ("environment", "version"),
    "retire": ("environment", "version"),
}
_TIMEOUT_S = 60.0


def open_provider(table: Table, context: ProviderContext) -> Provider:
    """The team's programs as deploy.toml names them; none is run yet.

    Raises:
        ConfigurationError: when a key is unknown, missing or wrong.
    """
    commands = {verb: programs.read_program(table, verb, places) for verb, places in _PLACES.items()}
    counts = programs.optional_program(table, "counts", ("environment",))
    capabilities = _capabilities(table)
    surroundings = Surroundings(context.folder, context.environ, table.duration_s("timeout", _TIMEOUT_S))
    if surroundings.timeout_s <= 0:
        raise table.error("timeout", "a program needs some time", 'such as "60s"')
    table.done()
    kind = CommandProvider if counts is None else CountingCommandProvider
    every = commands if counts is None else {**commands, "counts": counts}
    return kind(every, capabilities, surroundings, context.environment)


def _capabilities(table: Table) -> Capabilities:
    strategies = _strategies(table)
    weights = cast("Literal['exact', 'replicas', 'none']", table.choice("weights", ("exact", "replicas", "none")))
    if Strategy.CANARY in strategies and weights == "none":
        raise table.error("weights", "a canary has a part of the traffic, and these programs move all or nothing")
    return Capabilities(
        strategies=strategies,
        weights=weights,
        keeps_old_warm=table.flag("keeps_old_warm", True),
        replicas=table.whole("replicas", 1, at_least=1),
    )


def _strategies(table: Table) -> frozenset[Strategy]:
    said = table.texts("strategies")
    known = [one.value for one in Strategy]
    for one in said:
        if one not in known:
            hint = did_you_mean(one, known, otherwise=f"known: {', '.join(known)}")
            raise table.error("strategies", f"there is no strategy {one}", hint)
    return frozenset(map(Strategy, said))


class CommandProvider:
    """An engine that the team's programs drive."""

    def __init__(
        self,
        commands: Mapping[str, tuple[str, ...]],
        capabilities: Capabilities,
        surroundings: Surroundings,
        environment: str,
    ) -> None:
        """
        Args:
            commands: a program and its arguments for each verb.
            environment: its name, as the programs are told it.
        """
        self._commands = commands
        self._capabilities = capabilities
        self._surroundings = surroundings
        self._environment = environment

    @property
    def capabilities(self) -> Capabilities:
        """What the team says that its programs can do."""
        return self._capabilities

    def check(self) -> tuple[str, ...]:
        """Whether the programs are there, and `observe` says something that can be read."""
        absent = tuple(
            f"{verb}: there is no program {words[0]}, or it is not executable"
            for verb, words in self._commands.items()
            if programs.find_program(words[0], self._surroundings) is None
        )
        return absent or tuple(self._cannot_be_read())

    def observe(self) -> Observed:
        """What `observe` prints."""
        return read_observed(self._run("observe"))

    def stage(self, version: str) -> None:
        """Run `stage`."""
        self._run("stage", version=version)

    def shift(self, version: str, weight: int) -> None:
        """Run `shift`; a weight that is none, or that the programs cannot do, is refused before."""
        if not 0 <= weight <= 100:
            raise ProviderRefusedError(f"a weight of {weight}: it is in per cent, from 0 to 100")
        if self._capabilities.weights == "none" and weight not in (0, 100):
            raise ProviderRefusedError(f"a weight of {weight}: the programs move all of the traffic or nothing")
        self._run("shift", version=version, weight=str(weight))

    def promote(self, version: str) -> None:
        """Run `promote`."""
        self._run("promote", version=version)

    def abort(self, stable: str) -> None:
        """Run `abort` with the version that is to have all the traffic."""
        self._run("abort", version=stable)

    def retire(self, version: str) -> None:
        """Run `retire`."""
        self._run("retire", version=version)

    def close(self) -> None:
        """Nothing is held between two programs."""

    def _run(self, verb: str, **values: str) -> str:
        if values.get("version", "").startswith("-"):
            raise ProviderRefusedError(
                f"a version that is called {values['version']} would be read as an option by the program of {verb}"
            )
        told = {**values, "environment": self._environment, "verb": verb}
        return programs.run_program(verb, self._commands[verb], told, self._surroundings)

    def _cannot_be_read(self) -> list[str]:
        try:
            self.observe()
        except EnvironmentFailedError as error:
            return [f"{error.message} ({error.hint})" if error.hint else error.message]
        return []


class CountingCommandProvider(CommandProvider):
    """One whose programs can also count."""

    def counts(self) -> Mapping[Side, Counts]:
        """What `counts` prints."""
        return read_counts(self._run("counts"))
