"""What a rule says: the hazard at hand, in the project's own names."""

from __future__ import annotations

from dataclasses import dataclass

from migsafe.model.finding import Severity
from migsafe.model.locks import LockClaim, Work
from migsafe.model.script import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Hazard:
    """One hazard of one operation. The engine adds place, category, lock and fingerprint.

    Attributes:
        message: what happens, in one sentence, with the project's own names.
        instead: the safe form, with the project's own names; the rule's docstring says it when this is None.
        why: only where the docstring's "Why it hurts" is not precise enough.
        severity: only where it differs from the rule's.
        objects: names of what is touched; the operation's own when empty.
        at: the part of the script that shows it; the operation's own span when None.
        locks: only where the rule knows better than `knowledge.locks.locks`.
        work: only where the rule knows better than `knowledge.locks.locks`.
    """

    message: str
    instead: str | None = None
    why: str | None = None
    severity: Severity | None = None
    objects: tuple[str, ...] = ()
    at: Span | None = None
    locks: tuple[LockClaim, ...] | None = None
    work: Work | None = None
