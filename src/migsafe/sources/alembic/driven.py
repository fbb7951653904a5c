"""A project's real Alembic, run by the project's own interpreter: the driver is started, told what to do, and believed.

`source.py` renders revisions without a database and without `env.py`; here both are the real ones.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from migsafe.errors import EnvironmentFailedError
from migsafe.sources.alembic.environment import environment_of
from migsafe.sources.alembic.source import project_roots
from migsafe.sources.base import SourceOptions
from migsafe.sources.django.project import interpreter
from migsafe.sources.rendering.talk import Talk, Worker, started

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from migsafe.model.script import Direction
    from migsafe.sources.alembic.environment import Environment

_DRIVER = Path(__file__).with_name("driver.py")
_NO_SECTION = "alembic"

#: How long one step may take, in seconds: the application is imported, and there are hardly any rows.
TIME_LIMIT = 300.0


@dataclass(frozen=True, slots=True)
class Stood:
    """Where Alembic keeps what it has applied, and what that is after a step.

    Attributes:
        schema: of its table; None for the first one of the search path.
        heads: the revisions in it.
    """

    schema: str | None
    table: str
    heads: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StepFailed:
    """How a revision failed.

    Attributes:
        sqlstate: None where it was not the server that refused.
        statement: what was sent, where it is known.
        line: the line of the revision's file that was running.
        at_end: all of the revision had run: it was the end of the transaction, or Alembic's own part.
    """

    message: str
    sqlstate: str | None
    statement: str | None
    line: int | None
    at_end: bool


class RealAlembic:
    """The real Alembic of one environment, on one database; started by its first step.

    Attributes:
        variables: environment variables that hold the address too.
    """

    def __init__(
        self,
        root: Path,
        address: Mapping[str, str],
        *,
        python: str | None = None,
        variables: Sequence[str] = (),
        time_limit: float = TIME_LIMIT,
    ) -> None:
        """
        Args:
            root: a version location of the environment, or its script location.
            address: libpq's parameters of the database that is meant: host, port, user, password and dbname.
            python: the project's interpreter; when None the active environment's, that in the folder, else migsafe's.
            variables: environment variables from which the project's `env.py` takes the address.
            time_limit: seconds that a step may take.
        """
        self._environment = environment_of(root.absolute())
        self._address = dict(address)
        self._python = interpreter(self._environment.base, SourceOptions(python=python))
        self.variables = tuple(variables)
        self._time_limit = time_limit
        self._running = ExitStack()
        self._talk: Talk | None = None

    def prepare(self, token: str) -> Stood:
        """Run `env.py` and no revision, which makes Alembic's table.

        Args:
            token: the comment of the database that is meant, and of no other.

        Raises:
            EnvironmentFailedError: as for `step`.
        """
        stood = self._done(self._ask({"token": token, "step": None}))
        assert isinstance(stood, Stood), "without a revision, none fails"
        return stood

    def step(self, token: str, direction: Direction, revision: str) -> Stood | StepFailed:
        """Run one direction of one revision.

        Raises:
            EnvironmentFailedError: the interpreter cannot be started, `env.py` fails, or it would reach another
                database; nothing was run then.
        """
        return self._done(self._ask({"token": token, "step": [direction.value, revision]}))

    def stop(self) -> None:
        """End the interpreter from another thread, where the step that runs fails then."""
        if self._talk is not None:
            self._talk.kill()

    def close(self) -> None:
        """End the interpreter. It is started again by the next step; closing twice is fine."""
        self._talk = None
        self._running.close()

    def _ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        if self._talk is None:
            self._talk = self._running.enter_context(started(Worker((self._python, str(_DRIVER)), self._folder)))
            self._talk.send(driver_job(self._environment, self._address, self.variables))
            self._answer(self._talk)
        self._talk.send(request)
        return self._answer(self._talk)

    @property
    def _folder(self) -> Path:
        return self._environment.base

    def _answer(self, talk: Talk) -> dict[str, Any]:
        try:
            answer: dict[str, Any] | None = talk.next(self._time_limit)
        except TimeoutError:
            raise EnvironmentFailedError(
                f"Alembic did not end within {self._time_limit:.0f} s", hint="does env.py wait for something?"
            ) from None
        except ValueError:
            answer = None
        if answer is None:
            words = talk.last_words().rpartition(" / ")[2] or f"exit status {talk.exit_code()}"
            raise EnvironmentFailedError(f"the process of the project's Alembic has ended: {words}")
        if "refused" in answer:
            raise EnvironmentFailedError(answer["refused"], hint=answer["hint"])
        return answer

    def _done(self, answer: Mapping[str, Any]) -> Stood | StepFailed:
        if "failed" in answer:
            return StepFailed(**answer["failed"])
        done = answer["done"]
        return Stood(done["schema"], done["table"], tuple(done["heads"]))


def driver_job(environment: Environment, address: Mapping[str, str], variables: Sequence[str]) -> dict[str, Any]:
    """What the driver is told first."""
    section = environment.section
    folder = section.folder if section is not None else environment.base
    return {
        "config": str(folder / section.file) if section is not None and section.file else None,
        "toml": str(folder / "pyproject.toml") if section is not None and section.toml else None,
        "section": section.name if section is not None else _NO_SECTION,
        "script_location": str(environment.script_location),
        "sys_path": [str(path) for path in project_roots(environment)],
        "variables": list(variables),
        "address": dict(address),
    }
