"""What is answered when it is asked whether a statement has happened."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

NO_TRACE = "its trace in the catalogue is not known; look, and say what became of it with migsafe run repair"


class Answer(StrEnum):
    """What became of a statement."""

    DONE = "done"
    """It has happened."""
    MISSING = "missing"
    """It has not happened, or does no harm when it happens again: it can be run."""
    INVALID = "invalid"
    """A part of it has happened, and `mend` takes the rest away or brings it to its end; then it is asked again."""
    UNKNOWN = "unknown"
    """The server does not tell; a person must look."""


@dataclass(frozen=True, slots=True)
class Probe:
    """What the server says of a statement.

    Attributes:
        text: what was found, for a person.
        mend: statements, each by itself and outside of a transaction, that take an invalid rest away.
        pid: the process of the server that may still be at work on it; wait until it is gone, and ask again.
    """

    answer: Answer
    text: str
    mend: tuple[str, ...] = ()
    pid: int | None = None


def done(text: str) -> Probe:
    """It has happened."""
    return Probe(Answer.DONE, text)


def missing(text: str) -> Probe:
    """It can be run."""
    return Probe(Answer.MISSING, text)


def invalid(text: str, *mend: str) -> Probe:
    """A part of it has happened."""
    return Probe(Answer.INVALID, text, mend)


def unknown(text: str, pid: int | None = None) -> Probe:
    """A person must look."""
    return Probe(Answer.UNKNOWN, text, pid=pid)
