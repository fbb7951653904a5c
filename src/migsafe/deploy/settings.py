"""What `deploy.toml` says for one environment, checked before anything is asked or moved.

`[environments.NAME]` may say any key of `[deploy]`, `[provider]` and `[probes]` otherwise. The tables of the provider,
of checks and of messages are handed on to those who know their keys.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, cast
from urllib.parse import urlsplit

from migsafe.deploy.checks.registry import CHECKS
from migsafe.deploy.one_step import refuse_one_step
from migsafe.deploy.probes import Probes
from migsafe.deploy.providers.registry import PROVIDERS
from migsafe.deploy.tables import Table, read_document
from migsafe.deploy.words import Strategy
from migsafe.errors import PathNotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.deploy.tables import Document

OWN_FILE: Final = "deploy.toml"
#: `hold`: nothing is moved until a person has looked · `abort`: all traffic goes back.
OnInconclusive = Literal["hold", "abort"]

#: Of all strategies but the canary: there is one step, and it is the whole.
_AT_ONCE = (100,)
_CANARY = (5, 20, 50, 100)
#: What somebody may write who wants a deployment to run migrations as well.
_MIGRATING = ("migrate", "migration", "migrations", "run_migrations", "pre_deploy", "expand", "contract")
_PROBES = "a readiness probe keeps traffic away for a moment, a liveness probe ends the process"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploySettings:
    """A deploy.toml, as it holds for one environment. Times are in seconds.

    Attributes:
        environment: the one that was asked for.
        steps: the shares of a canary in per cent, rising to 100; `(100,)` for every other strategy.
        step_time: for how long each step is watched.
        soak: for how long the running version is watched on the expanded schema before code moves.
        bake: for how long the old version stays warm after the switch.
        ready_within: when a version that does not become ready is given up.
        tracker_back_within: when a tracker that is away or busy between two steps is given up.
        on_inconclusive: what is done where nobody can tell whether the new version is well, or may go on.
        rehearsed_within: the way back is to have been tried so lately.
        requests_per_second: that the environment has, as far as the project knows; only planned with.
        provider_table: the keys of `[provider]`.
        checks: each `[[check]]`.
        notify: each `[[notify]]`.
        warnings: what is allowed, and hardly meant; a sentence each.
    """

    path: Path
    environment: str
    strategy: Strategy
    provider: str
    steps: tuple[int, ...]
    step_time: float
    soak: float
    bake: float
    ready_within: float
    tracker_back_within: float
    on_inconclusive: OnInconclusive
    rehearsed_within: float
    requests_per_second: float | None
    probes: Probes
    provider_table: Table
    checks: tuple[Table, ...]
    notify: tuple[Table, ...]
    warnings: tuple[str, ...] = ()


def find_deploy_file(named: Path | None = None, start: Path | None = None) -> Path:
    """The file that is named, else the nearest `deploy.toml` from a folder upward.

    Args:
        start: the folder; the current one when None.

    Raises:
        PathNotFoundError: when there is none.
    """
    if named is not None:
        if not named.is_file():
            raise PathNotFoundError(f"no file {named}")
        return named
    start = (start or Path.cwd()).absolute()
    found = next((folder / OWN_FILE for folder in (start, *start.parents) if (folder / OWN_FILE).is_file()), None)
    if found is None:
        raise PathNotFoundError(
            f"no {OWN_FILE} here or above", hint="docs/deploy.md says what is in one; --deploy-file names another file"
        )
    return found.relative_to(start) if found.is_relative_to(start) else found


def read_settings(path: Path, environment: str) -> DeploySettings:
    """What a file says for an environment.

    Raises:
        PathNotFoundError: when there is no such file.
        ConfigurationError: when it is not TOML, or says something that cannot be used, with the place.
    """
    return settings_of(read_document(path), environment)


def settings_of(document: Document, environment: str) -> DeploySettings:
    """What a document says for an environment; `[environments]` needs to name only those that differ.

    The other environments are read as well, so that a slip in one of them shows before its day.

    Raises:
        ConfigurationError: as `read_settings`.
    """
    root = document.root
    for known in ("deploy", "provider", "probes", "check", "notify", "environments"):
        root.has(known)
    root.done()  # a heading with a slip is not a table that is missing
    checks, notify = _checks(root), root.tables("notify")
    names = dict.fromkeys((environment, *root.table("environments").keys))
    return {name: _settings(root, name, checks, notify) for name in names}[environment]


def _settings(root: Table, environment: str, checks: tuple[Table, ...], notify: tuple[Table, ...]) -> DeploySettings:
    here = root.table("environments").table(environment)
    deploy = here.table("deploy").over(root.table("deploy"))
    provider_table = here.table("provider").over(root.table("provider"))
    refuse_one_step(provider_table)
    probes = _probes(here.table("probes").over(root.table("probes")))
    here.done()
    _refuse_migrating(deploy)
    strategy = deploy.word("strategy", Strategy)
    settings = DeploySettings(
        path=root.file,
        environment=environment,
        strategy=strategy,
        provider=deploy.choice("provider", PROVIDERS),
        steps=_steps(deploy, strategy),
        step_time=deploy.duration_s("step_time", 60.0),
        soak=deploy.duration_s("soak", 30.0),
        bake=deploy.duration_s("bake", 600.0),
        ready_within=_ready_within(deploy),
        tracker_back_within=deploy.duration_s("tracker_back_within", 300.0),
        on_inconclusive=cast("OnInconclusive", deploy.choice("on_inconclusive", ("hold", "abort"), "hold")),
        rehearsed_within=deploy.duration_s("rehearsed_within", 30 * 86_400.0),
        requests_per_second=deploy.number("requests_per_second", None),
        probes=probes,
        provider_table=provider_table,
        checks=checks,
        notify=notify,
    )
    deploy.done()
    return replace(settings, warnings=tuple(_warnings(settings, deploy)))


def _refuse_migrating(deploy: Table) -> None:
    for key in _MIGRATING:
        if key in deploy.keys:
            raise deploy.error(
                key,
                "a deployment runs no migrations: old and new code are both alive in it",
                "migsafe run expand goes before it, migsafe run migrate and contract after it",
            )


def _steps(deploy: Table, strategy: Strategy) -> tuple[int, ...]:
    said = deploy.wholes("steps", None)
    if strategy is not Strategy.CANARY:
        if said not in {None, _AT_ONCE} and deploy.are_together("strategy", "steps"):
            raise deploy.error("steps", f"{strategy} has no steps", 'they are for strategy = "canary"')
        return _AT_ONCE
    if said is None:
        return _CANARY
    if not said or any(not 0 < weight <= 100 for weight in said):
        raise deploy.error("steps", f"{list(said)} must be shares in per cent, above 0 and up to 100")
    if any(later <= earlier for earlier, later in pairwise(said)):
        raise deploy.error("steps", f"{list(said)} must rise from step to step")
    if said[-1] != 100:
        raise deploy.error("steps", f"{list(said)} must end at 100", "the last step gives the new version everything")
    return said


def _ready_within(deploy: Table) -> float:
    seconds = deploy.duration_s("ready_within", 300.0)
    if seconds <= 0:
        raise deploy.error("ready_within", "0 gives a version no time to become ready")
    return seconds


def _probes(probes: Table) -> Probes:
    for name in ("readiness", "liveness"):
        if not probes.has(name):
            raise probes.error(name, f"missing: no {name} probe, no deployment", probes.misspelled(name) or _PROBES)
    found = Probes(
        readiness=_path(probes, "readiness", probes.text("readiness")),
        liveness=_path(probes, "liveness", probes.text("liveness")),
        smoke=tuple(_path(probes, "smoke", one) for one in probes.texts("smoke", ())),
    )
    probes.done()
    if found.readiness == found.liveness:
        raise probes.error("liveness", f"{found.liveness} is the readiness probe too", _PROBES)
    return found


def _path(probes: Table, key: str, said: str) -> str:
    if not said.startswith("/") or any(char.isspace() for char in said):
        path = urlsplit(said.strip()).path.strip("/") or key
        raise probes.error(key, f'"{said}" must be a path of the web server, such as "/{path}"')
    return said


def _checks(root: Table) -> tuple[Table, ...]:
    """Each check with its name and kind. Any of them fails a step, and a step that has failed goes back by itself."""
    checks = root.tables("check")
    if not checks:
        raise root.error(
            "check",
            "missing: nothing would ever take a bad version back by itself",
            'the least is: [[check]] name = "errors" kind = "proxy" max_error_rate = 0.02',
        )
    names: set[str] = set()
    for check in checks:
        name = check.text("name")
        check.choice("kind", CHECKS)
        if name in names:
            raise check.error("name", f"another check is called {name} already", "give each its own name")
        names.add(name)
    return checks


def _warnings(settings: DeploySettings, deploy: Table) -> Iterator[str]:
    if settings.bake == 0 and settings.strategy is not Strategy.RECREATE:
        yield f"{deploy.words('bake')} is 0: the old version ends at once, and going back means to start it again"
    if settings.soak == 0:
        yield f"{deploy.words('soak')} is 0: nobody looks whether the running version bears the expanded schema"
    if settings.step_time == 0:
        yield f"{deploy.words('step_time')} is 0: no step is watched, and no check has the time to see anything"
