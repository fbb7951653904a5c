"""Which migrations are proved at the same time: a layout's, cut into parts that follow one another."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.shadow.options import MOST_JOBS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from migsafe.model.script import Migration
    from migsafe.shadow.steps import Steps

#: As many as pay where nobody says a number: a third of the work is Python's, which runs on one core.
_MOST_BY_ITSELF = 4

#: How many migrations a job must have to prove so that its database and its way there are paid for.
_WORTH_A_JOB = 24

#: What belongs to the whole server, and not to one database: a job would meet what another one has made, or will make.
#: A statement begins a line, or stands behind what may end another one or begin a text that is executed.
_OF_THE_SERVER = re.compile(
    r"(?:^|[;'\"$(/]|\b(?:then|else|begin|loop))\s*"
    r"(?:create|alter|drop|comment\s+on)\s+(?:role|user|group|tablespace|database|subscription|system)\b"
    r"|\b(?:dblink|pg_(?:roles|authid|auth_members|user|shadow|group|tablespace|database)|(?:to_)?regrole)\b",
    re.IGNORECASE | re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Slice:
    """Some migrations of a layout that one job is for.

    Attributes:
        first: the place of its first one among all that are needed.
        end: the place behind its last one.
    """

    first: int
    end: int


def how_many(asked: int | None, steps: Steps, setup: str = "") -> int:
    """How many jobs a layout is given.

    Args:
        asked: by the user; None: as many as pay on this machine.
        setup: SQL that each of them runs first.
    """
    if asked != 1 and any(_OF_THE_SERVER.search(text) for text in (setup, *_texts(steps.needed))):
        return 1
    if asked is not None:
        return max(1, min(asked, MOST_JOBS))
    return max(1, min(_cores(), _MOST_BY_ITSELF, len(steps.wanted) // _WORTH_A_JOB))


def cut(steps: Steps, jobs: int) -> tuple[Slice, ...]:
    """Cut what a layout needs into so many slices at most, each with as many migrations to prove."""
    wanted = [place for place, migration in enumerate(steps.needed) if migration.id in steps.wanted]
    jobs = max(1, min(jobs, len(wanted)))
    ends = [wanted[len(wanted) * number // jobs - 1] + 1 for number in range(1, jobs)]
    ends.append(len(steps.needed))
    return tuple(Slice(first, end) for first, end in zip([0, *ends], ends, strict=False))


def _texts(migrations: Sequence[Migration]) -> Iterable[str]:
    return (script.text for migration in migrations for script in migration.scripts)


def _cores() -> int:
    """Cores that this process may use; a container may have fewer of them than the machine."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
