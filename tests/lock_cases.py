"""The lock tables of `fixtures/locks`: which lock a statement takes, and the work that it does, in files to be read.

Each statement follows a comment that says what Postgres does to the relations that were there before:

    -- o: ROW SHARE · t: SHARE UPDATE EXCLUSIVE · scans o, t
    ALTER TABLE t VALIDATE CONSTRAINT fknv;

`fails 23502` stands for a statement that the server refuses, with its SQLSTATE. ACCESS SHARE, which every reader takes,
is left out, and so are locks on indexes. A line `-- setup:` gives a statement that comes before.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from migsafe.model.observation import Observation

FACTS = " · "
_CASE = re.compile(r"^-- (?P<expected>.*)\n(?:-- setup: (?P<setup>.*);\n)?(?P<statement>(?:[^-\n].*\n)+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class LockCase:
    """A statement and what it is expected to do."""

    expected: str
    setup: str
    statement: str

    def __str__(self) -> str:
        return self.statement


def read_lock_cases(file: Path) -> list[LockCase]:
    """The cases of a file; what stands before the first blank line is about the file."""
    _, _, body = file.read_text(encoding="utf-8").partition("\n\n")
    found = [
        LockCase(case["expected"], case["setup"] or "", case["statement"].strip().removesuffix(";"))
        for case in _CASE.finditer(body)
    ]
    assert len(found) == body.count(";\n") - sum(bool(case.setup) for case in found), f"{file} has a case out of form"
    return found


def describe(observation: Observation) -> str:
    """What was seen, in the words of the files."""
    if observation.error is not None:
        return f"fails {observation.error.sqlstate}"
    return FACTS.join(_facts(observation)) or "nothing"


def _facts(observation: Observation) -> Iterator[str]:
    for claim in observation.locks:
        if str(claim.mode) != "ACCESS SHARE":
            yield f"{claim.table.name}: {claim.mode}"
    rewritten = [name.name for name in observation.rewritten if name not in observation.emptied]
    yield from _listed("empties", (name.name for name in observation.emptied))
    yield from _listed("rewrites", rewritten)
    yield from _listed("rebuilds", (done.index.name for done in observation.rebuilt))
    yield from _listed("builds", (done.index.name for done in observation.built))
    yield from _listed("scans", (name.name for name in observation.scanned))


def _listed(verb: str, names: Iterable[str]) -> Iterator[str]:
    if listed := ", ".join(names):
        yield f"{verb} {listed}"
