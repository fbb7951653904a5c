"""Rendering: one direction of one revision → its statements, and where it broke off."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy.exc import NoSuchTableError

from migsafe.sources.alembic.worker.environment import Surroundings, environment, has_transaction
from migsafe.sources.alembic.worker.outside import ProjectFunction, failed_function
from migsafe.sources.alembic.worker.places import Place, raised_place
from migsafe.sources.alembic.worker.questions import Supposed
from migsafe.sources.alembic.worker.recording import Recorded, Recording, Rows
from migsafe.sources.alembic.worker.revision_module import load_revision

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from migsafe.sources.alembic.worker.job import RevisionFile

#: What tells one object from the next in a run, and one run from the next.
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+(?=>)")
_FUNCTIONS = {"up": "upgrade", "down": "downgrade"}


@dataclass(frozen=True)
class Gap:
    """Where rendering broke off, and why in one line."""

    place: Place
    reason: str


@dataclass(frozen=True)
class Rendered:
    """What one direction of a revision sends.

    Attributes:
        transaction: whether Alembic puts a transaction around it.
        gap: None when it ran to its end.
    """

    statements: list[Recorded]
    transaction: bool
    gap: Gap | None


class _World(NamedTuple):
    """What a revision finds that migrations do not tell.

    Attributes:
        rows: what is in the tables.
        others: what is there of tables that no migration has made.
    """

    rows: Rows
    others: Supposed = Supposed.NOTHING


# A database in use; one that was just made; one that somebody else has made other tables in.
_USED = _World(Rows.ONE)
_EMPTY = _World(Rows.NONE)
_WITH_OTHERS = (_World(Rows.NONE, Supposed.TABLES), _World(Rows.NONE, Supposed.COLUMNS))


@dataclass(frozen=True)
class _Attempt:
    """One run of a revision.

    Attributes:
        missed: tables that it looked for and that no migration has made.
        absent: there was nothing to run.
    """

    recording: Recording
    error: BaseException | None
    missed: set[str]
    absent: bool = False

    @property
    def wants_tables(self) -> bool:
        """Whether it might do more with tables that it has missed."""
        nothing_done = not self.recording.statements and self.error is None
        return bool(self.missed) and (nothing_done or isinstance(self.error, NoSuchTableError))


def _better(first: _Attempt, second: _Attempt) -> _Attempt:
    """The one that came to an end, the second of two such unless it does nothing; else the one that came further."""
    if (first.error is None) != (second.error is None):
        return first if first.error is None else second
    sent, sent_then = len(first.recording.statements), len(second.recording.statements)
    if first.error is None:
        return second if sent_then or not sent else first
    return second if sent_then >= sent else first


class Renderer:
    """Renders the revisions of one job, one after another."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self._transaction = has_transaction(surroundings.job, surroundings.dialect)

    def render(self, revision: RevisionFile, direction: str) -> Rendered | None:
        """Run the revision, with other suppositions where it fails or does nothing with the first.

        Returns:
            None where the revision has no such direction, or says itself that there is no way back.
        """
        attempt = self._attempt(revision, direction, _USED)
        if attempt.absent or (direction == "down" and _is_irreversible(attempt)):
            return None
        if attempt.error is not None or attempt.recording.asked_raw_catalogue:
            attempt = _better(attempt, self._attempt(revision, direction, _EMPTY))
        attempt = self._with_others(attempt, revision, direction)
        if attempt.error is not None and (function := self._outside(attempt)) is not None:
            with function.unknown():
                attempt = _better(attempt, self._attempt(revision, direction, _EMPTY))
                attempt = self._with_others(attempt, revision, direction)
        return self._rendered(attempt)

    def _with_others(self, attempt: _Attempt, revision: RevisionFile, direction: str) -> _Attempt:
        """The same, or one with tables that no migration has made, where the revision has missed some."""
        for world in _WITH_OTHERS:
            if attempt.wants_tables:
                attempt = _better(attempt, self._attempt(revision, direction, world))
        return attempt

    def _outside(self, attempt: _Attempt) -> ProjectFunction | None:
        """The function of the project, outside of revisions, that could not do without the application."""
        assert attempt.error is not None
        return failed_function(attempt.error, self._surroundings.job.project)

    def _attempt(self, revision: RevisionFile, direction: str, world: _World) -> _Attempt:
        recording = Recording(revision.path, world.rows, self._transaction)
        questions = self._surroundings.questions
        questions.begin(revision, direction, recording, supposing=world.others)
        try:
            with environment(self._surroundings, recording):
                absent = not self._run(revision, direction, recording)
        except (EOFError, BrokenPipeError):
            raise
        except BaseException as error:  # what a revision raises, sys.exit included, is a value here
            return _Attempt(recording, error, questions.missed)
        return _Attempt(recording, None, questions.missed, absent)

    def _run(self, revision: RevisionFile, direction: str, recording: Recording) -> bool:
        """Whether there is such a direction."""
        function = _function(load_revision(revision.path), direction)
        if function is None:
            return False
        arguments = (self._surroundings.job.database,) if self._surroundings.job.database is not None else ()
        recording.running = True
        try:
            function(*arguments)
        finally:
            recording.running = False
        return True

    def _rendered(self, attempt: _Attempt) -> Rendered:
        gap = None
        if attempt.error is not None:
            gap = Gap(_place(attempt), one_line(attempt.error))
        return Rendered(attempt.recording.statements, self._transaction, gap)


def one_line(error: BaseException) -> str:
    """An exception as a person would report it."""
    text = _ADDRESS.sub("", " ".join(str(error).split()))
    kind = type(error).__name__
    if not text:
        return kind
    return text if kind in ("NotRenderedError", "ForbiddenError") else f"{kind}: {text}"


def _function(module: ModuleType, direction: str) -> Callable[..., Any] | None:
    found = getattr(module, _FUNCTIONS[direction], None)
    return found if callable(found) else None


def _place(attempt: _Attempt) -> Place:
    error = attempt.error
    assert error is not None
    if isinstance(error, SyntaxError) and error.filename == attempt.recording.path:
        line, column = error.lineno or 1, error.offset or 1
        return Place(line, column, line, column)
    return raised_place(attempt.recording.path, error.__traceback__) or Place(1, 1, 1, 1)


def _is_irreversible(attempt: _Attempt) -> bool:
    """Whether the downgrade does nothing but say that it cannot be done."""
    error = attempt.error
    if isinstance(error, NotImplementedError):
        return True
    if error is None or attempt.recording.statements or error.__traceback__ is None:
        return False
    traceback = error.__traceback__
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    code = traceback.tb_frame.f_code
    return code.co_filename == attempt.recording.path and code.co_name == "downgrade" and not code.co_names[1:]
