"""Which step of a plan a migration is, said by its statements: each writer, tool and person frames them in its own way.

What counts as the frame is up to who asks. For a plan that somebody signs, `essential`: timeouts, and one transaction
around all of it. For a run, `unframed`: its tool sets what it likes, and begins and ends transactions where it must.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from migsafe.model.dialect import Dialect
from migsafe.model.operation import SetParameter, TransactionControl
from migsafe.model.script import Direction, Script, SourceText, TransactionRule
from migsafe.parse import read_script
from migsafe.plan.batches import guard_block
from migsafe.plan.migrations import forward_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from migsafe.model.plan import PlanStep
    from migsafe.model.statement import Statement

    Bare = Callable[[Iterable[Statement]], tuple[Statement, ...]]


@dataclass(frozen=True, slots=True)
class Recognised:
    """A migration that says what a step of a plan says, or some of it.

    Attributes:
        statements: what it does, without its frame and the guard that a writer puts before it.
        begins, ends: whether it has the first, and the last, statement of the step; tools that run each file in a
            transaction have several migrations for a step without one.
    """

    statements: tuple[Statement, ...]
    begins: bool
    ends: bool

    @property
    def is_whole(self) -> bool:
        """Whether it is all of the step."""
        return self.begins and self.ends


def recognise(statements: Iterable[Statement], step: PlanStep, bare: Bare) -> Recognised | None:
    """Hold the statements of a migration against a step.

    Args:
        bare: takes the frame away: `essential` or `unframed`.

    Returns:
        None where it says something else, or a part of what is to happen in one transaction.
    """
    guards = _guards(step)
    found = bare(one for one in statements if _normal(one.text) not in guards)
    whole = bare(_statements(forward_of(step)))
    at = _place(_texts(found), _texts(whole))
    if at is None or (step.transaction and len(found) != len(whole)):
        return None
    return Recognised(found, begins=at == 0, ends=at + len(found) == len(whole))


def essential(statements: Iterable[Statement]) -> tuple[Statement, ...]:
    """Statements without what does nothing to what is there: settings of timeouts, the BEGIN and COMMIT of a whole
    script."""
    found = tuple(one for one in statements if not _only_timeouts(one))
    return found[1:-1] if is_wrapped(found) else found


def unframed(statements: Iterable[Statement]) -> tuple[Statement, ...]:
    """Statements without all settings, and without all that begins and ends transactions."""
    return tuple(one for one in statements if not _only_frame(one))


def is_wrapped(statements: Sequence[Statement]) -> bool:
    """Whether a script opens its one transaction itself, and ends it at its end."""
    actions = [
        operation.action
        for statement in statements
        for operation in statement.operations
        if isinstance(operation, TransactionControl)
    ]
    return actions == ["begin", "commit"] and _controls(statements[0]) and _controls(statements[-1])


@lru_cache(maxsize=512)  # every migration of a change is held against every step of it
def _statements(texts: tuple[str, ...]) -> tuple[Statement, ...]:
    text = "\n;\n".join(texts)
    script = Script(Direction.UP, text, SourceText("", text), TransactionRule.NONE, Dialect.POSTGRES)
    return read_script(script).statements


def _guards(step: PlanStep) -> tuple[str, ...]:
    """The statement by which a writer may have made the step wait for what must hold before it."""
    asked = [check for check in step.before if not check.as_role]
    return (_normal(guard_block(asked)),) if asked else ()


def _texts(statements: Iterable[Statement]) -> list[str]:
    return [_normal(one.text) for one in statements]


def _place(piece: Sequence[str], whole: Sequence[str]) -> int | None:
    """Where in a step some of its statements stand, one behind the other; None where they do not."""
    places = range(len(whole) - len(piece) + 1) if piece else ()
    return next((at for at in places if whole[at : at + len(piece)] == piece), None)


def _only_timeouts(statement: Statement) -> bool:
    return all(isinstance(one, SetParameter) and one.name.endswith("_timeout") for one in statement.operations)


def _only_frame(statement: Statement) -> bool:
    return all(isinstance(one, SetParameter | TransactionControl) for one in statement.operations)


def _controls(statement: Statement) -> bool:
    return any(isinstance(operation, TransactionControl) for operation in statement.operations)


def _normal(text: str) -> str:
    """For comparison with what a plan says: layouts break and indent lines in their own ways."""
    return " ".join(text.strip().removesuffix(";").split())
