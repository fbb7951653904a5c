"""A project's real Alembic on the database that is meant; `executor.py` is its other end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.errors import EnvironmentFailedError
from migsafe.sources.alembic.driven import driver_job
from migsafe.sources.alembic.environment import environment_of
from migsafe.sources.base import SourceOptions
from migsafe.sources.django.project import interpreter
from migsafe.sources.executing.process import ToolProcess
from migsafe.sources.rendering.talk import Worker

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from migsafe.model.script import Migration

_EXECUTOR = Path(__file__).with_name("executor.py")


def alembic_process(
    root: Path,
    address: Mapping[str, str],
    *,
    python: str | None = None,
    variables: Sequence[str] = (),
    arguments: Sequence[str] = (),
) -> ToolProcess:
    """The Alembic of an environment; nothing is started yet.

    Args:
        root: a version location of the environment, or its script location.
        address: libpq's parameters of the database that is meant.
        python: the project's interpreter; found when None.
        variables: environment variables from which `env.py` takes the address.
        arguments: what `alembic -x` would be given; `{url}` stands for the address.
    """
    environment = environment_of(root.absolute())
    job = {**driver_job(environment, address, variables), "x": list(arguments)}
    program = interpreter(environment.base, SourceOptions(python=python))
    return ToolProcess("Alembic", Worker((program, str(_EXECUTOR)), environment.base), job)


def applied_by_heads(heads: Iterable[str], migrations: Iterable[Migration]) -> frozenset[str]:
    """Every revision that is applied where Alembic's table has these heads: they, and all that they need.

    Raises:
        EnvironmentFailedError: a head is no revision of the project, so that nobody knows what it needs.
    """
    needs = {one.id: one.needs for one in migrations}
    applied: set[str] = set()
    open_ends = list(heads)
    while open_ends:
        revision = open_ends.pop()
        if revision not in needs:
            raise EnvironmentFailedError(
                f"the database is at the revision {revision}, which the project does not have",
                hint="check out the code that has it, or run alembic stamp where it was squashed",
            )
        if revision not in applied:
            applied.add(revision)
            open_ends.extend(needs[revision])
    return frozenset(applied)
