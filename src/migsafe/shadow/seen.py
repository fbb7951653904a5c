"""What was seen on a server, as a finding: one way to place it, to word it and to know it again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

from migsafe.model.finding import Finding, Severity
from migsafe.model.script import Direction, Position, Span
from migsafe.rules.proofs import CHECKS

if TYPE_CHECKING:
    from migsafe.model.statement import ReadScript, Statement


def finding_of(  # noqa: PLR0913  # a finding has many parts
    check: str,
    migration: str,
    read: ReadScript | None,
    *,
    severity: Severity,
    message: str,
    statement: Statement | None = None,
    objects: tuple[str, ...] = (),
    kind: str = "",
    why: str | None = None,
    advice: str = "",
) -> Finding:
    """A finding of a check.

    Args:
        check: its name, in `CHECKS`.
        migration: what its tool calls it.
        read: the script that it is about; None where there is none.
        statement: the one that it stands on; the script's first when None.
        kind: tells findings of one check and statement apart, "lost index".
        why: instead of the check's own words.
        advice: behind the check's own advice.
    """
    descriptor = CHECKS[check]
    start, end = _place(read, statement)
    return Finding(
        rule=check,
        category=descriptor.category,
        severity=severity,
        path=read.script.path if read is not None else "",
        start=start,
        end=end,
        migration=migration,
        direction=read.script.direction if read is not None else Direction.UP,
        operation=kind.replace(" ", "-") or "migration",
        objects=objects,
        message=message,
        why=descriptor.why if why is None else why,
        instead=" ".join(filter(None, [descriptor.instead, advice])),
        fingerprint=_fingerprint(check, migration, kind, statement, objects),
        sql=statement.text if statement is not None and read is not None and read.script.rendered else None,
    )


def _place(read: ReadScript | None, statement: Statement | None) -> tuple[Position, Position]:
    if read is None:
        return Position(1, 1), Position(1, 1)
    first = statement or (read.statements[0] if read.statements else None)
    return read.script.extent(first.span if first is not None else Span(0, 0))


def _fingerprint(check: str, migration: str, kind: str, statement: Statement | None, objects: Iterable[str]) -> str:
    """Stays when lines move, files are renamed or messages are reworded."""
    text = " ".join(statement.text.split()).lower() if statement is not None else ""
    parts = (check, migration, kind, text, *objects)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]
