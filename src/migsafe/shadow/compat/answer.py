"""What the server says of one query at one moment: values only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from migsafe.shadow.compat.forms import Form
from migsafe.shadow.compat.query import Layer

#: Classes of errors that say something of the server and nothing of the query: connection, transaction state,
#: rollback, resources, limits, intervention (timeouts too), system, internal.
_OF_THE_SERVER = ("08", "25", "40", "53", "55", "57", "58", "XX")


class ResultColumn(NamedTuple):
    """A column of a result; types are named, never numbered, so that two moments or databases compare.

    Attributes:
        type: without its modifier: "character varying".
        full_type: with it: "character varying(20)".
    """

    name: str
    type: str
    full_type: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """How the server refused something; `sqlstate` is None when it never got there."""

    sqlstate: str | None
    message: str

    @property
    def is_of_the_server(self) -> bool:
        """Whether it says nothing of the query: a timeout, for example."""
        return self.sqlstate is None or self.sqlstate.startswith(_OF_THE_SERVER)


@dataclass(frozen=True, slots=True)
class Run:
    """One execution: the values it had, and how it was refused, if it was."""

    values: tuple[str, ...]
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A query that the server understands.

    Attributes:
        form: how it was put.
        parameters: the names of its parameters' types.
        columns: of its result.
        plan_refusal: how the server refused to plan it: some of what Parse accepts is looked at only there.
        nulls: `column "c" of "t"` for each column that refuses NULL and is always given NULL.
        runs: its executions; empty when it was not executed.
        unknown: by layer, why that layer says nothing.
    """

    form: Form
    parameters: tuple[str, ...]
    columns: tuple[ResultColumn, ...]
    plan_refusal: Refusal | None = None
    nulls: tuple[str, ...] = ()
    runs: tuple[Run, ...] = ()
    unknown: tuple[tuple[Layer, str], ...] = ()

    @property
    def gaps(self) -> tuple[tuple[Layer, str], ...]:
        """By layer, why it says nothing: also where the server was not able to say."""
        refusals = [(Layer.PLAN, self.plan_refusal), *((Layer.EXECUTE, run.refusal) for run in self.runs)]
        unable = {layer: refusal.message for layer, refusal in refusals if refusal and refusal.is_of_the_server}
        return (*self.unknown, *unable.items())
